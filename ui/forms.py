"""Parts of forms that need some thought: saying which column is which."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.data.shapes import ANCHOR, NEGATIVE, POSITIVE, SCORE, Mapping
from core.problems import N_
from ui.language import _

_ROLES = {
    ANCHOR: (
        N_("Anchor"),
        N_("The text that somebody starts from: a question, a search, a short title."),
    ),
    POSITIVE: (
        N_("Positive"),
        N_(
            "The text that belongs to it: the answer, the product that fits, the same thing said "
            "in other words."
        ),
    ),
    NEGATIVE: (
        N_("Negative (optional)"),
        N_("A text that looks close to the anchor but is wrong. With it, every row is a triplet."),
    ),
    SCORE: (
        N_("Score (optional)"),
        N_(
            "A number from 0 (unrelated) to 1 (the same) that says how well anchor and positive "
            "fit. With it, every row is a scored pair."
        ),
    ),
}


def map_columns(columns: Sequence[str], guess: Mapping | None, key: str) -> Mapping | None:
    """Drop-downs for the four roles, set as guessed; None until anchor and positive are chosen."""
    guessed = dict(guess.columns) if guess else {}
    chosen: dict[str, str | None] = {}
    for place, (role, (label, help)) in zip(st.columns(len(_ROLES)), _ROLES.items(), strict=True):
        with place:
            chosen[role] = st.selectbox(
                _(label),
                list(columns),
                index=list(columns).index(guessed[role]) if role in guessed else None,
                placeholder=_("no column"),
                help=_(help),
                key=f"{key}_{role}",
            )
    anchor, positive = chosen[ANCHOR], chosen[POSITIVE]
    if anchor is None or positive is None:
        return None
    negatives = (chosen[NEGATIVE],) if chosen[NEGATIVE] else ()
    return Mapping(anchor, positive, negatives, chosen[SCORE])
