"""Two-dimensional maps of the same texts under two models, drawn so that they can be compared."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.inspection.neighbours import exact_neighbours

_FEWEST_POINTS_FOR_UMAP = 8
_NO_SPREAD = 1e-12
_EPOCHS = 200
"""What UMAP takes above 10,000 points; below, it takes 500, which from the PCA on keep one
neighbour in a hundred more and take 2.5 times as long (benchmarks/map_speed.md)."""


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
    mixed = (centred_base.T @ centred_tuned).astype(np.float64)
    left, _, right = np.linalg.svd(mixed, full_matrices=False)
    return centred_base @ (left @ right).astype(np.float32), centred_tuned


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
    xy, explained = _pca(np.concatenate(align(base, tuned)))
    return Projection(xy[: len(base)], xy[len(base) :], explained)


def umap_layout(
    base: NDArray[np.float32],
    tuned: NDArray[np.float32],
    neighbours: int = 15,
    min_dist: float = 0.1,
    seed: int = 42,
    check: Callable[[int], None] = lambda done: None,
) -> Projection:
    """Lay out the texts under both models with UMAP so that the two maps can be compared.

    UMAP is of McInnes, Healy & Melville 2018.  With the same seed the same coordinates come out.
    Distances on the map have no exact meaning.  Imports umap, which takes seconds: for job
    processes only.

    Vectors of equal width are aligned and all points of both models laid out by one fit, with exact
    neighbours and from the PCA on, which keeps the large-scale arrangement (Kobak & Linderman
    2021).  Models of different width have no space in common: each gets its own fit, and the two
    are held together at every text (AlignedUMAP of the same library).

    Args:
        base: one row a text, shape [n, d].
        tuned: the same texts in the same order, shape [n, e].
        neighbours: how many neighbours shape a point's place, counting the point itself; at least
            2; fewer are used when there are fewer points.
        min_dist: how near to one another points may lie, from 0 (tight clumps) to 1 (spread out).
        seed: makes the layout repeatable.
        check: told now and then how many points have their neighbours; may raise to stop.

    Raises:
        ValueError: they do not have the same number of rows, or none; or ``neighbours`` is below 2.
    """
    if neighbours < 2:
        raise ValueError("a layout needs at least 2 neighbours")
    start = joint_pca(base, tuned)
    both = np.concatenate([start.base_xy, start.tuned_xy])
    together = base.shape[1] == tuned.shape[1]
    fewest = _FEWEST_POINTS_FOR_UMAP if together else 2 * _FEWEST_POINTS_FOR_UMAP
    # With a handful of points, or all of them on one line, there is nothing to lay out.
    if len(both) < fewest or not all(
        np.ptp(xy, axis=0).all() for xy in (start.base_xy, start.tuned_xy)
    ):
        return Projection(start.base_xy, start.tuned_xy, None)
    with warnings.catch_warnings():
        # They warn that neighbours without a search tree cannot place new points (none will come),
        # and that a seed makes them work on one core.
        warnings.filterwarnings("ignore", message=".*knn_search_index.*")
        warnings.filterwarnings("ignore", message=".*n_jobs value.*")
        if together:
            xy = _joint(np.concatenate(align(base, tuned)), both, neighbours, min_dist, seed, check)
            return Projection(xy[: len(base)], xy[len(base) :], None)
        drawn = _aligned(base, tuned, neighbours, min_dist, seed)
    return Projection(drawn[0], drawn[1], None)


def main_axes(vectors: NDArray[np.float32], axes: int) -> NDArray[np.float32]:
    """The vectors on their ``axes`` main axes (PCA), shape [n, min(axes, d)]."""
    centred = vectors - vectors.mean(axis=0)
    _, directions = np.linalg.eigh((centred.T @ centred).astype(np.float64))
    return centred @ directions[:, ::-1][:, :axes].astype(np.float32)


def _joint(
    points: NDArray[np.float32],
    start: NDArray[np.float32],
    neighbours: int,
    min_dist: float,
    seed: int,
    check: Callable[[int], None],
) -> NDArray[np.float32]:
    k = min(neighbours, len(points) - 1)
    known = exact_neighbours(points, k, check)
    from umap import UMAP

    model = UMAP(
        n_neighbors=k,
        min_dist=min_dist,
        init=start,
        precomputed_knn=known,
        n_epochs=_EPOCHS,
        random_state=seed,
        n_jobs=1,
    )
    return np.asarray(model.fit_transform(points), dtype=np.float32)


def _aligned(
    base: NDArray[np.float32],
    tuned: NDArray[np.float32],
    neighbours: int,
    min_dist: float,
    seed: int,
) -> list[NDArray[np.float32]]:
    from umap import AlignedUMAP

    model = AlignedUMAP(
        n_neighbors=min(neighbours, len(base) - 1),
        min_dist=min_dist,
        random_state=seed,
        transform_seed=seed,
    )
    same = {at: at for at in range(len(base))}
    found = model.fit_transform([base, tuned], relations=[same])
    # A point that has no neighbour gets no place; the middle is as good as any.
    return [np.nan_to_num(np.asarray(xy, dtype=np.float32), nan=0.0) for xy in found]


def _centred(vectors: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    padded = np.zeros((len(vectors), width), dtype=np.float32)
    padded[:, : vectors.shape[1]] = vectors - vectors.mean(axis=0, dtype=np.float64)
    return padded


def _pca(points: NDArray[np.float32]) -> tuple[NDArray[np.float32], tuple[float, float]]:
    """Centred points on their two main axes, and the share of the variance that each axis shows."""
    if points.shape[1] < 2:
        points = np.pad(points, ((0, 0), (0, 2 - points.shape[1])))
    variances, axes = np.linalg.eigh((points.T @ points).astype(np.float64))
    main = axes[:, [-1, -2]]
    largest = np.abs(main).argmax(axis=0)
    main = main * np.where(main[largest, [0, 1]] < 0, -1.0, 1.0)
    xy = points @ main.astype(np.float32)
    total = float(variances.clip(min=0).sum())
    # What is left of equal vectors is rounding, not spread.
    if total <= len(points) * _NO_SPREAD:
        return np.zeros_like(xy), (0.0, 0.0)
    shown = variances[[-1, -2]].clip(min=0) / total
    return xy, (float(shown[0]), float(shown[1]))
