"""The row above the table of runs: search, and what to show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import streamlit as st

from core.training.run_index import RunRow
from core.training.run_table import Filter, base_words, select_rows
from ui.language import _
from ui.runs import sample_name
from ui.runs_words import base_name, loss_title, spoken, state_word


def show_filter(rows: Sequence[RunRow], names: Mapping[str, str]) -> tuple[list[RunRow], Filter]:
    """The fields of the filter; returns the rows that it leaves, and what it asks for."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="runs_filter"):
        words = st.text_input(
            _("Find"),
            type="search",
            live="300ms",
            placeholder=_("Name, dataset, tag, note …"),
            key="runs_words",
            persist_state="session",
        )
        states = _options("states", _("State"), _distinct(row.state for row in rows), state_word)
        datasets = {row.dataset: row.dataset_name for row in rows}
        chosen = _options(
            "datasets",
            _("Dataset"),
            list(datasets),
            lambda id: sample_name(datasets[id]),
        )
        with st.popover(_("More"), icon=":material/filter_list:"):
            starts = {(row.base_kind, row.base_detail) for row in rows}
            words_of = {base_words(*start, names): base_name(*start, names) for start in starts}
            bases = _options("bases", _("Base model"), sorted(words_of), lambda one: words_of[one])
            losses = _options("losses", _("Loss"), _distinct(row.loss for row in rows), loss_title)
            tags = _options(
                "tags", _("Tags"), sorted({tag for row in rows for tag in row.tags}), str
            )
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        favourites = _switch("favourites", _("Favourites only"))
        archived = _switch("archived", _("The archive"))
    wanted = Filter(words or "", states, chosen, bases, losses, tags, favourites, archived)
    return select_rows(rows, wanted, spoken), wanted


def _options(name: str, label: str, options: list[str], word: Callable[[str], str]) -> list[str]:
    key = f"runs_{name}"
    # What was chosen may be gone since: a tag that nobody uses any more.
    st.session_state[key] = [one for one in st.session_state.get(key, ()) if one in options]
    return st.multiselect(
        label,
        options,
        format_func=lambda one: word(one) or "–",
        key=key,
        placeholder=_("All"),
        persist_state="session",
    )


def _distinct(values: Iterable[str]) -> list[str]:
    """Each value once, those of the newest runs first."""
    return list(dict.fromkeys(values))


def _switch(name: str, label: str) -> bool:
    return st.toggle(label, key=f"runs_{name}", persist_state="session")
