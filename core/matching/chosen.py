"""Which candidates of a match count, under a threshold, one-to-one, and what a person decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from core.matching.decisions import Decision, Pair
from core.matching.params import KEPT
from core.problems import N_

NONE = -1
Order = Literal["table", "doubtful", "best"]


class State(IntEnum):
    """What became of a left row; in the order in which the screen lists them."""

    MATCHED = 0
    BELOW = 1
    TAKEN = 2
    WITHOUT = 3

    @property
    def label(self) -> str:
        """A word for it."""
        return (
            N_("matched"),
            N_("below the threshold"),
            N_("its partner went to another row"),
            N_("no candidate"),
        )[self]


class Wish(BaseModel):
    """How the candidates are looked at.

    Attributes:
        threshold: from which score on a pair counts as a match.
        top: how many matches a row may have.
        one_to_one: a right row is used once at most, and so is a left row.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    threshold: float
    top: int = Field(default=3, ge=1, le=KEPT)
    one_to_one: bool = False


@dataclass(frozen=True)
class Candidates:
    """All kept candidates, by left row and then by rank.

    Attributes:
        rows: how many left rows there are, those without any candidate included.
        left: the left row of each.
        rank: its place among the candidates of its row, from 1.
        right: the right row of each.
        score: cosine, or BM25.
    """

    rows: int
    left: NDArray[np.int32]
    rank: NDArray[np.int16]
    right: NDArray[np.int32]
    score: NDArray[np.float32]

    @classmethod
    def of(cls, rows: int, columns: Mapping[str, NDArray[Any]]) -> Candidates:
        """From the columns of the stored file."""
        return cls(rows, **{name: columns[name] for name in ("left", "rank", "right", "score")})

    def best_scores(self) -> NDArray[np.float32]:
        """The score of the first candidate of each left row that has one."""
        return self.score[self.rank == 1]


@dataclass(frozen=True)
class Chosen:
    """What counts.

    Attributes:
        states: a :class:`State` for each left row.
        listed: which candidates are matches.
        first: the candidate that each left row would take first, whatever its score; NONE without.
        gaps: how much better that one is than the best of the others, float32; NaN without others.
        decided: what a person decided about each candidate: 1 accepted, -1 rejected, 0 nothing.
    """

    states: NDArray[np.int8]
    listed: NDArray[np.bool_]
    first: NDArray[np.int64]
    gaps: NDArray[np.float32]
    decided: NDArray[np.int8]

    def count(self, state: State) -> int:
        """How many left rows are in this state."""
        return int((self.states == state).sum())


def choose(candidates: Candidates, wish: Wish, decisions: Mapping[Pair, Decision]) -> Chosen:
    """Apply a threshold, a number of matches and decisions to the candidates.

    A pair that was rejected does not count, and the next candidate moves up.  One that was accepted
    counts whatever its score, and before the others.  One-to-one is greedy: the best pair of all is
    taken first, then the best of those whose rows are both still free, and so on.  That can be
    explained, and a pair does not depend on pairs with lower scores, so that moving the threshold
    only adds or takes away pairs; the best sum of scores (scipy's linear_sum_assignment) would
    rearrange them.
    """
    decided = _decided(candidates, decisions)
    usable = np.flatnonzero(decided >= 0)
    # Within a left row: what was accepted first, then as ranked.
    order = usable[np.lexsort((candidates.rank[usable], -decided[usable], candidates.left[usable]))]
    lefts = candidates.left[order]
    starts = np.flatnonzero(np.r_[True, lefts[1:] != lefts[:-1]]) if len(order) else order
    first = np.full(candidates.rows, NONE, dtype=np.int64)
    first[lefts[starts]] = order[starts]
    good = (candidates.score >= np.float32(wish.threshold)) | (decided > 0)
    listed = np.zeros(len(candidates.left), dtype=bool)
    if wish.one_to_one:
        listed[_greedy(candidates, order, decided)] = True
        listed &= good
    else:
        place = np.arange(len(order)) - np.repeat(starts, np.diff(np.r_[starts, len(order)]))
        listed[order[place < wish.top]] = True
        listed = (listed & good) | (decided > 0)
    states = np.full(candidates.rows, State.WITHOUT, dtype=np.int8)
    states[lefts] = State.BELOW
    states[candidates.left[(decided >= 0) & good]] = State.TAKEN
    states[candidates.left[listed]] = State.MATCHED
    return Chosen(states, listed, first, _gaps(candidates, order, starts), decided)


def lines(
    candidates: Candidates,
    chosen: Chosen,
    order: Order,
    threshold: float,
    state: State | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The lines of the table: a match each, and one line for a row without any.

    Args:
        candidates: the candidates.
        chosen: which of them count.
        order: as in the left table; doubtful rows first (a small gap, or near the threshold); or
            the highest scores first.
        threshold: what a score is near to when it is doubtful.
        state: only rows in this state.

    Returns:
        The left row of each line, and its candidate; NONE where the row has no candidate at all.
    """
    matched = np.flatnonzero(chosen.listed)
    others = np.flatnonzero(chosen.states != State.MATCHED)
    lefts = np.concatenate([candidates.left[matched].astype(np.int64), others])
    found = np.concatenate([matched, chosen.first[others]])
    if state is not None:
        wanted = chosen.states[lefts] == state
        lefts, found = lefts[wanted], found[wanted]
    known = found != NONE
    scores = np.full(len(found), -np.inf, dtype=np.float64)
    ranks = np.zeros(len(found), dtype=np.int64)
    scores[known], ranks[known] = candidates.score[found[known]], candidates.rank[found[known]]
    keys: tuple[NDArray[Any], ...] = (ranks, lefts)
    if order == "best":
        keys = (ranks, lefts, -scores)
    elif order == "doubtful":
        gaps = np.nan_to_num(chosen.gaps[lefts].astype(np.float64), nan=np.inf)
        settled = np.zeros(len(found), dtype=bool)
        settled[known] = chosen.decided[found[known]] > 0
        doubt = np.minimum(np.abs(scores - threshold), gaps)
        keys = (ranks, lefts, doubt, settled)
    places = np.lexsort(keys)
    return lefts[places], found[places]


def _decided(candidates: Candidates, decisions: Mapping[Pair, Decision]) -> NDArray[np.int8]:
    decided = np.zeros(len(candidates.left), dtype=np.int8)
    for (left, right), decision in decisions.items():
        start, stop = np.searchsorted(candidates.left, [left, left + 1])
        here = start + np.flatnonzero(candidates.right[start:stop] == right)
        decided[here] = 1 if decision is Decision.ACCEPT else -1
    return decided


def _greedy(
    candidates: Candidates, usable: NDArray[np.int64], decided: NDArray[np.int8]
) -> list[int]:
    """Pairs such that no row is in two of them, the best first."""
    keys = (candidates.left[usable], -candidates.score[usable], -decided[usable])
    order = usable[np.lexsort(keys)]
    left_used: set[int] = set()
    right_used: set[int] = set()
    taken = []
    lefts, rights = candidates.left[order].tolist(), candidates.right[order].tolist()
    for at, left, right in zip(order.tolist(), lefts, rights, strict=True):
        if left not in left_used and right not in right_used:
            left_used.add(left)
            right_used.add(right)
            taken.append(at)
    return taken


def _gaps(
    candidates: Candidates, order: NDArray[np.int64], starts: NDArray[np.int64]
) -> NDArray[np.float32]:
    gaps = np.full(candidates.rows, np.nan, dtype=np.float32)
    if not len(order):
        return gaps
    scores = candidates.score[order].copy()
    best = scores[starts].copy()
    scores[starts] = -np.inf
    others = np.maximum.reduceat(scores, starts)
    several = np.isfinite(others)
    lefts = candidates.left[order][starts]
    gaps[lefts[several]] = best[several] - others[several]
    return gaps
