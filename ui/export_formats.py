"""The formats of the Export screen: check and pack each one, what was found, and the file."""

from __future__ import annotations

import streamlit as st

from core.export.formats import FORMATS, Format
from core.export.job import last_export_job, start_export
from core.export.record import Export, export_facts, record_file
from core.export.texts import said_of
from core.export.tokens import LIFETIME_SECONDS
from core.jobs.engines import LOG_FILE
from core.jobs.status import JobState, JobStatus
from core.problems import Problem
from core.training.runs import Run
from core.workspace import Workspace
from ui import format as fmt
from ui.downloads import download_button
from ui.language import _, paragraph, say
from ui.states import state_badge

_REFRESH_SECONDS = 1.0
_LOG_LINES = 30
_NOTICED_LOSS = 0.02
"""A fall of the deciding metric from which on the loss is called one."""


def show_format(workspace: Workspace, run: Run, format: Format) -> Export | None:
    """One format in a box of its own; returns its export if there is one."""
    facts = FORMATS[format]
    export = export_facts(workspace, run.id, format)
    job = last_export_job(workspace, run.id, format)
    status = JobStatus.load(workspace.job(job)) if job else None
    active = job is not None and status is not None and status.state.active
    with st.container(border=True, key=f"format_{format}"):
        words, action = st.columns([5, 2], vertical_alignment="center")
        words.markdown(f"**{_(facts.title)}**  \n{_(facts.purpose)}")
        if active:
            assert job is not None
            st.session_state[_packing(format)] = job
            st.fragment(_watch, run_every=_REFRESH_SECONDS)(workspace, job, format)
            return export
        if export is not None:
            _show_found(export)
            with action:
                # Drawn again before the link behind the button grows old.
                refreshed = st.fragment(_show_download, run_every=LIFETIME_SECONDS / 3)
                refreshed(workspace, export)
            return export
        with action:
            first = format is Format.FOLDER
            _show_button(workspace, run, format, primary=first)
        if status is not None and job is not None and status.state is not JobState.SUCCEEDED:
            _show_failure(workspace, job, status)
        elif record_file(run.folder / "export", format).exists():
            st.caption(_("The model or its card has changed since it was packed: pack it again."))
    return None


def _packing(format: Format) -> str:
    return f"packing_{format}"


def _show_button(workspace: Workspace, run: Run, format: Format, *, primary: bool) -> None:
    if st.button(
        _("Check and pack"),
        icon=":material/package_2:",
        type="primary" if primary else "secondary",
        key=f"pack_{format}",
        width="stretch",
    ):
        try:
            start_export(workspace, run.id, format)
        except Problem as problem:
            st.error(say(problem), icon=":material/error:")
        else:
            st.rerun()


def _watch(workspace: Workspace, job: str, format: Format) -> None:
    """State and progress of an export; drawn again every second until it ends."""
    status = JobStatus.load(workspace.job(job))
    with st.container(horizontal=True, vertical_alignment="center"):
        state_badge(status)
        st.markdown(say(status.stage_message) or _("Waiting for the worker to start"))
    st.progress(status.done or 0.0)
    if not status.state.active and st.session_state.get(_packing(format)) == job:
        # It has just ended: draw the whole page once more, and ask no further.
        st.session_state[_packing(format)] = None
        st.rerun()


def _show_failure(workspace: Workspace, job: str, status: JobStatus) -> None:
    """Why the last export gave nothing."""
    if status.error_messages:
        st.error(say(*status.error_messages), icon=":material/error:")
    else:
        st.warning(_("The last export was stopped before its end."), icon=":material/cancel:")
    log = workspace.job(job) / LOG_FILE
    if log.exists():
        with st.expander(_("Log"), icon=":material/terminal:"):
            lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
            st.code("\n".join(lines[-_LOG_LINES:]), language=None, height=300)


def _show_found(export: Export) -> None:
    """What the check found: how alike, how good, how fast."""
    lines = [_alike(export), _speed(export)]
    lost = False
    if export.kept is not None:
        lines.insert(1, say(export.kept.said()))
        lost = export.kept.before - export.kept.after > _NOTICED_LOSS
    icon = ":material/warning:" if lost else ":material/verified:"
    box = st.warning if lost else st.success
    box("  \n".join(lines), icon=icon)


def _alike(export: Export) -> str:
    found = _(
        "A fresh process loaded it and compared {count} texts with the trained model; smallest "
        "cosine {cosine}."
    ).format(count=fmt.number(export.texts), cosine=f"{export.cosine:.4f}")
    if export.kept is None and export.before_per_second is None:
        difference = f"{export.difference:.0e}" if export.difference else "0"
        found = _(
            "A fresh process loaded the folder and gave the same vectors for {count} texts; "
            "largest difference {difference}."
        ).format(count=fmt.number(export.texts), difference=difference)
    return paragraph(found, say(said_of(export.texts, export.made)))


def _speed(export: Export) -> str:
    speed = fmt.number(round(export.texts_per_second))
    if export.before_per_second is None:
        return _("On this computer's processor it reads {speed} texts a second.").format(
            speed=speed
        )
    return _(
        "On this computer's processor it reads {speed} texts a second, the model as trained "
        "{before}."
    ).format(speed=speed, before=fmt.number(round(export.before_per_second)))


def _show_download(workspace: Workspace, export: Export) -> None:
    """The button with a link that has just been made."""
    label = _("Download the zip file ({size})").format(size=fmt.size(export.size_bytes))
    download_button(label, workspace, export.file)
