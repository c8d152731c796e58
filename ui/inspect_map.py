"""The map of Inspect: PCA at once, UMAP as soon as its job has drawn it."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.inspection.comparison import SEED, Comparison, background_texts
from core.inspection.project_job import load_projection, project_params
from core.inspection.widgets import Example, example_texts
from core.workspace import Workspace
from ui import charts, jobs
from ui import format as fmt
from ui.language import _
from ui.map_charts import maps
from ui.vectors import encode, encoded, pca

METHODS = {"umap": "UMAP", "pca": "PCA"}
WAITED_FOR = 300
"""How many background texts are encoded while somebody waits; a job encodes the others."""


def show_map(
    workspace: Workspace, run_id: str, comparison: Comparison, examples: Sequence[Example]
) -> None:
    """Both maps: PCA at once, UMAP as soon as the job has drawn it."""
    method, neighbours, status = _controls()
    count = len(example_texts(examples))
    texts = [
        *example_texts(examples),
        *background_texts(comparison.held_out, example_texts(examples)),
    ]
    params = project_params(texts, comparison.base, comparison.tuned, neighbours, SEED)
    saved = load_projection(workspace, params["key"])
    if saved is not None and method == "umap":
        title = _("UMAP of {texts} texts: {neighbours} neighbours, seed {seed}").format(
            texts=fmt.number(len(set(texts))), neighbours=neighbours, seed=SEED
        )
        figure = maps(examples, texts[count:], saved.projection, title, comparison.base_name)
        _draw(figure, f"{params['key']}-umap")
        return
    vectors = encoded(workspace, comparison, texts)
    drawn = texts if vectors is not None or saved is not None else texts[: count + WAITED_FOR]
    if vectors is None:
        vectors = encode(workspace, comparison, drawn)
    projection = pca(f"{params['key']}-{len(drawn)}", vectors)
    assert projection.explained is not None
    title = _("PCA of {texts} texts: the two axes show {share} of the spread").format(
        texts=fmt.number(len(set(drawn))), share=fmt.percent(sum(projection.explained))
    )
    figure = maps(examples, drawn[count:], projection, title, comparison.base_name)
    _draw(figure, f"{params['key']}-pca-{len(drawn)}")
    if saved is None and (method == "umap" or len(drawn) < len(texts)):
        wanted = jobs.Wanted("project", params, "map", _("UMAP"))
        jobs.replace(workspace, f"map_of_{run_id}", wanted)
        with status:
            jobs.follow(
                workspace, [wanted], milestone=lambda now: (now.stage or {}).get("template")
            )


def _controls() -> tuple[str, int, DeltaGenerator]:
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


def _draw(figure: go.Figure, picture: str) -> None:
    """The map with the lines that say how to read it; ``picture`` keeps the zoom while it stays."""
    figure.update_layout(uirevision=picture)
    charts.show(figure, "map", alt=_("Maps of the same texts: base model and tuned model"))
    st.caption(
        _(
            "◆ source, ● right answer, ✕ other texts; a dotted line leads from each source to its "
            "right answer. Both models were laid out together, and zooming into one map zooms the "
            "other too. Texts close together are alike to the model, but distances in two "
            "dimensions have no exact meaning."
        )
    )
