"""What batches there will really be when rows that share a text must not meet in one."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LOOKED_AT = 5_000
"""The most rows that are dealt out; a larger table behaves like a sample of it."""


@dataclass(frozen=True)
class Dealt:
    """The batches of one epoch.

    Attributes:
        asked: rows that each was to hold.
        steps: how many there are; the library makes no more than ``rows / asked``.
        typical: rows in the middle one when they are sorted by size.
        full: how many hold as many rows as was asked for.
        seen: which share (0 to 1) of the rows is learned from.
    """

    asked: int
    steps: int
    typical: int
    full: int
    seen: float


def deal(codes: NDArray[np.int64], batch_size: int, seed: int = 0) -> Dealt:
    """Deal the rows into batches as the library's ``NoDuplicatesBatchSampler`` does.

    Each batch takes the first rows left over, in a random order, that have no text in common with
    what is in it already.  The trainer asks for ``rows / batch_size`` batches and then ends the
    epoch, so that rows are left unseen when batches come out smaller.

    Args:
        codes: a number for each text, equal for equal texts, [rows, texts of a row].
        batch_size: rows that a batch is to hold.
        seed: makes the order the same every time.
    """
    random = np.random.default_rng(seed)
    order = random.permutation(len(codes))[:LOOKED_AT]
    rows = [frozenset(row) for row in codes[order].tolist()]
    wanted = math.ceil(len(rows) / batch_size)
    left = list(range(len(rows)))
    sizes: list[int] = []
    while left and len(sizes) < wanted:
        inside: set[int] = set()
        size, passed = 0, []
        for place, row in enumerate(left):
            if size == batch_size:
                passed += left[place:]
                break
            if inside.isdisjoint(rows[row]):
                inside |= rows[row]
                size += 1
            else:
                passed.append(row)
        sizes.append(size)
        left = passed
    scale = len(codes) / len(rows)
    return Dealt(
        asked=batch_size,
        steps=round(len(sizes) * scale),
        typical=int(np.median(sizes)),
        full=round(sum(size == batch_size for size in sizes) * scale),
        seen=sum(sizes) / len(rows),
    )
