"""Rows that say nearly the same as another one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from core.data.findings import EXAMPLES, Finding, Fix, Severity
from core.data.report.near import SIMILAR, later_of, near_pairs
from core.data.report.texts import leave_out
from core.data.report.view import Check, TableView, Tell, repeats
from core.data.shapes import LABEL
from core.data.steps import Step
from core.problems import N_, Message

SAMPLE_ROWS = 20_000
_BLOCKS = 20
_SAME_SCORE = 0.1
_COMMON_SHARE = 0.01

_NEAR = N_(
    "Rows that are nearly the same as an earlier one: {count:,} of {rows:,}. Every text shares at "
    "least {share:.0%} of its letter sequences with the other's."
)
_NEAR_SAMPLED = N_(
    "Rows that are nearly the same as an earlier one: {count:,} among {looked:,} of the {rows:,} "
    "rows. Every text shares at least {share:.0%} of its letter sequences with the other's."
)
SAMPLED = N_("Nearly equal rows were looked for among {looked:,} of {rows:,} rows.")
_EFFECT = N_(
    "They count almost twice with every loss. With MultipleNegativesRankingLoss nearly equal "
    "answers in one batch are taken for wrong ones, and keeping equal texts apart does not help "
    "here. Where one of them is held out, the scores look better than they are."
)
_LOOK_FIRST = N_(
    "Look at the examples first: texts that differ in a size or a number only may be different "
    "things."
)
_FIX = N_("Keep only the first of nearly equal rows")


def check_near_duplicates(view: TableView, told: Tell) -> Iterator[Finding]:
    """Look for nearly equal rows, in a large table among a part of them only."""
    positions = looked_at(view)
    looked = len(positions)
    positions = positions[~repeats(view.row_codes[positions])]
    codes = np.stack([view.codes[role][positions] for role in view.roles], axis=1)
    used, rows = np.unique(codes, return_inverse=True)
    pairs = near_pairs(
        view.texts.take(used).to_pylist(),
        rows.reshape(codes.shape),
        told,
        lambda first, second: _same_target(view, positions[first], positions[second]),
    )
    if not len(pairs):
        return
    later = positions[later_of(pairs)]
    concerned = np.zeros(len(view), dtype=bool)
    concerned[later] = True
    fix = leave_out(view, concerned)
    if fix is not None:
        fix = Fix(Message(_FIX), Step("drop_near_duplicates", dict(fix.step.params)))
    template = _NEAR if looked == len(view) else _NEAR_SAMPLED
    finding = view.finding(
        "near_duplicate_rows",
        Severity.WARNING if len(later) >= looked * _COMMON_SHARE else Severity.INFO,
        Message(template, {"rows": len(view), "looked": looked, "share": SIMILAR}),
        # The pairs side by side, so that one sees what makes them alike.
        positions[pairs.ravel()],
        count=len(later),
        effects=[Message(_EFFECT), Message(_LOOK_FIRST)],
        fix=fix,
        same_texts=True,
    )
    # The pairs stay whole.
    yield replace(finding, examples=finding.examples[: EXAMPLES // 2 * 2])


def looked_at(view: TableView) -> np.ndarray:
    """The positions of the rows that are compared: all, or 20 blocks spread over a large table.

    Blocks, because rows that are alike often stand near each other.
    """
    if view.full or len(view) <= SAMPLE_ROWS:
        return np.arange(len(view))
    size = SAMPLE_ROWS // _BLOCKS
    starts = np.linspace(0, len(view) - size, _BLOCKS).astype(np.int64)
    return (starts[:, None] + np.arange(size)).ravel()


def _same_target(view: TableView, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Which pairs of rows have about the same score, or the same class."""
    same = np.ones(len(first), dtype=bool)
    if view.scores is not None:
        same &= np.abs(view.scores[first] - view.scores[second]) <= _SAME_SCORE
    if view.labels is not None:
        labels = view.frame[LABEL].to_numpy(dtype=object)
        same &= labels[first] == labels[second]
    return same


NEAR_DUPLICATES = Check(N_("Looking for nearly equal rows"), check_near_duplicates, weight=6)
