"""Finding texts on the map, by their letters or by what they mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core.folding import fold_column, holding
from core.inspection.neighbours import nearest_to
from core.inspection.vectors import Roles, text_vectors
from core.problems import N_
from ui import format as fmt
from ui.language import _, ngettext
from ui.map_state import MapView, select_items
from ui.texts import clipped

NEAREST = 20
"""How many texts of each model are found by meaning."""
_WAYS = {"letters": N_("By letters"), "meaning": N_("By meaning")}
_LISTED = 100
_LONGEST_QUERY = 2_000


@dataclass(frozen=True)
class Found:
    """What was found: the texts' numbers, by meaning the tuned model's nearest first.

    Attributes:
        words: what was looked for; empty when nothing was.
        items: the numbers.
        before, after: their places in each model's list when found by meaning, 0 beyond its end.
    """

    words: str = ""
    items: tuple[int, ...] = ()
    before: tuple[int, ...] = ()
    after: tuple[int, ...] = ()


def find(view: MapView) -> Found:
    """The box to look for texts with, and what it finds."""
    words = st.text_input(
        _("Find texts"),
        key="map_find",
        placeholder=_("a word, a name, a question …"),
        persist_state="session",
        icon=":material/search:",
        max_chars=_LONGEST_QUERY,
        width=260,
    ).strip()
    way = st.segmented_control(
        _("How"),
        list(_WAYS),
        format_func=lambda name: _(_WAYS[name]),
        default="letters",
        required=True,
        key="map_find_how",
        persist_state="session",
        help=_(
            "By letters: texts that contain exactly this; case and width make no difference. By "
            "meaning: the 20 texts nearest to it for each model."
        ),
    )
    if not words:
        return Found()
    if way == "letters":
        return Found(words, tuple(containing(view.key, view.points.texts, words)))
    return _by_meaning(view, words)


def containing(key: str, texts: Sequence[str], words: str) -> list[int]:
    """The numbers of the texts that contain ``words``, whatever their case and width."""
    return np.flatnonzero(holding(_folded(key, len(texts), texts), words)).tolist()


def show_found(view: MapView, found: Found) -> None:
    """How many were found, and which."""
    if not found.words:
        return
    number = len(found.items)
    words = ngettext("{n} text found for “{words}”", "{n} texts found for “{words}”", number)
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.container():
            named = fmt.verbatim(clipped(found.words, 60))
            st.markdown(words.format(n=fmt.number(number), words=named))
        if number:
            st.button(
                _("Select them"),
                key="map_select_found",
                icon=":material/done_all:",
                on_click=select_items,
                args=(found.items,),
            )
    if not number:
        return
    listed = found.items[:_LISTED]
    frame = pd.DataFrame({_("Text"): [view.points.texts[at] for at in listed]})
    if found.after:
        frame[_("Place before")] = [place or None for place in found.before[:_LISTED]]
        frame[_("Place after")] = [place or None for place in found.after[:_LISTED]]
    st.dataframe(
        frame,
        hide_index=True,
        key="map_found",
        height=min(320, 36 + 35 * len(frame)),
        column_config={_("Text"): st.column_config.TextColumn(width="large")},
        alt=_("Texts that were found on the map"),
    )
    if number > _LISTED:
        st.caption(_("The first {n} are listed.").format(n=_LISTED))


def _by_meaning(view: MapView, words: str) -> Found:
    lists = []
    # Among texts that nobody asks with, what was typed is only another one of them.
    roles: Roles = ("query",) if view.points.roles else ()
    with st.spinner(_("Both models read what you wrote …")):
        for model, vectors in zip(
            (view.comparison.base, view.comparison.tuned), view.vectors, strict=True
        ):
            (query,) = text_vectors(
                view.workspace, model.folder, model.fingerprint, [words], roles=roles
            )
            lists.append(nearest_to(vectors, query, NEAREST))
    places = [{item: place for place, item in enumerate(one, start=1)} for one in lists]
    items = list(dict.fromkeys([*lists[1], *lists[0]]))
    before, after = ([place.get(item, 0) for item in items] for place in places)
    return Found(words, tuple(items), tuple(before), tuple(after))


@st.cache_resource(max_entries=3, show_spinner=False)
def _folded(key: str, count: int, _texts: Sequence[str]) -> Any:
    return fold_column(_texts)
