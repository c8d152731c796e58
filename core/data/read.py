"""Reading a table: a text table comes in, text cells and the rows that did not fit go out."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from core.data.reading.encodings import UNREADABLE, detect_encoding, read_lines
from core.data.reading.not_tables import refuse_what_is_no_table
from core.data.reading.records import SINGLE_COLUMN, Layout, read_records, sniff_layout
from core.data.reading.rows import ROW
from core.problems import N_, Message, Problem


class FileUnreadable(Problem):
    what = N_("{file} cannot be read: {reason}.")
    do = N_("Check that the file is still there and that you may open it.")


class EmptyFile(Problem):
    what = N_("{file} is empty.")
    do = N_("Choose a file with a header row and at least one row of texts below it.")


class NoDataRows(Problem):
    what = N_("{file} has a header row but no rows below it.")
    do = N_("Check that the table was exported whole.")


class OneColumnOnly(Problem):
    what = N_("{file} has only one column, {column}. Training needs at least two texts in a row.")
    do = N_(
        "Write the texts that belong together side by side, separated by a comma, "
        "a semicolon, a tab or a vertical bar."
    )


class RowsDoNotFit(Problem):
    what = N_(
        "{file}: most rows do not fit the header row, which has {columns} cells; "
        "row {row} is the first of them."
    )
    do = N_(
        "Use one separator throughout, wrap texts that contain it in quotation marks, "
        "and give every column a name."
    )


_BLANK_ROW = Message(N_("The row is blank."))
_UNREADABLE_ROW = Message(N_("The row holds bytes that are not text."))
_TOO_FEW = N_("The row has {cells} cells where the header has {columns}: too few.")
_TOO_MANY = N_("The row has {cells} cells where the header has {columns}: too many.")

_FITTING_SHARE = 0.5
_CHUNK_ROWS = 50_000
_EXCERPT_CHARACTERS = 200


@dataclass(frozen=True)
class QuarantinedRow:
    """A row that was set aside: its number as a spreadsheet shows it, why, and how it begins."""

    row: int
    reason: Message
    text: str


@dataclass(frozen=True)
class Source:
    """Where a table came from: its file name, how it was written, its bytes' SHA-256."""

    name: str
    encoding: str
    separator: str
    sha256: str
    rows_read: int
    quarantined: int

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready form; ``Source(**data)`` reads it back."""
        return asdict(self)


@dataclass(frozen=True)
class Table:
    """A table as it was read.

    ``frame`` has text cells only, exactly as they stand in the file; its index ``row`` holds row
    numbers as a spreadsheet shows them.  ``rows_read`` counts all rows below the header up to the
    last one that is not blank, those in ``quarantine`` included.  ``separator`` is "" when there is
    a single column.
    """

    frame: pd.DataFrame
    name: str
    encoding: str
    separator: str
    sha256: str
    rows_read: int
    quarantine: list[QuarantinedRow]

    @property
    def rows(self) -> int:
        """How many rows the frame has."""
        return len(self.frame)

    @property
    def source(self) -> Source:
        """What a dataset remembers of the table it was made from."""
        return Source(
            self.name,
            self.encoding,
            self.separator,
            self.sha256,
            self.rows_read,
            len(self.quarantine),
        )


def read_table(
    source: Path | bytes, name: str, *, header: bool = True, minimum_columns: int = 2
) -> Table:
    """Read a text table, finding out its encoding and its separator.

    Args:
        source: the file, or its bytes.
        name: the file's name, for messages and for :attr:`Table.name`.
        header: whether the first row names the columns; without one they are called as a
            spreadsheet calls them: A, B, C …
        minimum_columns: 1 to accept a list of texts too (a search corpus).

    Raises:
        FileUnreadable: the file cannot be opened.
        EmptyFile: there is no text in it.
        NotATable: it is something else: a PDF, a workbook, an archive, a picture …
        Undecodable: it is text in an encoding that Pairloom does not know.
        NoDataRows: there is nothing below the header.
        OneColumnOnly: there are fewer columns than ``minimum_columns``.
        RowsDoNotFit: most rows have another number of cells than the header.
    """
    data = source if isinstance(source, bytes) else _read_file(source, name)
    if not re.search(rb"\S", data):
        raise EmptyFile(file=name)
    refuse_what_is_no_table(data, name)
    encoding = detect_encoding(data, name)
    lines = read_lines(data, encoding)
    layout = sniff_layout(lines, header=header)
    if layout.fitting < _FITTING_SHARE and minimum_columns == 1:
        layout = SINGLE_COLUMN
    damaged = encoding.errors != "strict" or any("\x00" in line for line in lines)
    sorted_rows = _sort_rows(lines, layout, header=header, damaged=damaged)
    if sorted_rows.rows_read == 0:
        raise NoDataRows(file=name) if sorted_rows.names else EmptyFile(file=name)
    frame = sorted_rows.frame(layout.width.named)
    if frame.shape[1] < minimum_columns:
        raise OneColumnOnly(file=name, column=frame.columns[0])
    if len(frame) < _FITTING_SHARE * (len(frame) + sorted_rows.misfits):
        first_misfit = next(row for row in sorted_rows.quarantine if row.reason is not _BLANK_ROW)
        raise RowsDoNotFit(file=name, columns=layout.width.columns, row=first_misfit.row)
    return Table(
        frame=frame,
        name=name,
        encoding=encoding.name,
        separator=layout.dialect.separator,
        sha256=hashlib.sha256(data).hexdigest(),
        rows_read=sorted_rows.rows_read,
        quarantine=sorted_rows.quarantine,
    )


def _read_file(path: Path, name: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileUnreadable(file=name, reason=error.strerror or str(error)) from error


class _SortedRows:
    """The rows of a table while it is read: those that fit in columns, the others in quarantine."""

    def __init__(self, names: list[str]) -> None:
        self.names = names
        self.quarantine: list[QuarantinedRow] = []
        self.rows_read = 0
        self.misfits = 0
        self._kept: list[list[str]] = []
        self._numbers: list[int] = []
        self._chunks: list[list[pa.LargeStringArray]] = []
        self._chunk_numbers: list[np.ndarray] = []

    def keep(self, number: int, cells: list[str]) -> None:
        self._kept.append(cells)
        self._numbers.append(number)
        # Python's strings take several times the room of Arrow's: hand them over as we go.
        if len(self._kept) >= _CHUNK_ROWS:
            self._close_chunk()

    def set_aside(self, number: int, cells: Sequence[str], reason: Message) -> None:
        text = UNREADABLE.sub("\ufffd", " | ".join(cells)[:_EXCERPT_CHARACTERS].strip())
        self.quarantine.append(QuarantinedRow(number, reason, text))
        self.misfits += reason is not _BLANK_ROW

    def frame(self, named: int) -> pd.DataFrame:
        """The rows that fit; columns from ``named`` on that are blank throughout are left out."""
        self._close_chunk()
        frame = pd.DataFrame(
            {
                name: pa.chunked_array([chunk[place] for chunk in self._chunks]).to_pandas()
                for place, name in enumerate(self.names)
            }
        )
        frame.index = pd.Index(np.concatenate(self._chunk_numbers), name=ROW)
        blank = [name for name in self.names[named:] if (frame[name] == "").all()]
        return frame.drop(columns=blank)

    def _close_chunk(self) -> None:
        width = len(self.names)
        columns = zip(*self._kept, strict=True) if self._kept else [()] * width
        self._chunks.append([pa.array(column, pa.large_string()) for column in columns])
        self._chunk_numbers.append(np.array(self._numbers, dtype=np.int64))
        self._kept, self._numbers = [], []


def _sort_rows(lines: Sequence[str], layout: Layout, *, header: bool, damaged: bool) -> _SortedRows:
    """Read the rows; ``damaged`` says that some may hold what is not text."""
    width = layout.width
    rows = _SortedRows([] if header else [column_letters(n) for n in range(width.columns)])
    blank: list[int] = []
    header_row = 0
    for number, record in enumerate(read_records(lines, layout.dialect), 1):
        cells = record.cells
        if not any(cells) or (len(cells) == 1 and not cells[0].strip()):
            blank.append(number)
            continue
        if not rows.names:
            rows.names = _name_columns(cells, width.columns)
            header_row = number
            blank.clear()
            continue
        # Blank rows count only when something follows them.
        for blank_row in blank:
            rows.set_aside(blank_row, [], _BLANK_ROW)
        blank.clear()
        rows.rows_read = number - header_row
        fitting = width.fit(cells) if record.fault is None else None
        if record.fault is not None:
            rows.set_aside(number, cells, record.fault)
        elif fitting is None:
            counts = {"cells": len(cells), "columns": width.columns}
            template = _TOO_FEW if len(cells) < width.columns else _TOO_MANY
            rows.set_aside(number, cells, Message(template, counts))
        elif damaged and UNREADABLE.search("".join(cells)):
            rows.set_aside(number, cells, _UNREADABLE_ROW)
        else:
            rows.keep(number, fitting)
    return rows


def _name_columns(header: list[str], columns: int) -> list[str]:
    """A different name for each column: its header cell, or its letter where that is blank."""
    names: list[str] = []
    for place in range(columns):
        cell = header[place] if place < len(header) else ""
        name = " ".join(UNREADABLE.sub("\ufffd", cell).split()) or column_letters(place)
        candidate, copy = name, 1
        while candidate in names:
            copy += 1
            candidate = f"{name} ({copy})"
        names.append(candidate)
    return names


def column_letters(place: int) -> str:
    """What a spreadsheet calls the column at ``place`` (0 is A, 25 is Z, 26 is AA)."""
    letters = ""
    while place >= 0:
        place, rest = divmod(place, 26)
        letters = chr(ord("A") + rest) + letters
        place -= 1
    return letters
