"""What the parts of the map's screen have in common: the map on screen, and what is selected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import streamlit as st

from core.inspection.comparison import Comparison
from core.inspection.map_points import MapPoints
from core.inspection.project_job import SavedMap
from core.training.runs import Run
from core.workspace import Workspace
from ui.vectors import Pair

CHART = "map_chart"
"""Where the session state has what the chart tells."""
_SELECTION = "map_selection"


@dataclass(frozen=True)
class MapView:
    """A map on the screen.

    Attributes:
        workspace: where everything is.
        run: the run whose models are compared.
        comparison: the models.
        key: names texts and models.
        points: the texts that are drawn; while the job encodes, only the first of them.
        vectors: their vectors under the base and the tuned model.
        saved: what the job has found; nothing while only a part of the texts is drawn.
    """

    workspace: Workspace
    run: Run
    comparison: Comparison
    key: str
    points: MapPoints
    vectors: Pair
    saved: SavedMap


@dataclass(frozen=True)
class Selection:
    """Which texts are selected.

    Attributes:
        key: of the map that they belong to.
        items: their numbers, ascending.
        given: the numbers that the page last handed to the chart.
        push: how often it has done so; when it is raised the chart takes ``given``.
    """

    key: str
    items: tuple[int, ...] = ()
    given: tuple[int, ...] = ()
    push: int = 0


def selection(key: str) -> Selection:
    """What is selected on the map ``key``; nothing when another map was on screen before."""
    known: Selection = st.session_state.get(_SELECTION) or Selection(key)
    if known.key != key:
        known = Selection(key, push=known.push + 1)
    elif CHART not in st.session_state and known.items != known.given:
        # The chart is about to be made anew and knows nothing of what was selected in it.
        known = replace(known, given=known.items, push=known.push + 1)
    st.session_state[_SELECTION] = known
    return known


def take_over() -> None:
    """Remember what somebody selected in the chart; its callback."""
    told = st.session_state[CHART].get("chosen") or []
    known: Selection = st.session_state[_SELECTION]
    st.session_state[_SELECTION] = replace(known, items=tuple(sorted(map(int, told))))


def select_items(items: Sequence[int]) -> None:
    """Select texts of the map on screen, in the chart too; for callbacks."""
    known: Selection = st.session_state[_SELECTION]
    chosen = tuple(sorted(set(map(int, items))))
    st.session_state[_SELECTION] = replace(known, items=chosen, given=chosen, push=known.push + 1)
