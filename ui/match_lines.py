"""The pairs of a match, a page at a time, and what a person says about those that are ticked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from core.matching.chosen import NONE, Candidates, Chosen, Order, State, Wish, lines
from core.matching.decisions import Decision, decide
from core.matching.results import Result
from core.problems import N_, Problem
from ui import format as fmt
from ui.language import _, say
from ui.match_pair import show_pair
from ui.tables import paged_source

STATE = st.session_state
_PAGE_ROWS = 12
_ALL = "all"
_ORDERS: dict[Order, str] = {
    "table": N_("As in the table"),
    "doubtful": N_("Doubtful ones first"),
    "best": N_("Highest scores first"),
}
STATE_WORDS = {
    State.MATCHED: N_("Matched"),
    State.BELOW: N_("Below the threshold"),
    State.TAKEN: N_("Partner taken"),
    State.WITHOUT: N_("No candidate"),
}


def show_lines(result: Result, candidates: Candidates, chosen: Chosen, wish: Wish) -> None:
    """The pairs, a page at a time, and what can be said about those that are ticked."""
    id = result.meta.id
    state, order, words = _wishes(chosen, id)
    lefts, found = lines(candidates, chosen, order, wish.threshold, state)
    if words:
        inside = result.containing("left", words)[lefts]
        known = np.flatnonzero(found != NONE)
        rights = candidates.right[found[known]]
        inside[known] |= result.containing("right", words)[rights]
        lefts, found = lefts[inside], found[inside]
    if not len(lefts):
        st.caption(_("No row is like that."))
        return
    shown = (0, 0)

    def page(start: int, count: int) -> pd.DataFrame:
        nonlocal shown
        shown = (start, start + count)
        part = slice(start, start + count)
        return _frame(result, candidates, chosen, lefts[part], found[part])

    key = f"match_lines_{id}_{state}_{order}_{words}_{STATE.get('match_turn', 0)}"
    paged_source(
        page,
        len(lefts),
        key,
        alt=_("The matches"),
        rows=_PAGE_ROWS,
        hide_index=True,
        column_config=_columns(result),
        on_select="rerun",
        selection_mode="multi-row",
        placeholder="",
    )
    ticked = [shown[0] + row for row in STATE[f"{key}_table"]["selection"]["rows"]]
    ticked = [row for row in ticked if row < min(shown[1], len(lefts))]
    _decide(result, candidates, chosen, lefts[ticked], found[ticked])


def _wishes(chosen: Chosen, id: str) -> tuple[State | None, Order, str]:
    """Which rows, in which order, with which words."""
    key = f"match_state_{id}"
    shown = {state.name: state for state in State if chosen.count(state)}
    if STATE.get(key) not in (None, _ALL, *shown):
        del STATE[key]
    picked = st.segmented_control(
        _("Rows"),
        [_ALL, *shown],
        format_func=lambda name: _("All") if name == _ALL else _(STATE_WORDS[shown[name]]),
        default=_ALL,
        required=True,
        key=key,
        persist_state="session",
        label_visibility="collapsed",
    )
    left, right = st.columns([1, 2], vertical_alignment="bottom")
    order: Order = left.selectbox(
        _("Order"),
        list(_ORDERS),
        format_func=lambda name: _(_ORDERS[name]),
        key=f"match_order_{id}",
        persist_state="session",
        help=_(
            "A row is doubtful when its second candidate is nearly as good as its first, or when "
            "its score is close to the threshold."
        ),
    )
    words = right.text_input(
        _("Find"),
        key=f"match_find_{id}",
        placeholder=_("Find rows that contain …"),
        help=_("Capitals and the width of letters make no difference."),
        icon=":material/search:",
        persist_state="session",
    )
    return shown.get(picked), order, words.strip()


def _frame(
    result: Result,
    candidates: Candidates,
    chosen: Chosen,
    lefts: NDArray[np.int64],
    found: NDArray[np.int64],
) -> pd.DataFrame:
    """A page of lines as the table shows them."""
    known = found != NONE
    at = np.where(known, found, 0)
    rights = candidates.right[at] if len(candidates.right) else np.zeros(len(at), np.int64)
    left = result.rows("left", lefts).to_pandas()
    right = result.rows("right", np.where(known, rights, 0)).to_pandas()
    right[~known] = ""
    frame = pd.DataFrame({"left_label": left["label"], "left_text": left["text"]})
    frame["right_label"] = right["label"]
    frame["right_text"] = right["text"]
    frame["score"] = _at(candidates.score, at, known)
    best = known & (chosen.first[lefts] == found)
    frame["gap"] = np.where(best, chosen.gaps[lefts], np.nan)
    decided = _at(chosen.decided, at, known)
    hand = {1.0: _("accepted"), -1.0: _("rejected")}
    frame["rank"] = _at(candidates.rank, at, known)
    frame["state"] = [
        hand.get(by_hand) or _(State(state).label)
        for by_hand, state in zip(decided, chosen.states[lefts].tolist(), strict=True)
    ]
    for side, table in (("left", left), ("right", right)):
        for name in table.columns[2:]:
            frame[f"{side}_{name}"] = table[name]
    return frame


def _at(
    values: NDArray[np.generic], at: NDArray[np.int64], known: NDArray[np.bool_]
) -> NDArray[np.float64]:
    if not len(values):
        return np.full(len(at), np.nan)
    return np.where(known, values[at].astype(np.float64), np.nan)


def _columns(result: Result) -> dict[str, object]:
    left, right = result.meta.tables["left"], result.meta.tables["right"]
    text, number = st.column_config.TextColumn, st.column_config.NumberColumn
    config: dict[str, object] = {
        "left_label": text(left.label or _("Row"), width=60),
        "left_text": text(_("First table"), width=200),
        "right_label": text(right.label or _("Row"), width=60),
        "right_text": text(_("Second table"), width=200),
        "score": number(_("Score"), format="%.3f", width=60),
        "rank": number(_("Rank"), width=52, help=_("1 is the best candidate of its row.")),
        "gap": number(
            _("Gap"),
            format="%.3f",
            width=60,
            help=_("How much better the best candidate is than the best of the others."),
        ),
        "state": text(_("Result"), width=125),
    }
    for side, table in (("left", left), ("right", right)):
        for at, name in enumerate(table.fields):
            config[f"{side}_f{at}"] = text(name, width=110)
    return config


def _decide(
    result: Result,
    candidates: Candidates,
    chosen: Chosen,
    lefts: NDArray[np.int64],
    found: NDArray[np.int64],
) -> None:
    """Buttons for the ticked pairs; a single one is shown with all of its candidates."""
    known = found[found != NONE]
    pairs = list(
        zip(candidates.left[known].tolist(), candidates.right[known].tolist(), strict=True)
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        for decision, words, icon in (
            (Decision.ACCEPT, _("It is a match"), "check"),
            (Decision.REJECT, _("It is no match"), "close"),
            (None, _("Take back"), "undo"),
        ):
            st.button(
                words,
                key=f"decide_{decision}",
                icon=f":material/{icon}:",
                disabled=not pairs,
                on_click=_record,
                args=(result.folder, pairs, decision),
            )
        if not pairs:
            st.caption(_("Tick rows at their left edge to accept or reject them, or to read all."))
    rejected = int((chosen.decided < 0).sum())
    accepted = int((chosen.decided > 0).sum())
    if rejected or accepted:
        st.caption(
            _(
                "By hand: {accepted} accepted, {rejected} rejected. A rejected pair makes room for "
                "the next candidate."
            ).format(accepted=fmt.number(accepted), rejected=fmt.number(rejected))
        )
    if len(lefts) == 1:
        show_pair(result, candidates, chosen, int(lefts[0]), _record)


def _record(folder: Path, pairs: list[tuple[int, int]], decision: Decision | None) -> None:
    try:
        decide(folder, pairs, decision)
    except Problem as problem:
        st.toast(say(problem), icon=":material/error:")
    # Another key: what was ticked is done with.
    STATE["match_turn"] = STATE.get("match_turn", 0) + 1
