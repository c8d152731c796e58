"""Two-dimensional maps of the same texts under two models, drawn so that they can be compared."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_NEIGHBOUR_ROWS_AT_ONCE = 512
_FEWEST_POINTS_FOR_UMAP = 8


@dataclass(frozen=True)
class Projection:
    """Where each text lies in the base model's map and in the tuned one's; same axes for both.

    Attributes:
        base_xy: shape [n, 2].
        tuned_xy: shape [n, 2].
        explained: the share of the variance that each axis shows (PCA); None where that has no
            meaning (UMAP).
    """

    base_xy: NDArray[np.float32]
    tuned_xy: NDArray[np.float32]
    explained: tuple[float, float] | None


def align(
    base: NDArray[np.float32], tuned: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Lay the base vectors onto the tuned ones without changing any distance within either.

    Both are centred, the narrower is padded with zeros, and the base is turned by the orthogonal
    matrix R that makes ||base R - tuned|| smallest: R = U V' with U S V' = base' tuned
    (Schönemann 1966, "A generalized solution of the orthogonal Procrustes problem").

    Args:
        base: one row a text, shape [n, d].
        tuned: the same texts in the same order, shape [n, e].

    Returns:
        Both, of shape [n, max(d, e)].

    Raises:
        ValueError: they do not have the same number of rows, or none.
    """
    if len(base) != len(tuned) or len(base) == 0:
        raise ValueError("both models need vectors for the same texts, at least one")
    width = max(base.shape[1], tuned.shape[1])
    centred_base = _centred(base, width)
    centred_tuned = _centred(tuned, width)
    left, _, right = np.linalg.svd(centred_base.T @ centred_tuned, full_matrices=False)
    turned = centred_base @ (left @ right)
    return turned.astype(np.float32), centred_tuned.astype(np.float32)


def joint_pca(base: NDArray[np.float32], tuned: NDArray[np.float32]) -> Projection:
    """Align both models' vectors and project them together on their two main axes.

    The sign of an axis is fixed (its largest component is positive), so that the same vectors
    always give the same picture.

    Args:
        base: one row a text, shape [n, d].
        tuned: the same texts in the same order, shape [n, e].

    Raises:
        ValueError: they do not have the same number of rows, or none.
    """
    points = np.concatenate(align(base, tuned)).astype(np.float64)
    xy, explained = _pca(points)
    return Projection(xy[: len(base)], xy[len(base) :], explained)


def joint_umap(
    base: NDArray[np.float32],
    tuned: NDArray[np.float32],
    neighbours: int = 15,
    seed: int = 42,
) -> Projection:
    """Align both models' vectors and lay out all points of both with one UMAP fit.

    UMAP (McInnes, Healy & Melville 2018) gets exact neighbours and starts from the PCA, which
    keeps the large-scale arrangement (Kobak & Linderman 2021); with the same seed the same
    coordinates come out.  Distances on the map have no exact meaning.  Imports umap, which takes
    seconds: for job processes only.

    Args:
        base: one row a text, shape [n, d].
        tuned: the same texts in the same order, shape [n, e].
        neighbours: how many neighbours shape a point's place, counting the point itself; at least
            2; fewer are used when there are fewer points.
        seed: makes the layout repeatable.

    Raises:
        ValueError: they do not have the same number of rows, or none; or ``neighbours`` is below 2.
    """
    if neighbours < 2:
        raise ValueError("a layout needs at least 2 neighbours")
    points = np.concatenate(align(base, tuned))
    start, _ = _pca(points.astype(np.float64))
    # With a handful of points, or all of them on one line, there is nothing to lay out.
    if len(points) < _FEWEST_POINTS_FOR_UMAP or not np.ptp(start, axis=0).all():
        return Projection(start[: len(base)], start[len(base) :], None)

    from umap import UMAP

    k = min(neighbours, len(points) - 1)
    model = UMAP(
        n_neighbors=k,
        init=start,
        precomputed_knn=exact_neighbours(points, k),
        random_state=seed,
        n_jobs=1,
    )
    with warnings.catch_warnings():
        # It warns that neighbours without a search tree cannot place new points; none will come.
        warnings.filterwarnings("ignore", message=".*knn_search_index.*")
        xy = np.asarray(model.fit_transform(points), dtype=np.float32)
    return Projection(xy[: len(base)], xy[len(base) :], None)


def exact_neighbours(
    vectors: NDArray[np.float32], k: int
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The ``k`` nearest rows of every row by Euclidean distance, itself first at distance 0.

    Memory stays bounded: rows are compared with all others a block at a time.

    Args:
        vectors: shape [n, d].
        k: how many, counting the row itself; at most n.

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
    squares = np.einsum("ij,ij->i", vectors, vectors)
    for start in range(0, count, _NEIGHBOUR_ROWS_AT_ONCE):
        block = vectors[start : start + _NEIGHBOUR_ROWS_AT_ONCE]
        rows = np.arange(len(block))
        squared = squares[start : start + len(block), None] + squares - 2.0 * (block @ vectors.T)
        squared[rows, start + rows] = -1.0  # before any copy of itself
        nearest = np.argpartition(squared, k - 1, axis=1)[:, :k]
        # The short formula loses digits between close neighbours; the difference does not.
        exact = np.linalg.norm(vectors[nearest] - block[:, None, :], axis=2)
        exact[nearest == (start + rows)[:, None]] = -1.0
        order = np.lexsort((nearest, exact), axis=1)
        indices[start : start + len(block)] = np.take_along_axis(nearest, order, axis=1)
        distances[start : start + len(block)] = np.take_along_axis(exact, order, axis=1)
    distances[:, 0] = 0.0
    return indices, distances


def _centred(vectors: NDArray[np.float32], width: int) -> NDArray[np.float64]:
    padded = np.zeros((len(vectors), width))
    padded[:, : vectors.shape[1]] = vectors - vectors.mean(axis=0, dtype=np.float64)
    return padded


def _pca(points: NDArray[np.float64]) -> tuple[NDArray[np.float32], tuple[float, float]]:
    """The points on their two main axes, and the share of the variance that each axis shows."""
    centred = points - points.mean(axis=0)
    if centred.shape[1] < 2:
        centred = np.pad(centred, ((0, 0), (0, 2 - centred.shape[1])))
    variances, axes = np.linalg.eigh(centred.T @ centred)
    main = axes[:, [-1, -2]]
    largest = np.abs(main).argmax(axis=0)
    main = main * np.where(main[largest, [0, 1]] < 0, -1.0, 1.0)
    xy = centred @ main
    total = float(variances.clip(min=0).sum())
    shown = variances[[-1, -2]].clip(min=0) / total if total > 0 else np.zeros(2)
    return xy.astype(np.float32), (float(shown[0]), float(shown[1]))
