"""Groups of texts that are alike to a model, found without labels; for job processes only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.inspection.cluster_names import cluster_names
from core.inspection.projections import main_axes

Method = Literal["kmeans", "hdbscan"]
MOST_FOR_DENSITY = 20_000
"""How many texts HDBSCAN takes at most: its time grows with their square here."""
_AXES = 50
_AXES_FOR_DENSITY = 10
_SMALLEST_GROUP = 5
_ALL_TRIES = 10
_FEW_TRIES_FROM = 10_000


@dataclass(frozen=True)
class Clusters:
    """Groups of texts.

    Attributes:
        labels: the group of each text, from 0, the largest first; -1 for a text in none.
        names: the name of each group.
    """

    labels: NDArray[np.int32]
    names: tuple[str, ...]


def usual_count(texts: int) -> int:
    """How many groups to look for when nobody says: few enough to tell their colours apart."""
    return max(1, min(10, round((texts / 2) ** 0.5)))


def find_clusters(
    vectors: NDArray[np.float32], texts: Sequence[str], method: Method, count: int, seed: int
) -> Clusters:
    """Group texts by their vectors.

    k-means (Lloyd 1982; scikit-learn) puts every text into one of ``count`` groups of like extent.
    HDBSCAN (Campello, Moulavi & Sander 2013; scikit-learn) finds dense groups by itself and leaves
    out texts that lie between them.  Both see the main axes of the vectors only, where distances
    mean more and cost less.

    Args:
        vectors: shape [n, d].
        texts: what the names are made from.
        method: which of the two; beyond :data:`MOST_FOR_DENSITY` texts it is always k-means.
        count: how many groups k-means makes; fewer when there are fewer different vectors.
        seed: makes k-means repeatable.
    """
    different = len(np.unique(vectors, axis=0)) if len(vectors) <= 2 * count else count
    if different < 2:
        labels = np.zeros(len(vectors), dtype=np.int32)
    elif method == "hdbscan" and _SMALLEST_GROUP < len(vectors) <= MOST_FOR_DENSITY:
        labels = _dense(main_axes(vectors, _AXES_FOR_DENSITY))
    else:
        labels = _means(main_axes(vectors, _AXES), min(count, different), seed)
    labels = _largest_first(labels)
    names = cluster_names(texts, labels)
    return Clusters(labels, tuple(names[label] for label in range(len(names))))


def _means(points: NDArray[np.float32], count: int, seed: int) -> NDArray[np.int32]:
    from sklearn.cluster import KMeans

    tries = _ALL_TRIES if len(points) < _FEW_TRIES_FROM else 2
    model = KMeans(count, n_init=tries, random_state=seed)
    return np.asarray(model.fit_predict(points), dtype=np.int32)


def _dense(points: NDArray[np.float32]) -> NDArray[np.int32]:
    from sklearn.cluster import HDBSCAN

    smallest = max(_SMALLEST_GROUP, len(points) // 100)
    model = HDBSCAN(min_cluster_size=smallest, min_samples=_SMALLEST_GROUP, copy=True)
    return np.asarray(model.fit_predict(points), dtype=np.int32)


def _largest_first(labels: NDArray[np.int32]) -> NDArray[np.int32]:
    found, sizes = np.unique(labels[labels >= 0], return_counts=True)
    order = {int(label): new for new, label in enumerate(found[np.argsort(-sizes, kind="stable")])}
    return np.array([order.get(int(label), -1) for label in labels], dtype=np.int32)
