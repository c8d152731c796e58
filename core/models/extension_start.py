"""Where the vectors of added vocabulary start: apart from one another, near what they stand with.

Rows that all start at the mean of a base's vectors are nearly identical (cosine over 0.999999), and
the first epoch is spent on telling them apart.  Which start is best was measured:
``benchmarks/vocabulary_extension.md``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Rows = NDArray[np.float32]

_WINDOW = 5
"""So many tokens to each side stand with a token."""
_CONTEXTS = 2_000
"""Only the most frequent tokens are counted as company."""
_MOST_TOKENS = 2_000_000
_MOST_ROWS = 20_000
"""So many of the base's rows tell its distribution."""
_DIRECTIONS = 96
_NEIGHBOURS = 10
_SHARPNESS = 10.0
_BLOCK = 500
"""So many added pieces are compared with all known tokens at once."""
_SHARE_OF_COMPANY = 0.5
DISTANCE = 0.1
"""How far from the mean rows start, as a share of the base's own distance: near enough for a few
steps of training to say where they point, far enough to be apart."""


@dataclass(frozen=True)
class Material:
    """What the start of added vocabulary is made from.

    Attributes:
        rows: the base's vectors, [tokens, dimension].
        usual: the ids of those that belong to ordinary tokens, neither special nor unused.
        first: the id of the first added piece.
        reads: what the added pieces stand for; their ids follow one another.
        parts: for each added piece the ids of the base's tokens that it is made of; often none.
        texts: ids of each text under the extended vocabulary.
        seed: decides what is drawn.
    """

    rows: Rows
    usual: NDArray[np.int64]
    first: int
    reads: Sequence[str]
    parts: Sequence[Sequence[int]]
    texts: Sequence[NDArray[np.int64]]
    seed: int

    @property
    def count(self) -> int:
        """How many pieces are added."""
        return len(self.reads)


def drawn_rows(material: Material) -> Rows:
    """Rows drawn at random from the base's own distribution, [count, dimension].

    Normally distributed with mean and covariance of the base's rows (Hewitt 2021, "Initializing new
    word embeddings for pretrained language models"), so that a row looks like any other to the
    layers above it.
    """
    random = np.random.default_rng(material.seed)
    chosen = material.usual
    if len(chosen) > _MOST_ROWS:
        chosen = random.choice(chosen, _MOST_ROWS, replace=False)
    usual = material.rows[chosen].astype(np.float64)
    mean = usual.mean(axis=0)
    spread, directions = np.linalg.eigh(np.cov(usual - mean, rowvar=False))
    draws = random.normal(size=(material.count, len(spread)))
    draws *= np.sqrt(np.maximum(spread, 0))
    return (mean + draws @ directions.T).astype(np.float32)


def company_rows(material: Material) -> Rows:
    """Rows that lean to the tokens with which a piece shares its company, [count, dimension].

    Each is half a row of :func:`drawn_rows` and half a mean of the base's rows: of the piece's
    parts if it has any, else of the known tokens that occur in the same company as it does.  That
    is how FOCUS (Dobler & de Melo 2023) starts a new vocabulary, with the texts at hand in place of
    a large corpus: positive pointwise mutual information of neighbours (Levy & Goldberg 2014), its
    first directions, and the nearest known tokens in them.  Both are moved nearer to the mean, to
    :data:`DISTANCE`.
    """
    usual = material.rows[material.usual]
    mean = usual.mean(axis=0)
    reach = float(np.linalg.norm(usual - mean, axis=1).mean())
    lean = np.zeros((material.count, material.rows.shape[1]), dtype=np.float32)
    near = _from_company(material, mean)
    for place, parts in enumerate(material.parts):
        lean[place] = material.rows[list(parts)].mean(axis=0) - mean if parts else near[place]
    norms = np.linalg.norm(lean, axis=1, keepdims=True)
    # A mean of many rows is shorter than a row; at full length it looks like one.
    lean *= reach / np.maximum(norms, 1e-9)
    share = np.where(norms > 0, _SHARE_OF_COMPANY, 0.0)
    rows = np.sqrt(share) * lean + np.sqrt(1 - share) * (drawn_rows(material) - mean)
    return (mean + DISTANCE * rows).astype(np.float32)


def _from_company(material: Material, mean: Rows) -> Rows:
    """For each added piece a mean of the rows of tokens in the same company, from ``mean`` on."""
    units, vectors = _company_vectors(material)
    new = (units >= material.first) & (units < material.first + material.count)
    old = np.isin(units, material.usual)
    near = np.zeros((material.count, material.rows.shape[1]), dtype=np.float32)
    if not new.any() or old.sum() < _NEIGHBOURS:
        return near
    rows = material.rows[units[old]] - mean
    candidates = vectors[old].T
    for block in np.array_split(np.flatnonzero(new), -(-int(new.sum()) // _BLOCK)):
        alike = vectors[block] @ candidates
        best = np.argpartition(-alike, _NEIGHBOURS - 1, axis=1)[:, :_NEIGHBOURS]
        weights = np.exp(_SHARPNESS * np.take_along_axis(alike, best, axis=1))
        weights /= weights.sum(axis=1, keepdims=True)
        near[units[block] - material.first] = (weights[:, :, None] * rows[best]).sum(axis=1)
    return near


def _company_vectors(material: Material) -> tuple[NDArray[np.int64], Rows]:
    """Ids of tokens in the texts, and a unit vector for each that says what it stands with."""
    from scipy.sparse import csr_array

    # Two numbers that are no token keep the texts apart within a window.
    gap = np.full(_WINDOW, -1, dtype=np.int64)
    stream = np.concatenate([part for ids in material.texts for part in (ids, gap)] or [gap])
    units, codes, counts = np.unique(stream[:_MOST_TOKENS], return_inverse=True, return_counts=True)
    order = np.argsort(-np.where(units < 0, 0, counts), kind="stable")[:_CONTEXTS]
    context = np.full(len(units), -1)
    context[order] = np.arange(len(order))
    table = csr_array((len(units), len(order)), dtype=np.float64)
    for step in range(1, _WINDOW + 1):
        # Nearer company counts more (Levy, Goldberg & Dagan 2015).
        weight = (_WINDOW + 1 - step) / _WINDOW
        for left, right in ((codes[:-step], codes[step:]), (codes[step:], codes[:-step])):
            kept = (units[left] >= 0) & (units[right] >= 0) & (context[right] >= 0)
            places = (left[kept], context[right[kept]])
            table += csr_array((np.full(kept.sum(), weight), places), shape=table.shape)
    return units, _directions(_mutual_information(table), material.seed)


def _mutual_information(table: csr_array) -> csr_array:
    """Positive pointwise mutual information; contexts are smoothed (Levy, Goldberg & Dagan)."""
    rows, columns = table.sum(axis=1), table.sum(axis=0) ** 0.75
    lines = np.repeat(np.arange(table.shape[0]), np.diff(table.indptr))
    expected = rows[lines] * columns[table.indices] / max(columns.sum(), 1e-9)
    information = table.astype(np.float32)
    information.data = np.log(np.maximum(table.data / expected, 1.0)).astype(np.float32)
    return information


def _directions(table: csr_array, seed: int) -> Rows:
    """The rows in the table's first singular directions, at unit length.

    By random projection with two power iterations (Halko, Martinsson & Tropp 2011).
    """
    size = min(_DIRECTIONS, *table.shape)
    draws = np.random.default_rng(seed).normal(size=(table.shape[1], size)).astype(np.float32)
    basis, _ = np.linalg.qr(table @ draws)
    for _ in range(2):
        basis, _ = np.linalg.qr(table @ (table.T @ basis))
    left, values, _ = np.linalg.svd(basis.T @ table, full_matrices=False)
    found = (basis @ left) * np.sqrt(values)
    norms = np.linalg.norm(found, axis=1, keepdims=True)
    return (found / np.maximum(norms, 1e-9)).astype(np.float32)
