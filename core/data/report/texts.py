"""Checks of single texts: blank, too short, nothing but signs, too few different ones, too long."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow.compute as pc

from core.data.check import MINIMUM_ROWS
from core.data.findings import Finding, Fix, Severity
from core.data.report.view import (
    Check,
    Mask,
    TableView,
    Tell,
    Texts,
    character_counts,
    clip,
    repeats,
    row_list,
)
from core.data.steps import Step
from core.problems import N_, Message

LONG_CHARACTERS = 5_000
"""About 1,000 English words: far more than any base reads of a text."""
_FEW_ROWS = 20
"""In a smaller table a text that stands in every row may be chance."""
_CONSTANT_TEXTS, _TEXTS_OF_FEW_ROWS = 10, 3
"""So few different texts are as good as one, in a table of thousands and in one of dozens."""
_FEW_SHARE = 0.01
_COMMON_SHARE = 0.01

_BLANK = N_("Rows with nothing to read in {columns}: {count:,}.")
_ONE = N_("Rows with a text of a single character in {columns}: {count:,}.")
_SIGNS = N_(
    "Rows with a text of nothing but signs, no letter and no digit, in {columns}: {count:,}."
)
_FEW_TEXTS = N_(
    "“{column}” has only {distinct:,} different texts in {rows:,} rows, such as “{value}”."
)
_LONG = N_("Rows with a text of more than {limit:,} characters in {columns}: {count:,}.")
_FORMULA = N_(
    "Rows with a text that begins with =, +, -, @ or a tab in {columns}: {count:,}. "
    "A spreadsheet may take it for a formula."
)

_LEAVE_OUT = N_("Leave these rows out")
_NOTHING_TO_LEARN = N_(
    "With MultipleNegativesRankingLoss, CoSENTLoss, CosineSimilarityLoss and TripletLoss alike: "
    "such a text says nothing, so the model learns to put its partner anywhere."
)
_SHORT = N_(
    "One character is seldom enough to say what is meant; whatever the loss, such rows teach "
    "chance."
)
_SAME_FOR_ALL = N_(
    "MultipleNegativesRankingLoss: in a batch nearly every row has the same text here, so right "
    "and wrong answers cannot be told apart."
)
_SAME_SCORES = N_(
    "CosineSimilarityLoss and CoSENTLoss: the same text has high and low scores, so the model can "
    "only learn the average; its loss falls at first and then stands still."
)
_WRONG_COLUMN = N_("Perhaps another column of the table was meant.")
_FEW_EFFECT = N_(
    "Rows that share a text here teach less than their number promises; with "
    "MultipleNegativesRankingLoss they get in each other's way inside a batch."
)
_LONG_EFFECT = N_(
    "Every loss: only the beginning is read, the rest is cut off, and long texts make training "
    "slow."
)
_FORMULA_EFFECT = N_(
    "Nothing for training. When the table is downloaded as CSV, Pairloom puts an apostrophe before "
    "such a text, so that a spreadsheet shows it and does not run it."
)


def check_texts(view: TableView, told: Tell) -> Iterator[Finding]:
    """Look at every different text once."""
    blank = matches(view.texts, r"^[\s\p{Z}\p{Cc}\p{Cf}]*$")
    bare: Texts = pc.utf8_trim_whitespace(view.texts)
    single = (character_counts(bare) == 1) & ~blank
    signs = matches(bare, r"^[^\p{L}\p{N}]+$") & ~blank & ~single
    yield from _useless(view, blank, "blank_text", Severity.PROBLEM, _BLANK, _NOTHING_TO_LEARN)
    yield from _useless(view, single, "one_character", _by_share(view, single), _ONE, _SHORT)
    severity = _by_share(view, signs)
    yield from _useless(view, signs, "only_signs", severity, _SIGNS, _NOTHING_TO_LEARN)
    told(0.5)
    for role in view.roles:
        yield from _few(view, role)
    long = view.characters > LONG_CHARACTERS
    if long.any():
        facts = {"columns": view.columns_with(long), "limit": LONG_CHARACTERS}
        yield view.finding(
            "very_long_text",
            Severity.INFO,
            Message(_LONG, facts),
            view.rows_with(long),
            effects=[Message(_LONG_EFFECT)],
        )
    formula = matches(view.texts, r"^[=+\-@\t\r]")
    if formula.any():
        yield view.finding(
            "formula_start",
            Severity.INFO,
            Message(_FORMULA, {"columns": view.columns_with(formula)}),
            view.rows_with(formula),
            effects=[Message(_FORMULA_EFFECT)],
        )


def leave_out(view: TableView, concerned: Mask) -> Fix | None:
    """The fix that leaves these rows out; None when too little would be left."""
    left = len(view) - int(concerned.sum())
    if left < max(MINIMUM_ROWS, len(view) / 2):
        return None
    return Fix(Message(_LEAVE_OUT), Step("drop_rows", row_list(view, concerned)))


def _useless(
    view: TableView,
    flags: np.ndarray,
    kind: str,
    severity: Severity,
    template: str,
    effect: str,
) -> Iterator[Finding]:
    if flags.any():
        concerned = view.rows_with(flags)
        fix = leave_out(view, concerned)
        if fix is not None and kind == "one_character":
            fix = Fix(fix.label, Step("drop_one_character"))
        yield view.finding(
            kind,
            severity,
            Message(template, {"columns": view.columns_with(flags)}),
            concerned,
            effects=[Message(effect)],
            fix=fix,
        )


def _few(view: TableView, role: str) -> Iterator[Finding]:
    codes = view.codes[role]
    counts = np.bincount(codes)
    distinct, rows = int((counts > 0).sum()), len(view)
    constant = distinct <= min(_CONSTANT_TEXTS, max(_TEXTS_OF_FEW_ROWS, rows // 1000))
    if rows < _FEW_ROWS or not (constant or distinct <= rows * _FEW_SHARE):
        return
    commonest = int(counts.argmax())
    facts = {
        "column": view.column(role),
        "distinct": distinct,
        "rows": rows,
        "value": clip(view.text(commonest))[:30],
    }
    yield view.finding(
        "few_distinct_texts",
        Severity.PROBLEM if constant else Severity.WARNING,
        Message(_FEW_TEXTS, facts),
        np.flatnonzero(~repeats(codes)),
        count=rows,
        effects=map(
            Message,
            (_SAME_FOR_ALL, _SAME_SCORES, _WRONG_COLUMN) if constant else (_FEW_EFFECT,),
        ),
        roles=(role,),
    )


def _by_share(view: TableView, flags: np.ndarray) -> Severity:
    often = flags.any() and view.rows_with(flags).mean() >= _COMMON_SHARE
    return Severity.WARNING if often else Severity.INFO


def matches(texts: Texts, pattern: str) -> np.ndarray:
    """Which texts a regular expression (RE2) finds something in."""
    found: Any = pc.match_substring_regex(texts, pattern)
    return found.to_numpy(zero_copy_only=False)


TEXTS = Check(N_("Looking at every text"), check_texts)
