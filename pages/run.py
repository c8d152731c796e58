"""The Run screen: watch a run while it trains, stop or resume it, read what it reached."""

from __future__ import annotations

import streamlit as st

from core.cli import commands
from core.data.store import load_dataset
from core.jobs.status import JobState
from core.jobs.stopping import read_stop
from core.problems import Problem
from core.training.continuing import lineage
from core.training.losses.registry import LOSSES
from core.training.recipes.store import card_curve
from core.training.runs import Curves, Run, list_runs, load_run, offered, training_line
from core.workspace import Workspace
from ui import format as fmt
from ui.command_line import show_commands
from ui.language import _, plain, say
from ui.live_chart import show_live
from ui.loss_chart import loss_chart
from ui.pages import heading
from ui.questions import edit_questions
from ui.recipe_save import offer_recipe
from ui.reports import show_report
from ui.run_actions import show_actions, show_stopping
from ui.runs import run_name, sample_name, show_line, show_lineage
from ui.selection import choose, selected
from ui.states import state_badge

_REFRESH_SECONDS = 1.0
_WATCHED = "watched_run"


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


def watched(run: Run) -> tuple[str, JobState, object]:
    """What the whole screen depends on: when it changes, everything is drawn again."""
    stop = read_stop(run.folder)
    return run.id, run.status.state, stop and stop.wish


def live_state(run_id: str) -> None:
    """The state and how much is done; drawn again every second while the run is active."""
    try:
        run = load_run(workspace, run_id)
    except Problem:
        # Somebody has just deleted it.
        st.rerun()
    if watched(run) != st.session_state[_WATCHED]:
        st.rerun()
    show_state(run)
    if run.status.state.has_process:
        st.progress(run.status.done or 0.0)


def live_progress(run_id: str) -> None:
    """The line of those that wait, or figures and chart; drawn again every second."""
    try:
        run = load_run(workspace, run_id)
    except Problem:
        return
    if run.status.state is JobState.QUEUED:
        show_line(workspace, run, training_line(workspace))
    else:
        show_progress(run)


def show_state(run: Run) -> None:
    """The state, what is being done, and what a stop that was asked for leads to."""
    status = run.status
    with st.container(horizontal=True, vertical_alignment="center"):
        state_badge(status)
        if status.stage_message and status.state.has_process:
            st.markdown(say(status.stage_message))
    show_stopping(run)


def show_end(run: Run) -> None:
    """Why the run ended, if not by itself, and what to do about it."""
    status, report = run.status, run.report()
    if status.error_messages:
        st.error(say(*status.error_messages), icon=":material/error:")
    note = status.note_message
    # A report says the same in its opening.
    if note and (report is None or note not in report.opening()):
        st.info(say(note), icon=":material/info:")


def show_progress(run: Run) -> None:
    """How far the run is or came: figures and curves."""
    curves = _curves(run)
    show_figures(run, curves)
    if curves.train:
        show_live(
            loss_chart(curves, run.id, card_curve(workspace, run.config.recipe)),
            f"loss-{run.id}",
            alt=_("Training loss, held-out loss and learning rate over the steps"),
        )
    elif run.status.state.active:
        with st.container(height=420, border=True):
            st.caption(_("The loss appears here as soon as the first step is done."))


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
    show_padding(curves)


def show_padding(curves: Curves) -> None:
    """How much of the work is on blanks that fill up short texts, and how much that saves."""
    if curves.padding is None:
        return
    share, any_order = curves.padding["share"], curves.padding["any_order"]
    if share:
        words = _(
            "Of what the model works through, {share} are blanks that fill up short texts; in "
            "batches of texts of any length it would be {any_order}."
        )
    else:
        words = _(
            "No blanks: texts go through the model one behind the other. In batches that are "
            "filled up, {any_order} of the work would be on blanks."
        )
    st.caption(words.format(share=fmt.percent(share), any_order=fmt.percent(any_order)))


def offer_questions(run: Run) -> None:
    """The questions that every run on the same table is asked, while that table is there."""
    try:
        family = load_dataset(workspace, run.config.dataset.id).info.family
    except Problem:
        return
    with st.expander(_("Questions of your own for the next run"), icon=":material/quiz:"):
        edit_questions(workspace, family)


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
        for run in offered(runs, selected("run")) or runs
    },
)
assert chosen is not None
try:
    run = load_run(workspace, chosen)
except Problem as problem:
    st.error(plain(problem))
    st.stop()
show_facts(run)
show_lineage(lineage(run, runs))
st.session_state[_WATCHED] = watched(run)
active = run.status.state.active
state_side, action_side = st.columns([3, 2] if active else [2, 3])
with action_side:
    show_actions(workspace, run)
with state_side:
    if active:
        st.fragment(live_state, run_every=_REFRESH_SECONDS)(run.id)
    else:
        show_state(run)
if active:
    st.fragment(live_progress, run_every=_REFRESH_SECONDS)(run.id)
else:
    show_end(run)
    show_report(run)
    if run.report() is not None:
        offer_questions(run)
    if run.status.started is not None:
        st.subheader(_("How the training went"), anchor=False)
        show_progress(run)
with st.expander(_("Log"), icon=":material/terminal:"):
    st.code(run.log_tail() or _("Nothing yet."), language=None, height=300)
with st.expander(_("Configuration, to repeat this run"), icon=":material/settings:"):
    st.code(run.config.to_yaml(), language="yaml", height=300)
    offer_recipe(workspace, run)
show_commands(workspace, commands.run(run))
