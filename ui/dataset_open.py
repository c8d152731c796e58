"""Which stored dataset the Data screen shows on its own."""

from __future__ import annotations

import streamlit as st

from ui.selection import select

STATE = st.session_state

_OPEN = "open_dataset"
_IN_ADDRESS = "open_dataset_in_address"
_SECTION = "open_section"
_ROW = "open_row"


def opened_dataset() -> str | None:
    """The id of the dataset that is shown on its own; None while the screen shows the list.

    A link with ``?dataset=`` opens that dataset; the address follows what is opened and closed.
    With ``&row=`` it points to one of its rows, by its number in the source table.
    """
    linked = st.query_params.get("dataset")
    if linked and linked != STATE.get(_IN_ADDRESS):
        open_dataset(linked)
    row = st.query_params.get("row", "")
    if linked and row.isdecimal():
        STATE[_ROW] = linked, int(row)
        STATE[_SECTION] = "rows"
    if row:
        del st.query_params["row"]
    id: str | None = STATE.get(_OPEN)
    if id is not None:
        st.query_params["dataset"] = id
    elif "dataset" in st.query_params:
        del st.query_params["dataset"]
    STATE[_IN_ADDRESS] = id
    return id


def open_dataset(id: str, *, section: str | None = None) -> None:
    """Show dataset ``id`` on its own from the next run of the script on.

    ``section`` is the one that is then open; by default the one that was open last.
    """
    STATE[_OPEN] = id
    if section is not None:
        STATE[_SECTION] = section
    select("dataset", id)


def close_dataset() -> None:
    """Show the list again."""
    STATE.pop(_OPEN, None)


def pointed_row(id: str) -> int | None:
    """The number of the row of dataset ``id`` that a link pointed to, until it is closed."""
    linked, row = STATE.get(_ROW, (None, None))
    return row if linked == id else None


def close_row() -> None:
    """Point to no row any more."""
    STATE.pop(_ROW, None)


def take_section() -> str | None:
    """The section that was asked for when a dataset was opened; once."""
    section: str | None = STATE.pop(_SECTION, None)
    return section
