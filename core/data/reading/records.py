"""From the lines of a text table to its rows: quotation marks, broken rows, dialects."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from core.problems import N_, Message

CELL_CHARACTERS = 1_000_000
LINE_CHARACTERS = 8_000_000
"""A line that is longer than this is cut off by whoever reads it, one character behind."""

UNCLOSED = Message(N_("A quotation mark that opens a cell in this row is never closed."))
SWALLOWING = Message(
    N_("A quotation mark that opens a cell in this row would make the rows below part of it.")
)
TOO_LONG = Message(
    N_("A cell of this row has more than {limit:,} characters."), {"limit": CELL_CHARACTERS}
)

# The limit is there for the whole process; nothing else in it reads CSV files in another way.
csv.field_size_limit(CELL_CHARACTERS)

_NO_SEPARATOR = "\x1f"
_LOOK_AHEAD_LINES = 10_000
_ROW_LIKE_SHARE = 0.8
_BACKSLASH_QUOTE = re.compile(r'(?<!\\)((?:\\\\)*)\\"')


@dataclass(frozen=True)
class Dialect:
    r"""How cells are written.

    Attributes:
        separator: what stands between two cells; "" for a single column.
        quoted: whether quotation marks wrap cells that need it, or are always text.
        spaced: whether a space may stand between a separator and the quotation mark behind it.
        escaped: whether a quotation mark inside a wrapped cell is ``\"`` rather than ``""``.
    """

    separator: str
    quoted: bool = True
    spaced: bool = False
    escaped: bool = False

    def reader(self, lines: Iterator[str], *, strict: bool) -> Iterator[list[str]]:
        """The standard library's CSV reader for this dialect."""
        return csv.reader(
            lines,
            delimiter=self.separator or _NO_SEPARATOR,
            quoting=csv.QUOTE_MINIMAL if self.quoted else csv.QUOTE_NONE,
            skipinitialspace=self.spaced,
            strict=strict,
        )


class Record(NamedTuple):
    """One row: its cells; or, if it cannot be read, its first line as only cell, and a fault."""

    cells: list[str]
    fault: Message | None = None


def read_records(
    lines: Iterable[str], dialect: Dialect, *, columns: int = 0, stray_quotes: bool = False
) -> Iterator[Record]:
    """The rows in ``lines``, blank ones as no cells or cells without text.

    A quotation mark that is opened and never closed, or that is closed so much later that it
    swallows rows, costs its own row, not the rows below it: reading goes on with the next line.
    At most the lines of one row, and never more than 10,000, are held in memory.

    Args:
        lines: the lines with their ends.
        dialect: how cells are written.
        columns: how many cells a row usually has; 0 when that is not known, then a cell that
            swallows rows is not recognised.
        stray_quotes: whether the table is known to have quotation marks that do not wrap cells;
            the first fault is taken for such a sign too.
    """
    if dialect.escaped:
        lines = (_BACKSLASH_QUOTE.sub(r'\1""', line) for line in lines)
    source = _Lines(lines)
    reader = dialect.reader(source, strict=True)
    while True:
        source.taken = []
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            record = _recover(source, dialect)
        else:
            record = Record(cells)
        if len(source.taken) > 1 and record.fault is None:
            needed = 1 if stray_quotes else _row_like_lines_needed(columns)
            if _swallows_rows(source.taken, dialect, columns, needed):
                record = Record(source.taken[:1], SWALLOWING)
        if record.fault is not None:
            source.give_back(source.taken[1:])
            stray_quotes = True
        yield record


class _Lines(Iterator[str]):
    """Lines of which the last ones taken can be given back."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._source = iter(lines)
        self._ahead: list[str] = []
        self.taken: list[str] = []

    def __next__(self) -> str:
        taken = self.taken
        if len(taken) >= _LOOK_AHEAD_LINES:
            raise StopIteration
        line = self._ahead.pop() if self._ahead else next(self._source)
        taken.append(line)
        if len(line) > LINE_CHARACTERS:
            raise csv.Error
        return line

    def give_back(self, lines: list[str]) -> None:
        """Take back ``lines``, the last of those that were taken."""
        self._ahead += reversed(lines)
        del self.taken[len(self.taken) - len(lines) :]


def _recover(source: _Lines, dialect: Dialect) -> Record:
    """The record whose lines the strict reader refused; gives back the lines behind it."""
    lines = source.taken
    if len(lines) > 1 and not _ends_a_cell(lines[-1], dialect.separator):
        source.give_back(lines[1:])
    return _read_leniently(source.taken, dialect)


def _ends_a_cell(line: str, separator: str) -> bool:
    """Whether a cell that was opened on an earlier line ends in ``line``, if a little untidily.

    Behind its closing quote may be spaces, but no text; and a quote at the start of a cell opens
    that cell: then the earlier quote was never closed.
    """
    closing = re.match(r'((?:[^"]|"")*)" *(.?)', line)
    if closing is None:
        return False
    before = closing[1].rstrip(" ")
    return before != "" and not before.endswith(separator) and closing[2] in (separator, "", "\r")


def _read_leniently(lines: list[str], dialect: Dialect) -> Record:
    if len(lines[0]) > LINE_CHARACTERS:
        return Record(lines[:1], TOO_LONG)
    # The empty line behind the record is reached only when a quote is still open.
    source = _Lines([*lines, ""])
    try:
        cells = next(dialect.reader(source, strict=False))
    except csv.Error:
        return Record(lines[:1], TOO_LONG if len(lines) == 1 else UNCLOSED)
    if len(source.taken) != len(lines):
        return Record(lines[:1], UNCLOSED)
    return Record(cells)


def _row_like_lines_needed(columns: int) -> int:
    """How many lines of a cell must look like rows before it is believed that they are rows.

    A line of a text may well have one comma in it by chance; several in many lines it has not.
    """
    return {2: 5, 3: 3}.get(columns, 2)


def _swallows_rows(lines: list[str], dialect: Dialect, columns: int, needed: int) -> bool:
    """Whether the lines behind the first, taken as they stand, are rows of their own."""
    below = len(lines) - 1
    if columns < 2 or below < needed:
        return False
    may_fail = int((1 - _ROW_LIKE_SHARE) * below)
    for line in lines[1:]:
        cells = line.split(dialect.separator)
        if len(cells) != columns or not all(map(str.strip, cells)):
            may_fail -= 1
            if may_fail < 0:
                return False
    return True
