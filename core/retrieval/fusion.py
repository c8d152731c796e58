"""Reciprocal rank fusion: two rankings of the same things become one."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from core.problems import N_

FUSED = N_("Model and BM25 together")
"""What the fusion is called where models have names."""
K = 60
"""Cormack, Clarke & Büttcher 2009, "Reciprocal rank fusion outperforms Condorcet and individual
rank learning methods": 60 was best on their collections, and little depends on it."""
FUSED_FROM = 1_000
"""How many of each ranking's first texts are fused; what comes later adds next to nothing."""


def fuse(*rankings: np.ndarray) -> np.ndarray:
    """The sum of 1 / (60 + rank) over the rankings, higher is better.

    Args:
        rankings: scores of the same things, higher is better, ranked along the last axis; minus
            infinity where a ranking does not find a thing, which then earns nothing there.  Equal
            scores all get the last of the places that they share.

    Returns:
        Float64 of the same shape; minus infinity for what no ranking finds.
    """
    # Imported here because the web server imports the modules that name this one.
    from scipy.stats import rankdata

    total = np.zeros(rankings[0].shape, dtype=np.float64)
    for scores in rankings:
        found = np.isfinite(scores)
        ranks = rankdata(-scores, method="max", axis=-1)
        total += np.where(found, 1.0 / (K + ranks), 0.0)
    return np.where(total > 0, total, -np.inf)


def fuse_positions(*rankings: np.ndarray) -> np.ndarray:
    """The same from lists of positions, best first; of equally good ones the lower position wins.

    Args:
        rankings: what each ranking found, int64; negative positions stand for nothing.

    Returns:
        Every position that one of them found, the best first, int64.
    """
    total = _totals(rankings)
    order = sorted(total, key=lambda position: (-total[position], position))
    return np.array(order, dtype=np.int64)


def fused_scores(length: int, *rankings: np.ndarray) -> np.ndarray:
    """What :func:`fuse_positions` orders by: a score for each of ``length`` things, float64.

    Minus infinity where no ranking finds a thing.
    """
    scores = np.full(length, -np.inf)
    for position, total in _totals(rankings).items():
        scores[position] = total
    return scores


def _totals(rankings: Iterable[np.ndarray]) -> dict[int, float]:
    """The sum of 1 / (60 + rank) of every position that one of the rankings found."""
    total: dict[int, float] = {}
    for ranking in rankings:
        for rank, position in enumerate(ranking.tolist(), start=1):
            if position >= 0:
                total[position] = total.get(position, 0.0) + 1.0 / (K + rank)
    return total
