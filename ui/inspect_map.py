"""The map of Inspect: the same texts under the base and under the tuned model."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.inspection.comparison import Comparison
from core.inspection.layouts import layout_seconds
from core.inspection.map_points import MapPoints
from core.inspection.map_words import PCA_TITLE, UMAP_TITLE, how_to_read
from core.inspection.moved import most_moved
from core.inspection.project_job import (
    MapSettings,
    SavedMap,
    load_map,
    map_key,
    project_params,
)
from core.inspection.projections import Projection
from core.inspection.widgets import Example
from core.problems import N_, Problem
from core.training.runs import load_run
from core.workspace import Workspace
from ui import format as fmt
from ui import jobs, map_state
from ui.catalogues import current_language
from ui.language import _, say
from ui.map_charts import MAP_HEIGHT, Frame, picture
from ui.map_colours import PLAIN, Colours, colours
from ui.map_component import show_chart
from ui.map_controls import MORPH, choose, choose_settings, colour_by
from ui.map_details import show_selected
from ui.map_find import Found, find, show_found
from ui.map_moved import MOST_ARROWS, show_moved
from ui.map_sources import choose_points, texts_name
from ui.map_state import MapView, selection
from ui.vectors import Pair, encode, encoded, pca

WAITED_FOR = 300
"""How many texts are encoded while somebody waits; a job encodes the others."""
_LONG_SECONDS = 30.0
"""A UMAP that takes longer is announced."""
_NOTHING = SavedMap(None, None, None)
_BELOW = {"selected": N_("Selected texts"), "moved": N_("What moved")}


def show_map(
    workspace: Workspace, run_id: str, comparison: Comparison, examples: Sequence[Example]
) -> None:
    """Both maps with what can be done with them: PCA at once, UMAP as soon as the job has it."""
    # A fragment, so that a selection draws the map's own part again and not the whole page.
    st.fragment(_show)(workspace, run_id, comparison, tuple(examples))


def _show(
    workspace: Workspace, run_id: str, comparison: Comparison, examples: tuple[Example, ...]
) -> None:
    try:
        _explore(workspace, run_id, comparison, examples)
    except Problem as problem:
        st.error(say(problem), icon=":material/error:")


def _explore(
    workspace: Workspace, run_id: str, comparison: Comparison, examples: tuple[Example, ...]
) -> None:
    run = load_run(workspace, run_id)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        points = choose_points(workspace, run, comparison, examples)
        method, way = choose()
        settings = choose_settings(len(points.texts), method)
    key = map_key(points.texts, comparison.base, comparison.tuned, points.roles)
    saved = load_map(workspace, key, settings)
    drawn = points
    try:
        vectors = _all_vectors(str(workspace.root), key, workspace, comparison, points)
    except _NotYet:
        saved, drawn = _NOTHING, points.first(WAITED_FOR)
        vectors = encode(workspace, comparison, drawn.texts, drawn.roles)
    view = MapView(workspace, run, comparison, key, drawn, vectors, saved)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        colour = colour_by(points)
        found = find(view)
        arrows = way == MORPH and _wants_arrows()
    progress = st.container()
    layout = saved.layout if method == "umap" else None
    projection, title = _projection(view, layout, settings)
    look = way == MORPH, arrows
    _draw(view, settings, (projection, title), examples, colour, found, look)
    st.caption(_how_to_read(view, projection))
    if points.total > len(points.texts):
        words = _("A random sample of {texts} of {total} texts.")
        st.caption(
            words.format(texts=fmt.number(len(points.texts)), total=fmt.number(points.total))
        )
    with progress:
        _see_to_the_rest(view, points, settings, method == "umap")
    show_found(view, found)
    _below(view)


def _see_to_the_rest(view: MapView, points: MapPoints, settings: MapSettings, layout: bool) -> None:
    """Have a job find what is missing of the map, and show how far it is."""
    if view.saved.whole(layout):
        return
    models = view.comparison.base, view.comparison.tuned
    params = project_params(
        view.workspace, view.key, points.texts, *models, settings, layout, points.roles
    )
    wanted = jobs.Wanted("project", params, "map", _("UMAP") if layout else _("Groups"))
    jobs.replace(view.workspace, f"map_of_{view.run.id}", wanted)
    jobs.follow(view.workspace, [wanted], milestone=lambda now: (now.stage or {}).get("template"))
    if layout and view.saved.layout is None:
        _say_how_long(len(points.texts), view)


def _say_how_long(texts: int, view: MapView) -> None:
    """How long the UMAP takes, where that is long enough to be a choice."""
    base, tuned = view.vectors
    seconds = layout_seconds(texts, same_width=base.shape[1] == tuned.shape[1])
    if seconds >= _LONG_SECONDS:
        words = _(
            "UMAP of {texts} texts takes about {time} once they are encoded. Until then you see "
            "PCA; choosing PCA above stops the work."
        )
        st.caption(words.format(texts=fmt.number(texts), time=fmt.rough_duration(seconds)))


class _NotYet(Exception):
    """Not all texts have been encoded."""


@st.cache_resource(max_entries=2, show_spinner=False)
def _all_vectors(
    root: str,
    key: str,
    _workspace: Workspace,
    _comparison: Comparison,
    _points: MapPoints,
) -> Pair:
    """The vectors of all texts of a map, held while people look at it."""
    vectors = encoded(_workspace, _comparison, _points.texts, _points.roles)
    if vectors is None:
        raise _NotYet
    return vectors


def _below(view: MapView) -> None:
    """The selected texts or what moved, whichever somebody looks at."""
    choice = st.segmented_control(
        _("Below the map"),
        list(_BELOW),
        format_func=lambda name: _(_BELOW[name]),
        default="selected",
        required=True,
        key="map_below",
        persist_state="session",
        label_visibility="collapsed",
    )
    if choice == "moved":
        show_moved(view)
    items = selection(view.key).items
    if choice == "selected" or items:
        count = len(view.points.texts)
        show_selected(view, [item for item in items if item < count])


def _wants_arrows() -> bool:
    return st.toggle(
        _("Arrows"),
        value=True,
        key="map_arrows",
        persist_state="session",
        help=_("From before to after for the 30 texts whose neighbours changed most."),
    )


def _projection(
    view: MapView, layout: Projection | None, settings: MapSettings
) -> tuple[Projection, str]:
    """Where the texts lie, and how that was found: the job's layout, or PCA until it is there."""
    texts = fmt.number(len(view.points.texts))
    if layout is not None:
        words = _(UMAP_TITLE)
        return layout, words.format(texts=texts, neighbours=settings.neighbours, seed=settings.seed)
    projection = pca(f"{view.key}-{len(view.points.texts)}", view.vectors)
    assert projection.explained is not None
    words = _(PCA_TITLE)
    return projection, words.format(texts=texts, share=fmt.percent(sum(projection.explained)))


def _draw(
    view: MapView,
    settings: MapSettings,
    laid_out: tuple[Projection, str],
    examples: tuple[Example, ...],
    colour: str,
    found: Found,
    look: tuple[bool, bool],
) -> None:
    """The chart; ``look`` says whether it is one map from before to after, and with arrows."""
    projection, title = laid_out
    morph, arrows = look
    tones = colours(colour, view.points, view.saved, texts_name())
    if tones is None:
        st.caption(_("These colours come as soon as the job has found them."))
        colour = PLAIN
        tones = colours(PLAIN, view.points, view.saved, texts_name())
        assert tones is not None
    frame = Frame(
        title=title,
        base_name=view.comparison.base_name,
        zoom=f"{view.key}-{title}",
        morph=morph,
        arrows=tuple(most_moved(view.saved, projection, MOST_ARROWS)) if arrows else (),
    )
    fields = view.points.fields
    values = int(pd.util.hash_pandas_object(fields[colour]).sum()) if colour in fields else 0
    count = len(view.points.texts)
    shown = (view.key, count, colour, values, settings, frame, examples, current_language())
    version = hashlib.sha256(repr(shown).encode("utf-8", "surrogatepass")).hexdigest()[:16]
    chosen = selection(view.key)
    show_chart(
        _picture(version, view, projection, tones, examples, frame, colour == PLAIN),
        version,
        key=map_state.CHART,
        alt=_("Maps of the same texts: base model and tuned model"),
        height=MAP_HEIGHT,
        marked=found.items,
        chosen=chosen.given,
        push=chosen.push,
        on_chosen=map_state.take_over,
    )


@st.cache_data(max_entries=4, show_spinner=False)
def _picture(
    version: str,
    _view: MapView,
    _projection: Projection,
    _tones: Colours,
    _examples: tuple[Example, ...],
    _frame: Frame,
    _plain: bool,
) -> str:
    """What the browser draws; with 50,000 texts it takes a while, so it is made once."""
    return picture(_view.points, _projection, _tones, _examples, _frame, plain=_plain)


def _how_to_read(view: MapView, projection: Projection) -> str:
    """What the marks mean, how the maps were made comparable, and what distances do not say."""
    marks = _(
        "◆ source (a text that an answer is looked for), ● right answer, ✕ other texts of the "
        "examples; a dotted line leads from each source to its right answer."
    )
    same = view.vectors[0].shape[1] == view.vectors[1].shape[1]
    return " ".join([marks, *(_(words) for words in how_to_read(projection, same_width=same))])
