"""What the screens say about runs: their names, the card of one, the line of those that wait."""

from __future__ import annotations

import streamlit as st

from core.data.samples import SAMPLES
from core.jobs import queue
from core.jobs.status import JobState
from core.problems import Problem
from core.training.continuing import Lineage
from core.training.evaluation import METRIC_NAMES
from core.training.runs import Line, Run
from core.workspace import Workspace
from ui import format as fmt
from ui.language import _, ngettext, say
from ui.pages import go_to
from ui.selection import select
from ui.states import state_badge

_SAMPLE_TITLES = {sample.title for sample in SAMPLES.values()}


def run_name(run: Run) -> str:
    """The run's name; of a run on a bundled sample, in the session's language."""
    return sample_name(run.name)


def sample_name(name: str) -> str:
    """A name; that of a bundled sample in the session's language."""
    return _(name) if name in _SAMPLE_TITLES else name


def run_card(run: Run) -> None:
    """One run: state, name, what it reached or how far it is, and the way to it."""
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            with st.container(gap="xxsmall"):
                with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                    st.markdown(f"**{fmt.verbatim(run_name(run))}**", width="content")
                    state_badge(run.status)
                st.caption(_outcome(run))
            if st.button(
                _("Watch") if run.status.state.active else _("Open"),
                key=f"open_{run.id}",
                icon=":material/monitoring:",
            ):
                select("run", run.id)
                go_to("run")
        if run.status.state.active:
            st.progress(run.status.done or 0.0)


def show_line(workspace: Workspace, run: Run, line: Line) -> None:
    """Who trains now and who waits, in the order of their start; ``run`` is the one looked at.

    Every waiting run can be moved, in the order in which all who work here have put them.
    """
    st.markdown(
        ngettext(
            "One run waits. It starts when a device is free.",
            "{count} runs wait. Each starts when a device is free and those above it have started.",
            len(line.waiting),
        ).format(count=fmt.number(len(line.waiting)))
    )
    with st.container(border=True, gap="small"):
        for other in line.at_work:
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                _in_line(":material/play_circle:", other, run, other.status.device)
        for place, other in enumerate(line.waiting, start=1):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                _in_line(fmt.number(place), other, run, None)
                if len(line.waiting) > 1:
                    _moves(workspace, other, first=place == 1, last=place == len(line.waiting))


def _moves(workspace: Workspace, run: Run, *, first: bool, last: bool) -> None:
    """The buttons that change a waiting run's place."""
    for how, icon, words, idle in (
        (queue.Move.FIRST, "vertical_align_top", _("Start it before all others"), first),
        (queue.Move.UP, "arrow_upward", _("One place forward"), first),
        (queue.Move.DOWN, "arrow_downward", _("One place back"), last),
    ):
        st.button(
            "",
            key=f"{how}_{run.id}",
            type="tertiary",
            icon=f":material/{icon}:",
            help=words,
            disabled=idle,
            on_click=_move,
            args=(workspace, run.id, how),
        )


def _move(workspace: Workspace, id: str, how: queue.Move) -> None:
    try:
        queue.move(workspace, id, how)
    except Problem as problem:
        # It has just started, or somebody has cancelled it.
        st.toast(say(problem), icon=":material/info:")


def _in_line(place: str, other: Run, run: Run, device: str | None) -> None:
    name = fmt.verbatim(run_name(other))
    name = f"**{name}**" if other.id == run.id else name
    parts = [name, fmt.moment(other.status.created)]
    if device is not None:
        parts.append(_("trains on {device}").format(device=device))
    if other.id == run.id:
        parts.append(_("this run"))
    st.markdown(place, width=24)
    st.markdown(" · ".join(parts), width="stretch")
    if other.id != run.id and st.button(
        _("Open"), key=f"line_{other.id}", type="tertiary", icon=":material/monitoring:"
    ):
        select("run", other.id)
        st.rerun()


def show_lineage(family: Lineage) -> None:
    """Which runs the model was trained from and which went on from it; nothing without any."""
    if family.lost is not None:
        st.caption(_("It started from the model of a run that has been deleted since."))
    for words, relatives in (
        (_("Trained further from:"), family.before),
        (_("Its model was trained further by:"), family.after),
    ):
        if not relatives:
            continue
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(words, width="content")
            for relative in relatives:
                if st.button(
                    fmt.verbatim(run_name(relative)),
                    key=f"kin_{relative.id}",
                    type="tertiary",
                    icon=":material/account_tree:",
                    help=_outcome(relative),
                ):
                    select("run", relative.id)
                    st.rerun()


def _outcome(run: Run) -> str:
    """The line under a run's name."""
    started = fmt.moment(run.status.created)
    if run.status.state is JobState.QUEUED:
        return " · ".join([_("waits for a device"), started])
    if run.status.state.active:
        return say(run.status.stage_message) or started
    if run.status.error_messages:
        what, _advice = run.status.error_messages
        return f"{say(what)} · {started}"
    report = run.report()
    base, tuned = (report.scores("base"), report.scores("tuned")) if report else (None, None)
    if report is None or base is None or tuned is None:
        return started
    change = _("{metric} on held-out rows: {before} before, {after} after").format(
        metric=_(METRIC_NAMES[report.primary]),
        before=fmt.number(base.metrics[report.primary], 3),
        after=fmt.number(tuned.metrics[report.primary], 3),
    )
    note = run.status.note_message
    return " · ".join([change, *([say(note)] if note else []), started])
