"""The rows of a stored dataset, page by page from disk: all of them, or those looked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from core.data.dataset import DATA_FILE, Dataset
from core.data.reading.rows import ROW
from core.data.shapes import HELD_OUT, SCORE, SPLIT, TRAIN
from core.problems import N_
from core.workspace import Workspace
from ui import format as fmt
from ui.dataset_open import close_row, pointed_row
from ui.dataset_search import find_rows, place_of, rows_at
from ui.datasets import column_title
from ui.language import _, ngettext
from ui.tables import paged_source

_PAGE_ROWS = 12
_SIDES = {TRAIN: N_("Training rows"), HELD_OUT: N_("Held-out rows")}
_CELLS = {TRAIN: N_("training"), HELD_OUT: N_("held out")}


def show_rows(workspace: Workspace, dataset: Dataset) -> None:
    """The table of the rows, with a search and, where the dataset has its own split, its sides."""
    file = dataset.folder / DATA_FILE
    columns = list(dataset.page(0, 1).columns)
    row = pointed_row(dataset.info.id)
    place = None if row is None else place_of(file, row)
    if row is not None:
        _show_row(dataset, row, place)
    words, side = _wishes(dataset.info.id, SPLIT in columns)
    if not words and side is None:
        at = place
        length = dataset.info.rows
        page: Callable[[int, int], pd.DataFrame] = dataset.page
    else:
        at = None
        with st.spinner(_("Looking through the rows …"), show_time=True):
            places = _found(file, dataset.info.content_hash, words, side)
        length = len(places)
        found = ngettext(
            "{n} of {rows} rows is like that", "{n} of {rows} rows are like that", length
        )
        st.caption(found.format(n=fmt.number(length), rows=fmt.number(dataset.info.rows)))

        def found_page(start: int, rows: int) -> pd.DataFrame:
            return rows_at(file, places[start : start + rows])

        page = found_page

    if not length:
        return
    paged_source(
        lambda start, rows: _for_people(page(start, rows)),
        length,
        f"rows_{dataset.info.id}_{side}_{words}",
        alt=_("The rows of the dataset"),
        rows=_PAGE_ROWS,
        start_at=at,
        column_config=_columns(dataset, columns),
    )
    st.caption(
        _(
            "Rows are numbered as in the table that they came from. Double-click a cell to read "
            "all of its text."
        )
    )


def _show_row(dataset: Dataset, row: int, place: int | None) -> None:
    """The row that a link pointed to, with all of its text."""
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown("**" + _("Row {n}").format(n=row) + "**", width="stretch")
            st.button(
                _("Close"),
                key="close_row",
                icon=":material/close:",
                type="tertiary",
                on_click=close_row,
            )
        if place is None:
            st.caption(_("This version of the dataset has no such row any more."))
            return
        cells = _for_people(dataset.page(place, 1)).iloc[0]
        for role, value in cells.items():
            shown = value if isinstance(value, str) else fmt.number(value, 3)
            st.markdown(
                f":gray[{fmt.verbatim(column_title(dataset.info, str(role)))}]  \n"
                f"{fmt.verbatim(shown)}"
            )


def _wishes(id: str, has_split: bool) -> tuple[str, str | None]:
    """What somebody looks for: words, and which side of the split."""
    with st.container(horizontal=True, vertical_alignment="center"):
        words = st.text_input(
            _("Find rows"),
            key=f"find_{id}",
            placeholder=_("Find rows that contain …"),
            label_visibility="collapsed",
            icon=":material/search:",
            width=360,
            persist_state="page",
        )
        side = None
        if has_split:
            side = st.segmented_control(
                _("Side"),
                list(_SIDES),
                format_func=lambda name: _(_SIDES[name]),
                key=f"side_{id}",
                label_visibility="collapsed",
                persist_state="page",
            )
    return words.strip(), side


@st.cache_data(max_entries=20, show_spinner=False)
def _found(file: Path, content_hash: str, words: str, side: str | None) -> NDArray[np.int64]:
    """The places of the rows; the hash belongs to the question, since files can be replaced."""
    return find_rows(file, words, side)


def _for_people(frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame.set_index(ROW)
    if SPLIT in frame:
        frame[SPLIT] = [_(_CELLS[value]) for value in frame[SPLIT]]
    return frame


def _columns(dataset: Dataset, columns: list[str]) -> dict[str, object]:
    config: dict[str, object] = {
        "_index": st.column_config.NumberColumn(_("Row"), width="small"),
    }
    for role in columns:
        if role == ROW:
            continue
        label = column_title(dataset.info, role)
        if role == SCORE:
            config[role] = st.column_config.NumberColumn(label, width="small")
        elif role == SPLIT:
            config[role] = st.column_config.TextColumn(label, width="small")
        else:
            config[role] = st.column_config.TextColumn(label, width="large")
    return config
