"""Tables and lists that show one page at a time and keep their height."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import pandas as pd
import streamlit as st

Item = TypeVar("Item")

_ROW_PIXELS = 34
_BORDER_PIXELS = 2


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
        options: go to ``st.dataframe``.
    """
    shown = min(rows, length)
    table = st.container()
    start = (_page(length, rows, key) - 1) * rows
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
    page_key = f"{key}_page"
    # Fewer pages than before: the page that somebody was on may be gone.
    if st.session_state.get(page_key, 1) > pages:
        st.session_state[page_key] = pages
    return st.pagination(pages, key=page_key, persist_state="session")
