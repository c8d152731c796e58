"""Two-dimensional maps of the same texts under two models, drawn so that they can be compared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_NO_SPREAD = 1e-12


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


def main_axes(vectors: NDArray[np.float32], axes: int) -> NDArray[np.float32]:
    """The vectors on their ``axes`` main axes (PCA), shape [n, min(axes, d)]."""
    centred = vectors - vectors.mean(axis=0)
    _, directions = np.linalg.eigh((centred.T @ centred).astype(np.float64))
    return centred @ directions[:, ::-1][:, :axes].astype(np.float32)


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
