"""The Run screen: watch a run while it trains, stop or resume it, read what it reached."""

from __future__ import annotations

import streamlit as st

from core.cli import commands
from core.data.store import load_dataset
from core.jobs.status import JobState
from core.problems import Problem
from core.training.continuing import lineage
from core.training.losses.registry import LOSSES
from core.training.runs import Run, list_runs, load_run, offered, training_line
from core.workspace import Workspace
from ui import format as fmt
from ui.command_line import show_commands
from ui.language import _, plain, say
from ui.live_run import show_live_run, watched
from ui.pages import heading
from ui.questions import edit_questions
from ui.recipe_save import offer_recipe
from ui.reports import show_report
from ui.run_actions import show_actions, show_stopping
from ui.run_progress import show_progress
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


def live_line(run_id: str) -> None:
    """The line of those that wait; drawn again every second until it is this one's turn."""
    try:
        run = load_run(workspace, run_id)
    except Problem:
        # Somebody has just deleted it.
        st.rerun()
    if watched(run) != st.session_state[_WATCHED]:
        st.rerun()
    show_line(workspace, run, training_line(workspace))


def show_state(run: Run) -> None:
    """The state, and what a stop that was asked for leads to."""
    state_badge(run.status)
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
    show_state(run)
if run.status.state is JobState.QUEUED:
    st.fragment(live_line, run_every=_REFRESH_SECONDS)(run.id)
elif active:
    show_live_run(workspace, run)
else:
    show_end(run)
    show_report(run)
    if run.report() is not None:
        offer_questions(run)
    if run.status.started is not None:
        st.subheader(_("How the training went"), anchor=False)
        show_progress(workspace, run)
with st.expander(_("Log"), icon=":material/terminal:"):
    st.code(run.log_tail() or _("Nothing yet."), language=None, height=300)
with st.expander(_("Configuration, to repeat this run"), icon=":material/settings:"):
    st.code(run.config.to_yaml(), language="yaml", height=300)
    offer_recipe(workspace, run)
show_commands(workspace, commands.run(run))
