"""Parts of forms that need some thought: what a row is, and which column is which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from core.data.shapes import (
    ANCHOR,
    LABEL,
    NEGATIVE,
    POSITIVE,
    SCORE,
    TEXT,
    Mapping,
    Shape,
)
from core.problems import N_
from ui.language import _

_SHAPES = {
    Shape.PAIRS: (
        N_("Pairs"),
        N_(
            "Two texts that belong together: a question and its answer, a search and the product "
            "that fits."
        ),
        (ANCHOR, POSITIVE),
    ),
    Shape.SCORED_PAIRS: (
        N_("Scored pairs"),
        N_(
            "Two texts and how well they fit: a number, a grade such as 0, 1, 2, a percentage, or "
            "yes and no."
        ),
        (ANCHOR, POSITIVE, SCORE),
    ),
    Shape.TRIPLETS: (
        N_("Triplets"),
        N_("A text, one that belongs to it, and one that looks close but is wrong."),
        (ANCHOR, POSITIVE, NEGATIVE),
    ),
    Shape.SEVERAL_NEGATIVES: (
        N_("Several negatives"),
        N_("A text, one that belongs to it, and two or more that look close but are wrong."),
        (ANCHOR, POSITIVE),
    ),
    Shape.CLASSES: (
        N_("Text with a class"),
        N_("A text and the group that it belongs to: a product's name and its category."),
        (TEXT, LABEL),
    ),
    Shape.TEXTS: (
        N_("Single texts"),
        N_(
            "Texts on their own, such as a list of product names, with nothing that goes with them."
        ),
        (TEXT,),
    ),
}
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
        N_("Negative"),
        N_("A text that looks close to the anchor but is wrong."),
    ),
    SCORE: (
        N_("Score"),
        N_(
            "How well the two texts fit. Numbers, percentages, and yes and no are all turned into "
            "numbers from 0 (unrelated) to 1 (the same)."
        ),
    ),
    TEXT: (N_("Text"), N_("The text that a model is to read.")),
    LABEL: (
        N_("Class"),
        N_("The group of the text, such as its category. Texts of one class belong together."),
    ),
}
# Every form has room for this many columns side by side, so that they stay where they are when the
# shape changes.
_PLACES = 3
_KEEP = "session"


def map_columns(columns: Sequence[str], guess: Mapping | None, key: str) -> Mapping | None:
    """The shape of a row and the columns that it needs, set as guessed.

    What is chosen stays while other screens are visited.

    Args:
        columns: the table's columns.
        guess: what the form shows at first.
        key: of the form's controls; another one for every table.

    Returns:
        the mapping; None as long as something is missing, after saying what.
    """
    shape = st.segmented_control(
        _("What is in a row?"),
        list(_SHAPES),
        default=_first_shape(columns, guess),
        format_func=lambda shape: _(_SHAPES[shape][0]),
        required=True,
        key=f"{key}_shape",
        persist_state=_KEEP,
    )
    _label, explanation, roles = _SHAPES[shape]
    st.caption(_(explanation))
    first = _first_choices(columns, guess, shape)
    chosen = {}
    for place, role in zip(st.columns(_PLACES), roles, strict=False):
        with place:
            chosen[role] = _column(columns, role, first.get(role), f"{key}_{role}")
    mapping = Mapping(**{role: chosen.get(role) for role in (ANCHOR, POSITIVE, SCORE, TEXT, LABEL)})
    if shape is Shape.TRIPLETS and chosen[NEGATIVE]:
        mapping = replace(mapping, negatives=(chosen[NEGATIVE],))
    if shape is Shape.SEVERAL_NEGATIVES:
        mapping = replace(mapping, negatives=_negatives(columns, guess, chosen, key))
    missing = [_(_ROLES[role][0]) for role in roles if not chosen[role]]
    if shape is Shape.SEVERAL_NEGATIVES and len(mapping.negatives) < 2:
        missing.append(_("Negatives"))
    if missing:
        say_missing(missing)
        return None
    return mapping


def say_missing(fields: Sequence[str]) -> None:
    """Say which fields of a form are still empty."""
    words = _("Still to choose: {fields}.").format(fields=_(", ").join(fields))
    st.info(words, icon=":material/arrow_upward:")


def _column(columns: Sequence[str], role: str, first: str | None, key: str) -> str | None:
    """A drop-down of the columns for ``role``."""
    label, explanation = _ROLES[role]
    return st.selectbox(
        _(label),
        list(columns),
        index=list(columns).index(first) if first in columns else None,
        placeholder=_("no column"),
        help=_(explanation),
        key=key,
        persist_state=_KEEP,
    )


def _negatives(
    columns: Sequence[str], guess: Mapping | None, chosen: dict[str, str | None], key: str
) -> tuple[str, ...]:
    """Any number of columns, in the order of the choice."""
    free = [column for column in columns if column not in chosen.values()]
    guessed = [column for column in (guess.negatives if guess else ()) if column in free]
    negatives = st.multiselect(
        _("Negatives"),
        list(columns),
        default=guessed,
        placeholder=_("two or more columns"),
        help=_("Columns with texts that look close to the anchor but are wrong."),
        key=f"{key}_negatives",
        persist_state=_KEEP,
    )
    return tuple(negatives)


def _first_shape(columns: Sequence[str], guess: Mapping | None) -> Shape:
    if guess is not None:
        return guess.shape
    return Shape.TEXTS if len(columns) == 1 else Shape.PAIRS


def _first_choices(
    columns: Sequence[str], guess: Mapping | None, shape: Shape
) -> dict[str, str | None]:
    """What the drop-downs show before anybody has chosen.

    A shape that was not guessed begins with the texts of the guess, and when only one column is
    left for only one role, that is it.
    """
    first: dict[str, str | None] = {}
    if guess is not None:
        first = dict(guess.columns)
        text = guess.text or guess.anchor
        first = {ANCHOR: text, POSITIVE: None, TEXT: text, **first}
    roles = _SHAPES[shape][2]
    empty = [role for role in roles if first.get(role) is None]
    left = [column for column in columns if column not in [first.get(role) for role in roles]]
    if len(empty) == 1 and len(left) == 1:
        first[empty[0]] = left[0]
    return first
