"""The dataset, run, corpus and match that a person is working with, the same on every screen.

The choice lives in the session, as ``st.session_state["dataset"]``, ``["run"]`` and ``["corpus"]``.
A screen that uses one mirrors it in its address, so that a reload or a shared link finds it; a
click in the page list empties the address, and the session puts it back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import streamlit as st

Kind = Literal["dataset", "run", "corpus", "match"]


def select(kind: Kind, id: str | None) -> None:
    """Make ``id`` the current item of its kind, or none."""
    st.session_state[kind] = id


def selected(kind: Kind) -> str | None:
    """The current item's id, without a check that it still exists.

    The address counts when it says something that this session did not write there itself: a
    link, a bookmark or the browser's way back.
    """
    linked = st.query_params.get(kind)
    if linked and linked != st.session_state.get(_mirror_key(kind)):
        select(kind, linked)
    _mirror(kind)
    return st.session_state.get(kind)


def choose(
    kind: Kind, label: str, options: Mapping[str, str], help: str | None = None
) -> str | None:
    """A drop-down of ``options`` (id to words) whose choice is the current item of its kind.

    Falls back on the first option when the current item is not among them; returns None, and
    shows nothing, when there are none.
    """
    if not options:
        return None
    ids = list(options)
    current = selected(kind)
    key = f"choose_{kind}"
    st.session_state[key] = current if current in options else ids[0]
    chosen = st.selectbox(
        label,
        ids,
        format_func=options.__getitem__,
        key=key,
        help=help,
        on_change=lambda: select(kind, st.session_state[key]),
    )
    select(kind, chosen)
    _mirror(kind)
    return chosen


def _mirror(kind: Kind) -> None:
    id = st.session_state.get(kind)
    if id:
        st.query_params[kind] = id
    elif kind in st.query_params:
        del st.query_params[kind]
    st.session_state[_mirror_key(kind)] = id


def _mirror_key(kind: Kind) -> str:
    return f"{kind}_in_address"
