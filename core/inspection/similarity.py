"""How alike texts are to a model, where right answers stand, and what training changed of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.inspection.sheet import Asked, Question
from core.problems import N_, Message

_SAME = 1e-6
"""Cosines as close as this are equal: the same text need not give the very same bits twice."""
_CHUNK = 256
_WORDS = {
    Asked.GROUP: (
        N_("No group has a right answer to compare with others."),
        N_(
            "The right answer is nearest to its source in {after} of {groups} groups, "
            "before the training and after it."
        ),
        N_(
            "The right answer is nearest to its source in {after} of {groups} groups after "
            "the training; before it, in {before}."
        ),
    ),
    Asked.ROW: (
        N_("No row has a right answer to compare with others."),
        N_(
            "The right answer is nearest for {after} of {groups} texts, before the training and "
            "after it."
        ),
        N_(
            "The right answer is nearest for {after} of {groups} texts after the training; before "
            "it, for {before}."
        ),
    ),
    Asked.CLASS: (
        N_("No text has another one of its class to compare with others."),
        N_(
            "A text of the same class is nearest for {after} of {groups} texts, before the "
            "training and after it."
        ),
        N_(
            "A text of the same class is nearest for {after} of {groups} texts after the training; "
            "before it, for {before}."
        ),
    ),
}
"""For each kind of question: nothing to compare, no change, a change."""


def unit_rows(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """``vectors`` [n, d] with every row 1 long; a row of zeros, without a direction, stays."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)


def similarity_matrix(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The cosine of every pair of rows of ``vectors`` [n, d]: [n, n], from -1 to 1.

    A row of zeros, which has no direction, gets 0 with every row and itself.
    """
    units = unit_rows(vectors)
    return np.clip(units @ units.T, -1.0, 1.0)


@dataclass(frozen=True)
class Place:
    """Where a question's right answer stands.

    Attributes:
        score: the cosine between source and right answer (the nearest one, if there are several).
        rank: 1 when it is nearer than every wrong text; a tie counts against it.
        wrong: how many wrong texts it is compared with.
    """

    score: float
    rank: int
    wrong: int


def places(questions: Sequence[Question], vectors: NDArray[np.float32]) -> list[Place]:
    """Where each question's right answer stands among the texts that could answer.

    Args:
        questions: of a sheet.
        vectors: one row for each of the sheet's texts.
    """
    units = unit_rows(vectors)
    found: dict[int, Place] = {}
    shared: dict[int, list[int]] = {}
    for at, question in enumerate(questions):
        shared.setdefault(id(question.pool), []).append(at)
    for together in shared.values():
        for start in range(0, len(together), _CHUNK):
            chunk = together[start : start + _CHUNK]
            asked = [questions[at] for at in chunk]
            found.update(zip(chunk, _places(asked, units), strict=True))
    return [found[at] for at in range(len(questions))]


def _places(questions: Sequence[Question], units: NDArray[np.float32]) -> Iterator[Place]:
    """The places of questions that share their possible answers."""
    pool = questions[0].pool
    column = np.full(len(units), -1)
    column[pool] = np.arange(len(pool))
    cosines = units[[question.source for question in questions]] @ units[pool].T
    for question, row in zip(questions, cosines, strict=True):
        own = column[question.source]
        if own >= 0:
            row[own] = -np.inf
        right = column[question.right]
        best = float(row[right].max())
        row[right] = -np.inf
        apart = len(right) + int(own >= 0 and own not in right)
        nearer = int((row >= best - _SAME).sum())
        yield Place(min(best, 1.0), nearer + 1, len(pool) - apart)


@dataclass(frozen=True)
class Verdict:
    """For how many questions the right answer is the nearest text to the source.

    Attributes:
        groups: the questions that have something beside the right answer to choose from.
        before: in how many of them it is first with the base model.
        after: in how many with the tuned one.
        improved: the numbers (from 0) of the questions where it became first.
        worsened: the numbers of the questions where it stands further back than before.
        asked: what the questions are about.
    """

    groups: int
    before: int
    after: int
    improved: tuple[int, ...]
    worsened: tuple[int, ...]
    asked: Asked = Asked.GROUP

    def message(self) -> Message:
        """The verdict in words."""
        nothing, same, changed = _WORDS[self.asked]
        if self.groups == 0:
            return Message(nothing)
        params = {"groups": self.groups, "before": self.before, "after": self.after}
        return Message(same if self.after == self.before else changed, params)


def verdict(before: Sequence[Place], after: Sequence[Place], asked: Asked = Asked.GROUP) -> Verdict:
    """Compare where the right answers stand before and after, as :func:`places` tells it.

    Args:
        before: of each question under the base.
        after: under the tuned model.
        asked: what the sheet's questions are about.
    """
    pairs = [(i, was, now) for i, (was, now) in enumerate(zip(before, after, strict=True))]
    pairs = [(i, was, now) for i, was, now in pairs if was.wrong]
    return Verdict(
        groups=len(pairs),
        before=sum(was.rank == 1 for _, was, _now in pairs),
        after=sum(now.rank == 1 for _, _was, now in pairs),
        improved=tuple(i for i, was, now in pairs if now.rank == 1 < was.rank),
        worsened=tuple(i for i, was, now in pairs if now.rank > was.rank),
        asked=asked,
    )


@dataclass(frozen=True)
class Neighbour:
    """Two texts to one model.

    Attributes:
        score: their cosine.
        rank: how near the second is, seen from the first: 1 when no other text is nearer.
        rank_back: how near the first is, seen from the second.
        others: how many texts each is compared with.
    """

    score: float
    rank: int
    rank_back: int
    others: int


def neighbour(vectors: NDArray[np.float32], one: int, other: int) -> Neighbour:
    """How near two texts are, given by their places, among the texts with these ``vectors``.

    Texts that are equally near share the better rank.  A text beside itself has rank 0.
    """
    units = unit_rows(vectors)
    score = float(np.clip(units[one] @ units[other], -1.0, 1.0))
    ranks = [_rank(units, here, there) for here, there in ((one, other), (other, one))]
    return Neighbour(score, ranks[0], ranks[1], len(units) - 1)


def _rank(units: NDArray[np.float32], here: int, there: int) -> int:
    if here == there:
        return 0
    cosines = units @ units[here]
    cosines[here] = -np.inf
    return 1 + int((cosines > cosines[there] + _SAME).sum())
