"""Inspect: what training changed, as similarity matrices and as a map, before and after."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.inspection.comparison import Comparison, answer_places
from core.inspection.similarity import group_verdict, similarity_matrix
from core.inspection.widgets import Example, example_texts
from core.problems import N_, Problem
from core.training.runs import Run
from core.workspace import Workspace
from ui import charts
from ui.comparisons import choose_run, compared
from ui.examples import answers_table, current_examples, edit_group, list_group, text_labels
from ui.inspect_map import show_map
from ui.language import _, say
from ui.matrix_charts import matrices
from ui.pages import heading
from ui.vectors import Pair, encode

STATE = st.session_state
VIEWS = {"similarity": N_("Similarity"), "map": N_("Map")}
ALL = 0
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


def show_similarity(run: Run, comparison: Comparison, examples: Sequence[Example]) -> None:
    """The matrices of one group or of all, the verdict, and where each right answer stands."""
    group = choose_group(len(examples))
    base, tuned = encode(workspace, comparison, example_texts(examples))
    if group == ALL:
        show_matrices(comparison, examples, text_labels(examples), (base, tuned))
    else:
        show_group(comparison, examples, group - 1, (base, tuned))
    verdict = group_verdict(examples, base, tuned)
    box = st.success if verdict.after > verdict.before else st.info
    box = st.warning if verdict.after < verdict.before else box
    box(say(verdict.message()))
    answers_table(examples, answer_places(examples, base), answer_places(examples, tuned))
    with st.expander(_("Change the examples"), icon=":material/edit:", key="inspect_change"):
        if group == ALL:
            st.caption(_("Choose a group above, then its texts can be changed here."))
        else:
            edit_group(run.id, group - 1, examples[group - 1], comparison.examples[group - 1])


def choose_group(count: int) -> int:
    """One group, from 1, or all of them."""
    if STATE.get("inspect_group", ALL) > count:
        STATE["inspect_group"] = ALL
    return st.segmented_control(
        _("Examples"),
        [ALL, *range(1, count + 1)],
        format_func=lambda group: (
            _("All examples") if group == ALL else _("Group {number}").format(number=group)
        ),
        default=ALL,
        required=True,
        key="inspect_group",
        persist_state="session",
        help=_("Each group is a text from the held-out rows, its right answer and two others."),
    )


def show_group(
    comparison: Comparison, examples: Sequence[Example], number: int, vectors: Pair
) -> None:
    """One group: its texts beside its matrices."""
    start = len(example_texts(examples[:number]))
    rows = slice(start, start + len(examples[number].texts))
    group = examples[number : number + 1]
    listed, drawn = st.columns([2, 5], gap="medium")
    with listed:
        list_group(examples[number])
    with drawn:
        letters = [label[0] for label in text_labels(group)]
        show_matrices(comparison, group, letters, (vectors[0][rows], vectors[1][rows]))


def show_matrices(
    comparison: Comparison, examples: Sequence[Example], labels: Sequence[str], vectors: Pair
) -> None:
    """Base, tuned and change side by side."""
    base, tuned = (similarity_matrix(rows) for rows in vectors)
    charts.show(
        matrices(examples, labels, base, tuned, comparison.base_name),
        "matrices",
        alt=_("Similarity matrices of the examples: base model, tuned model, and the change"),
    )
    st.caption(
        _(
            "Framed: a source with its right answer. Training should bring these two closer and "
            "push the other texts away. Point at a cell to read both texts."
        )
    )


def show(run: Run) -> None:
    """Everything about one run."""
    comparison = compared(run)
    if comparison is None:
        return
    view = choose_view()
    examples = current_examples(run.id, comparison.examples)
    if not examples:
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
                show_similarity(run, comparison, examples)
        except Problem as problem:
            st.error(say(problem), icon=":material/error:")


heading("inspect")
chosen = choose_run(workspace)
if chosen is not None:
    show(chosen)
