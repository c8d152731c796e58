"""In which order the rows and columns of a similarity matrix stand."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from core.inspection.similarity import unit_rows

EXACT_TEXTS = 300
"""Up to so many texts the best order of the tree's leaves is found; beyond, a quick one is."""
_LEAF = 40


def group_order(groups: NDArray[np.int64] | tuple[int, ...]) -> NDArray[np.int64]:
    """Groups one after the other, each in its own order; the places of the texts, [n]."""
    return np.argsort(np.asarray(groups), kind="stable")


def cluster_order(vectors: NDArray[np.float32]) -> NDArray[np.int64]:
    """Like texts beside one another; the places of the texts, [n].

    Up to :data:`EXACT_TEXTS`: average linkage on cosine distances, and of all orders that the tree
    allows the one in which neighbours are most alike (Bar-Joseph, Gifford and Jaakkola 2001).
    Beyond that the texts are first cut in two along their main axis, again and again, until at
    most 40 are together (Boley 1998, "Principal direction divisive partitioning"); the pieces, and
    the texts in each, are then put in order as above.

    Args:
        vectors: [n, d], of any length.
    """
    units = unit_rows(vectors)
    if len(units) <= EXACT_TEXTS:
        return _leaves(units)
    pieces = list(_pieces(units, np.arange(len(units))))
    middles = unit_rows(np.stack([units[piece].mean(axis=0) for piece in pieces]))
    return np.concatenate([pieces[at][_leaves(units[pieces[at]])] for at in _leaves(middles)])


def _leaves(units: NDArray[np.float32]) -> NDArray[np.int64]:
    """The order of a tree's leaves."""
    if len(units) < 3:
        return np.arange(len(units))
    # Imported here because the web server, which imports this module, need not wait for it.
    from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering

    cosines = (units @ units.T).astype(np.float64)
    distances = np.maximum(1 - cosines[np.triu_indices(len(units), 1)], 0)
    tree = optimal_leaf_ordering(linkage(distances, "average"), distances)
    return leaves_list(tree).astype(np.int64)


def _pieces(units: NDArray[np.float32], places: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """The places cut in two along the main axis of their vectors until the pieces are small."""
    if len(places) <= _LEAF:
        yield places
        return
    rows = units[places] - units[places].mean(axis=0)
    along = rows @ _main_axis(rows)
    # Halves of equal size: texts that are all alike would not be parted otherwise.
    order = np.argsort(along, kind="stable")
    half = len(places) // 2
    yield from _pieces(units, places[np.sort(order[:half])])
    yield from _pieces(units, places[np.sort(order[half:])])


def _main_axis(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """The direction in which centred ``rows`` spread most, by a few steps of power iteration."""
    axis = rows[np.argmax(np.linalg.norm(rows, axis=1))]
    for _ in range(8):
        axis = rows.T @ (rows @ axis)
        axis = axis / max(float(np.linalg.norm(axis)), 1e-12)
    return axis
