"""The exact index: search over unit vectors that stay on disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.retrieval.index import Index
from core.retrieval.ranking import top_k

_BLOCK_BYTES = 64 * 2**20
_QUERIES_AT_ONCE = 256
_FEW_QUERIES = 2
"""So few are answered one by one: a row is read once and multiplied while it is there."""
_SPARSE = 0.25
"""Below this share of rows in a mask, copying them out costs less than scoring all."""


class DenseIndex:
    """Inner products with memory-mapped float32 rows, which is the cosine when rows have length 1.

    Nothing is approximated: a comparison of two models shows the models, not the index.  One query
    takes as long as reading the vectors from memory does.
    """

    def __init__(self, vectors: NDArray[np.float32]) -> None:
        if vectors.ndim != 2:
            raise ValueError("an index needs a table of vectors, one a row")
        self.vectors = vectors

    @classmethod
    def open(cls, path: Path) -> DenseIndex:
        """The index over the ``.npy`` file at ``path``, which is read only as it is searched.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: the file does not hold a two-dimensional float32 array.
        """
        vectors = np.load(path, mmap_mode="r", allow_pickle=False)
        if vectors.dtype != np.float32:
            raise ValueError(f"{path} holds {vectors.dtype}, not float32")
        return cls(vectors)

    def __len__(self) -> int:
        return int(self.vectors.shape[0])

    @property
    def dimension(self) -> int:
        """The width of a vector."""
        return int(self.vectors.shape[1])

    def scores(self, query: NDArray[np.float32]) -> NDArray[np.float32]:
        """The score of every row for one query of shape [d]; shape [n], NaN where a row has NaN."""
        scores = np.empty(len(self), dtype=np.float32)
        for start, rows in self._blocks():
            scores[start : start + len(rows)] = rows @ query
        return scores

    def search(
        self,
        queries: NDArray[np.float32],
        k: int,
        mask: NDArray[np.bool_] | None = None,
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The ``k`` best rows for each query, best first; of equal scores the earlier row wins.

        Memory stays bounded: rows are read in blocks of at most 64 MiB of vectors or of scores.

        Args:
            queries: unit vectors, shape [m, d].
            k: how many; more than there are rows is fine.
            mask: which rows may be found, shape [n]; all of them when None.

        Returns:
            Row numbers and scores, both of shape [m, min(k, n)].  Where there is nothing left to
            find (the mask leaves fewer rows, or rows or the query hold NaN), the row number is -1
            and the score minus infinity.

        Raises:
            ValueError: the queries have another width than the rows, or the mask another length.
        """
        check_shapes(self, queries, mask)
        width = max(min(k, len(self)), 0)
        indices = np.full((len(queries), width), -1, dtype=np.int64)
        scores = np.full((len(queries), width), -np.inf, dtype=np.float32)
        if len(queries) <= _FEW_QUERIES:
            for at, query in enumerate(queries):
                row_scores = self.scores(query) if mask is None else self._masked(query, mask)
                best = top_k(row_scores, width)
                indices[at, : len(best)] = best
                scores[at, : len(best)] = row_scores[best]
            return indices, scores
        for first in range(0, len(queries), _QUERIES_AT_ONCE):
            part = slice(first, first + _QUERIES_AT_ONCE)
            self._search_part(queries[part], mask, indices[part], scores[part])
        return indices, scores

    def _masked(self, query: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.float32]:
        """The scores for one query, shape [n], minus infinity outside of the mask."""
        scores = np.full(len(self), -np.inf, dtype=np.float32)
        for start, rows in self._blocks():
            wanted = np.flatnonzero(mask[start : start + len(rows)])
            if len(wanted) < _SPARSE * len(rows):
                scores[start + wanted] = rows[wanted] @ query
            else:
                scores[start + wanted] = (rows @ query)[wanted]
        return scores

    def _search_part(
        self,
        queries: NDArray[np.float32],
        mask: NDArray[np.bool_] | None,
        indices: NDArray[np.int64],
        scores: NDArray[np.float32],
    ) -> None:
        """Fill ``indices`` and ``scores`` (both [m, k]), keeping the best over the blocks."""
        k = indices.shape[1]
        for start, rows in self._blocks():
            numbers = np.arange(start, start + len(rows))
            if mask is not None:
                wanted = np.flatnonzero(mask[start : start + len(rows)])
                rows, numbers = rows[wanted], numbers[wanted]
            for i, row_scores in enumerate(queries @ rows.T):
                found = top_k(row_scores, k)
                # What was found before stands first, so that it wins a tie.
                all_indices = np.concatenate([indices[i], numbers[found]])
                all_scores = np.concatenate([scores[i], row_scores[found]])
                best = top_k(all_scores, k)
                indices[i, : len(best)] = all_indices[best]
                scores[i, : len(best)] = all_scores[best]

    def _blocks(self) -> Iterator[tuple[int, NDArray[np.float32]]]:
        widest = 4 * max(self.dimension, _QUERIES_AT_ONCE, 1)
        step = max(_BLOCK_BYTES // widest, 1)
        for start in range(0, len(self), step):
            yield start, self.vectors[start : start + step]


def check_shapes(
    index: Index, queries: NDArray[np.float32], mask: NDArray[np.bool_] | None
) -> None:
    """Raise ValueError when queries or a mask do not fit an index."""
    if queries.ndim != 2 or queries.shape[1] != index.dimension:
        raise ValueError(f"queries of shape {queries.shape} do not fit width {index.dimension}")
    if mask is not None and mask.shape != (len(index),):
        raise ValueError(f"a mask of shape {mask.shape} does not fit {len(index)} rows")
