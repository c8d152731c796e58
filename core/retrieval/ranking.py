"""Picking the best few of many scores, always in the same order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def top_k(scores: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """The positions of the ``k`` highest scores, best first; of equal scores the first one wins.

    NaN and minus infinity never win: fewer than ``k`` come back when nothing else is left.

    Args:
        scores: one score a candidate, shape [n].
        k: how many at most.
    """
    usable = np.where(np.isnan(scores), -np.inf, scores)
    k = min(k, len(usable))
    if k <= 0:
        return np.empty(0, dtype=np.int64)
    if k < len(usable):
        kth = np.partition(usable, len(usable) - k)[len(usable) - k]
        above = np.flatnonzero(usable > kth)
        level = np.flatnonzero(usable == kth)[: k - len(above)]
        chosen = np.concatenate([above, level])
        chosen.sort()
    else:
        chosen = np.arange(len(usable))
    chosen = chosen[usable[chosen] > -np.inf]
    order = np.argsort(-usable[chosen], kind="stable")
    return chosen[order].astype(np.int64)


def rank_of(scores: NDArray[np.float32], position: int) -> int | None:
    """The rank (from 1) that :func:`top_k` would give ``position``; None where it can never win."""
    score = scores[position]
    if not score > -np.inf:
        return None
    better = int(np.count_nonzero(scores > score))
    earlier = int(np.count_nonzero(scores[:position] == score))
    return better + earlier + 1
