"""A table as the checks see it: every different text once, and what is known about it by number."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from core.data.findings import EXAMPLE_ROWS, EXAMPLES, Example, Finding, Fix, Severity
from core.data.mojibake import LOST
from core.data.personal import mask
from core.data.reading.rows import ROW
from core.data.report.scripts import Marks, mark_texts
from core.data.shapes import LABEL, SCORE, SPLIT, Shape, shape_of, text_roles
from core.problems import Message

Tell = Callable[[float], None]
"""Is told which share of a check (0 to 1) is done."""
Texts = Any
"""An Arrow array of texts, none of them null."""
Mask = np.ndarray
"""One truth value a row."""

_READ_CHARACTERS = 1_000
EXAMPLE_CHARACTERS = 200
"""Longer texts are cut off in examples."""


class TableView:
    """A dataset's frame, prepared so that a check of half a million rows takes a moment.

    Texts of all roles share one list of different texts, so that comparing texts, within a column
    or between columns, means comparing whole numbers.

    Attributes:
        frame: the frame, columns as in :mod:`core.data.shapes`.
        names: role to the name of its column in the source.
        shape: what a row holds.
        roles: the roles that hold texts, in their order.
        rows: the row numbers as a spreadsheet shows them.
        texts: every different text once, as an Arrow array.
        codes: role to the place of each row's text in ``texts``.
        halves: which rows hold half of a surrogate pair, which no file can hold; those count as
            U+FFFD here.
        full: whether what is usually sampled is to be counted in full.
    """

    def __init__(
        self, frame: pd.DataFrame, names: Mapping[str, str], *, full: bool = False
    ) -> None:
        self.frame = frame
        self.shape: Shape = shape_of(frame.columns)
        self.roles = text_roles(frame.columns)
        self.names = {str(role): names.get(str(role), str(role)) for role in frame.columns}
        self.full = full
        if ROW in frame.columns:
            self.rows = frame[ROW].to_numpy()
        else:
            self.rows = np.arange(2, len(frame) + 2, dtype=np.int32)
        self.halves = np.zeros(len(frame), dtype=bool)
        columns = [self._arrow(role) for role in self.roles]
        # The pieces stay apart, because putting half a gigabyte of text together would copy it.
        pieces: Any = pa.chunked_array([chunk for column in columns for chunk in column])
        encoded = pieces.dictionary_encode().chunks
        self.texts: Texts = encoded[-1].dictionary
        places = np.concatenate([chunk.indices.to_numpy() for chunk in encoded])
        self.codes = {
            role: places[number * len(frame) : (number + 1) * len(frame)]
            for number, role in enumerate(self.roles)
        }

    def __len__(self) -> int:
        return len(self.frame)

    def _arrow(self, role: str) -> list[Any]:
        """The chunks of a column's texts."""
        try:
            column = pa.array(self.frame[role], pa.large_string())
        except UnicodeEncodeError:
            cells = [_without_halves(text) for text in self.frame[role]]
            whole = self.frame[role].to_numpy(dtype=object)
            lost = [a.count(LOST) > b.count(LOST) for a, b in zip(cells, whole, strict=True)]
            self.halves |= np.array(lost)
            column = pa.array(cells, pa.large_string())
        return column.chunks if isinstance(column, pa.ChunkedArray) else [column]

    @cached_property
    def characters(self) -> np.ndarray:
        """How many characters each different text has."""
        return character_counts(self.texts)

    @cached_property
    def row_codes(self) -> np.ndarray:
        """A number for what a row says: the same for rows that are equal in every mapped column."""
        columns = [self.codes[role] for role in self.roles]
        for extra in (SCORE, LABEL):
            if extra in self.frame.columns:
                columns.append(pd.factorize(self.frame[extra])[0])
        return joint_codes(columns)

    @cached_property
    def marks(self) -> Marks:
        """Which scripts and which troublesome characters each different text holds."""
        return mark_texts(self.texts)

    @property
    def scores(self) -> np.ndarray | None:
        """The scores of scored pairs."""
        return self.frame[SCORE].to_numpy() if SCORE in self.frame.columns else None

    @property
    def labels(self) -> pd.Series | None:
        """The classes of texts with a class."""
        return self.frame[LABEL] if LABEL in self.frame.columns else None

    @property
    def split(self) -> pd.Series | None:
        """Which rows are held out, when the table says so."""
        return self.frame[SPLIT] if SPLIT in self.frame.columns else None

    def text(self, code: int) -> str:
        """A text by its place in ``texts``."""
        return str(self.texts[int(code)].as_py())

    def column(self, role: str) -> str:
        """The name of a role's column in the source."""
        return self.names[role]

    def rows_with(self, flags: np.ndarray) -> Mask:
        """Which rows hold, in any role, a text whose flag in ``flags`` (one a text) is set."""
        found = np.zeros(len(self), dtype=bool)
        for codes in self.codes.values():
            found |= flags[codes]
        return found

    def columns_with(self, flags: np.ndarray) -> str:
        """The names of the columns that hold such texts, for a sentence."""
        return ", ".join(self.column(role) for role in self.roles if flags[self.codes[role]].any())

    def values(self, position: int, roles: Iterable[str] | None = None) -> tuple[str, ...]:
        """What a row says, for an example: its texts, cut off where they are long."""
        shown = []
        for role in roles or [r for r in self.names if r not in (ROW, SPLIT)]:
            if role in self.codes:
                shown.append(clip(self.text(self.codes[role][position])))
            elif role == SCORE:
                shown.append(f"{self.frame[SCORE].iloc[position]:g}")
            else:
                shown.append(clip(str(self.frame[role].iloc[position])))
        return tuple(shown)

    def finding(
        self,
        kind: str,
        severity: Severity,
        message: Message,
        concerned: Mask | np.ndarray,
        *,
        count: int | None = None,
        effects: Iterable[Message] = (),
        fix: Fix | None = None,
        roles: Iterable[str] | None = None,
        same_texts: bool = False,
    ) -> Finding:
        """A finding about some rows, with row numbers and examples.

        Args:
            kind: its name, stable across languages.
            severity: how much it matters.
            message: what was found; its field ``count`` is filled in here.
            concerned: the rows, as a mask or as positions in the order in which they are shown.
            count: how many it concerns, when that is not their number.
            effects: what it does to training.
            fix: a safe way out.
            roles: what the examples show; everything that is mapped when left out.
            same_texts: also show examples that look the same.
        """
        positions = np.flatnonzero(concerned) if concerned.dtype == bool else concerned
        count = len(positions) if count is None else count
        shown = tuple(roles) if roles is not None else None
        examples: dict[object, Example] = {}
        for position in positions[: EXAMPLE_ROWS * 5]:
            texts = self.values(int(position), shown)
            key = int(position) if same_texts else texts
            examples.setdefault(key, Example(int(self.rows[position]), texts))
            if len(examples) == EXAMPLES:
                break
        return Finding(
            kind=kind,
            severity=severity,
            message=Message(message.template, {"count": count, **message.params}),
            count=count,
            rows=tuple(self.rows[positions[:EXAMPLE_ROWS]].tolist()),
            examples=tuple(examples.values()),
            effects=tuple(effects),
            fix=fix,
        )


@dataclass(frozen=True)
class Check:
    """One family of checks.

    Attributes:
        title: what is being looked at, as a message id, for a progress bar.
        function: takes the view and somebody to tell how far it is (0 to 1), gives findings.
        weight: about how long it takes, next to others.
    """

    title: str
    function: Callable[[TableView, Tell], Iterable[Finding]]
    weight: float = 1.0


def character_counts(texts: Texts) -> np.ndarray:
    """How many characters each text has."""
    counts: Any = pc.utf8_length(texts)
    return counts.to_numpy()


def joint_codes(columns: list[np.ndarray]) -> np.ndarray:
    """One number for each combination of numbers that rows have in several columns."""
    joint = columns[0].astype(np.int64)
    for column in columns[1:]:
        joint = pd.factorize(joint * (int(column.max(initial=0)) + 1) + column)[0]
    return joint


def repeats(codes: np.ndarray) -> Mask:
    """Which places hold a number that stands earlier, too."""
    return pd.Series(codes).duplicated().to_numpy()


def clip(text: str) -> str:
    """``text`` for an example: not too long, and without anybody's number or address.

    A report is handed round; it must not spread what it warns of.
    """
    text = mask(text[:_READ_CHARACTERS])
    return text if len(text) <= EXAMPLE_CHARACTERS else text[: EXAMPLE_CHARACTERS - 1] + "…"


def row_list(view: TableView, concerned: Mask) -> dict[str, Any]:
    """The params of the step that drops these rows."""
    return {"rows": view.rows[concerned].tolist()}


def _without_halves(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
