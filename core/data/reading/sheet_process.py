"""Opens a workbook in a process of its own: the library ends its process when memory runs out.

``python -m core.data.reading.sheet_process FILE SHEET COLUMNS`` writes to its standard output, as
marshal values one after the other: what the workbook holds (:class:`SheetInfo` as a dict, or
``{"refused": "sheet" | "damaged"}``), then lists of (row number, cells), then an empty
list.
"""

from __future__ import annotations

import datetime
import itertools
import marshal
import os
import re
import sys
import zipfile
from collections.abc import Iterator
from typing import IO, Any, NamedTuple
from xml.etree.ElementTree import iterparse

import python_calamine as calamine

BATCH_ROWS = 2_000
MEMORY_BYTES = 4 << 30
"""What the process may take; a sheet whose cells lie absurdly far apart would take any amount."""

_DIGITS = 15
_NO_TIME = datetime.time()
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_STRICT = "{http://purl.oclc.org/ooxml/spreadsheetml/main}"
_RELATION = re.compile(r"\}id$")
_ERROR_CELL = re.compile(
    rb'<(?:\w+:)?c\b(?=[^>]*\bt="e")[^>]*\br="([A-Z]+)(\d+)"[^>]*>'
    rb"(?:(?!</(?:\w+:)?c>).)*?<(?:\w+:)?v>([^<]{1,40})</",
    re.S,
)
_PIECE = 4 << 20
_OVERLAP = 1 << 16


class SheetInfo(NamedTuple):
    """What comes before the rows.

    ``columns`` are the places (from 0) of the columns that hold anything in ``sheet``.
    """

    sheets: list[str]
    sheet: str
    columns: list[int]


def main(path: str, sheet: str, minimum_columns: str) -> None:
    """Write the sheet called ``sheet``, or the first one with a table when that is ""."""
    _limit_memory()
    out = sys.stdout.buffer
    try:
        workbook = calamine.CalamineWorkbook.from_path(path)
        rows = _Rows.choose(workbook, path, sheet, int(minimum_columns))
    except MemoryError:
        os.abort()  # as the library does
    except BaseException as error:  # a file that it cannot understand makes the library panic
        unknown = sheet and isinstance(error, calamine.WorksheetNotFound)
        marshal.dump({"refused": "sheet" if unknown else "damaged"}, out)
        return
    info = SheetInfo(_sheet_names(workbook), rows.name if rows else "", rows.places if rows else [])
    marshal.dump(info._asdict(), out)
    numbered = iter(rows) if rows else iter(())
    while batch := list(itertools.islice(numbered, BATCH_ROWS)):
        marshal.dump(batch, out)
    marshal.dump([], out)
    out.flush()


class _Rows:
    """The rows of one sheet as texts."""

    def __init__(self, sheet: calamine.CalamineSheet, path: str) -> None:
        self.name = sheet.name
        self._sheet = sheet
        self._left = sheet.start[1] if sheet.start else 0
        self._merged = _merged_down(sheet)
        self._errors = _error_cells(path, sheet.name)
        errors = {place - self._left for cells in self._errors.values() for place, _ in cells}
        self.filled, self.rows = _filled_columns(sheet, errors)

    @classmethod
    def choose(
        cls, workbook: calamine.CalamineWorkbook, path: str, wanted: str, minimum_columns: int
    ) -> _Rows | None:
        """The wanted sheet; without one, the first that has a table, else the first with cells."""
        if wanted:
            return cls(workbook.get_sheet_by_name(wanted), path)
        some = None
        for name in _sheet_names(workbook, visible_first=True):
            rows = cls(workbook.get_sheet_by_name(name), path)
            if len(rows.filled) >= minimum_columns and rows.rows > 1:
                return rows
            if some is None and rows.rows:
                some = rows
        return some

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        """Row numbers from 1 and the cells of the filled columns, blank rows included."""
        above: dict[int, str] = {}
        all_filled = self.filled == list(range(self._sheet.width))
        for number, values in enumerate(self._sheet.iter_rows(), 1):
            cells = [value if isinstance(value, str) else _text(value) for value in values]
            for place, text in self._errors.get(number, ()):
                cells[place - self._left] = text
            for place, starts in self._merged.get(number, ()):
                place -= self._left
                if starts:
                    above[place] = cells[place]
                else:
                    cells[place] = above.get(place, "")
            yield number, cells if all_filled else [cells[place] for place in self.filled]

    @property
    def places(self) -> list[int]:
        """The places of the filled columns in the sheet."""
        return [place + self._left for place in self.filled]


def _filled_columns(sheet: calamine.CalamineSheet, filled: set[int]) -> tuple[list[int], int]:
    """The columns with any text, ``filled`` among them; and how many rows have some, up to two."""
    missing = [place for place in range(sheet.width) if place not in filled]
    rows = 0
    for values in sheet.iter_rows():
        found = [place for place in missing if _is_filled(values[place])]
        if rows < 2 and (found or any(map(_is_filled, values))):
            rows += 1
        missing = [place for place in missing if place not in found] if found else missing
        if not missing and rows == 2:
            break
    return [place for place in range(sheet.width) if place not in missing], rows


def _is_filled(value: Any) -> bool:
    return value.strip() != "" if isinstance(value, str) else value is not None


def _sheet_names(workbook: calamine.CalamineWorkbook, *, visible_first: bool = False) -> list[str]:
    """The sheets with cells, in their order; hidden ones last if need be."""
    sheets = [
        sheet for sheet in workbook.sheets_metadata if sheet.typ == calamine.SheetTypeEnum.WorkSheet
    ]
    if visible_first:
        sheets.sort(key=lambda sheet: sheet.visible != calamine.SheetVisibleEnum.Visible)
    return [sheet.name for sheet in sheets]


def _merged_down(sheet: calamine.CalamineSheet) -> dict[int, list[tuple[int, bool]]]:
    """For each row (from 1), the columns of cells merged downwards; True where the merge starts.

    A person sees the text of a merged cell beside every row that it spans.
    """
    merged: dict[int, list[tuple[int, bool]]] = {}
    for (top, left), (bottom, _) in sheet.merged_cell_ranges or ():
        if bottom > top:
            for row in range(top, bottom + 1):
                merged.setdefault(row + 1, []).append((left, row == top))
    return merged


def _text(value: Any) -> str:
    """A cell as the text that a person sees in it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        whole = value.is_integer() and abs(value) < 10**_DIGITS
        return str(int(value)) if whole else format(value, f".{_DIGITS}g")
    if isinstance(value, datetime.datetime):
        return str(value.date()) if value.time() == _NO_TIME else str(value)
    if isinstance(value, datetime.timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return str(value)


def _error_cells(path: str, sheet: str) -> dict[int, list[tuple[int, str]]]:
    """For each row with errors such as #N/A, their columns and texts.

    The library hands over errors as blank cells; the file of a sheet (Office Open XML, ECMA-376,
    part 1, 18.3.1.4) says where they are.
    """
    found: dict[int, list[tuple[int, str]]] = {}
    if not zipfile.is_zipfile(path):
        return found
    with zipfile.ZipFile(path) as archive:
        part = _sheet_part(archive, sheet)
        if part is None:
            return found
        with archive.open(part) as file:
            for letters, row, text in _scan_for_errors(file):
                found.setdefault(row, []).append((_column_place(letters), text))
    return found


def _scan_for_errors(file: IO[bytes]) -> Iterator[tuple[bytes, int, str]]:
    text = b""
    while piece := file.read(_PIECE):
        text += piece
        end = 0
        if b't="e"' in text:
            for cell in _ERROR_CELL.finditer(text):
                end = cell.end()
                yield cell[1], int(cell[2]), cell[3].decode("utf-8", errors="replace")
        # A cell may go on in the next piece.
        text = text[max(end, len(text) - _OVERLAP) :]


def _column_place(letters: bytes) -> int:
    place = 0
    for letter in letters:
        place = place * 26 + letter - ord("A") + 1
    return place - 1


def _sheet_part(archive: zipfile.ZipFile, sheet: str) -> str | None:
    """The file in an Excel workbook that holds the sheet; None for other kinds of workbooks."""
    names = set(archive.namelist())
    if not {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"} <= names:
        return None
    relation = None
    with archive.open("xl/workbook.xml") as file:
        for _, element in iterparse(file):
            is_sheet = element.tag in (f"{_MAIN}sheet", f"{_STRICT}sheet")
            if is_sheet and element.get("name") == sheet:
                relation = next((v for k, v in element.items() if _RELATION.search(k)), None)
    with archive.open("xl/_rels/workbook.xml.rels") as file:
        for _, element in iterparse(file):
            if element.get("Id") == relation:
                target = element.get("Target", "")
                part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
                return part if part in names else None
    return None


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main(*sys.argv[1:])
