"""Reading a workbook: Excel's .xlsx, .xlsm, .xlsb and .xls, and OpenDocument's .ods."""

from __future__ import annotations

import marshal
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

from core.data.reading.cells import BLANK_ROW, NOT_TEXT, different_names, is_blank, sample_places
from core.data.reading.headers import column_letters, has_header
from core.data.reading.refusals import NoDataRows, OneColumnOnly, UnknownSheet
from core.data.reading.rows import Facts, ReadOptions, RowSink
from core.data.reading.unpacking import require_modest_size
from core.problems import N_, Message, Problem
from core.workspace import PROJECT_ROOT


class WorkbookEncrypted(Problem):
    what = N_("{file} is protected with a password, so it cannot be read.")
    do = N_("Open it, save it without a password, and choose that file.")


class WorkbookDamaged(Problem):
    what = N_("{file} is a workbook that cannot be read: it is damaged or not whole.")
    do = N_(
        "Open it in Excel, save it again, and choose that file. Or save the sheet as CSV UTF-8."
    )


class WorkbookTooLarge(Problem):
    what = N_("{file} cannot be opened: a sheet takes more memory than a table may.")
    do = N_(
        "A single cell very far from the table is often the cause: delete it, "
        "or copy the table into a new workbook. Or save the sheet as CSV UTF-8."
    )


class WorkbookEmpty(Problem):
    what = N_("{file} is a workbook without any text in it.")
    do = N_("Check that the right file was saved.")


_ABOVE_HEADER = Message(N_("The row stands above the table, like a title."))

_HEADER_ROWS = 50
_OLE = b"\xd0\xcf\x11\xe0"
_OLE_STREAMS = [name.encode("utf-16-le") for name in ("Workbook", "Book")]
_OLE_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_OOXML_PARTS = ("xl/workbook.xml", "xl/workbook.bin")
_ODS = b"application/vnd.oasis.opendocument.spreadsheet"
_FORMATS = {
    "xl/workbook.bin": N_("Excel workbook (binary)"),
    "xl/workbook.xml": N_("Excel workbook"),
}
_OPEN_DOCUMENT = N_("OpenDocument spreadsheet")
_OLD_EXCEL = N_("Excel workbook (97–2003)")


def is_workbook(path: Path, head: bytes) -> bool:
    """Whether the file is a workbook, as far as its contents say; names are not looked at."""
    if head.startswith(_OLE):
        content = path.read_bytes()
        return any(stream in content for stream in (*_OLE_STREAMS, _OLE_ENCRYPTED))
    if not head.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return bool(set(_OOXML_PARTS) & set(archive.namelist())) or _ODS in head[:200]
    except zipfile.BadZipFile:
        # Cut off: the table of contents is missing, but the first parts say what it was.
        office = b"xl/" in head or (b"docProps/" in head and b"word/" not in head)
        return office or _ODS in head[:200]


def read_workbook(
    path: Path, name: str, options: ReadOptions, sink: RowSink, minimum_columns: int
) -> Facts:
    """Read one sheet, cell by cell as a person sees it: 1 for 1.0, ISO dates, TRUE, #N/A.

    Formulas give the values that were last computed.  Where cells are merged downwards, each row
    has their text.  Blank rows and columns around the table and titles above it do not count;
    number formats (the % of 85 %) are not applied.  Rows are numbered as the sheet numbers them.

    Raises:
        WorkbookEncrypted, WorkbookDamaged, WorkbookTooLarge, WorkbookEmpty: see there.
        UnknownSheet: there is no sheet called ``options.sheet``.
        NoDataRows, OneColumnOnly: there is too little in it.
        ExpandsTooMuch: its parts would take absurdly much room.
    """
    if _is_encrypted(path):
        raise WorkbookEncrypted(file=name)
    require_modest_size(path, name)
    with _opened(path, name, options.sheet, minimum_columns) as (info, rows):
        if not info["columns"]:
            raise WorkbookEmpty(file=name)
        titles, first_rows = _first_rows(rows)
        header = options.header
        if header is None:
            header = has_header([cells for _, cells in first_rows])
        letters = [column_letters(place) for place in info["columns"]]
        names = letters
        if header:
            _, head = first_rows.pop(0)
            named = zip(head, letters, strict=True)
            names = different_names(_clean(cell) or letter for cell, letter in named)
        if not first_rows:
            raise NoDataRows(file=name)
        if len(names) < minimum_columns:
            raise OneColumnOnly(file=name, column=names[0])
        sink.start(names)
        for number, cells in titles:
            sink.set_aside(number, [cell for cell in cells if cell], _ABOVE_HEADER)
        rows_read, total = _hand_over(chain(first_rows, rows), options.sample_rows, sink)
    return Facts(
        format=_format(path),
        header=header,
        sheet=info["sheet"],
        sheets=tuple(info["sheets"]),
        rows_read=rows_read,
        sampled_from=total if total > rows_read else None,
    )


Row = tuple[int, list[str]]


@contextmanager
def _opened(
    path: Path, name: str, sheet: str | None, minimum_columns: int
) -> Iterator[tuple[dict[str, Any], Iterator[Row]]]:
    """What :mod:`core.data.reading.sheet_process` says about the workbook, and its rows."""
    command = [sys.executable, "-m", "core.data.reading.sheet_process"]
    with subprocess.Popen(
        [*command, str(path.resolve()), sheet or "", str(minimum_columns)],
        cwd=PROJECT_ROOT,
        env={**os.environ, "RUST_BACKTRACE": "0"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            info = _next(process, name)
            if info.get("refused") == "sheet":
                raise UnknownSheet(file=name, sheet=sheet)
            if "refused" in info:
                raise WorkbookDamaged(file=name)
            yield info, _rows(process, name)
        finally:
            process.kill()


def _is_encrypted(path: Path) -> bool:
    """Whether it is a workbook of today in the wrapping that a password gives it."""
    with path.open("rb") as file:
        return file.read(4) == _OLE and _OLE_ENCRYPTED in file.read()


def _rows(process: subprocess.Popen[bytes], name: str) -> Iterator[Row]:
    while batch := _next(process, name):
        yield from batch


def _next(process: subprocess.Popen[bytes], name: str) -> Any:
    """The next value that the process writes; it ends without one when it ran out of memory."""
    assert process.stdout is not None
    try:
        return marshal.load(process.stdout)
    except (EOFError, ValueError, TypeError) as error:
        if process.wait() in (-signal.SIGABRT, -signal.SIGKILL):
            raise WorkbookTooLarge(file=name) from error
        raise WorkbookDamaged(file=name) from error


def _first_rows(rows: Iterator[Row]) -> tuple[list[Row], list[Row]]:
    """The titles above the table; then its first rows, from the first that is not blank on.

    A title is a row with a single text above rows that have more of them.
    """
    first: list[Row] = []
    for row in rows:
        if first or not is_blank(row[1]):
            first.append(row)
        if len(first) == _HEADER_ROWS:
            break
    several = next((n for n, (_, cells) in enumerate(first) if _filled(cells) > 1), 0)
    titles = [row for row in first[:several] if not is_blank(row[1])]
    return titles, first[several:]


def _filled(cells: Sequence[str]) -> int:
    return sum(cell.strip() != "" for cell in cells)


def _hand_over(rows: Iterator[Row], sample_rows: int | None, sink: RowSink) -> tuple[int, int]:
    """Give the rows to the sink; returns how many were read and how many there are."""
    if sample_rows is not None:
        everything = _without_blank_end(rows)
        total = len(everything)
        rows = iter([everything[place] for place in sample_places(total, sample_rows)])
    read = 0
    blank: list[int] = []
    for number, cells in rows:
        if is_blank(cells):
            blank.append(number)
            continue
        # Blank rows count only when something follows them.
        for blank_number in blank:
            sink.set_aside(blank_number, [], BLANK_ROW)
        read += len(blank) + 1
        blank.clear()
        sink.keep(number, cells)
    return read, read if sample_rows is None else total


def _without_blank_end(rows: Iterator[Row]) -> list[Row]:
    everything = list(rows)
    while everything and is_blank(everything[-1][1]):
        everything.pop()
    return everything


def _clean(cell: str) -> str:
    return " ".join(NOT_TEXT.sub("\ufffd", cell).split())


def _format(path: Path) -> str:
    if not zipfile.is_zipfile(path):
        return _OLD_EXCEL
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    return next((_FORMATS[part] for part in _OOXML_PARTS if part in names), _OPEN_DOCUMENT)
