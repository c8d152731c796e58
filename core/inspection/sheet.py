"""The texts of a similarity matrix: what each is called, where it belongs, what answers what."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
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
# A cell as spreadsheets copy it: in quotation marks where it holds some, or more than one line.  A
# quotation mark that nothing closes before the cell's end is one that somebody wrote: 12" pipe.
_CELL = re.compile(r'[^\S\t\n]*"((?:[^"\t]|"")*)"[^\S\t\n]*(?=[\t\n]|\Z)|([^\t\n]*)')


class Asked(StrEnum):
    """What a sheet's questions are about, for the words of a verdict."""

    GROUP = "group"
    """The source of each example looks for its right answer in its group."""
    ROW = "row"
    """The text of each row looks for its right answer among those of all rows."""
    CLASS = "class"
    """Each text looks for another one of its class."""


@dataclass(frozen=True)
class Question:
    """A text that has a right answer among others.

    Attributes:
        source: the place of the text that asks.
        right: the places of its right answers; its own place may be among them and counts for
            nothing.
        pool: the places of all texts that could answer, the right ones included.  Questions with
            the same answers, right or possible, share one array.
    """

    source: int
    right: NDArray[np.int64]
    pool: NDArray[np.int64]

    @property
    def answers(self) -> list[int]:
        """The places of the right answers without the text that asks."""
        return [place for place in self.right.tolist() if place != self.source]


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
        asked: what the questions are about.
    """

    texts: tuple[str, ...]
    labels: tuple[str, ...]
    groups: tuple[int, ...]
    questions: tuple[Question, ...] = ()
    roles: tuple[Role | None, ...] = ()
    asked: Asked = Asked.ROW

    def __len__(self) -> int:
        return len(self.texts)

    @cached_property
    def digest(self) -> str:
        """What tells this sheet from any other: 32 hexadecimal digits."""
        known: dict[int, int] = {}
        known_of = (self.texts, self.groups, self.roles, self.asked)
        told = hashlib.sha256(repr(known_of).encode())
        for one in self.questions:
            for places in (one.right, one.pool):
                if id(places) not in known:
                    known[id(places)] = len(known)
                    told.update(places.tobytes())
            told.update(repr((one.source, known[id(one.right)], known[id(one.pool)])).encode())
        return told.hexdigest()[:32]

    def taken(self, places: Sequence[int] | NDArray[np.int64]) -> Sheet:
        """The texts at these places, in their order; a question stays when all of it is taken."""
        kept = np.asarray(places, dtype=np.int64)
        new = np.full(len(self), -1, dtype=np.int64)
        new[kept] = np.arange(len(kept))
        moved: dict[int, NDArray[np.int64]] = {}

        def move(old: NDArray[np.int64]) -> NDArray[np.int64]:
            # Once for all questions that share it, so that they share what becomes of it.
            if id(old) not in moved:
                moved[id(old)] = new[old]
            return moved[id(old)]

        questions = []
        pools: dict[int, NDArray[np.int64]] = {}
        for one in self.questions:
            source, right = int(new[one.source]), move(one.right)
            if source < 0 or right.min() < 0:
                continue
            pool = pools.get(id(one.pool))
            if pool is None:
                pool = pools[id(one.pool)] = new[one.pool][new[one.pool] >= 0]
            questions.append(Question(source, right, pool))
        listed = kept.tolist()
        return Sheet(
            tuple(self.texts[place] for place in listed),
            tuple(self.labels[place] for place in listed),
            tuple(self.groups[place] for place in listed),
            tuple(questions),
            tuple(self.roles[place] for place in listed) if self.roles else (),
            self.asked,
        )

    def pairs(self) -> list[tuple[int, int]]:
        """Each source with each of its right answers."""
        return [(one.source, right) for one in self.questions for right in one.answers]


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
        right = pool[[role == widgets.POSITIVE for role in example.roles]]
        if len(right):
            questions.append(Question(start, right, pool))
    return Sheet(
        tuple(texts), tuple(labels), tuple(groups), tuple(questions), tuple(roles), Asked.GROUP
    )


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
    rows = [row for row in _cells(text) if any(row)]
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
    questions = tuple(
        Question(source, np.array(list(found), dtype=np.int64), pool)
        for source, found in right.items()
    )
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
    members = [np.flatnonzero(codes == code) for code in range(codes.max(initial=-1) + 1)]
    questions = tuple(
        Question(place, members[code], pool)
        for place, code in enumerate(codes.tolist())
        if code >= 0 and len(members[code]) > 1
    )
    return Sheet(sheet.texts, sheet.labels, tuple(codes.tolist()), questions, asked=Asked.CLASS)


def _cells(text: str) -> list[list[str]]:
    """The cells of each line, without the spaces and quotation marks around them."""
    plain = text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")
    rows: list[list[str]] = [[]]
    at = 0
    while True:
        found = _CELL.match(plain, at)
        assert found is not None
        quoted, bare = found.groups()
        rows[-1].append((bare if quoted is None else quoted.replace('""', '"')).strip())
        at = found.end() + 1
        if found.end() == len(plain):
            return rows
        if plain[found.end()] == "\n":
            rows.append([])


def _numbers(count: int) -> tuple[str, ...]:
    return tuple(str(number) for number in range(1, count + 1))
