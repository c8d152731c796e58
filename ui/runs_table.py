"""The table of runs, and which of them are ticked: the same ids whatever the table shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import pandas as pd
import streamlit as st

from core.training.run_index import RunRow
from ui.language import _
from ui.runs import sample_name
from ui.runs_words import (
    VERDICT_WORDS,
    base_name,
    loss_title,
    metric_label,
    state_colour,
    state_word,
)

_KEY = "runs_table"
_TICKED = "runs_ticked"
_DRAWN = "runs_drawn"
_PARAMETER = "runs"
_MIRRORED = "runs_in_address"
_MOST_IN_ADDRESS = 20
_MOST_ROWS = 11
_ROW_PIXELS = 34
_STAR = "★"


def ticked() -> list[str]:
    """The ids of the ticked runs; from a link where the address names some."""
    linked = st.query_params.get(_PARAMETER)
    if linked is not None and linked != st.session_state.get(_MIRRORED):
        tick(filter(None, linked.split(",")))
    return list(st.session_state.get(_TICKED, ()))


def tick(ids: Any) -> None:
    """Make these the ticked runs; the table is told when it is drawn next."""
    st.session_state[_TICKED] = list(dict.fromkeys(ids))
    st.session_state[_DRAWN] = None


def mirror(ids: Sequence[str]) -> None:
    """Write the ticked runs into the address, so that a link brings them back.

    Not when they are so many that a browser would cut the address short.
    """
    text = ",".join(ids) if len(ids) <= _MOST_IN_ADDRESS else ""
    if text:
        st.query_params[_PARAMETER] = text
    elif _PARAMETER in st.query_params:
        del st.query_params[_PARAMETER]
    st.session_state[_MIRRORED] = text or None


def show_table(rows: Sequence[RunRow], names: Mapping[str, str]) -> None:
    """The runs, one a row, to be ticked; ``names`` are those of all runs by their ids."""
    ids = [row.id for row in rows]
    if _KEY not in st.session_state or st.session_state.get(_DRAWN) != ids:
        # Ticks belong to places in the table: with other rows they belong to other places.  And the
        # table forgets them when somebody looks at another screen.
        wanted = set(ticked())
        places = [place for place, id in enumerate(ids) if id in wanted]
        st.session_state[_KEY] = {"selection": {"rows": places, "columns": [], "cells": []}}
        st.session_state[_DRAWN] = ids
    st.dataframe(
        _frame(rows, names),
        key=_KEY,
        on_select=_remember,
        selection_mode="multi-row",
        hide_index=True,
        row_height=_ROW_PIXELS,
        height=(min(len(rows), _MOST_ROWS) + 1) * _ROW_PIXELS + 3,
        column_config=_columns(rows),
        placeholder="–",
        alt=_("All runs: state, dataset, base, loss, score before and after, time, device"),
    )


def _remember() -> None:
    """Note which runs are ticked now; those that the table does not show stay as they are."""
    drawn: list[str] = st.session_state.get(_DRAWN) or []
    places = st.session_state[_KEY]["selection"]["rows"]
    hidden = [id for id in st.session_state.get(_TICKED, ()) if id not in drawn]
    st.session_state[_TICKED] = [*hidden, *(drawn[place] for place in places if place < len(drawn))]


def _frame(rows: Sequence[RunRow], names: Mapping[str, str]) -> pd.DataFrame:
    # Of a thousand runs most have the same words: each is translated once.
    state, loss, verdict = cache(state_word), cache(loss_title), cache(_verdict)
    base = cache(lambda kind, detail: base_name(kind, detail, names))
    columns: dict[str, Callable[[RunRow], Any]] = {
        "favourite": lambda row: _STAR if row.favourite else "",
        "name": lambda row: sample_name(row.name),
        "state": lambda row: [state(row.state)],
        "dataset": lambda row: sample_name(row.dataset_name),
        "before": lambda row: row.before,
        "after": lambda row: row.after,
        "gain": lambda row: None if None in (row.before, row.after) else row.after - row.before,
        "verdict": lambda row: verdict(row.verdict),
        "took": lambda row: row.seconds,
        "base": lambda row: base(row.base_kind, row.base_detail),
        "loss": lambda row: loss(row.loss),
        "device": lambda row: row.device,
        "tags": lambda row: list(row.tags),
        "metric": lambda row: metric_label(row.metric) if row.metric else None,
        "created": lambda row: row.created or None,
    }
    frame = pd.DataFrame({name: [value(row) for row in rows] for name, value in columns.items()})
    frame["created"] = pd.to_datetime(frame["created"], utc=True, format="ISO8601")
    frame["took"] = pd.to_timedelta(frame["took"].astype("float64").round(), unit="s")
    for name in ("before", "after", "gain"):
        frame[name] = frame[name].astype("float64")
    return frame


def _verdict(verdict: str | None) -> str | None:
    return _(VERDICT_WORDS[verdict]) if verdict else None


def _columns(rows: Sequence[RunRow]) -> dict[str, Any]:
    config = st.column_config
    metrics = {row.metric for row in rows if row.metric}
    states = list(dict.fromkeys(row.state for row in rows))
    several = len(metrics) > 1
    of = "" if several or not metrics else f" ({metric_label(next(iter(metrics)))})"
    return {
        "favourite": config.TextColumn(_STAR, width=36, pinned=True, help=_("Favourite")),
        "name": config.TextColumn(_("Run"), width=175, pinned=True),
        "state": config.MultiselectColumn(
            _("State"),
            width=100,
            options=[state_word(state) for state in states],
            color=[state_colour(state) for state in states],
        ),
        "dataset": config.TextColumn(_("Dataset"), width=115),
        "before": config.NumberColumn(
            _("Before"), width=64, format="%.3f", help=_("Score of the base model") + of
        ),
        "after": config.NumberColumn(
            _("After"), width=64, format="%.3f", help=_("Score of the trained model") + of
        ),
        "gain": config.NumberColumn(_("Gain"), width=64, format="%+.3f"),
        "verdict": config.TextColumn(_("Verdict"), width=95),
        "took": config.NumberColumn(_("Took"), width=90, format="localized"),
        "base": config.TextColumn(_("Base model"), width=150),
        "loss": config.TextColumn(_("Loss"), width=190),
        "device": config.TextColumn(_("Device"), width=70),
        "tags": config.MultiselectColumn(
            _("Tags"),
            width=140,
            options=sorted({tag for row in rows for tag in row.tags}),
            color="auto",
        ),
        "metric": config.TextColumn(_("Metric"), width=80),
        "created": config.DatetimeColumn(
            _("Begun"), width=140, format="YYYY-MM-DD HH:mm", timezone=st.context.timezone or "UTC"
        ),
    }
