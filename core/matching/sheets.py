"""Writing tables of any length as CSV and as Excel workbooks, a piece at a time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from core.data.table_export import escape

EXCEL_ROWS = 1_048_576
"""How many rows a worksheet has, the header included."""
EXCEL_CHARACTERS = 32_767
"""How many characters (UTF-16 code units) a cell holds."""
_BOM = b"\xef\xbb\xbf"
_DIGITS = 4
_WIDE, _NARROW = 48, 12
_SHEET_NAME_CHARACTERS = 31

Pieces = Iterable[pa.Table]
Told = Callable[[int], None]


@dataclass(frozen=True)
class Cut:
    """What a workbook could not hold: rows that were left out, cells whose end is missing."""

    rows: int = 0
    cells: int = 0


def write_csv(path: Path, pieces: Pieces, told: Told) -> int:
    """Write pieces of one table as CSV; returns how many rows.

    UTF-8 with a byte order mark, by which Excel knows that it is UTF-8.  Texts that a spreadsheet
    would execute get an apostrophe in front (:func:`core.data.table_export.escape`).
    """
    rows = 0
    with path.open("wb") as file:
        file.write(_BOM)
        writer: arrow_csv.CSVWriter | None = None
        for piece in pieces:
            columns = [_for_csv(column) for column in piece.columns]
            if writer is None:
                names = escape(pa.chunked_array([pa.array(piece.column_names, pa.large_string())]))
                header = list(map(str, names.to_pylist()))
                kinds = zip(header, columns, strict=True)
                schema = pa.schema([(name, column.type) for name, column in kinds])
                writer = arrow_csv.CSVWriter(file, schema)
            writer.write_table(pa.table(columns, schema=schema))
            rows += piece.num_rows
            told(rows)
        if writer is not None:
            writer.close()
        file.flush()
        os.fsync(file.fileno())
    return rows


def write_workbook(
    path: Path, title: str, pieces: Pieces, about: Sequence[tuple[str, str]], told: Told
) -> tuple[int, Cut]:
    """Write pieces of one table as a workbook; returns how many rows, and what did not fit.

    A row is written and forgotten, so that memory stays small.  Texts stay texts: one that begins
    with ``=`` is no formula, one that looks like a number or an address is neither.

    Args:
        path: the file.
        title: of the worksheet.
        pieces: the table; floats are written as numbers, everything else as text.
        about: lines of a second worksheet: what the table is and how it was made.
        told: told how many rows are written; may raise to stop.
    """
    from xlsxwriter import Workbook

    options = {"constant_memory": True, "tmpdir": str(path.parent), "in_memory": False}
    book = Workbook(str(path), options)
    try:
        sheet = book.add_worksheet(title[:_SHEET_NAME_CHARACTERS])
        rows, cut = _write_pieces(sheet, book.add_format({"bold": True}), pieces, told)
        _write_about(book, about)
    finally:
        book.close()
    return rows, cut


def _write_pieces(sheet: Any, bold: Any, pieces: Pieces, told: Told) -> tuple[int, Cut]:
    row = cells = left_out = 0
    for piece in pieces:
        if row == 0:
            _write_header(sheet, bold, piece)
            row = 1
        fitting = piece.slice(0, EXCEL_ROWS - row)
        left_out += piece.num_rows - fitting.num_rows
        columns = [column.to_pylist() for column in fitting.columns]
        for values in zip(*columns, strict=True):
            for at, value in enumerate(values):
                if isinstance(value, str):
                    text = _fitting(value)
                    cells += text is not value
                    sheet.write_string(row, at, text)
                elif value is not None and value == value:
                    sheet.write_number(row, at, round(value, _DIGITS))
            row += 1
        told(row - 1)
    return max(0, row - 1), Cut(left_out, cells)


def _write_header(sheet: Any, bold: Any, piece: pa.Table) -> None:
    sheet.freeze_panes(1, 0)
    for at, (name, column) in enumerate(zip(piece.column_names, piece.columns, strict=True)):
        text = pa.types.is_large_string(column.type)
        sheet.set_column(at, at, _WIDE if text and "text" in _role(piece, at) else _NARROW)
        sheet.write_string(0, at, _fitting(name), bold)


def _role(piece: pa.Table, at: int) -> str:
    """What a column holds, from its field's metadata; "" where nothing is said."""
    return (piece.schema.field(at).metadata or {}).get(b"role", b"").decode()


def _write_about(book: Any, about: Sequence[tuple[str, str]]) -> None:
    if not about:
        return
    sheet = book.add_worksheet("Pairloom")
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, 1, 80)
    for row, (label, value) in enumerate(about):
        sheet.write_string(row, 0, _fitting(label))
        sheet.write_string(row, 1, _fitting(value))


def _fitting(text: str) -> str:
    """``text`` as long as a cell may be; the same object when nothing had to be cut."""
    if len(text) * 2 <= EXCEL_CHARACTERS:
        return text
    units = text.encode("utf-16-le")
    if len(units) <= 2 * EXCEL_CHARACTERS:
        return text
    return units[: 2 * EXCEL_CHARACTERS].decode("utf-16-le", errors="ignore")


def _for_csv(column: pa.ChunkedArray[Any]) -> pa.ChunkedArray[Any]:
    if pa.types.is_floating(column.type):
        return pc.round(column.cast(pa.float64()), _DIGITS)
    return escape(column)
