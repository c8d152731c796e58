"""From the lines of a text table to its rows: separators, quotation marks, broken rows."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from core.problems import N_, Message

SEPARATORS = ("\t", ",", ";", "|")
"""What may stand between two cells; of two that fit equally well, the earlier one is meant."""

UNCLOSED = Message(N_("A quotation mark that opens a cell in this row is never closed."))
TOO_LONG = Message(
    N_("A cell of this row has more than {limit:,} characters."), {"limit": csv.field_size_limit()}
)

_NO_SEPARATOR = "\x1f"
_SAMPLE_LINES = 2000
_SAMPLE_CHARACTERS = 400_000


@dataclass(frozen=True)
class Dialect:
    """How cells are written: the separator ("" for one column), and whether quotes wrap them."""

    separator: str
    quoted: bool = True

    def reader(self, lines: Iterator[str], *, strict: bool) -> Iterator[list[str]]:
        """The standard library's CSV reader for this dialect."""
        return csv.reader(
            lines,
            delimiter=self.separator or _NO_SEPARATOR,
            quoting=csv.QUOTE_MINIMAL if self.quoted else csv.QUOTE_NONE,
            strict=strict,
        )


class Record(NamedTuple):
    """One row: its cells; or, if it cannot be read, its first line as only cell, and a fault."""

    cells: list[str]
    fault: Message | None = None


def read_records(lines: Sequence[str], dialect: Dialect) -> Iterator[Record]:
    """The rows in ``lines``, blank ones as no cells or cells without text.

    A quotation mark that is opened and never closed costs its own row, not the rows below it:
    reading goes on with the next line.
    """
    source = _Lines(lines)
    reader = dialect.reader(source, strict=True)
    while True:
        start = source.position
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield _recover(source, start, dialect)
        else:
            yield Record(cells)


class _Lines(Iterator[str]):
    """Lines that can be read again from any position."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = lines
        self.position = 0

    def __next__(self) -> str:
        try:
            line = self.lines[self.position]
        except IndexError:
            raise StopIteration from None
        self.position += 1
        return line


def _recover(source: _Lines, start: int, dialect: Dialect) -> Record:
    """The record at line ``start`` that the strict reader refused; leaves ``source`` behind it."""
    end = source.position
    if end - start > 1 and not _ends_a_cell(source.lines[end - 1], dialect.separator):
        end = start + 1
    record = _read_leniently(source.lines[start:end], dialect)
    source.position = start + 1 if record.fault else end
    return record


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


def _read_leniently(lines: Sequence[str], dialect: Dialect) -> Record:
    # The empty line behind the record is reached only when a quote is still open.
    source = _Lines([*lines, ""])
    try:
        cells = next(dialect.reader(source, strict=False))
    except csv.Error:
        return Record([lines[0]], TOO_LONG if len(lines) == 1 else UNCLOSED)
    if source.position != len(lines):
        return Record([lines[0]], UNCLOSED)
    return Record(cells)


@dataclass(frozen=True)
class Width:
    """How many cells a row has: ``columns`` at most, of which the first ``named`` must be there."""

    columns: int
    named: int

    @classmethod
    def of(cls, header: list[str]) -> Width:
        """The width that a header row asks for; blank cells at its end need not be in every row."""
        return cls(len(header), _filled(header))

    def fit(self, cells: list[str]) -> list[str] | None:
        """The row as exactly ``columns`` cells, or None when it has too few or too many.

        Blank cells at the end of a row may be missing where the header is blank, or be too many.
        """
        if len(cells) == self.columns:
            return cells
        if len(cells) < self.named or _filled(cells) > self.columns:
            return None
        return cells[: self.columns] + [""] * (self.columns - len(cells))


def _filled(cells: list[str]) -> int:
    """How many cells there are up to the last one that is not blank."""
    return max((place for place, cell in enumerate(cells, 1) if cell.strip()), default=0)


@dataclass(frozen=True)
class Layout:
    """How a table is written, how wide it is, and the share of sampled rows that fit (0 to 1)."""

    dialect: Dialect
    width: Width
    fitting: float


SINGLE_COLUMN = Layout(Dialect(""), Width(1, 1), 1.0)


def sniff_layout(lines: Sequence[str], *, header: bool) -> Layout:
    """Find out how the table in ``lines`` is written.

    A row fits when it has as many cells as the header, or as most rows when there is no header.  A
    separator must give at least two columns; where none does, the table is a single column.
    """
    sample = _sample(lines)
    best = SINGLE_COLUMN
    for separator in SEPARATORS:
        if not any(separator in line for line in sample):
            continue
        layout = _lay_out(sample, Dialect(separator), header)
        if layout.fitting < 1 and _has_stray_quotes(sample, separator):
            plain = _lay_out(sample, Dialect(separator, quoted=False), header)
            layout = plain if plain.fitting > layout.fitting else layout
        if layout.width.named > 1 and (
            best is SINGLE_COLUMN
            or (layout.fitting, layout.width.columns) > (best.fitting, best.width.columns)
        ):
            best = layout
    return best


def _sample(lines: Sequence[str]) -> list[str]:
    sample = []
    characters = 0
    for line in lines[:_SAMPLE_LINES]:
        sample.append(line)
        characters += len(line)
        if characters > _SAMPLE_CHARACTERS:
            break
    return sample


def _lay_out(sample: Sequence[str], dialect: Dialect, header: bool) -> Layout:
    """The layout of ``sample`` if it is written in ``dialect``."""
    records = [record for record in read_records(sample, dialect) if any(record.cells)]
    if len(sample) >= _SAMPLE_LINES and len(records) > 2:
        records.pop()  # the sample may have cut it in two
    if not records:
        return SINGLE_COLUMN
    if header:
        width = Width.of(records.pop(0).cells)
    else:
        columns = Counter(len(record.cells) for record in records).most_common(1)[0][0]
        width = Width(columns, columns)
    fitting = sum(
        record.fault is None and width.fit(record.cells) is not None for record in records
    )
    return Layout(dialect, width, fitting / len(records) if records else 1.0)


def _has_stray_quotes(sample: Sequence[str], separator: str) -> bool:
    """Whether quotation marks at the start of cells are mostly text, not what wraps it."""
    wrapped = stray = 0
    for line in sample:
        for cell in line.rstrip("\r\n").split(separator):
            if cell.startswith('"'):
                whole = len(cell) > 1 and cell.endswith('"')
                if whole and '"' not in cell[1:-1].replace('""', ""):
                    wrapped += 1
                else:
                    stray += 1
    return stray > wrapped
