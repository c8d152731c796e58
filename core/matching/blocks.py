"""Exact nearest rows and near pairs among many vectors, in blocks of bounded memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

_QUERIES, _ROWS = 2_048, 4_096
"""A block of scores is 32 MiB then, and the vectors of both sides together 9 MB at 384 numbers."""
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
    block = _Block(min(_QUERIES, len(left_places)) * min(_ROWS, len(right_places)))
    for start in range(0, len(left_places), _QUERIES):
        part = slice(start, start + _QUERIES)
        queries = left.take(left_places[part])
        for first in range(0, len(right_places), _ROWS):
            told((start + len(queries) * first / len(right_places)) / len(left_places))
            block_places = right_places[first : first + _ROWS]
            block.multiply(queries, right.take(block_places))
            _merge(block, block_places, places[part], scores[part])
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
    block = _Block(min(_PAIR_ROWS, count) ** 2)
    for start in range(0, count, _PAIR_ROWS):
        own = rows.take(np.arange(start, min(start + _PAIR_ROWS, count)))
        for first in range(start, count, _PAIR_ROWS):
            told(min(1.0, (start * count - start * start / 2 + len(own) * (first - start)) / total))
            other = own if first == start else _part(rows, first, count)
            scores = block.multiply(own, other)
            one, two = block.at_least(found.floor)
            if first == start:
                later = two > one
                one, two = one[later], two[later]
            # What differs by rounding only is equally alike, and nothing is more alike than equal.
            alike = np.minimum(np.round(scores[one, two], _DIGITS), np.float32(1))
            found.add(one + start, two + first, alike)
    return found.pairs()


class _Block:
    """The scores of some rows with some others, in memory that is taken once for all blocks."""

    def __init__(self, most: int) -> None:
        self._scores = np.empty(most, dtype=np.float32)
        self._good = np.empty(most, dtype=bool)
        self.scores = self._scores.reshape(1, -1)

    def multiply(self, own: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
        """Every inner product, [own, other]; they stand there until the next call."""
        shape = len(own), len(other)
        self.scores = self._scores[: shape[0] * shape[1]].reshape(shape)
        return np.matmul(own, other.T, out=self.scores)

    def at_least(
        self, limit: np.float32 | NDArray[np.float32]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Row and column of the scores that reach a limit, one for all or one a row."""
        good = self._good[: self.scores.size].reshape(self.scores.shape)
        np.greater_equal(self.scores, np.reshape(limit, (-1, 1)), out=good)
        # One dimension, because numpy is several times as quick at that.
        row, column = np.divmod(np.flatnonzero(good), self.scores.shape[1])
        return row, column


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
        floor = round(float(self.floor), _DIGITS)
        return Pairs(first[order], second[order], scores[order], floor)

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
    block: _Block,
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
    # As good as the worst so far is not better: that one stands earlier.
    limit[~fresh] = np.nextafter(limit[~fresh], np.float32(np.inf))
    if fresh.any() and block.scores.shape[1] > k:
        rows = block.scores[fresh]
        rows[np.isnan(rows)] = -np.inf
        rows.partition(rows.shape[1] - k, axis=1)
        limit[fresh] = rows[:, rows.shape[1] - k]
    row, column = block.at_least(limit)
    if not len(row):
        return
    touched = np.unique(row)
    old_rows = np.repeat(touched, k)
    all_rows = np.concatenate([old_rows, row])
    all_places = np.concatenate([places[touched].ravel(), block_places[column]])
    all_scores = np.concatenate([scores[touched].ravel(), block.scores[row, column]])
    # Empty places hold minus infinity and fall behind everything that is found.
    order = np.lexsort((all_places, -all_scores, all_rows))
    sorted_rows = all_rows[order]
    starts = np.searchsorted(sorted_rows, touched)
    chosen = order[(starts[:, None] + np.arange(k)).ravel()]
    places[touched] = all_places[chosen].reshape(-1, k)
    scores[touched] = all_scores[chosen].reshape(-1, k)
