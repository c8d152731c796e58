"""Checks of rows against themselves and each other: the same text twice, the same row twice."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from core.data.findings import Finding, Fix, Severity
from core.data.report.texts import leave_out
from core.data.report.view import Check, TableView, Tell, repeats
from core.data.shapes import ANCHOR, MATCH_SCORE, NEGATIVE, POSITIVE, is_negative
from core.data.steps import Step
from core.problems import N_, Message

_COMMON_SHARE = 0.01

_IDENTICAL_COLUMNS = N_("“{first}” and “{second}” hold the same text in every row.")
_SAME_TEXT = N_(
    "Rows with the same text in “{first}” and “{second}”: {count:,} of {rows:,} ({share:.1%})."
)
_WRONG_ANSWER = N_(
    "Rows whose wrong answer (“{second}”) is the same text as “{first}”: {count:,} of {rows:,}."
)
_TWO_NEGATIVES = N_("Rows with the same text in “{first}” and “{second}”: {count:,} of {rows:,}.")
_CONTRADICTION = N_(
    "Rows whose wrong answer is, in another row, the right answer to the same “{anchor}”: "
    "{count:,}."
)
_DUPLICATES = N_("Rows that repeat an earlier row: {count:,} of {rows:,} ({share:.1%}).")

_IDENTICAL_EFFECT = N_(
    "MultipleNegativesRankingLoss: the right answer is found by comparing letters, so the loss "
    "falls to almost 0 and the model has learned nothing. CosineSimilarityLoss and CoSENTLoss: "
    "equal texts are equal already."
)
_IDENTICAL_WAY_OUT = N_("Perhaps one of the two columns was meant to be another one.")
_SAME_EFFECT = N_(
    "Whatever the loss, such a row teaches nothing: the two texts look the same to any model."
)
_SAME_LOW_EFFECT = N_(
    "Some of them have a low score. CosineSimilarityLoss and CoSENTLoss cannot reach it: a text is "
    "always like itself."
)
_WRONG_EFFECT = N_(
    "TripletLoss and MultipleNegativesRankingLoss are told to push a text away from itself, or the "
    "right answer away from the question."
)
_TWO_NEGATIVES_EFFECT = N_("The second wrong answer adds nothing to what the first one teaches.")
_CONTRADICTION_EFFECT = N_(
    "TripletLoss and MultipleNegativesRankingLoss pull the same two texts together in one row and "
    "push them apart in another."
)
_DUPLICATES_EFFECT = N_(
    "With every loss, what is said twice counts twice. MultipleNegativesRankingLoss would also "
    "take a copy in the same batch for a wrong answer. Copies among the held-out rows make the "
    "scores look better than they are."
)
_LEAVE_OUT_SAME = N_("Leave out rows with the same text twice")
_LEAVE_OUT_COPIES = N_("Keep only the first of equal rows")


def check_duplicates(view: TableView, told: Tell) -> Iterator[Finding]:
    """Compare the columns of each row, and the rows with one another."""
    for first, second in combinations(view.roles, 2):
        yield from _same_text(view, first, second)
    told(0.5)
    yield from _contradictions(view)
    copies = repeats(view.row_codes)
    if copies.any():
        yield view.finding(
            "duplicate_rows",
            Severity.WARNING if copies.mean() >= _COMMON_SHARE else Severity.INFO,
            Message(_DUPLICATES, {"rows": len(view), "share": float(copies.mean())}),
            copies,
            effects=[Message(_DUPLICATES_EFFECT)],
            fix=Fix(Message(_LEAVE_OUT_COPIES), Step("drop_duplicate_rows")),
        )


def _same_text(view: TableView, first: str, second: str) -> Iterator[Finding]:
    same = view.codes[first] == view.codes[second]
    if not same.any():
        return
    fix = leave_out(view, same)
    if fix is not None:
        fix = Fix(Message(_LEAVE_OUT_SAME), Step("drop_identical"))
    facts = {
        "first": view.column(first),
        "second": view.column(second),
        "rows": len(view),
        "share": float(same.mean()),
    }
    if is_negative(first):
        yield view.finding(
            "repeated_negative",
            Severity.INFO,
            Message(_TWO_NEGATIVES, facts),
            same,
            effects=[Message(_TWO_NEGATIVES_EFFECT)],
        )
    elif is_negative(second):
        yield view.finding(
            "anchor_is_negative" if first == ANCHOR else "positive_is_negative",
            Severity.PROBLEM if same.mean() >= 0.5 else Severity.WARNING,
            Message(_WRONG_ANSWER, facts),
            same,
            effects=[Message(_WRONG_EFFECT)],
            fix=fix,
        )
    elif same.all():
        effects = [Message(_IDENTICAL_EFFECT), Message(_IDENTICAL_WAY_OUT)]
        yield view.finding(
            "identical_columns",
            Severity.PROBLEM,
            Message(_IDENTICAL_COLUMNS, facts),
            same,
            effects=effects,
        )
    else:
        effects = [Message(_SAME_EFFECT)]
        if view.scores is not None and (view.scores[same] < MATCH_SCORE).any():
            effects.append(Message(_SAME_LOW_EFFECT))
        yield view.finding(
            "same_text",
            Severity.WARNING if same.mean() >= _COMMON_SHARE else Severity.INFO,
            Message(_SAME_TEXT, facts),
            same,
            effects=effects,
            fix=fix,
        )


def _contradictions(view: TableView) -> Iterator[Finding]:
    """Texts that are the right answer to a question in one row and a wrong one in another."""
    if NEGATIVE not in view.codes:
        return
    right = _pairs(view, POSITIVE)
    wrong = np.zeros(len(view), dtype=bool)
    for role in filter(is_negative, view.roles):
        own = view.codes[role] == view.codes[POSITIVE]
        wrong |= np.isin(_pairs(view, role), right) & ~own
    if wrong.any():
        yield view.finding(
            "match_and_negative",
            Severity.WARNING,
            Message(_CONTRADICTION, {"anchor": view.column(ANCHOR)}),
            wrong,
            effects=[Message(_CONTRADICTION_EFFECT)],
            fix=leave_out(view, wrong),
        )


def _pairs(view: TableView, role: str) -> np.ndarray:
    """A number for each row's anchor together with its text in another role."""
    return view.codes[ANCHOR].astype(np.int64) * len(view.texts) + view.codes[role]


DUPLICATES = Check(N_("Looking for equal rows"), check_duplicates)
