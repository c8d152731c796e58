"""Exact nearest rows and near pairs among many vectors, in blocks of bounded memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

_QUERIES, _ROWS = 2_048, 8_192
"""A block of scores is 64 MiB then, and the vectors of both sides together 16 MB at 384 numbers."""
_PAIR_ROWS = 2_048
_DIGITS = 6

Told = Callable[[float], None]
"""Told which share is done (0 to 1); may raise to stop."""


class Rows(Protocol):
    """Vectors that may lie on disk, a few at a time."""

    def __len__(self) -> int: ...

    def take(self, places: NDArray[np.int64]) -> NDArray[np.float32]:
        """The vectors at these places, shape [places, dimension]."""
        ...


@dataclass(frozen=True)
class Pairs:
    """Pairs of rows that are alike.

    Attributes:
        first: the earlier row of each, int64.
        second: the later one.
        scores: their cosines, float32.
        floor: every pair from this score on is there; more than asked for when there were too many.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    scores: NDArray[np.float32]
    floor: float

    @property
    def used(self) -> NDArray[np.int64]:
        """The rows that have a pair, ascending."""
        return np.unique(np.concatenate([self.first, self.second]))


def nearest(
    left: Rows,
    right: Rows,
    k: int,
    told: Told,
    left_places: NDArray[np.int64] | None = None,
    right_places: NDArray[np.int64] | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The ``k`` rows of ``right`` with the highest inner product for each row of ``left``.

    Args:
        left: the rows that look for others.
        right: the rows that are found; of equal scores the earlier one comes first.
        k: how many.
        told: told of the progress.
        left_places: which rows of ``left`` look; all of them when None.
        right_places: which rows of ``right`` may be found, ascending; all of them when None.

    Returns:
        Places in ``right`` and scores, best first, both [left rows that look, k]; where fewer than
        ``k`` can be found, -1 and minus infinity.
    """
    left_places = np.arange(len(left)) if left_places is None else left_places
    right_places = np.arange(len(right)) if right_places is None else right_places
    places = np.full((len(left_places), k), -1, dtype=np.int64)
    scores = np.full((len(left_places), k), -np.inf, dtype=np.float32)
    for start in range(0, len(left_places), _QUERIES):
        part = slice(start, start + _QUERIES)
        queries = left.take(left_places[part])
        for first in range(0, len(right_places), _ROWS):
            told((start + len(queries) * first / len(right_places)) / len(left_places))
            block_places = right_places[first : first + _ROWS]
            _merge(queries @ right.take(block_places).T, block_places, places[part], scores[part])
    return places, scores


def near_pairs(rows: Rows, floor: float, most: int, told: Told) -> Pairs:
    """All pairs of different rows whose inner product is at least ``floor``.

    Args:
        rows: the rows.
        floor: the lowest score that counts.
        most: how many pairs at most; when there are more, the floor rises until so many are left.
        told: told of the progress.
    """
    count = len(rows)
    total = max(1.0, count * count / 2)
    found = _Found(floor, most)
    for start in range(0, count, _PAIR_ROWS):
        own = rows.take(np.arange(start, min(start + _PAIR_ROWS, count)))
        for first in range(start, count, _PAIR_ROWS):
            told(min(1.0, (start * count - start * start / 2 + len(own) * (first - start)) / total))
            other = own if first == start else _part(rows, first, count)
            scores = own @ other.T
            if first == start:
                scores[np.tril_indices(len(own))] = -np.inf
            one, two = np.nonzero(scores >= found.floor)
            # What differs by rounding only is equally alike, and nothing is more alike than equal.
            alike = np.minimum(np.round(scores[one, two], _DIGITS), np.float32(1))
            found.add(one + start, two + first, alike)
    return found.pairs()


class _Found:
    """Pairs so far; forgets the least alike when they become too many."""

    def __init__(self, floor: float, most: int) -> None:
        self.floor = np.float32(floor)
        self._most = most
        self._parts: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]] = []
        self._count = 0

    def add(
        self, first: NDArray[np.int64], second: NDArray[np.int64], scores: NDArray[np.float32]
    ) -> None:
        if len(scores):
            self._parts.append((first, second, scores))
            self._count += len(scores)
        if self._count > 2 * self._most:
            self._forget()

    def pairs(self) -> Pairs:
        if self._count > self._most:
            self._forget()
        first, second, scores = self._all()
        order = np.lexsort((second, first))
        return Pairs(first[order], second[order], scores[order], float(self.floor))

    def _forget(self) -> None:
        first, second, scores = self._all()
        limit = np.partition(scores, len(scores) - self._most - 1)[len(scores) - self._most - 1]
        kept = np.flatnonzero(scores > limit)
        if not len(kept):
            # That many are exactly as alike: nobody can say which of them matter more.
            kept = np.arange(self._most)
        self.floor = scores[kept].min()
        self._parts = [(first[kept], second[kept], scores[kept])]
        self._count = len(kept)

    def _all(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
        none = (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))
        first, second, scores = zip(none, *self._parts, strict=True)
        return np.concatenate(first), np.concatenate(second), np.concatenate(scores)


def _part(rows: Rows, start: int, count: int) -> NDArray[np.float32]:
    return rows.take(np.arange(start, min(start + _PAIR_ROWS, count)))


def _merge(
    block: NDArray[np.float32],
    block_places: NDArray[np.int64],
    places: NDArray[np.int64],
    scores: NDArray[np.float32],
) -> None:
    """Put what is better than the worst so far into ``places`` and ``scores``, in order.

    Nearly every score of a later block is worse than the k-th so far, so one comparison with that
    does most of the work.
    """
    k = places.shape[1]
    limit = scores[:, -1].copy()
    fresh = ~np.isfinite(limit)
    better = block > limit[:, None]
    if fresh.any() and block.shape[1] > k:
        rows = np.where(np.isnan(block[fresh]), -np.inf, block[fresh])
        kth = np.partition(rows, rows.shape[1] - k, axis=1)[:, rows.shape[1] - k]
        better[fresh] &= rows >= kth[:, None]
    row, column = np.nonzero(better)
    if not len(row):
        return
    touched = np.unique(row)
    old_rows = np.repeat(touched, k)
    all_rows = np.concatenate([old_rows, row])
    all_places = np.concatenate([places[touched].ravel(), block_places[column]])
    all_scores = np.concatenate([scores[touched].ravel(), block[row, column]])
    # Empty places hold minus infinity and fall behind everything that is found.
    order = np.lexsort((all_places, -all_scores, all_rows))
    sorted_rows = all_rows[order]
    starts = np.searchsorted(sorted_rows, touched)
    chosen = order[(starts[:, None] + np.arange(k)).ravel()]
    places[touched] = all_places[chosen].reshape(-1, k)
    scores[touched] = all_scores[chosen].reshape(-1, k)
