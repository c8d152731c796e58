"""How large batches come out that keep repeated texts apart."""

from __future__ import annotations

import math
from dataclasses import dataclass

from core.training.cost import batches_apart


@dataclass(frozen=True)
class Dealt:
    """The batches of one epoch.

    Attributes:
        wanted: how many there would be without repeated texts.
        steps: how many there are.
        rows: rows that each holds at most.
    """

    wanted: int
    steps: int
    rows: int


def deal(rows: int, largest: int, batch_size: int) -> Dealt:
    """The batches of so many rows.

    Args:
        rows: rows to learn from.
        largest: in how many of them the most frequent text stands.
        batch_size: rows that a batch is to hold.
    """
    steps = batches_apart(rows, batch_size, largest)
    return Dealt(math.ceil(rows / batch_size), steps, math.ceil(rows / steps))
