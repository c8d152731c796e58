"""The Run screen: watch a run while it trains, stop or resume it, read what it reached."""

from __future__ import annotations

import streamlit as st

from core.jobs import queue
from core.jobs.status import ALLOWED, JobState
from core.jobs.supervisor import ensure_supervisor
from core.problems import Problem
from core.training.losses.registry import LOSSES
from core.training.runs import Curves, Run, delete_run, list_runs, load_run
from core.workspace import Workspace
from ui import format as fmt
from ui.language import _, plain, say
from ui.live_chart import show_live
from ui.pages import heading
from ui.reports import show_report
from ui.run_charts import loss_chart
from ui.runs import run_name, sample_name
from ui.selection import choose, select
from ui.states import state_badge

_REFRESH_SECONDS = 1.0


def show_facts(run: Run) -> None:
    """The line that says what this run is."""
    config, training = run.config, run.config.training
    facts = [
        _("dataset {name}").format(name=fmt.verbatim(sample_name(config.dataset.name))),
        _("loss {name}").format(name=_(LOSSES[config.loss.name].title)),
        _("epochs: {count}").format(count=fmt.number(training.epochs)),
        _("batch size {size}").format(size=training.batch_size),
        _("learning rate {rate}").format(rate=f"{training.learning_rate:g}"),
    ]
    st.caption(" · ".join(facts))


def live(run_id: str) -> None:
    """State, figures and chart; drawn again every second while the run is active."""
    run = load_run(workspace, run_id)
    curves = _curves(run)
    with st.container(horizontal=True, vertical_alignment="center"):
        state_badge(run.status)
        if run.status.stage_message and run.status.state.active:
            st.markdown(say(run.status.stage_message))
        position = queue.queue_position(workspace, run_id)
        if position is not None:
            st.markdown(_("Runs before this one: {count}").format(count=position))
    if run.status.state.active:
        st.progress(run.status.done or 0.0)
    show_figures(run, curves)
    if curves.train:
        show_live(
            loss_chart(curves, run_id),
            f"loss-{run_id}",
            alt=_("Training loss, held-out loss and learning rate over the steps"),
        )
    elif run.status.state.active:
        with st.container(height=420, border=True):
            st.caption(_("The loss appears here as soon as the first step is done."))
    show_stop(run)
    if not run.status.state.active and st.session_state.get("watching") == run_id:
        # The run has just ended: draw the whole page once more, and ask no further.
        st.session_state["watching"] = None
        st.rerun()


def _curves(run: Run) -> Curves:
    kept: dict[str, Curves] = st.session_state.setdefault("curves", {})
    curves = kept.setdefault(run.id, Curves())
    curves.update(run.folder)
    return curves


def show_figures(run: Run, curves: Curves) -> None:
    """Step, epoch, time left, speed, memory; a dash while there is no figure yet."""
    point = curves.train[-1] if curves.train else {}
    seconds = run.seconds()
    figures = [
        (_("Step"), f"{point['step']} / {curves.steps}" if point else None),
        (_("Epoch"), fmt.number(point["epoch"], 2) if point else None),
        (_("Time so far"), fmt.duration(seconds) if seconds is not None else None),
        (
            _("Training time left"),
            fmt.duration(point["eta_seconds"]) if point and run.status.state.active else None,
        ),
        (_("Rows per second"), fmt.number(point["rows_per_second"], 1) if point else None),
        (_("Memory"), fmt.size(point["memory_bytes"]) if point else None),
        (_("Device"), run.status.device),
    ]
    with st.container(horizontal=True):
        for label, value in figures:
            st.metric(label, value or "–", border=True)


def show_stop(run: Run) -> None:
    """The buttons that change the run."""
    state = run.status.state
    if state is JobState.STOPPING or (state.active and queue.stop_requested(run.folder)):
        st.info(
            _(
                "Stopping: the run ends after its current step and saves. If it does not within "
                "{grace}, its process is ended."
            ).format(grace=fmt.duration(queue.STOP_GRACE_SECONDS)),
            icon=":material/hourglass_bottom:",
        )
    elif state.active and st.button(_("Stop"), icon=":material/stop:", key="stop"):
        try:
            queue.request_stop(workspace, run.id)
        except queue.NotStoppable as problem:
            st.warning(say(problem))
        st.rerun()


def show_end(run: Run) -> None:
    """How the run ended, when it did not end well, and the way on."""
    if run.status.error_messages:
        st.error(say(*run.status.error_messages), icon=":material/error:")
    with st.container(horizontal=True):
        if JobState.QUEUED in ALLOWED[run.status.state] and st.button(
            _("Resume"), icon=":material/resume:", type="primary"
        ):
            queue.resume(workspace, run.id)
            ensure_supervisor(workspace)
            st.rerun()
        if run.model is not None:
            st.page_link("../pages/inspect.py", label=_("Inspect"), icon=":material/hub:")
            st.page_link("../pages/search.py", label=_("Search"), icon=":material/search:")
            st.page_link("../pages/export.py", label=_("Export"), icon=":material/download:")
        with st.popover(_("Delete"), icon=":material/delete:"):
            st.markdown(_("Delete this run and its model? This cannot be undone."))
            if st.button(_("Delete for good"), key="delete"):
                delete_run(workspace, run.id)
                select("run", None)
                st.rerun()


workspace = Workspace.open()
heading("run")
runs = list_runs(workspace)
if not runs:
    st.info(_("There are no runs yet. Start one on the Train screen, or try a sample on Home."))
    st.stop()
chosen = choose(
    "run",
    _("Run"),
    {
        run.id: f"{run_name(run)} · {fmt.moment(run.status.created)} · {_(run.status.state.label)}"
        for run in runs
    },
)
assert chosen is not None
try:
    run = load_run(workspace, chosen)
except Problem as problem:
    st.error(plain(problem))
    st.stop()
show_facts(run)
active = run.status.state.active
st.session_state["watching"] = run.id if active else None
st.fragment(live, run_every=_REFRESH_SECONDS if active else None)(run.id)
if not active:
    show_end(run)
    show_report(run)
with st.expander(_("Log"), icon=":material/terminal:"):
    st.code(run.log_tail() or _("Nothing yet."), language=None, height=300)
with st.expander(_("Configuration, to repeat this run"), icon=":material/settings:"):
    st.code(run.config.to_yaml(), language="yaml", height=300)
