"""How often rows of a batch would be each other's false wrong answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from core.data.findings import Finding, Severity
from core.data.report.view import Check, TableView, Tell, joint_codes
from core.data.shapes import ANCHOR, POSITIVE, Shape
from core.problems import N_, Message

BATCHES = (32, 64, 256)
"""The batch sizes that the estimate is made for."""
_IN_BATCH = (Shape.PAIRS, Shape.TRIPLETS, Shape.SEVERAL_NEGATIVES)
_WARN_SHARE = 0.05
_SHRUNK = 32

_REPEATED = N_(
    "Rows that share their “{anchor}” or “{positive}” with another row: {count:,} of {rows:,} "
    "({share:.1%})."
)
_COLLISIONS = N_(
    "MultipleNegativesRankingLoss takes the answers of a batch's other rows for wrong ones. Drawn "
    "at random, about {small:.1f} of 32 rows, {medium:.1f} of 64 and {large:.1f} of 256 would meet "
    "a right answer among them and be told that it is wrong."
)
_HANDLED = N_(
    "Pairloom's batches for this loss (no_duplicates) keep such rows apart, so nothing has to be "
    "changed."
)
_SHRINKING = N_(
    "But one text stands in {largest:,} rows, each of which needs a batch of its own: batches can "
    "hold {batch:.0f} rows on average, whatever size is chosen, and a small batch teaches little."
)
_OTHERS = N_("TripletLoss, CoSENTLoss and CosineSimilarityLoss are not concerned.")


def check_batches(view: TableView, told: Tell) -> Iterator[Finding]:
    """Estimate false wrong answers inside a batch, for shapes whose losses use the batch."""
    if view.shape not in _IN_BATCH:
        return
    others = sharing_rows(view)
    concerned = others > 0
    if not concerned.any():
        return
    rows = len(view)
    small, medium, large = (min(batch, rows) * met_share(others, batch) for batch in BATCHES)
    counts = np.bincount(np.concatenate(list(_once_a_row(view))))
    largest = int(counts.max())
    effects = [
        Message(_COLLISIONS, {"small": small, "medium": medium, "large": large}),
        Message(_HANDLED),
    ]
    shrinks = largest > 1 and rows / largest < _SHRUNK
    if shrinks:
        effects.append(Message(_SHRINKING, {"largest": largest, "batch": rows / largest}))
    facts = {
        "anchor": view.column(ANCHOR),
        "positive": view.column(POSITIVE),
        "rows": rows,
        "share": float(concerned.mean()),
    }
    often = medium / min(BATCHES[1], rows) >= _WARN_SHARE
    yield view.finding(
        "repeated_texts",
        Severity.WARNING if often or shrinks else Severity.INFO,
        Message(_REPEATED, facts),
        np.argsort(-others, kind="stable")[: int(concerned.sum())],
        effects=[*effects, Message(_OTHERS)],
        roles=(ANCHOR, POSITIVE),
    )


def sharing_rows(view: TableView) -> np.ndarray:
    """How many other rows have each row's anchor or positive, and another text beside it.

    A copy of the whole row counts too: its positive is the right answer as well.
    """
    anchors, positives = view.codes[ANCHOR], view.codes[POSITIVE]
    pairs = joint_codes([anchors, positives])
    same_anchor = np.bincount(anchors)[anchors]
    same_positive = np.bincount(positives)[positives]
    return same_anchor + same_positive - np.bincount(pairs)[pairs] - 1


def met_share(others: np.ndarray, batch: int) -> float:
    """The share of rows that meet one of their ``others`` in a batch drawn at random.

    Drawn without putting back: the chance that none of ``k`` drawn rows is one of ``n`` among
    ``N`` is the product of ``(N - n - j) / (N - j)`` for ``j`` from 0 to ``k - 1``.
    """
    rest = len(others) - 1
    different, counts = np.unique(others, return_counts=True)
    drawn = np.arange(min(batch, len(others)) - 1)
    left = np.maximum(rest - different[:, None] - drawn, 0) / (rest - drawn)
    return float(((1 - left.prod(axis=1)) * counts).sum() / len(others))


def _once_a_row(view: TableView) -> Iterator[np.ndarray]:
    """The codes of each role, without those that stand in an earlier role of the same row."""
    seen: list[np.ndarray] = []
    for role in view.roles:
        codes = view.codes[role]
        new = np.ones(len(codes), dtype=bool)
        for earlier in seen:
            new &= codes != earlier
        seen.append(codes)
        yield codes[new]


IN_BATCH = Check(N_("Estimating false wrong answers"), check_batches)
