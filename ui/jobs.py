"""Background jobs that a screen needs: put into the queue once, shown with their progress."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
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
        stopped: what is said once somebody has stopped it, a sentence that names ``{title}``; a job
            that has this can be stopped where its progress is shown.
    """

    kind: str
    params: dict[str, Any]
    name: str
    title: str
    again: str | None = None
    stopped: str | None = None

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
        for one, id, status in zip(wanted, ids, now, strict=True):
            _show(workspace, one, id, status)
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
    # It may have ended or be gone: just as well.
    with suppress(Problem):
        queue.request_stop(workspace, id)


def begun(workspace: Workspace, wanted: Wanted) -> bool:
    """Whether the job is at work or waits for anybody, or has come to an end for this session."""
    id = _memory().get(wanted.key)
    if id is not None and _unfinished(workspace, id):
        return True
    return at_work(workspace, wanted)


def at_work(workspace: Workspace, wanted: Wanted) -> bool:
    """Whether the job waits or works for anybody, and nobody has asked it to stop."""
    return queue.find_active(workspace, wanted.kind, wanted.params) is not None


def begin(workspace: Workspace, wanted: Sequence[Wanted]) -> None:
    """Put the jobs into the queue, also those that were stopped or failed."""
    for one in wanted:
        _memory()[one.key] = queue.submit_once(workspace, one.kind, one.params, name=one.name)


def _memory() -> dict[str, str]:
    memory: dict[str, str] = st.session_state.setdefault(_REMEMBERED, {})
    return memory


def _job(workspace: Workspace, wanted: Wanted) -> str:
    """The id of the job, which is put into the queue when this session does not know of one."""
    memory = _memory()
    id = memory.get(wanted.key)
    if id is None or not _unfinished(workspace, id):
        begin(workspace, [wanted])
    return memory[wanted.key]


def _unfinished(workspace: Workspace, id: str) -> bool:
    """Whether a job is there and has not succeeded.

    One that has, although its result is missing, was done for something that has been deleted.
    """
    try:
        return JobStatus.load(workspace.job(id)).state is not JobState.SUCCEEDED
    except UnknownItem:
        return False


def _show(workspace: Workspace, wanted: Wanted, id: str, status: JobStatus) -> None:
    if status.state.active:
        _show_progress(workspace, wanted, id, status)
    elif status.state is not JobState.SUCCEEDED:
        again = wanted.again or _("Try again")
        if status.error_messages:
            st.error(f"{wanted.title}: {say(*status.error_messages)}", icon=":material/error:")
        else:
            words = wanted.stopped or _("{title}: this was stopped before it was done.")
            st.warning(words.format(title=wanted.title), icon=":material/cancel:")
            again = _("Go on") if wanted.stopped is not None else again
        if st.button(again, key=f"again_{wanted.key}", icon=":material/refresh:"):
            begin(workspace, [wanted])
            st.rerun()


def _show_progress(workspace: Workspace, wanted: Wanted, id: str, status: JobStatus) -> None:
    """How far the job is, and the way to stop it."""
    stopping = queue.stop_requested(workspace.job(id))
    stage = say(status.stage_message) if status.stage_message else _("waiting to start")
    text = _("{title}: {stage}").format(
        title=wanted.title, stage=_("is being stopped") if stopping else stage
    )
    done = min(max(status.done or 0.0, 0.0), 1.0)
    if wanted.stopped is None:
        st.progress(done, text=text)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(done, text=text)
        if st.button(
            _("Stop"), key=f"stop_{wanted.key}", icon=":material/stop_circle:", disabled=stopping
        ):
            # It may have ended in this moment: just as well.
            with suppress(Problem):
                queue.request_stop(workspace, id)
            st.rerun()
