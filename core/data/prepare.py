"""Applying recorded steps (fixes, conversions, splits) to a mapped table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from core.data.check import MINIMUM_ROWS
from core.data.convert import CONVERSIONS
from core.data.fixes import FIXES
from core.data.shapes import SPLIT, Shape, shape_of
from core.data.split_steps import SPLIT_STEPS
from core.data.step_kinds import StepKind
from core.data.steps import Step
from core.problems import N_, Message, Problem, Term


class UnknownStep(Problem):
    what = N_("There is no step named “{kind}”.")
    do = N_("Use one of: {known}.")


class StepDoesNotFit(Problem):
    what = N_("“{title}” cannot be done with {shape}.")
    do = N_("Leave this step out, or do it before the step that changes what a row holds.")


class TooFewRowsLeft(Problem):
    what = N_("“{title}” would leave {rows} rows; training needs at least {minimum}.")
    do = N_("Leave this step out, or mend the table and upload it again.")


class SideWouldBeEmpty(Problem):
    what = N_("“{title}” would leave no rows on one side of the split.")
    do = N_("Leave this step out, or take the split column away first.")


STEPS: dict[str, StepKind] = {kind.name: kind for kind in (*FIXES, *CONVERSIONS, *SPLIT_STEPS)}
"""Every kind of step by its name."""


@dataclass(frozen=True)
class AppliedStep:
    """A step that was done: what it did, in a sentence, and how many rows it concerned."""

    step: Step
    message: Message
    count: int

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready form that :meth:`from_json` reads back."""
        return {
            "step": self.step.to_json(),
            "message": self.message.to_json(),
            "count": self.count,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> AppliedStep:
        """Read back what :meth:`to_json` wrote."""
        return cls(Step.from_json(data["step"]), Message.from_json(data["message"]), data["count"])


@dataclass(frozen=True)
class Prepared:
    """A table after its steps: a dataset's columns, and what each step did."""

    frame: pd.DataFrame
    applied: tuple[AppliedStep, ...]

    @property
    def shape(self) -> Shape:
        """What a row holds now."""
        return shape_of(self.frame.columns)


def apply_steps(frame: pd.DataFrame, steps: Sequence[Step]) -> Prepared:
    """Do ``steps`` one after the other; the same steps on the same rows give the same rows.

    Args:
        frame: a dataset's columns (:mod:`core.data.shapes`); it is left as it is.
        steps: what is to be done, in that order.

    Raises:
        UnknownStep: there is no such step.
        StepDoesNotFit: a step does not go with what a row holds at that point.
        TooFewRowsLeft, SideWouldBeEmpty: what is left could not be trained on.
        Problem: a step's own refusal.
    """
    applied = []
    for step in steps:
        kind = STEPS.get(step.kind)
        if kind is None:
            raise UnknownStep(kind=step.kind, known=", ".join(STEPS))
        shape = shape_of(frame.columns)
        if shape not in kind.shapes:
            raise StepDoesNotFit(title=Term(kind.title), shape=Term(shape.label))
        done = kind.apply(frame, step.params)
        if len(done.frame) < MINIMUM_ROWS:
            raise TooFewRowsLeft(title=Term(kind.title), rows=len(done.frame), minimum=MINIMUM_ROWS)
        if SPLIT in done.frame and done.frame[SPLIT].nunique() < 2:
            raise SideWouldBeEmpty(title=Term(kind.title))
        frame = done.frame.reset_index(drop=True)
        applied.append(AppliedStep(step, done.message, done.count))
    return Prepared(frame, tuple(applied))
