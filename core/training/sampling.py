"""Which rows share a batch: every row once an epoch, texts of like length together.

Transformers fill the texts of a batch up to the longest of them, so a batch of texts of any length
is mostly filling.  Grouping by length within shuffled groups of batches ("mega-batches") is the
library's own idea (``group_by_length`` in transformers); here it looks at two columns, and works
together with keeping repeated texts, or the classes of a batch, apart.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]
"""Places of rows in a table, [n]."""

_GROUP = 50
"""Batches a mega-batch at most: with more, hardly less is filled up."""

_GROUPS = 8
"""Mega-batches an epoch at least: which rows meet in a batch shall change with every epoch."""

_SMALLEST = 4
"""Rows of the smallest batch with two of each of two classes."""


@dataclass(frozen=True)
class Traits:
    """What of a table's rows decides which of them share a batch.

    Attributes:
        rows: how many there are.
        lengths: tokens of each text, int64 [rows, columns]; None to batch without regard to length.
        texts: the number of each text, int64 [rows, columns], equal for equal ones: no text comes
            twice in a batch; None where it may.
        classes: each row's class, int64 [rows]: at least two classes with at least two rows each
            come together in a batch, as far as there are enough rows outside of the largest class;
            None for tables without classes.
    """

    rows: int
    lengths: NDArray[np.int64] | None = None
    texts: NDArray[np.int64] | None = None
    classes: NDArray[np.int64] | None = None

    def most_repeated(self) -> int:
        """In how many rows the most frequent text stands, and so how many batches they take."""
        return 1 if self.texts is None else max(1, _repeated(self.texts)[1])


class BatchSampler:
    """The batches of each epoch.

    An epoch's batches depend on the seed and the epoch's number alone, so that an interrupted run
    finds its place again.  All epochs have the same number of batches.

    Args:
        traits: the rows.
        batch_size: rows a batch at most.
        epochs: how many epochs will be asked for.
        seed: of the order.
        together: so many batches are added up before the weights change (:func:`plan`).
    """

    def __init__(
        self, traits: Traits, batch_size: int, epochs: int, seed: int, together: int = 1
    ) -> None:
        self._traits = traits
        self._together = together
        self.batch_size = batch_size
        # The library's loaders ask for it.
        self.drop_last = False
        self._seed = seed
        self._epochs = max(1, epochs)
        self._epoch = 0
        self._count: int | None = None

    def set_epoch(self, epoch: int) -> None:
        """Go over to an epoch, counted from 0."""
        self._epoch = epoch

    def __len__(self) -> int:
        """Batches an epoch."""
        if self._count is None:
            traits = self._traits
            if traits.texts is None and traits.classes is None:
                self._count = math.ceil(traits.rows / self.batch_size)
            else:
                # How many batches it takes to keep rows apart depends on their order.
                counts = (len(self._planned(epoch)) for epoch in range(self._epochs))
                self._count = max(counts)
        return self._count

    def __iter__(self) -> Iterator[list[int]]:
        """The epoch's batches, each the places of its rows."""
        for batch in self.batches(self._epoch):
            yield batch.tolist()

    def batches(self, epoch: int) -> list[Rows]:
        """The batches of an epoch."""
        planned = self._planned(epoch)
        # An epoch that needs fewer batches than another gets as many of smaller ones.
        while len(planned) < len(self):
            found = _halved(planned, self._traits.classes)
            if found is None:
                break
            at, halves = found
            planned[at : at + 1] = halves
        return planned

    def _planned(self, epoch: int) -> list[Rows]:
        draw = np.random.default_rng([self._seed, epoch])
        return plan(self._traits, self.batch_size, draw, self._together)


def plan(
    traits: Traits, batch_size: int, draw: np.random.Generator, together: int = 1
) -> list[Rows]:
    """Batches of all rows, in random order, each row in exactly one.

    Args:
        traits: the rows.
        batch_size: rows a batch at most.
        draw: the chance.
        together: so many batches are added up before the weights change; they hold the rows that
            one batch of their size together would hold, where no rows have to be kept apart.
    """
    order = draw.permutation(traits.rows)
    if traits.lengths is not None:
        step = batch_size * together
        group = step * min(_GROUP, max(1, len(order) // (step * _GROUPS)))
        order = np.concatenate(
            [
                _by_length(order[start : start + group], traits.lengths, step)
                for start in range(0, len(order), group)
            ]
            or [order]
        )
    if traits.classes is not None:
        batches = _mixed(order, traits.classes, batch_size)
    elif traits.texts is not None:
        batches = _apart(order, traits.texts, batch_size)
    else:
        batches = [order[at : at + batch_size] for at in range(0, len(order), batch_size)]
    # What does not make up a whole group of batches stays at the end, or all groups behind it would
    # begin with a part of the one before.
    apart = traits.texts is not None or traits.classes is not None
    full = len(batches) if apart else len(order) // batch_size
    whole = full // together * together
    groups = draw.permutation(whole // together)
    shuffled = [batches[group * together + at] for group in groups for at in range(together)]
    return shuffled + batches[whole:]


def padding_share(batches: list[Rows], lengths: NDArray[np.int64]) -> float:
    """Which part of what a transformer works through is filling, 0 to 1.

    Args:
        batches: the batches.
        lengths: tokens of each text, [rows, columns]; each column of a batch is filled up to its
            own longest text.
    """
    filled = sum(int((lengths[batch].max(axis=0) * len(batch)).sum()) for batch in batches)
    real = sum(int(lengths[batch].sum()) for batch in batches)
    return 1.0 - real / filled if filled else 0.0


def _by_length(rows: Rows, lengths: NDArray[np.int64], batch_size: int) -> Rows:
    """A mega-batch's rows so that neighbours are alike in length.

    First by the column whose lengths differ most, into bands of some batches; within each band by
    the other columns together, if they differ so much that it pays.
    """
    found = lengths[rows]
    spread = found.std(axis=0)
    first = int(spread.argmax())
    rest = found.sum(axis=1) - found[:, first]
    batches = math.ceil(len(rows) / batch_size)
    bands = batches
    if rest.std() > 0:
        bands = min(batches, max(1, round(math.sqrt(batches * spread[first] / rest.std()))))
    by_first = np.argsort(found[:, first], kind="stable")
    band = np.empty(len(rows), dtype=np.int64)
    band[by_first] = np.arange(len(rows)) // (math.ceil(batches / bands) * batch_size)
    # Back and forth, so that the batch that spans two bands holds rows of like length, too.
    turned = np.where(band % 2 == 0, rest, -rest)
    return rows[np.lexsort((found[:, first], turned, band))]


def _apart(order: Rows, texts: NDArray[np.int64], batch_size: int) -> list[Rows]:
    """Batches in which no text comes twice, filled in the given order.

    Each row goes into the first batch with room behind all those that hold one of its texts.  A
    text that comes more often than there would be batches asks for more and smaller ones.
    """
    row_texts, most = _repeated(texts)
    needed = max(math.ceil(len(order) / batch_size), most)
    size = math.ceil(len(order) / needed)
    behind: dict[int, int] = defaultdict(int)
    batches: list[list[int]] = []
    # For each batch where to look for room: itself, or if it is full a later one.
    room: list[int] = [0]
    for row in order.tolist():
        shared = row_texts[row]
        at = _find(room, max((behind[one] for one in shared), default=0))
        if at == len(batches):
            batches.append([])
            room.append(at + 1)
        batches[at].append(row)
        if len(batches[at]) == size:
            room[at] = at + 1
        for one in shared:
            behind[one] = at + 1
    batches = _packed(batches, row_texts, needed, size)
    return [np.array(batch, dtype=np.int64) for batch in batches]


def _repeated(texts: NDArray[np.int64]) -> tuple[list[frozenset[int]], int]:
    """Each row's texts that other rows have too, and in how many rows the most frequent text is."""
    ordered = np.sort(texts, axis=1)
    first = np.diff(ordered, axis=1, prepend=-1) != 0
    counts = np.bincount(ordered[first], minlength=1)
    shared = first & (counts > 1)[ordered]
    # Most rows of most tables have none: they share one empty set.
    found: list[frozenset[int]] = [frozenset()] * len(texts)
    for row in np.flatnonzero(shared.any(axis=1)).tolist():
        found[row] = frozenset(ordered[row][shared[row]].tolist())
    return found, int(counts.max())


def _find(room: list[int], at: int) -> int:
    """The first batch from ``at`` on with room; shortens the way for who asks next."""
    end = at
    while end < len(room) and room[end] != end:
        end = room[end]
    while at < len(room) and room[at] != end and at != end:
        room[at], at = end, room[at]
    return end


def _packed(
    batches: list[list[int]], texts: list[frozenset[int]], needed: int, size: int
) -> list[list[int]]:
    """The batches, with the rows of needless ones at the end moved to where there is room."""
    held: list[set[int]] = [set().union(*(texts[row] for row in batch)) for batch in batches]
    while len(batches) > needed:
        left, held = batches.pop(), held[:-1]
        stay = [row for row in left if not _placed(row, batches, held, texts, size)]
        if stay:
            return [*batches, stay]
    return batches


def _placed(
    row: int,
    batches: list[list[int]],
    held: list[set[int]],
    texts: list[frozenset[int]],
    size: int,
) -> bool:
    """Put a row into a batch with room, or in place of a row that can go into one."""
    own = texts[row]
    roomy = [at for at, batch in enumerate(batches) if len(batch) < size]
    for at in roomy:
        if held[at].isdisjoint(own):
            batches[at].append(row)
            held[at] |= own
            return True
    for at, batch in enumerate(batches):
        in_the_way = held[at] & own
        for other in batch:
            theirs = texts[other]
            if not in_the_way <= theirs:
                continue
            to = next((to for to in roomy if to != at and held[to].isdisjoint(theirs)), None)
            if to is not None:
                batches[to].append(other)
                held[to] |= theirs
                batch[batch.index(other)] = row
                held[at] = (held[at] - theirs) | own
                return True
    return False


def _mixed(order: Rows, classes: NDArray[np.int64], batch_size: int) -> list[Rows]:
    """Batches of at least two rows of each of at least two classes.

    Rows of a class go in pairs, an odd one with the last pair of its class where there is room.
    """
    # With three rows of one class a batch of four has no room for two of another.
    units = _units(order.tolist(), classes, with_odd=batch_size > _SMALLEST)
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    units.sort(key=lambda unit: int(place[unit[0]]))
    batches: list[list[list[int]]] = [[]]
    for unit in units:
        if sum(map(len, batches[-1])) + len(unit) > batch_size:
            batches.append([])
        batches[-1].append(unit)
    for at in range(len(batches)):
        while _paired(batches[at], classes) < 2:
            if not _exchange(batches, at, classes, batch_size):
                break
    return [np.array(list(chain(*batch)), dtype=np.int64) for batch in batches if batch]


def _units(
    rows: list[int], classes: NDArray[np.int64], *, with_odd: bool = True
) -> list[list[int]]:
    """Rows by class in pairs; an odd one comes with the last pair of its class, or by itself."""
    of_class: dict[int, list[int]] = defaultdict(list)
    for row in rows:
        of_class[int(classes[row])].append(row)
    units: list[list[int]] = []
    for own in of_class.values():
        pairs = [own[at : at + 2] for at in range(0, len(own), 2)]
        if with_odd and len(pairs) > 1 and len(pairs[-1]) == 1:
            odd = pairs.pop()
            pairs[-1] = [*pairs[-1], *odd]
        units += pairs
    return units


def _halved(
    batches: list[Rows], classes: NDArray[np.int64] | None
) -> tuple[int, list[Rows]] | None:
    """Which batch to make two of, and these; None when all hold one row.

    The largest; with classes the largest whose halves both have rows of two classes to compare, or
    if there is none, the one that leaves most pairs together.
    """
    large = [at for at in range(len(batches)) if len(batches[at]) > 1]
    large.sort(key=lambda at: len(batches[at]), reverse=True)
    if not large:
        return None
    if classes is None:
        batch = batches[large[0]]
        return large[0], [batch[::2], batch[1::2]]
    best: tuple[int, int, list[list[list[int]]]] | None = None
    for at in large:
        units = _units(batches[at].tolist(), classes)
        halves = [units[::2], units[1::2]]
        if len(units) == 1:
            halves = [[units[0][:1]], [units[0][1:]]]
        paired = min(_paired(half, classes) for half in halves)
        if best is None or paired > best[0]:
            best = paired, at, halves
        if paired > 1:
            break
    assert best is not None
    return best[1], [np.array(list(chain(*half)), dtype=np.int64) for half in best[2]]


def _paired(batch: list[list[int]], classes: NDArray[np.int64]) -> int:
    """How many classes have two rows or more in a batch."""
    return len({int(classes[unit[0]]) for unit in batch if len(unit) > 1})


def _exchange(
    batches: list[list[list[int]]], at: int, classes: NDArray[np.int64], batch_size: int
) -> bool:
    """Give a batch a pair of another class, from the nearest batch that can spare one.

    It gives a pair in return, or if it has room for both, nothing.  False: none can spare one.
    """
    mine = batches[at]
    room = batch_size - sum(map(len, mine))
    for other in sorted(range(len(batches)), key=lambda one: abs(one - at))[1:]:
        theirs = batches[other]
        for take, wanted in enumerate(theirs):
            gifts = [[unit] for unit in mine if len(unit) == len(wanted)]
            for gift in [*gifts, *([[]] if len(wanted) <= room else [])]:
                after = [*(unit for unit in mine if unit not in gift), wanted]
                left = [*theirs[:take], *gift, *theirs[take + 1 :]]
                if _paired(after, classes) > _paired(mine, classes) and _paired(left, classes) > 1:
                    batches[at], batches[other] = after, left
                    return True
    return False
