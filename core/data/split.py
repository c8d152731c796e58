"""Splitting a dataset's rows into training and held-out rows so that no text is on both sides."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd

from core.data.reading.rows import ROW
from core.data.shapes import HELD_OUT, SPLIT, TRAIN, Shape
from core.data.split_draw import (
    SCORE_BANDS,
    CodedRows,
    code_rows,
    draw_groups,
    linked_groups,
    score_bands,
)
from core.problems import N_, Message, Problem, Term

MINIMUM_HELD_OUT = 10
"""Fewer held-out rows than this say little; tables of fewer than 50 rows hold out a fifth."""
LEAK_EXAMPLES = 5
"""How many texts that are on both sides are shown."""
_LEAK_ROWS = 3


class SplitBy(StrEnum):
    """What stays together on one side."""

    GROUP = "group"
    ANCHOR = "anchor"
    ROW = "row"
    OWN = "own"
    """The dataset has a split column; nothing was drawn."""


_MESSAGES = {
    SplitBy.GROUP: N_(
        "{held_out:,} of {rows:,} rows are held out. "
        "No anchor and no matching text is on both sides."
    ),
    SplitBy.ANCHOR: N_(
        "{held_out:,} of {rows:,} rows are held out, by anchor: {largest:,} rows are linked with "
        "one another through shared texts, too many to hold out together. "
        "Texts that are on both sides: {leaked:,}."
    ),
    SplitBy.ROW: N_(
        "{held_out:,} of {rows:,} rows are held out at random: {largest:,} rows have the same "
        "anchor, so anchors are on both sides. Texts that are on both sides: {leaked:,}."
    ),
    SplitBy.OWN: N_(
        "{held_out:,} of {rows:,} rows are held out, as the table itself says. "
        "Anchors and matching texts that are on both sides: {leaked:,}."
    ),
}
_MESSAGES_FOR_TEXTS = {
    SplitBy.GROUP: N_("{held_out:,} of {rows:,} rows are held out. No text is on both sides."),
    SplitBy.ROW: N_(
        "{held_out:,} of {rows:,} rows are held out at random: {largest:,} rows have the same "
        "text. Texts that are on both sides: {leaked:,}."
    ),
    SplitBy.OWN: N_(
        "{held_out:,} of {rows:,} rows are held out, as the table itself says. "
        "Texts that are on both sides: {leaked:,}."
    ),
}
_TRAINING_SIDE, _HELD_OUT_SIDE = N_("training"), N_("scoring, as held out")


class OneSideEmpty(Problem):
    what = N_("The split column of this dataset marks none of its {rows:,} rows for {side}.")
    do = N_("Correct the column in the table, or take the split away and have the rows drawn.")


class SplitGivenTwice(Problem):
    what = N_("The table has a split column, so a second file cannot be its held-out rows.")
    do = N_("Leave the split column out of the mapping, or do without the second file.")


class HeldOutHasOtherColumns(Problem):
    what = N_("The held-out file gives {theirs}, but the table gives {ours}.")
    do = N_("Choose columns of the held-out file for the same roles as in the table.")


@dataclass(frozen=True)
class Side:
    """What is on one side of a split.

    Attributes:
        rows: how many rows.
        anchors: how many different anchors, or different texts of single texts.
        matches: how many rows are matches; all of them unless pairs are scored.
        score_bands: rows with a score from 0 to 0.1, to 0.2 … to 1 (included); None without scores.
        classes: how many different classes; None without classes.
    """

    rows: int
    anchors: int
    matches: int
    score_bands: tuple[int, ...] | None = None
    classes: int | None = None


@dataclass(frozen=True)
class LeakedText:
    """A text on both sides, and the numbers of the first rows that it stands in on each side."""

    text: str
    train_rows: tuple[int, ...]
    held_out_rows: tuple[int, ...]


@dataclass(frozen=True)
class Split:
    """Positions of training and held-out rows (int64, ascending), and how they were parted.

    ``leaked`` counts the different anchors and matching texts that are on both sides and ``leaks``
    shows some of them; ``training_side`` and ``held_out_side`` count what is where; ``message``
    says it all.
    """

    train: np.ndarray
    held_out: np.ndarray
    by: SplitBy
    leaked: int
    message: Message
    training_side: Side
    held_out_side: Side
    leaks: tuple[LeakedText, ...]

    def describe(self) -> dict[str, Any]:
        """All but the positions, as JSON values."""
        return {
            "by": self.by.value,
            "message": self.message.to_json(),
            "leaked": self.leaked,
            "train": asdict(self.training_side),
            "held_out": asdict(self.held_out_side),
            "leaks": [asdict(leak) for leak in self.leaks],
        }


def split_rows(frame: pd.DataFrame, shape: Shape, share: float, seed: int) -> Split:
    """Hold out about ``share`` of the rows of a checked frame, or those that its own column names.

    Rows that share a text as anchor or match stay together, and so do rows linked through others; a
    scored pair is a match from a score of 0.5 on, below it counts by its anchor only; negatives may
    be on both sides.  When such a group is larger than the held-out part, rows are kept together by
    anchor only; when that cannot come near the share either, by nothing.  Single texts stay
    together with their repetitions.

    Scored pairs are drawn so that both sides have about the same share of matches and the same
    spread of scores, texts with a class so that each class is on both sides if it has two texts.

    Args:
        frame: the stored columns of its shape; at least two rows.
        shape: the dataset's shape.
        share: the part to hold out, between 0 and 1; not used when there is a split column.
        seed: the same rows, share and seed give the same split.

    Raises:
        ValueError: the share is not between 0 and 1, or there are fewer than two rows.
        OneSideEmpty: the split column puts all rows on one side.
    """
    rows = len(frame)
    if not 0 < share < 1 or rows < 2:
        raise ValueError(f"cannot hold out {share} of {rows} rows")
    table = code_rows(frame, shape)
    if SPLIT in frame:
        held = (frame[SPLIT] == HELD_OUT).to_numpy(bool)
        for side, found in ((_TRAINING_SIDE, ~held), (_HELD_OUT_SIDE, held)):
            if not found.any():
                raise OneSideEmpty(rows=rows, side=Term(side))
        return _tell(frame, shape, table, held, SplitBy.OWN, 0)
    target = max(round(share * rows), min(MINIMUM_HELD_OUT, rows // 5), 1)
    target = min(target, rows - 1)
    random = np.random.default_rng(seed)
    by, members = SplitBy.GROUP, linked_groups(table)
    largest = int(np.bincount(members).max())
    held = draw_groups(members, table, target, random)
    if largest > target or held.all():
        if not table.single:
            by = SplitBy.ANCHOR
            held = draw_groups(table.anchors, table, target, random)
        if held.all() or not target / 2 <= held.sum() <= target * 2:
            by = SplitBy.ROW
            largest = int(np.bincount(table.anchors).max())
            held = draw_groups(np.arange(rows), table, target, random)
    return _tell(frame, shape, table, held, by, largest)


def append_held_out(frame: pd.DataFrame, held_out: pd.DataFrame) -> pd.DataFrame:
    """The rows of a table and, marked as held out, those of a second one.

    The second table's row numbers go on after the first's, as if its rows stood below.

    Args:
        frame: the stored columns of a shape, without a split column.
        held_out: the same columns.

    Raises:
        SplitGivenTwice: ``frame`` or ``held_out`` has a split column.
        HeldOutHasOtherColumns: the two do not have the same columns.
    """
    if SPLIT in frame or SPLIT in held_out:
        raise SplitGivenTwice
    ours, theirs = (set(map(str, table.columns)) - {ROW} for table in (frame, held_out))
    if ours != theirs:
        raise HeldOutHasOtherColumns(ours=", ".join(sorted(ours)), theirs=", ".join(sorted(theirs)))
    below = held_out[frame.columns]
    below = below.assign(**{ROW: below[ROW] - 1 + frame[ROW].max()})
    both = pd.concat([frame, below], ignore_index=True).astype({ROW: np.int32})
    return with_split(both, np.arange(len(frame), len(both)))


def with_split(frame: pd.DataFrame, held_out: np.ndarray) -> pd.DataFrame:
    """``frame`` with a split column that names the rows at the positions ``held_out``."""
    sides = np.full(len(frame), TRAIN, dtype=object)
    sides[held_out] = HELD_OUT
    columns: dict[Hashable, Any] = {name: frame[name] for name in frame if name != SPLIT}
    numbers = columns.pop(ROW, None)
    columns[SPLIT] = pd.Series(sides, index=frame.index, dtype="str")
    return pd.DataFrame(columns if numbers is None else columns | {ROW: numbers})


def _tell(
    frame: pd.DataFrame,
    shape: Shape,
    table: CodedRows,
    held: np.ndarray,
    by: SplitBy,
    largest: int,
) -> Split:
    """The split with its counts, its leaks and its sentence."""
    on_both = _present(table, held) & _present(table, ~held)
    leaked = int(on_both.sum())
    facts = {"held_out": int(held.sum()), "rows": len(held), "largest": largest, "leaked": leaked}
    messages = _MESSAGES_FOR_TEXTS if table.single else _MESSAGES
    return Split(
        train=np.flatnonzero(~held),
        held_out=np.flatnonzero(held),
        by=by,
        leaked=leaked,
        message=Message(messages[by], facts),
        training_side=_side(table, ~held),
        held_out_side=_side(table, held),
        leaks=_examples(frame, table, held, np.flatnonzero(on_both)[:LEAK_EXAMPLES]),
    )


def _present(table: CodedRows, rows: np.ndarray) -> np.ndarray:
    """Which texts are an anchor or a matching text in ``rows``."""
    present = np.zeros(len(table.texts), dtype=bool)
    present[table.anchors[rows]] = True
    present[table.partners[rows & table.matches]] = True
    return present


def _side(table: CodedRows, rows: np.ndarray) -> Side:
    bands = classes = None
    if table.scores is not None:
        bands = tuple(np.bincount(score_bands(table.scores[rows]), minlength=SCORE_BANDS).tolist())
    if table.classes is not None:
        classes = int(np.count_nonzero(np.bincount(table.classes[rows])))
    return Side(
        rows=int(rows.sum()),
        anchors=int(np.count_nonzero(np.bincount(table.anchors[rows]))),
        matches=int((rows & table.matches).sum()),
        score_bands=bands,
        classes=classes,
    )


def _examples(
    frame: pd.DataFrame, table: CodedRows, held: np.ndarray, codes: np.ndarray
) -> tuple[LeakedText, ...]:
    numbers = frame[ROW].to_numpy() if ROW in frame else np.arange(len(frame)) + 2
    leaks = []
    for code in codes:
        has = (table.anchors == code) | ((table.partners == code) & table.matches)
        train, held_out = (numbers[has & side][:_LEAK_ROWS].tolist() for side in (~held, held))
        leaks.append(LeakedText(str(table.texts[code]), tuple(train), tuple(held_out)))
    return tuple(leaks)
