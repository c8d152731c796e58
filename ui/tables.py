"""Tables and lists that show one page at a time and keep their height."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import pandas as pd
import streamlit as st

from ui.language import _

Item = TypeVar("Item")

_ROW_PIXELS = 34
_BORDER_PIXELS = 2
# From so many pages on nobody finds a row by turning them.
_LONG_PAGES = 8


def paged_frame(frame: pd.DataFrame, key: str, *, alt: str, rows: int = 8, **options: Any) -> None:
    """``rows`` rows of ``frame`` at a time, its index as the first column.

    Every page is equally high, so nothing below moves.  ``alt`` says what the table holds, for
    people who cannot see it; ``options`` go to ``st.dataframe``.
    """
    paged_source(
        lambda start, count: frame.iloc[start : start + count],
        len(frame),
        key,
        alt=alt,
        rows=rows,
        **options,
    )


def paged_source(
    page: Callable[[int, int], pd.DataFrame],
    length: int,
    key: str,
    *,
    alt: str,
    rows: int = 8,
    jump: bool = False,
    start_at: int | None = None,
    **options: Any,
) -> None:
    """Like :func:`paged_frame`, for a table that stays on disk.

    Args:
        page: gives the rows from the place ``start`` (counted from 0), ``count`` of them at most;
            called for the page on screen only.
        length: how many rows there are.
        key: tells this table from others on the screen; with another key it begins at the start.
        alt: what the table holds.
        rows: rows in a page.
        jump: offer to go to a row by its number where there are many pages; the index of what
            ``page`` gives then holds ascending row numbers.
        start_at: the place of a row to whose page the table turns when this changes.
        options: go to ``st.dataframe``.
    """
    if start_at is not None and st.session_state.get(f"{key}_started_at") != start_at:
        _turn_to(start_at // rows + 1, key)
    st.session_state[f"{key}_started_at"] = start_at
    shown = min(rows, length)
    table = st.container()
    with st.container(horizontal=True, vertical_alignment="center"):
        start = (_page(length, rows, key) - 1) * rows
        if jump and length > _LONG_PAGES * rows:
            _go_to_row(page, length, rows, key)
    table.dataframe(
        page(start, rows),
        height=(shown + 1) * _ROW_PIXELS + _BORDER_PIXELS,
        row_height=_ROW_PIXELS,
        key=f"{key}_table",
        alt=alt,
        **options,
    )


def paged(items: Sequence[Item], key: str, size: int = 10) -> Sequence[Item]:
    """One page of the items, chosen by a control below where they need several."""
    start = (_page(len(items), size, key) - 1) * size
    return items[start : start + size]


def _page(length: int, size: int, key: str) -> int:
    pages = -(-length // size)
    if pages <= 1:
        return 1
    turns, first = st.session_state.get(f"{key}_turned", (0, 1))
    # Fewer pages than before: the page that somebody was on may be gone.
    if st.session_state.get(f"{key}_page_{turns}", first) > pages:
        _turn_to(pages, key)
        turns, first = st.session_state[f"{key}_turned"]
    # A new control each time that the code turns the page: it begins where it is told to.
    return st.pagination(pages, default=first, key=f"{key}_page_{turns}", persist_state="session")


def _turn_to(page: int, key: str) -> None:
    turns, _first = st.session_state.get(f"{key}_turned", (0, 1))
    st.session_state[f"{key}_turned"] = (turns + 1, page)


def _go_to_row(page: Callable[[int, int], pd.DataFrame], length: int, rows: int, key: str) -> None:
    """A field for a row number; the table turns to its page, or to that of the next row."""

    def turn() -> None:
        wanted = st.session_state[f"{key}_go"]
        if wanted is None:
            return
        place = bisect_left(range(length), wanted, key=lambda at: int(page(at, 1).index[0]))
        _turn_to(min(place, length - 1) // rows + 1, key)

    st.number_input(
        _("Go to row"),
        min_value=1,
        value=None,
        step=1,
        placeholder=_("Go to row"),
        label_visibility="collapsed",
        key=f"{key}_go",
        on_change=turn,
        width=180,
    )
