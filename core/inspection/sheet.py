"""The texts of a similarity matrix: what each is called, where it belongs, what answers what."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_uppercase

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.data.shapes import (
    ANCHOR,
    LABEL,
    MATCH_SCORE,
    POSITIVE,
    SCORE,
    TEXT,
    Shape,
    is_negative,
    shape_of,
)
from core.inspection import widgets
from core.inspection.widgets import Example
from core.models.roles import Role
from core.training.recipes.facts import Example as CardExample

MOST_TEXTS = 5_000
"""More texts than these are not compared: nobody would find anything in the picture."""
_TAB = "\t"


@dataclass(frozen=True)
class Question:
    """A text that has a right answer among others.

    Attributes:
        source: the place of the text that asks.
        right: the places of its right answers.
        pool: the places of all texts that could answer, the right ones included; int64.  Questions
            with the same possible answers share one array.
    """

    source: int
    right: tuple[int, ...]
    pool: NDArray[np.int64]


@dataclass(frozen=True)
class Sheet:
    """The texts that are compared with one another.

    Attributes:
        texts: in the order in which they were given.
        labels: a short name for each.
        groups: which group each belongs to: an example's, a row's, or a class's number from 0.
        questions: where the right answer is known; none for texts that were only listed.
        roles: what each text is read as: anchors ask, what answers them is found; none at all where
            texts were only listed or have a class.  A text that is both is what it is first met as.
    """

    texts: tuple[str, ...]
    labels: tuple[str, ...]
    groups: tuple[int, ...]
    questions: tuple[Question, ...] = ()
    roles: tuple[Role | None, ...] = ()

    def __len__(self) -> int:
        return len(self.texts)

    def taken(self, places: Sequence[int] | NDArray[np.int64]) -> Sheet:
        """The texts at these places, in their order; a question stays when all of it is taken."""
        listed = np.asarray(places, dtype=np.int64).tolist()
        new = {old: at for at, old in enumerate(listed)}
        questions = []
        moved: dict[int, NDArray[np.int64]] = {}
        for one in self.questions:
            if one.source not in new or not all(place in new for place in one.right):
                continue
            pool = moved.get(id(one.pool))
            if pool is None:
                kept = [new[place] for place in one.pool.tolist() if place in new]
                pool = moved[id(one.pool)] = np.array(kept, dtype=np.int64)
            right = tuple(new[place] for place in one.right)
            questions.append(Question(new[one.source], right, pool))
        return Sheet(
            tuple(self.texts[place] for place in listed),
            tuple(self.labels[place] for place in listed),
            tuple(self.groups[place] for place in listed),
            tuple(questions),
            tuple(self.roles[place] for place in listed) if self.roles else (),
        )

    def pairs(self) -> list[tuple[int, int]]:
        """Each source with each of its right answers."""
        return [(one.source, right) for one in self.questions for right in one.right]


def sheet_of_examples(examples: Sequence[Example], numbered: bool = True) -> Sheet:
    """The widget examples, each answered within its own group.

    A1 is the source of group 1; without ``numbered``, for one group alone, it is A.
    """
    texts: list[str] = []
    labels: list[str] = []
    groups: list[int] = []
    roles: list[Role | None] = []
    questions = []
    for number, example in enumerate(examples):
        start = len(texts)
        texts += example.texts
        letters = ascii_uppercase[: len(example.texts)]
        labels += [f"{letter}{number + 1}" if numbered else letter for letter in letters]
        groups += [number] * len(example.texts)
        roles.append("query")
        roles += ["document" for _ in example.sentences]
        pool = np.arange(start + 1, len(texts))
        right = tuple(
            place
            for place, role in zip(pool.tolist(), example.roles, strict=True)
            if role == widgets.POSITIVE
        )
        if right:
            questions.append(Question(start, right, pool))
    return Sheet(tuple(texts), tuple(labels), tuple(groups), tuple(questions), tuple(roles))


def sheet_of_card(examples: Sequence[CardExample]) -> Sheet:
    """The widget examples of somebody's model card, which does not tell the right answers."""
    return sheet_of_examples(
        [
            widgets.Example(
                one.source,
                one.sentences,
                (widgets.OTHER,) * len(one.sentences),
                (None,) * len(one.sentences),
            )
            for one in examples
        ]
    )


def sheet_of_lines(text: str) -> Sheet:
    """What somebody pasted: a text a line, or, as spreadsheets copy them, two columns with a tab.

    Two columns are read as a text and its right answer.  Blank lines and repeated texts are left
    out, and columns beyond the second.
    """
    rows = [
        [cell.strip() for cell in row]
        for row in csv.reader(io.StringIO(text.replace("\x00", "")), delimiter=_TAB)
        if any(cell.strip() for cell in row)
    ]
    if rows and all(len(row) > 1 and row[0] and row[1] for row in rows):
        frame = pd.DataFrame([row[:2] for row in rows], columns=[ANCHOR, POSITIVE])
        return sheet_of_rows(frame)
    return _listed([next(filter(None, row)) for row in rows])


def sheet_of_rows(frame: pd.DataFrame) -> Sheet:
    """Rows of a dataset: every text once, in the order of the rows.

    A text's group is the first row that it stands in, or its class.  Whatever answers one row is a
    possible answer to all of them; texts with a class look for one of their own class.
    """
    shape = shape_of(frame.columns)
    if shape in (Shape.TEXTS, Shape.CLASSES):
        sheet = _listed(frame[TEXT].tolist())
        return sheet if shape is Shape.TEXTS else _with_classes(sheet, frame)
    columns = [ANCHOR, POSITIVE, *(name for name in map(str, frame.columns) if is_negative(name))]
    places: dict[str, int] = {}
    groups: list[int] = []
    roles: list[Role | None] = []
    for number, row in enumerate(frame[columns].itertuples(index=False, name=None)):
        for column, text in zip(columns, row, strict=True):
            if text not in places:
                places[text] = len(places)
                groups.append(number)
                roles.append(role_of(column))
    answers = pd.unique(pd.concat([frame[name] for name in columns[1:]]))
    pool = np.sort(np.array([places[text] for text in answers], dtype=np.int64))
    right: dict[int, dict[int, None]] = {}
    matches = frame[SCORE] >= MATCH_SCORE if shape is Shape.SCORED_PAIRS else None
    for at, (anchor, positive) in enumerate(
        zip(frame[ANCHOR].tolist(), frame[POSITIVE].tolist(), strict=True)
    ):
        if (matches is None or matches.iloc[at]) and anchor != positive:
            right.setdefault(places[anchor], {})[places[positive]] = None
    questions = tuple(Question(source, tuple(found), pool) for source, found in right.items())
    return Sheet(tuple(places), _numbers(len(places)), tuple(groups), questions, tuple(roles))


def role_of(column: str) -> Role | None:
    """What texts of a dataset's column are read as; None for those that stand for themselves."""
    if column == ANCHOR:
        return "query"
    return "document" if column == POSITIVE or is_negative(column) else None


def _listed(texts: Sequence[str]) -> Sheet:
    distinct = tuple(dict.fromkeys(texts))
    return Sheet(distinct, _numbers(len(distinct)), tuple(range(len(distinct))))


def _with_classes(sheet: Sheet, frame: pd.DataFrame) -> Sheet:
    """The texts of a class in one group, and every text asked for another one of its class."""
    first = frame.drop_duplicates(TEXT)
    codes = pd.factorize(first[LABEL])[0]
    pool = np.arange(len(sheet))
    members = {code: np.flatnonzero(codes == code) for code in np.unique(codes).tolist()}
    questions = tuple(
        Question(place, tuple(others), pool)
        for place, code in enumerate(codes.tolist())
        if (others := members[code][members[code] != place].tolist())
    )
    return Sheet(sheet.texts, sheet.labels, tuple(codes.tolist()), questions)


def _numbers(count: int) -> tuple[str, ...]:
    return tuple(str(number) for number in range(1, count + 1))
