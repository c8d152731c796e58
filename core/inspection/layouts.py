"""UMAP layouts of the same texts under two models, which tell how far they are and can be stopped.

Imports umap inside its functions, which takes seconds: for job processes only.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.inspection.neighbours import exact_neighbours
from core.inspection.projections import Projection, align, joint_pca

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_FEWEST_POINTS = 8
_EPOCHS = 200
"""What UMAP takes above 10,000 points; below, it takes 500, which from the PCA on keep one
neighbour in a hundred more and take 2.5 times as long (benchmarks/map_speed.md)."""
_START_SIZE = 10.0
_HELD_TOGETHER = 1e-2
"""How strongly a text's two places draw each other, as AlignedUMAP has it."""
_FIRST_SECONDS, _PAIR_SECONDS = 10.0, 1.1e-8
_POINT_SECONDS, _APART_POINT_SECONDS = 7e-4, 2.5e-3
"""What the import of umap with its compilation, a pair of points that are compared, and a point of
one fit or of two take on two processor cores (benchmarks/map_speed.md)."""

Check = Callable[[float], None]
"""Told which share of a layout is done, from 0 to 1; may raise to stop."""


def umap_layout(
    base: NDArray[np.float32],
    tuned: NDArray[np.float32],
    neighbours: int = 15,
    min_dist: float = 0.1,
    seed: int = 42,
    check: Check = lambda share: None,
) -> Projection:
    """Lay out the texts under both models with UMAP so that the two maps can be compared.

    UMAP is of McInnes, Healy & Melville 2018.  With the same seed the same coordinates come out.
    Distances on the map have no exact meaning.  Both ways have exact neighbours and begin at the
    PCA, which keeps the large-scale arrangement (Kobak & Linderman 2021).

    Vectors of equal width are aligned and all points of both models laid out by one fit.  Models of
    different width have no space in common: each gets a graph of its own, and the two are laid out
    side by side and held together at every text, as AlignedUMAP of the same library does it.

    Args:
        base: one row a text, shape [n, d].
        tuned: the same texts in the same order, shape [n, e].
        neighbours: how many neighbours shape a point's place, counting the point itself; at least
            2; fewer are used when there are fewer points.
        min_dist: how near to one another points may lie, from 0 (tight clumps) to 1 (spread out).
        seed: makes the layout repeatable.
        check: told now and then, many times a second at best, how far the work is.

    Raises:
        ValueError: they do not have the same number of rows, or none; or ``neighbours`` is below 2.
    """
    if neighbours < 2:
        raise ValueError("a layout needs at least 2 neighbours")
    start = joint_pca(base, tuned)
    both = np.concatenate([start.base_xy, start.tuned_xy])
    together = base.shape[1] == tuned.shape[1]
    fewest = _FEWEST_POINTS if together else 2 * _FEWEST_POINTS
    # With a handful of points, or all of them on one line, there is nothing to lay out.
    if len(both) < fewest or not all(
        np.ptp(xy, axis=0).all() for xy in (start.base_xy, start.tuned_xy)
    ):
        return Projection(start.base_xy, start.tuned_xy, None)
    laid_out = _joint if together else _aligned
    with warnings.catch_warnings():
        # They warn that neighbours without a search tree cannot place new points (none will come),
        # and that a seed makes them work on one core.
        warnings.filterwarnings("ignore", message=".*knn_search_index.*")
        warnings.filterwarnings("ignore", message=".*n_jobs value.*")
        xy = laid_out(base, tuned, both, neighbours, min_dist, seed, check)
    return Projection(xy[: len(base)], xy[len(base) :], None)


def layout_seconds(texts: int, *, same_width: bool) -> float:
    """How long :func:`umap_layout` of so many texts takes on two processor cores, roughly."""
    points = 2 * texts
    compared = points**2 if same_width else 2 * texts**2
    each = _POINT_SECONDS if same_width else _APART_POINT_SECONDS
    return _FIRST_SECONDS + _PAIR_SECONDS * compared + each * points


def _joint(
    base: NDArray[np.float32],
    tuned: NDArray[np.float32],
    start: NDArray[np.float32],
    neighbours: int,
    min_dist: float,
    seed: int,
    check: Check,
) -> NDArray[np.float32]:
    """All points of both models by one fit, shape [2n, 2]."""
    points = np.concatenate(align(base, tuned))
    k = min(neighbours, len(points) - 1)
    linked = _share_of_neighbours(len(base), same_width=True)
    known = exact_neighbours(points, k, lambda done: check(linked * done / len(points)))
    from umap import UMAP

    model = UMAP(
        n_neighbors=k,
        min_dist=min_dist,
        init=start,
        precomputed_knn=known,
        n_epochs=_EPOCHS,
        random_state=seed,
        n_jobs=1,
        tqdm_kwds=_told(check, linked),
    )
    return np.asarray(model.fit_transform(points), dtype=np.float32)


def _aligned(
    base: NDArray[np.float32],
    tuned: NDArray[np.float32],
    start: NDArray[np.float32],
    neighbours: int,
    min_dist: float,
    seed: int,
    check: Check,
) -> NDArray[np.float32]:
    """Both models' points, each by its own graph, held together at every text; shape [2n, 2].

    The class AlignedUMAP looks for neighbours by itself, lays each model out once for nothing, does
    not hand ``min_dist`` on to its layout, and says nothing until it is done; so this is what it
    does, without that.
    """
    count = len(base)
    linked = _share_of_neighbours(count, same_width=False)
    k = min(neighbours, count - 1)
    known = []
    for number, vectors in enumerate((base, tuned)):

        def compared(done: int, number: int = number) -> None:
            check(linked * (number + done / count) / 2)

        known.append(exact_neighbours(vectors, k, compared))
    from numba.typed import List
    from umap.layouts import optimize_layout_aligned_euclidean
    from umap.umap_ import find_ab_params, make_epochs_per_sample

    check(linked)
    random = np.random.RandomState(seed)
    graphs = [
        _graph(vectors, *near, random) for vectors, near in zip((base, tuned), known, strict=True)
    ]
    edges = [graph.tocoo() for graph in graphs]
    places = _started(start, random)
    both = List([places[:count].copy(), places[count:].copy()])
    relations, pull = _ties(graphs)
    spread, fall = find_ab_params(1.0, min_dist)
    optimize_layout_aligned_euclidean(
        both,
        both,
        List([one.row.astype(np.int32) for one in edges]),
        List([one.col.astype(np.int32) for one in edges]),
        _EPOCHS,
        List([make_epochs_per_sample(one.data, _EPOCHS).astype(np.float64) for one in edges]),
        pull,
        relations,
        random.randint(np.iinfo(np.int32).min + 1, np.iinfo(np.int32).max - 1, 3).astype(np.int64),
        a=spread,
        b=fall,
        lambda_=_HELD_TOGETHER,
        parallel=False,
        move_other=True,
        tqdm_kwds=_told(check, linked),
    )
    return np.concatenate([np.asarray(xy) for xy in both])


def _share_of_neighbours(texts: int, *, same_width: bool) -> float:
    """Which share of a layout's time goes into finding the neighbours."""
    points = 2 * texts
    compared = points**2 if same_width else 2 * texts**2
    return _PAIR_SECONDS * compared / layout_seconds(texts, same_width=same_width)


def _graph(
    vectors: NDArray[np.float32],
    near: NDArray[np.int32],
    distances: NDArray[np.float32],
    random: np.random.RandomState,
) -> csr_matrix:
    """UMAP's graph of one model, without the edges that would never be drawn together."""
    from umap.umap_ import fuzzy_simplicial_set

    graph, _sigmas, _rhos = fuzzy_simplicial_set(
        vectors,
        near.shape[1],
        random,
        "euclidean",
        knn_indices=near,
        knn_dists=distances,
    )
    graph = graph.tocsr()
    graph.data[graph.data < graph.data.max() / _EPOCHS] = 0.0
    graph.eliminate_zeros()
    return graph


def _started(start: NDArray[np.float32], random: np.random.RandomState) -> NDArray[np.float32]:
    """Where the points begin: the PCA in a square of UMAP's size, equal points a little apart."""
    low, high = start.min(axis=0), start.max(axis=0)
    placed = _START_SIZE * (start - low) / (high - low)
    return (placed + random.normal(scale=1e-4, size=placed.shape)).astype(np.float32)


def _ties(graphs: Sequence[csr_matrix]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Which texts belong together across the models, and how strongly each is held.

    A text is held the more firmly, the more neighbours it has under both models: by the share that
    is in both of what is in either.

    Args:
        graphs: of the base and of the tuned model.

    Returns:
        Both as the layout of AlignedUMAP takes them: [model, offset of the other model, text], with
        offsets from -2 to 2.
    """
    one, two = ((graph != 0).astype(np.int32) for graph in graphs)
    shared = np.asarray(one.multiply(two).sum(axis=1)).ravel()
    either = np.diff(one.indptr) + np.diff(two.indptr) - shared
    count = graphs[0].shape[0]
    relations = np.full((2, 5, count), -1, dtype=np.int32)
    pull = np.zeros((2, 5, count), dtype=np.float32)
    for model, other in ((0, 3), (1, 1)):
        relations[model, other] = np.arange(count)
        pull[model, other] = np.where(either > 0, shared / np.maximum(either, 1), 1.0)
    return relations, pull


class _Told:
    """Where a progress bar of umap writes to: the number of rounds that are done."""

    def __init__(self, check: Check, begin: float) -> None:
        self._check = check
        self._begin = begin

    def write(self, text: str) -> None:
        rounds = text.strip()
        if rounds.isdigit():
            self._check(self._begin + (1 - self._begin) * min(int(rounds) / _EPOCHS, 1.0))

    def flush(self) -> None:
        pass


def _told(check: Check, begin: float) -> dict[str, Any]:
    """Has a layout of umap call ``check`` in every round; what that raises ends the layout.

    Args:
        check: told the share that is done.
        begin: which share is done when the layout begins.
    """
    return {
        "file": _Told(check, begin),
        "bar_format": "{n}",
        "disable": False,
        "mininterval": 0,
        "miniters": 1,
        "leave": True,
    }
