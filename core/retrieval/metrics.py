"""How good a ranking is: nDCG, reciprocal rank and recall over many questions, and an interval.

All of them take the same table: ``hits[i, r]`` says whether the answer at rank ``r + 1`` for
question ``i`` is a right one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

LEAST_FOR_INTERVAL = 10
"""With fewer questions their resampled means cover too little: of one question it is a point, which
would make every difference one beyond chance."""
_RESAMPLES = 2_000
_RESAMPLED_AT_ONCE = 100


def hit_table(ranked: NDArray[np.int64], relevant: Sequence[Collection[int]]) -> NDArray[np.bool_]:
    """Which of the ranked answers are right.

    Args:
        ranked: positions in the corpus, best first, shape [m, k]; -1 where nothing was found.
        relevant: the right positions of each of the m questions.
    """
    hits = np.zeros(ranked.shape, dtype=bool)
    for i, right in enumerate(relevant):
        hits[i] = np.isin(ranked[i], list(right))
    return hits


def ndcg_at_k(
    hits: NDArray[np.bool_], relevant_counts: NDArray[np.int64], k: int
) -> NDArray[np.float64]:
    """Normalised discounted cumulative gain at ``k`` of each question, shape [m].

    Gains are 1 for a right answer and 0 otherwise, the discount of rank r is 1 / log2(r + 1), and
    the ideal ranking has all right answers first (Järvelin & Kekäläinen 2002, "Cumulated
    gain-based evaluation of IR techniques", with the discount in the form used today).

    Args:
        hits: shape [m, at least the ranks there are]; ranks after ``k`` do not count.
        relevant_counts: how many right answers the corpus has for each question, at least 1.
        k: the cut-off.

    Raises:
        ValueError: a question has no right answer, so that the figure has no meaning.
    """
    _check(hits, relevant_counts)
    discounts = 1.0 / np.log2(np.arange(2, k + 2))
    kept = hits[:, :k]
    gained = kept @ discounts[: kept.shape[1]]
    ideal = np.cumsum(discounts)[np.minimum(relevant_counts, k) - 1]
    return np.asarray(gained / ideal, dtype=np.float64)


def reciprocal_rank(hits: NDArray[np.bool_], k: int) -> NDArray[np.float64]:
    """1 / rank of the first right answer among the first ``k``, 0 without one; shape [m]."""
    kept = hits[:, :k]
    if kept.shape[1] == 0:
        return np.zeros(len(hits))
    return np.where(kept.any(axis=1), 1.0 / (kept.argmax(axis=1) + 1.0), 0.0)


def recall_at_k(
    hits: NDArray[np.bool_], relevant_counts: NDArray[np.int64], k: int
) -> NDArray[np.float64]:
    """The share of each question's right answers that are among the first ``k``; shape [m].

    Raises:
        ValueError: a question has no right answer, so that the figure has no meaning.
    """
    _check(hits, relevant_counts)
    return np.asarray(hits[:, :k].sum(axis=1) / relevant_counts, dtype=np.float64)


def bootstrap_interval(
    values: NDArray[np.float64], seed: int = 0, level: float = 0.95
) -> tuple[float, float] | None:
    """The percentile bootstrap interval of the mean (Efron & Tibshirani 1993, chapter 13).

    None for fewer than :data:`LEAST_FOR_INTERVAL` values, which are too few to tell.

    Args:
        values: one value a question, shape [m], at least one.
        seed: makes the answer the same every time.
        level: the share of resampled means that lies inside.

    Raises:
        ValueError: there are no values.
    """
    if len(values) == 0:
        raise ValueError("an interval needs at least one value")
    if len(values) < LEAST_FOR_INTERVAL:
        return None
    generator = np.random.default_rng(seed)
    means = np.concatenate(
        [
            values[generator.integers(0, len(values), (_RESAMPLED_AT_ONCE, len(values)))].mean(1)
            for _ in range(_RESAMPLES // _RESAMPLED_AT_ONCE)
        ]
    )
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _check(hits: NDArray[np.bool_], relevant_counts: NDArray[np.int64]) -> None:
    if relevant_counts.shape != (len(hits),):
        raise ValueError("there must be one count of right answers a question")
    if np.any(relevant_counts < 1):
        raise ValueError("every question needs at least one right answer")
