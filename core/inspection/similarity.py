"""How alike texts are to a model, and what training changed for the examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.inspection.widgets import POSITIVE, Example
from core.problems import N_, Message


def similarity_matrix(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The cosine of every pair of rows of ``vectors`` [n, d]: [n, n], from -1 to 1.

    A row of zeros, which has no direction, gets 0 with every row and itself.
    """
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    units = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return np.clip(units @ units.T, -1.0, 1.0)


@dataclass(frozen=True)
class Verdict:
    """For how many groups the right answer is the nearest sentence to the source.

    Attributes:
        groups: the groups that have a right answer and something beside it.
        before: in how many of them it is first with the base model.
        after: in how many with the tuned one.
        improved: the numbers (from 0) of the groups where it became first.
        worsened: the numbers of the groups where it no longer is.
    """

    groups: int
    before: int
    after: int
    improved: tuple[int, ...]
    worsened: tuple[int, ...]

    def message(self) -> Message:
        """The verdict in words."""
        if self.groups == 0:
            return Message(N_("No group has a right answer to compare with others."))
        params = {"groups": self.groups, "before": self.before, "after": self.after}
        if self.after == self.before:
            return Message(
                N_(
                    "The right answer is nearest to its source in {after} of {groups} groups, "
                    "before the training and after it."
                ),
                params,
            )
        return Message(
            N_(
                "The right answer is nearest to its source in {after} of {groups} groups after "
                "the training; before it, in {before}."
            ),
            params,
        )


def group_verdict(
    examples: Sequence[Example],
    base_vectors: NDArray[np.float32],
    tuned_vectors: NDArray[np.float32],
) -> Verdict:
    """Compare where the right answers stand before and after.

    A right answer is first when it is nearer to the source than every wrong sentence; a tie does
    not count.

    Args:
        examples: the groups.
        base_vectors: one row for each of :func:`~core.inspection.widgets.example_texts`, base.
        tuned_vectors: the same, tuned; the width may differ.

    Raises:
        ValueError: there are not as many rows as texts.
    """
    before = _first(examples, base_vectors)
    after = _first(examples, tuned_vectors)
    changes = list(enumerate(zip(before, after, strict=True)))
    return Verdict(
        groups=sum(was is not None for was in before),
        before=sum(was is True for was in before),
        after=sum(now is True for now in after),
        improved=tuple(i for i, (was, now) in changes if now is True and was is False),
        worsened=tuple(i for i, (was, now) in changes if now is False and was is True),
    )


def _first(examples: Sequence[Example], vectors: NDArray[np.float32]) -> list[bool | None]:
    """Whether each group's right answer is first; None where there is nothing to compare."""
    if len(vectors) != sum(len(example.texts) for example in examples):
        raise ValueError("there must be one vector for each text of the examples")
    verdicts: list[bool | None] = []
    start = 0
    for example in examples:
        stop = start + len(example.texts)
        to_source = similarity_matrix(vectors[start:stop])[0, 1:]
        right = np.array([role == POSITIVE for role in example.roles], dtype=bool)
        if right.any() and not right.all():
            verdicts.append(bool(to_source[right].max() > to_source[~right].max()))
        else:
            verdicts.append(None)
        start = stop
    return verdicts
