"""What training moved: the texts whose nearest texts are others than before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.inspection.project_job import SavedMap
from core.inspection.projections import Projection


@dataclass(frozen=True)
class Moved:
    """A text with what became of its neighbours.

    Attributes:
        item: the text's number.
        kept: how many neighbours it kept, from 0 to 1.
        gained: neighbours that it has only after training, nearest first.
        lost: neighbours that it had only before, nearest first.
    """

    item: int
    kept: float
    gained: tuple[int, ...]
    lost: tuple[int, ...]


def moved_texts(saved: SavedMap, most: int) -> list[Moved] | None:
    """The ``most`` texts that kept the fewest neighbours; None while these are not known."""
    near, kept = saved.near, saved.overlap()
    if near is None or kept is None:
        return None
    return [
        Moved(
            int(item),
            float(kept[item]),
            _without(near[1, item], near[0, item]),
            _without(near[0, item], near[1, item]),
        )
        for item in np.argsort(kept, kind="stable")[:most]
    ]


def most_moved(saved: SavedMap, projection: Projection, most: int) -> list[int]:
    """The texts that kept the fewest neighbours; of those alike, the ones that went furthest."""
    way = np.linalg.norm(projection.tuned_xy - projection.base_xy, axis=1)
    kept = saved.overlap()
    order = np.lexsort((-way, np.zeros_like(way) if kept is None else kept))
    return [int(item) for item in order[:most]]


def _without(these: np.ndarray, others: np.ndarray) -> tuple[int, ...]:
    there = set(others.tolist())
    return tuple(item for item in these.tolist() if item not in there)
