"""What the screens say about runs: their names and the card of one."""

from __future__ import annotations

import streamlit as st

from core.data.samples import SAMPLES
from core.training.evaluation import METRIC_NAMES
from core.training.runs import Run
from ui import format as fmt
from ui.language import _, say
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


def _outcome(run: Run) -> str:
    """The line under a run's name."""
    started = fmt.moment(run.status.created)
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
    return f"{change} · {started}"
