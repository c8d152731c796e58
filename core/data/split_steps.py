"""The steps that write a split into a dataset for good, and that take it out again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from core.data.shapes import HELD_OUT, SPLIT, Shape, shape_of
from core.data.split import split_rows, with_split
from core.data.step_kinds import StepKind, Stepped
from core.data.steps import Step
from core.problems import N_, Message, Problem

FIX_SPLIT, DROP_SPLIT = "fix_split", "drop_split"


class NoSplitColumn(Problem):
    what = N_("This dataset has no split column that could be taken away.")
    do = N_("Leave this step out.")


class SplitShareWrong(Problem):
    what = N_("A share of {share} of the rows cannot be held out.")
    do = N_("Choose a share above 0 and below 1, such as 0.1 for a tenth.")


_DROPPED = N_(
    "The split column is gone; {count:,} rows that it held out can be drawn for training again."
)


def fix_split(frame: pd.DataFrame, params: Mapping[str, Any]) -> Stepped:
    """Draw the held-out rows now and keep them: every training run then uses the same ones.

    A split column that is there already is replaced.

    Args:
        frame: a dataset's columns.
        params: ``share`` (above 0, below 1; by default 0.1) and ``seed`` (42) of
            :func:`core.data.split.split_rows`.

    Raises:
        SplitShareWrong: the share is not between 0 and 1.
    """
    share = float(params.get("share", 0.1))
    if not 0 < share < 1:
        raise SplitShareWrong(share=share)
    undivided = frame.drop(columns=SPLIT, errors="ignore")
    split = split_rows(undivided, shape_of(undivided.columns), share, int(params.get("seed", 42)))
    return Stepped(with_split(undivided, split.held_out), split.message, len(split.held_out))


def drop_split(frame: pd.DataFrame, params: Mapping[str, Any]) -> Stepped:
    """Take the split column out; ``params`` is empty.

    Raises:
        NoSplitColumn: there is none.
    """
    if SPLIT not in frame:
        raise NoSplitColumn
    count = int((frame[SPLIT] == HELD_OUT).sum())
    return Stepped(frame.drop(columns=SPLIT), Message(_DROPPED, {"count": count}), count)


def with_fixed_split(steps: Iterable[Step], share: float, seed: int) -> tuple[Step, ...]:
    """The steps of a dataset whose held-out rows are to be drawn and kept."""
    return (*_others(steps), Step(FIX_SPLIT, {"share": share, "seed": seed}))


def without_split(steps: Iterable[Step], *, own: bool) -> tuple[Step, ...]:
    """The steps of a dataset whose runs are to draw their held-out rows themselves.

    Args:
        steps: those that it has.
        own: its table, or a second file, says which rows are held out.
    """
    steps = tuple(steps)
    fixed = any(step.kind == FIX_SPLIT for step in steps)
    return _others(steps) if fixed and not own else (*_others(steps), Step(DROP_SPLIT))


def _others(steps: Iterable[Step]) -> tuple[Step, ...]:
    """The steps that are not about the split."""
    return tuple(step for step in steps if step.kind not in (FIX_SPLIT, DROP_SPLIT))


SPLIT_STEPS = (
    StepKind(
        name=FIX_SPLIT,
        title=N_("Fix the held-out rows"),
        help=N_(
            "Chooses the rows that the model is scored on now and keeps them, so that every "
            "training run on this dataset is scored on the same ones."
        ),
        shapes=tuple(Shape),
        apply=fix_split,
    ),
    StepKind(
        name=DROP_SPLIT,
        title=N_("Take the split column away"),
        help=N_("Each training run then draws its held-out rows itself."),
        shapes=tuple(Shape),
        apply=drop_split,
    ),
)
