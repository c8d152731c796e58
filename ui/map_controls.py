"""How the map is made: projection, view, colours, and the settings behind a button."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from core.inspection.clusters import MOST_FOR_DENSITY, usual_count
from core.inspection.map_points import MapPoints
from core.inspection.project_job import MapSettings
from core.problems import N_
from ui import format as fmt
from ui.language import _
from ui.map_colours import PLAIN, choices

STATE = st.session_state

METHODS = {"umap": "UMAP", "pca": "PCA"}
PAIR, MORPH = "pair", "morph"
_VIEWS = {PAIR: N_("Side by side"), MORPH: N_("Before → after")}
_GROUPINGS = {"kmeans": N_("A fixed number"), "hdbscan": N_("Where they crowd")}
_COLOUR = "map_colour"
_DEFAULTS = MapSettings()


def choose() -> tuple[str, str]:
    """How texts are laid out, "umap" or "pca"; and how that is shown, PAIR or MORPH."""
    method = st.segmented_control(
        _("Projection"),
        list(METHODS),
        format_func=METHODS.__getitem__,
        default="umap",
        required=True,
        key="inspect_method",
        persist_state="session",
        help=_(
            "PCA is there at once: it shows the two directions in which the texts differ most. "
            "UMAP takes longer and keeps texts together that are alike to the model."
        ),
    )
    view = st.segmented_control(
        _("Show"),
        list(_VIEWS),
        format_func=lambda name: _(_VIEWS[name]),
        default=PAIR,
        required=True,
        key="map_view",
        persist_state="session",
        help=_("Two maps beside one another, or one map that moves from before to after."),
    )
    return method, view


def colour_by(points: MapPoints) -> str:
    """What the points are coloured by; a key of :func:`ui.map_colours.choices`."""
    options = choices(points)
    if STATE.get(_COLOUR) not in options:
        STATE.pop(_COLOUR, None)
    return st.selectbox(
        _("Colour by"),
        list(options),
        format_func=options.__getitem__,
        key=_COLOUR,
        index=list(options).index(PLAIN),
        persist_state="session",
        width=165,
    )


def umap_settings() -> MapSettings:
    """What is chosen for the layout, as far as somebody has looked at it."""
    state = st.session_state
    return MapSettings(
        neighbours=state.get("inspect_neighbours", _DEFAULTS.neighbours),
        min_dist=state.get("map_min_dist", _DEFAULTS.min_dist),
        seed=state.get("map_seed", _DEFAULTS.seed),
    )


def choose_settings(texts: int, method: str) -> MapSettings:
    """What is behind the button: the layout's numbers and how groups are found.

    Args:
        texts: how many are on the map.
        method: how they are laid out.
    """
    with st.popover(_("Settings"), icon=":material/tune:"):
        umap = method == "umap"
        neighbours = st.number_input(
            _("Neighbours (UMAP)"),
            min_value=5,
            max_value=100,
            value=_DEFAULTS.neighbours,
            step=5,
            key="inspect_neighbours",
            persist_state="session",
            help=_(
                "How many neighbours shape a text's place. Few show small groups, many the whole."
            ),
            disabled=not umap,
        )
        min_dist = st.slider(
            _("Room between points (UMAP)"),
            0.0,
            0.9,
            _DEFAULTS.min_dist,
            0.05,
            key="map_min_dist",
            persist_state="session",
            help=_("Little packs like texts into tight clumps; much spreads them out evenly."),
            disabled=not umap,
        )
        seed = st.number_input(
            _("Seed"),
            0,
            2**31 - 1,
            _DEFAULTS.seed,
            key="map_seed",
            persist_state="session",
            help=_(
                "The same seed always draws the same map. What looks the same under another seed "
                "is in the data and not an accident of the drawing."
            ),
        )
        dense = texts <= MOST_FOR_DENSITY
        grouping: Literal["kmeans", "hdbscan"] = st.segmented_control(
            _("How groups are found"),
            list(_GROUPINGS),
            format_func=lambda name: _(_GROUPINGS[name]),
            default="kmeans",
            required=True,
            key="map_grouping",
            persist_state="session",
            help=_(
                "A fixed number (k-means): every text is in one of so many groups. Where they "
                "crowd (HDBSCAN): as many groups as there are crowds; texts in between are in none."
            ),
        )
        if grouping == "hdbscan" and not dense:
            words = _(
                "Crowds are looked for among {texts} texts at most; here it is a fixed number."
            )
            st.caption(words.format(texts=fmt.number(MOST_FOR_DENSITY)))
            grouping = "kmeans"
        groups = st.number_input(
            _("Number of groups"),
            min_value=2,
            max_value=21,
            value=max(2, usual_count(texts)),
            key=f"map_groups_{usual_count(texts)}",
            persist_state="session",
            disabled=grouping != "kmeans",
        )
    if grouping != "kmeans":
        groups = _DEFAULTS.groups
    return MapSettings(int(neighbours), round(min_dist, 2), int(seed), grouping, int(groups))
