"""Background jobs that a screen needs: put into the queue once, shown with their progress."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.jobs import queue
from core.jobs.status import JobState, JobStatus
from core.jobs.supervisor import ensure_supervisor
from core.problems import Problem
from core.workspace import UnknownItem, Workspace
from ui.language import _, say

_REFRESH_SECONDS = 1.0
_REMEMBERED = "jobs_of_this_session"


@dataclass(frozen=True)
class Wanted:
    """A job whose result is not there yet.

    Attributes:
        kind: one of :data:`core.jobs.kinds.KINDS`.
        params: what it is to do.
        name: goes into the job's id; letters that everybody can type.
        title: what the screen calls it.
        again: what the button says that has it done once more after a failure.
    """

    kind: str
    params: dict[str, Any]
    name: str
    title: str
    again: str | None = None

    @property
    def key(self) -> str:
        """What tells this job from others."""
        text = json.dumps([self.kind, self.params], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def _always(status: JobStatus) -> bool:
    return True


def follow(
    workspace: Workspace,
    wanted: Sequence[Wanted],
    milestone: Callable[[JobStatus], Any] = _always,
) -> None:
    """See to it that the jobs are at work, and show how far they are.

    To be called for as long as the results are missing.  Each job is put into the queue once for
    all sessions; after a failure only when somebody asks for it.  The screen is drawn again when a
    job ends, or when ``milestone`` of its state is another than before.
    """
    ids = [_job(workspace, one) for one in wanted]
    before = [JobStatus.load(workspace.job(id)) for id in ids]
    active = any(status.state.active for status in before)
    if active:
        ensure_supervisor(workspace)

    def progress() -> None:
        now = [JobStatus.load(workspace.job(id)) for id in ids]
        for one, status in zip(wanted, now, strict=True):
            _show(one, status)
        for was, status in zip(before, now, strict=True):
            if (was.state.active, milestone(was)) != (status.state.active, milestone(status)):
                st.rerun()

    st.fragment(progress, run_every=_REFRESH_SECONDS if active else None)()


def replace(workspace: Workspace, place: str, wanted: Wanted) -> None:
    """Say that ``wanted`` is what ``place`` shows from now on, and stop what it waited for before.

    With another number of neighbours, for example, the map asked for first is not worth the work.
    """
    key = f"job_at_{place}"
    before: str | None = st.session_state.get(key)
    st.session_state[key] = wanted.key
    id = _memory().pop(before, None) if before is not None and before != wanted.key else None
    if id is None:
        return
    try:
        queue.request_stop(workspace, id)
    except Problem:
        # It has ended or is gone: just as well.
        return


def _memory() -> dict[str, str]:
    memory: dict[str, str] = st.session_state.setdefault(_REMEMBERED, {})
    return memory


def _job(workspace: Workspace, wanted: Wanted) -> str:
    """The id of the job, which is put into the queue when this session does not know of one."""
    memory = _memory()
    id = memory.get(wanted.key)
    if id is not None:
        try:
            # One that has succeeded although its result is missing was done for something that
            # has been deleted since.
            if JobStatus.load(workspace.job(id)).state is not JobState.SUCCEEDED:
                return id
        except UnknownItem:
            pass
    memory[wanted.key] = queue.submit_once(workspace, wanted.kind, wanted.params, name=wanted.name)
    return memory[wanted.key]


def _show(wanted: Wanted, status: JobStatus) -> None:
    if status.state.active:
        stage = say(status.stage_message) if status.stage_message else _("waiting to start")
        text = _("{title}: {stage}").format(title=wanted.title, stage=stage)
        st.progress(min(max(status.done or 0.0, 0.0), 1.0), text=text)
    elif status.state is not JobState.SUCCEEDED:
        if status.error_messages:
            st.error(f"{wanted.title}: {say(*status.error_messages)}", icon=":material/error:")
        else:
            sentence = _("{title}: this was stopped before it was done.")
            st.warning(sentence.format(title=wanted.title), icon=":material/cancel:")
        again = wanted.again or _("Try again")
        if st.button(again, key=f"again_{wanted.key}", icon=":material/refresh:"):
            _memory().pop(wanted.key, None)
            st.rerun()
