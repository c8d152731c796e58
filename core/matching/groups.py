"""Groups of texts that are linked by being alike, and what can go when one of each is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.matching.blocks import Pairs
from core.matching.results import PAIRS_FILE, VECTORS_FILE, Result, ResultDamaged

NONE = -1
_MOST_COMPARED = 4_000
"""In a larger group the lowest score is looked for among so many texts, spread over all."""


@dataclass(frozen=True)
class Found:
    """What a search for near-duplicates left.

    Attributes:
        keys: the number of each row's text; exact copies share one.
        pairs: pairs of these numbers.
        vectors: the vectors of the texts that have a pair, in the order of ``pairs.used``.
    """

    keys: NDArray[np.int64]
    pairs: Pairs
    vectors: NDArray[np.float32]

    @classmethod
    def load(cls, result: Result) -> Found:
        """What lies in the result's folder.

        Raises:
            ResultDamaged: a file is missing or broken.
        """
        columns = result.scored(PAIRS_FILE)
        first, second = (columns[name].astype(np.int64) for name in ("first", "second"))
        pairs = Pairs(first, second, columns["score"], result.meta.floor)
        try:
            vectors = np.load(result.folder / VECTORS_FILE, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError) as error:
            raise ResultDamaged from error
        return cls(result.column("table", "key").astype(np.int64), pairs, vectors)


@dataclass(frozen=True)
class Groups:
    """Texts that are linked under a threshold; the group with the most rows is number 0.

    Attributes:
        of: the group of each text (by its number); NONE for one that stands alone.
        rows: how many rows of the table each group has, exact copies included.
        texts: how many different texts each group has.
        kept: the text of each group that stays: the one with the strongest links.
        lowest: the lowest score between any two texts of each group, float32; far below the
            threshold where a chain of links has put together what is not alike.
        sampled: the groups so large that ``lowest`` was looked for among a part of them.
        to_kept: the score of each text with the one that is kept; NaN outside groups.
        in_order: the rows of all groups, group by group: what is kept first, then by their score
            with it.
    """

    of: NDArray[np.int64]
    rows: NDArray[np.int64]
    texts: NDArray[np.int64]
    kept: NDArray[np.int64]
    lowest: NDArray[np.float32]
    sampled: NDArray[np.bool_]
    to_kept: NDArray[np.float32]
    in_order: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def starts(self) -> NDArray[np.int64]:
        """Where each group begins in ``in_order``: there is the row that stays."""
        return np.cumsum(self.rows) - self.rows

    def members(self, number: int) -> NDArray[np.int64]:
        """The rows of a group, what is kept first."""
        start = int(self.starts[number])
        return self.in_order[start : start + int(self.rows[number])]


def make_groups(found: Found, threshold: float) -> Groups:
    """The connected components of the pairs that reach ``threshold``."""
    # Imported here because the web server imports the modules that name this one.
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    pairs, count = found.pairs, int(found.keys.max(initial=-1)) + 1
    strong = pairs.scores >= np.float32(threshold)
    first, second, scores = pairs.first[strong], pairs.second[strong], pairs.scores[strong]
    graph = coo_array((np.ones(len(first), np.int8), (first, second)), shape=(count, count))
    _total, component = connected_components(graph, directed=False)
    sizes = np.bincount(component, minlength=1)
    copies = np.bincount(found.keys, minlength=count)
    rows = np.bincount(component, weights=copies, minlength=len(sizes)).astype(np.int64)
    linked = np.flatnonzero(sizes > 1)
    # The earlier one first where two are as large: components are numbered by their first text.
    linked = linked[np.argsort(-rows[linked], kind="stable")]
    number = np.full(len(sizes), NONE, dtype=np.int64)
    number[linked] = np.arange(len(linked))
    of = number[component]
    strength = np.zeros(count, dtype=np.float64)
    for end in (first, second):
        strength += np.bincount(end, weights=scores, minlength=count)
    kept, lowest, sampled, to_kept = _look_inside(found, of, len(linked), strength)
    in_order = _in_order(found.keys, of, kept, to_kept)
    return Groups(of, rows[linked], sizes[linked], kept, lowest, sampled, to_kept, in_order)


def keeps(found: Found, groups: Groups) -> NDArray[np.bool_]:
    """Which rows of the table stay when one row of each group, and of each text, is kept."""
    keys = found.keys
    first = np.zeros(len(keys), dtype=bool)
    first[np.unique(keys, return_index=True)[1]] = True
    chosen = groups.of == NONE
    chosen[groups.kept] = True
    return first & chosen[keys]


def copies(found: Found) -> list[NDArray[np.int64]]:
    """The rows of each text that stands in the table more than once, most rows first."""
    order = np.argsort(found.keys, kind="stable")
    _keys, starts, counts = np.unique(found.keys[order], return_index=True, return_counts=True)
    several = np.flatnonzero(counts > 1)
    several = several[np.argsort(-counts[several], kind="stable")]
    return [order[starts[at] : starts[at] + counts[at]] for at in several.tolist()]


def _in_order(
    keys: NDArray[np.int64],
    of: NDArray[np.int64],
    kept: NDArray[np.int64],
    to_kept: NDArray[np.float32],
) -> NDArray[np.int64]:
    rows = np.flatnonzero(of[keys] != NONE)
    texts = keys[rows]
    groups = of[texts]
    return rows[np.lexsort((rows, -to_kept[texts], texts != kept[groups], groups))]


def _look_inside(
    found: Found, of: NDArray[np.int64], count: int, strength: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.bool_], NDArray[Any]]:
    """What each group keeps, how unlike its texts are at most, and all scores with what is kept."""
    grouped = np.flatnonzero(of != NONE)
    order = grouped[np.argsort(of[grouped], kind="stable")]
    stops = np.searchsorted(of[order], np.arange(count), side="right")
    used = found.pairs.used
    kept = np.empty(count, dtype=np.int64)
    lowest = np.empty(count, dtype=np.float32)
    sampled = np.zeros(count, dtype=bool)
    to_kept = np.full(len(of), np.nan, dtype=np.float32)
    start = 0
    for group, stop in enumerate(stops.tolist()):
        keys = order[start:stop]
        start = stop
        kept[group] = keys[np.argmax(strength[keys])]
        if len(keys) > _MOST_COMPARED:
            sampled[group] = True
        part = keys[:: -(-len(keys) // _MOST_COMPARED)]
        rows = np.asarray(found.vectors[np.searchsorted(used, part)])
        lowest[group] = min(1.0, float((rows @ rows.T).min()))
        own = found.vectors[np.searchsorted(used, kept[group])]
        scores = np.asarray(found.vectors[np.searchsorted(used, keys)]) @ own
        to_kept[keys] = np.minimum(scores, 1.0)
    return kept, lowest, sampled, to_kept
