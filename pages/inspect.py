"""Inspect: what training changed, as similarity matrices and as a map, before and after."""

from __future__ import annotations

import streamlit as st

from core.cli import commands
from core.cli.lines import Line
from core.problems import N_, Problem
from core.training.runs import Run
from core.workspace import Workspace
from ui.command_line import show_commands
from ui.comparisons import choose_run, compared
from ui.examples import current_examples
from ui.inspect_map import show_map
from ui.inspect_similarity import chosen_order, show_similarity
from ui.language import _, current_language, say
from ui.map_controls import umap_settings
from ui.map_sources import chosen_texts
from ui.pages import heading
from ui.similarity_texts import compared_texts

VIEWS = {"similarity": N_("Similarity"), "map": N_("Map")}
workspace = Workspace.open()


def choose_view() -> str:
    """Matrices or map."""
    return st.segmented_control(
        _("View"),
        list(VIEWS),
        format_func=lambda view: _(VIEWS[view]),
        default="similarity",
        required=True,
        key="inspect_view",
        persist_state="session",
        label_visibility="collapsed",
    )


def show(run: Run) -> None:
    """Everything about one run."""
    comparison = compared(run)
    if comparison is None:
        return
    view = choose_view()
    examples = current_examples(run.id, comparison.examples)
    if view == "map" and not examples:
        st.info(
            _("The held-out rows were too few for examples, so there is nothing to compare."),
            icon=":material/info:",
        )
        return
    # A place for each view, so that the one that was left goes at once and not only when the other
    # is there, which can take as long as a model takes to load.
    places = {name: st.container() if name == view else st.empty() for name in VIEWS}
    with places[view]:
        try:
            if view == "map":
                show_map(workspace, run.id, comparison, examples)
            else:
                show_similarity(workspace, run, comparison, examples)
        except Problem as problem:
            st.error(say(problem), icon=":material/error:")
    show_commands(workspace, commands_of(run, view))


def commands_of(run: Run, view: str) -> list[Line]:
    """The same texts in the same view, as a page."""
    language = current_language().split("_")[0]
    if view == "map":
        texts, layout = chosen_texts(), st.session_state.get("inspect_method")
        settings = umap_settings() if layout == "umap" else None
        return commands.inspect(run.id, view, texts, language, layout, settings=settings)
    order = chosen_order()
    return commands.inspect(run.id, view, compared_texts(), language, None, order=order)


heading("inspect")
chosen = choose_run(workspace)
if chosen is not None:
    show(chosen)
