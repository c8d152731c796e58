"""What moved: the texts whose neighbours training changed most."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.inspection.moved import moved_texts
from core.inspection.project_job import NEIGHBOURS
from ui import format as fmt
from ui.language import _
from ui.map_state import MapView, select_items
from ui.texts import clipped

MOST_ARROWS = 30
_LISTED = 100
_NAMED = 3
_NAME_WIDTH = 36
_TABLE = "map_moved"


def show_moved(view: MapView) -> None:
    """How much of its neighbourhood an average text kept, and the texts that kept the least."""
    near, kept = view.saved.near, view.saved.overlap()
    if near is None or kept is None:
        st.caption(
            _(
                "The neighbours of every text are being compared; this comes as soon as the "
                "job has done so."
            )
        )
        return
    left, middle, right = st.columns(3)
    left.metric(
        _("Neighbours kept, on average"),
        fmt.percent(float(kept.mean())),
        help=_(
            "For every text: its {n} nearest texts before and after training. What is in both "
            "lists, divided by what is in either (Jaccard). Measured between the vectors "
            "themselves, not on the map."
        ).format(n=min(NEIGHBOURS, near.shape[2])),
    )
    middle.metric(_("Texts with only new neighbours"), fmt.number(int((kept == 0).sum())))
    right.metric(_("Texts that kept them all"), fmt.number(int((kept == 1).sum())))
    moved = moved_texts(view.saved, _LISTED) or []
    frame = pd.DataFrame(
        {
            _("Text"): [view.points.texts[one.item] for one in moved],
            _("Neighbours kept"): [one.kept for one in moved],
            _("New neighbours"): [_named(view, one.gained) for one in moved],
            _("Gone neighbours"): [_named(view, one.lost) for one in moved],
        }
    )
    st.dataframe(
        frame,
        hide_index=True,
        key=_TABLE,
        height=min(390, 40 + 35 * len(frame)),
        on_select=lambda: _select([one.item for one in moved]),
        selection_mode="multi-row",
        column_config={
            _("Text"): st.column_config.TextColumn(width="medium"),
            _("Neighbours kept"): st.column_config.ProgressColumn(
                format="percent", min_value=0.0, max_value=1.0, width=130
            ),
            _("New neighbours"): st.column_config.TextColumn(width="medium"),
            _("Gone neighbours"): st.column_config.TextColumn(width="medium"),
        },
        alt=_("The texts whose neighbours changed most"),
    )
    st.caption(
        _(
            "The {n} texts that kept the fewest neighbours. Choose rows to mark them on the map."
        ).format(n=fmt.number(len(frame)))
    )


def _select(order: Sequence[int]) -> None:
    rows = st.session_state[_TABLE].selection.rows
    select_items([order[row] for row in rows])


def _named(view: MapView, found: Sequence[int]) -> str:
    """Neighbours: how many, and the nearest few."""
    if not found:
        return "–"
    names = " · ".join(clipped(view.points.texts[item], _NAME_WIDTH) for item in found[:_NAMED])
    return f"{len(found)}: {names}" + (" …" if len(found) > _NAMED else "")
