"""The bases side by side: what each makes of the table, and the one to take."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import pandas as pd
import streamlit as st

from core.models.bases import BaseConfig
from core.models.catalogue import BaseRow, Recommendation, Suggestion
from core.problems import Term
from ui import format as fmt
from ui.language import _, ngettext, say

_ROWS_SHOWN = 8
_ROW_PIXELS = 35
_LOOK_AGAIN_SECONDS = 1.0
_UNKNOWN = "…"

Choose = Callable[[BaseConfig], None]


def show_recommendation(
    advice: Recommendation, rows: Sequence[BaseRow], chosen: BaseConfig, choose: Choose
) -> None:
    """Which base to take and why, with what else is worth a thought; a click takes it."""
    with st.container(border=True, gap="xsmall", key="recommended_base"):
        label = _("**Recommended: {base}**").format(base=fmt.verbatim(_name_of(advice, rows)))
        st.markdown(f":green-badge[:material/thumb_up:] {label}")
        st.caption(say(advice.why))
        _button(advice, rows, chosen, choose, "recommended")
        for place, other in enumerate(advice.others):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.caption(say(other.why))
                _button(other, rows, chosen, choose, f"other_base_{place}")


def show_table(rows: Sequence[BaseRow], chosen: BaseConfig, choose: Choose, key: str) -> None:
    """All bases with their figures for this table; a click on a row chooses it."""
    frame = pd.DataFrame([_cells(row, chosen) for row in rows])
    at = [is_same(row.config, chosen) for row in rows]
    # Another key once another base is chosen: the mark of the last click would be wrong then.
    key = f"{key}-table-{at.index(True) if any(at) else -1}-{len(rows)}"

    def clicked() -> None:
        cells = st.session_state[key]["selection"]["cells"]
        if cells:
            choose(rows[cells[0][0]].config)

    st.dataframe(
        frame,
        hide_index=True,
        height=(min(len(rows), _ROWS_SHOWN) + 1) * _ROW_PIXELS + 3,
        row_height=_ROW_PIXELS,
        key=key,
        on_select=clicked,
        selection_mode="single-cell",
        alt=_("The bases with what each makes of this table"),
    )
    texts = next((row.figures.texts for row in rows if row.figures is not None), 0)
    words = ngettext(
        "Click a row to choose it. Look-alikes: of {n} text of the table looked at, how many look "
        "exactly like another one to that base.",
        "Click a row to choose it. Look-alikes: of {n} texts of the table looked at, how many look "
        "exactly like another one to that base.",
        texts,
    )
    st.caption(words.format(n=fmt.number(texts)))
    if any(row.figures is None for row in rows):
        _look_again()


def is_same(one: BaseConfig, other: BaseConfig) -> bool:
    """Whether both are the same base; the sizes of a static model to be made do not matter."""
    if one.kind == other.kind == "static":
        return True
    return one == other


def name_of(row: BaseRow) -> str:
    """What the base is called on the screen."""
    name = _(row.name) if isinstance(row.name, Term) else row.name
    if row.config.kind == "run":
        name = _("Earlier run: {name}").format(name=name)
    if row.config.extend is not None:
        return _("{base} + your characters").format(base=name)
    return name


def _cells(row: BaseRow, chosen: BaseConfig) -> dict[str, str]:
    figures = row.figures
    unknown, alike, takes = _UNKNOWN, _UNKNOWN, _UNKNOWN
    if figures is not None:
        unknown = fmt.percent(figures.unknown_share, 0 if figures.unknown_share >= 0.1 else 1)
        alike = fmt.number(figures.indistinguishable)
        takes = "–" if figures.seconds is None else fmt.rough_duration(figures.seconds)
    return {
        "": "●" if is_same(row.config, chosen) else "",
        _("Base"): name_of(row),
        _("Unknown to it"): unknown,
        _("Look-alikes"): alike,
        _("Training here"): takes,
        _("Vector length"): fmt.number(row.dimension),
        _("Parameters"): _("{count} million").format(count=fmt.number(row.parameters / 1e6, 1)),
        _("Reads at most"): _("{count} tokens").format(count=fmt.number(row.max_length))
        if row.max_length
        else _("any length"),
        _("Gain so far"): _("{metric}: {before} → {after}").format(
            metric=row.gained[0],
            before=fmt.number(row.gained[1], 2),
            after=fmt.number(row.gained[2], 2),
        )
        if row.gained is not None
        else "",
    }


def _button(
    one: Suggestion, rows: Sequence[BaseRow], chosen: BaseConfig, choose: Choose, key: str
) -> None:
    if is_same(one.config, chosen):
        return
    st.button(
        _("Use {base}").format(base=fmt.verbatim(_name_of(one, rows))),
        icon=":material/check:",
        key=f"use_{key}",
        on_click=choose,
        args=(one.config,),
    )


def _name_of(one: Suggestion, rows: Sequence[BaseRow]) -> str:
    return next(name_of(row) for row in rows if row.config == one.config)


def _look_again() -> None:
    """Have the page drawn again in a moment, because figures are still missing."""
    began = time.monotonic()

    def again() -> None:
        # The first time is now, while the rest of the page is still to come.
        if time.monotonic() - began > _LOOK_AGAIN_SECONDS / 2:
            st.rerun()

    st.fragment(again, run_every=_LOOK_AGAIN_SECONDS)()
