"""Nearest neighbours by exact search, and how far two models agree about them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ROWS_AT_ONCE = 512
_GROUP = 32
"""Candidates are thrown out by groups of so many: one comparison instead of a sort of them all."""

Check = Callable[[int], None]
"""Told how many rows are done; may raise to stop."""


def exact_neighbours(
    vectors: NDArray[np.float32], k: int, check: Check = lambda done: None
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The ``k`` nearest rows of every row by Euclidean distance, itself first at distance 0.

    Memory stays bounded: rows are compared with all others a block at a time.  For unit vectors the
    order is that of the cosine.

    Args:
        vectors: shape [n, d].
        k: how many, counting the row itself; at most n.
        check: told before every block how many rows are done.

    Returns:
        Row numbers and distances, both of shape [n, k], nearest first.

    Raises:
        ValueError: ``k`` is not between 1 and n.
    """
    count = len(vectors)
    if not 1 <= k <= count:
        raise ValueError(f"cannot find {k} neighbours among {count} rows")
    indices = np.empty((count, k), dtype=np.int32)
    distances = np.empty((count, k), dtype=np.float32)
    half_squares = np.einsum("ij,ij->i", vectors, vectors) / 2
    for start in range(0, count, ROWS_AT_ONCE):
        check(start)
        block = vectors[start : start + ROWS_AT_ONCE]
        rows = np.arange(len(block))
        # The nearer a row, the larger: |a - b|^2 = |a|^2 - 2 (a b - |b|^2 / 2).
        nearness = block @ vectors.T
        nearness -= half_squares
        nearness[rows, start + rows] = np.inf  # before any copy of itself
        nearest = _largest(nearness, k)
        # The short formula loses digits between close neighbours; the difference does not.
        exact = np.linalg.norm(vectors[nearest] - block[:, None, :], axis=2)
        exact[nearest == (start + rows)[:, None]] = -1.0
        order = np.lexsort((nearest, exact), axis=1)
        indices[start : start + len(block)] = np.take_along_axis(nearest, order, axis=1)
        distances[start : start + len(block)] = np.take_along_axis(exact, order, axis=1)
    distances[:, 0] = 0.0
    return indices, distances


def _largest(values: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """The columns of the ``k`` largest values of every row of ``values`` [m, n], in any order.

    The k largest lie in the k groups of columns whose own largest are the largest, so that only
    these groups are looked at one by one.
    """
    rows, columns = values.shape
    groups = columns // _GROUP
    if groups <= 2 * k:
        return np.argpartition(values, columns - k, axis=1)[:, columns - k :]
    whole = groups * _GROUP
    best = values[:, :whole].reshape(rows, groups, _GROUP).max(axis=2)
    chosen = np.argpartition(best, groups - k, axis=1)[:, groups - k :]
    places = (chosen[:, :, None] * _GROUP + np.arange(_GROUP)).reshape(rows, -1)
    rest = np.broadcast_to(np.arange(whole, columns), (rows, columns - whole))
    places = np.concatenate([places, rest], axis=1)
    candidates = np.take_along_axis(values, places, axis=1)
    top = np.argpartition(candidates, candidates.shape[1] - k, axis=1)[:, -k:]
    return np.take_along_axis(places, top, axis=1)


def overlap(before: NDArray[np.int32], after: NDArray[np.int32]) -> NDArray[np.float32]:
    """How many neighbours two models share for each text: from 0 (none) to 1 (all), shape [n].

    This is the Jaccard index of the two sets: what is in both, divided by what is in either.

    Args:
        before: each text's neighbours under one model without itself, shape [n, k].
        after: the same under the other.
    """
    count, k = before.shape
    if k == 0:
        return np.ones(count, dtype=np.float32)
    shared = np.zeros(count, dtype=np.int64)
    for place in range(k):
        shared += (after == before[:, place : place + 1]).any(axis=1)
    return (shared / (2 * k - shared)).astype(np.float32)


@dataclass(frozen=True)
class Neighbour:
    """A neighbour of a text under either model.

    Attributes:
        item: which text it is.
        rank_before, rank_after: its place among all other texts, from 1, under each model.
        cosine_before, cosine_after: how alike it is to the text.
    """

    item: int
    rank_before: int
    rank_after: int
    cosine_before: float
    cosine_after: float


def compare_neighbours(
    base: NDArray[np.float32], tuned: NDArray[np.float32], item: int, k: int
) -> list[Neighbour]:
    """The ``k`` nearest texts of one text under either model, the tuned model's nearest first.

    Args:
        base: unit vectors of all texts under one model, shape [n, d].
        tuned: the same texts under the other.
        item: which text.
        k: how many of each model.
    """
    cosines, ranks = [], []
    for vectors in (base, tuned):
        cosine = vectors @ vectors[item]
        order = np.argsort(-cosine, kind="stable")
        order = order[order != item]
        rank = np.zeros(len(vectors), dtype=np.int64)
        rank[order] = np.arange(1, len(order) + 1)
        cosines.append(cosine)
        ranks.append(rank)
    shown = np.flatnonzero((np.minimum(*ranks) <= k) & (np.arange(len(base)) != item))
    return [
        Neighbour(
            at,
            int(ranks[0][at]),
            int(ranks[1][at]),
            float(np.clip(cosines[0][at], -1, 1)),
            float(np.clip(cosines[1][at], -1, 1)),
        )
        for at in sorted(shown.tolist(), key=lambda at: int(ranks[1][at]))
    ]


def nearest_to(vectors: NDArray[np.float32], query: NDArray[np.float32], k: int) -> list[int]:
    """The ``k`` rows of unit ``vectors`` [n, d] nearest to a unit ``query`` [d], nearest first."""
    order = np.argsort(-(vectors @ query), kind="stable")[:k]
    return [int(at) for at in order]
