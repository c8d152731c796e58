"""Choosing the finished run whose base and tuned model a screen compares."""

from __future__ import annotations

import html

import streamlit as st

from core.inspection.comparison import Comparison, load_comparison
from core.problems import Problem
from core.training.runs import Run, finished_runs, list_runs, offered
from core.workspace import Workspace
from ui import format as fmt
from ui.language import _, say
from ui.runs import run_name
from ui.selection import choose, selected
from ui.texts import clipped


def choose_run(workspace: Workspace) -> Run | None:
    """A drop-down of the runs that have a model; None after saying where models come from."""
    wished = selected("run")
    runs = {run.id: run for run in offered(finished_runs(workspace), wished)}
    if not runs:
        _say_no_models(workspace)
        return None
    if wished is not None and wished not in runs:
        _say_other(workspace, wished)
    chosen = choose(
        "run",
        _("Run"),
        {run.id: f"{run_name(run)} · {fmt.moment(run.status.created)}" for run in runs.values()},
        help=_("Only runs that have finished and still have their model are listed."),
    )
    return runs[chosen] if chosen is not None else None


def compared(run: Run) -> Comparison | None:
    """The run's two models; None after saying what is missing."""
    try:
        return load_comparison(run)
    except Problem as problem:
        st.error(say(problem), icon=":material/error:")
        return None


def base_title(name: str) -> str:
    """What a chart calls the base: its name without the organisation that publishes it."""
    return _("Base: {model}").format(model=html.escape(clipped(name.rpartition("/")[2], 32)))


def _say_no_models(workspace: Workspace) -> None:
    if any(run.status.state.active for run in list_runs(workspace)):
        st.info(
            _("A run is still at work. Its model can be looked at here once it has finished."),
            icon=":material/info:",
        )
        st.page_link("../pages/run.py", label=_("Watch the run"), icon=":material/monitoring:")
        return
    st.info(
        _("There is no trained model yet. Train one first, or try a sample on Home."),
        icon=":material/info:",
    )
    with st.container(horizontal=True):
        st.page_link("../pages/train.py", label=_("Go to Train"), icon=":material/model_training:")
        st.page_link("../pages/home.py", label=_("Try a sample"), icon=":material/home:")


def _say_other(workspace: Workspace, id: str) -> None:
    """The run that somebody was on cannot be shown here, so another one is."""
    run = next((run for run in list_runs(workspace) if run.id == id), None)
    name = fmt.verbatim(run_name(run) if run else id)
    if run is not None and run.status.state.active:
        sentence = _("“{name}” is still at work. Here is another run.")
    else:
        sentence = _("“{name}” has no model, or its folder was deleted. Here is another run.")
    st.warning(sentence.format(name=name), icon=":material/warning:")
