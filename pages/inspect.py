"""Inspect: what training changed, as similarity matrices and as a map, before and after."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.inspection.comparison import SEED, Comparison, answer_places, background_texts
from core.inspection.project_job import load_projection, project_params
from core.inspection.similarity import group_verdict, similarity_matrix
from core.inspection.widgets import Example, example_texts
from core.problems import N_, Problem
from core.training.runs import Run
from core.workspace import Workspace
from ui import charts, jobs
from ui import format as fmt
from ui.comparisons import choose_run, compared
from ui.examples import answers_table, current_examples, edit_group, list_group, text_labels
from ui.inspect_charts import maps, matrices
from ui.language import _, say
from ui.pages import heading
from ui.vectors import Pair, encode, encoded, pca

STATE = st.session_state
VIEWS = {"similarity": N_("Similarity"), "map": N_("Map")}
METHODS = {"umap": "UMAP", "pca": "PCA"}
ALL = 0
WAITED_FOR = 300
"""How many background texts are encoded while somebody waits; a job encodes the others."""
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


def show_map(run: Run, comparison: Comparison, examples: Sequence[Example]) -> None:
    """Both maps: PCA at once, UMAP as soon as the job has drawn it."""
    method, neighbours, status = map_controls()
    count = len(example_texts(examples))
    texts = [
        *example_texts(examples),
        *background_texts(comparison.held_out, example_texts(examples)),
    ]
    params = project_params(texts, comparison.base, comparison.tuned, neighbours, SEED)
    saved = load_projection(workspace, params["key"])
    if saved is not None and method == "umap":
        title = _("UMAP of {texts} texts: {neighbours} neighbours, seed {seed}").format(
            texts=fmt.number(len(texts)), neighbours=neighbours, seed=SEED
        )
        figure = maps(examples, texts[count:], saved.projection, title, comparison.base_name)
        draw_map(figure, f"{params['key']}-umap")
        return
    vectors = encoded(workspace, comparison, texts)
    drawn = texts if vectors or saved else texts[: count + WAITED_FOR]
    if vectors is None:
        vectors = encode(workspace, comparison, drawn)
    projection = pca(f"{params['key']}-{len(drawn)}", vectors)
    assert projection.explained is not None
    title = _("PCA of {texts} texts: the two axes show {share} of the spread").format(
        texts=fmt.number(len(drawn)), share=fmt.percent(sum(projection.explained))
    )
    figure = maps(examples, drawn[count:], projection, title, comparison.base_name)
    draw_map(figure, f"{params['key']}-pca-{len(drawn)}")
    if saved is None and (method == "umap" or len(drawn) < len(texts)):
        wanted = jobs.Wanted("project", params, "map", _("UMAP"))
        replace_map_job(run, wanted)
        with status:
            jobs.follow(
                workspace, [wanted], milestone=lambda now: (now.stage or {}).get("template")
            )


def map_controls() -> tuple[str, int, DeltaGenerator]:
    """How the map is made, and the place where the job says how far it is."""
    left, middle, status = st.columns([2, 2, 5], vertical_alignment="bottom", gap="medium")
    method = left.segmented_control(
        _("Projection"),
        list(METHODS),
        format_func=METHODS.__getitem__,
        default="umap",
        required=True,
        key="inspect_method",
        persist_state="session",
        help=_("PCA is a plain shadow of the vectors. UMAP keeps neighbours together."),
    )
    neighbours = middle.number_input(
        _("Neighbours (UMAP)"),
        min_value=5,
        max_value=100,
        value=15,
        step=5,
        key="inspect_neighbours",
        persist_state="session",
        help=_("How many neighbours shape a text's place. Few show small groups, many the whole."),
        disabled=method != "umap",
    )
    return method, neighbours, status


def draw_map(figure: go.Figure, picture: str) -> None:
    """The map with the lines that say how to read it; ``picture`` keeps the zoom while it stays."""
    figure.update_layout(uirevision=picture)
    charts.show(figure, "map", alt=_("Maps of the same texts: base model and tuned model"))
    st.caption(
        _(
            "◆ source, ● right answer, ✕ other texts; a dotted line leads from each source to its "
            "right answer. Both models were laid out together, and zooming into one map zooms both. "
            "Texts close together are alike to the model, but distances in two dimensions have no "
            "exact meaning."
        )
    )


def replace_map_job(run: Run, wanted: jobs.Wanted) -> None:
    """Only the map that is looked at is worth the work: stop the one it takes the place of."""
    last: tuple[str, jobs.Wanted] | None = STATE.get("map_job")
    if last is not None and last[0] == run.id and last[1] != wanted:
        jobs.stop(workspace, last[1])
    STATE["map_job"] = (run.id, wanted)


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
    try:
        (show_map if view == "map" else show_similarity)(run, comparison, examples)
    except Problem as problem:
        st.error(say(problem), icon=":material/error:")


heading("inspect")
chosen = choose_run(workspace)
if chosen is not None:
    show(chosen)
