"""Columns of lists, such as ["one", "two"] in every cell, become one column for each item."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from core.data.reading.cells import different_names, parse_list
from core.data.reading.rows import ROW

MOST_ITEMS = 32
"""Items of a list beyond this many are left out."""

_LIST_SHARE = 0.9
_NOTHING = pa.scalar("", pa.large_string())


class ListWatch:
    """Counts, while rows go by, which columns may hold lists."""

    def __init__(self) -> None:
        self._filled: dict[str, int] = {}
        self._bracketed: dict[str, int] = {}

    def see(self, chunk: pa.Table) -> None:
        """Count the cells of ``chunk`` that are filled and those that look like lists."""
        for name in chunk.column_names:
            if name == ROW:
                continue
            cells: Any = pc.utf8_trim_whitespace(chunk[name])
            bracketed = pc.and_(pc.starts_with(cells, "["), pc.ends_with(cells, "]"))
            self._filled[name] = self._filled.get(name, 0) + _true(pc.not_equal(cells, _NOTHING))
            self._bracketed[name] = self._bracketed.get(name, 0) + _true(bracketed)

    def filled(self, name: str) -> int:
        """How many cells of the column have text."""
        return self._filled.get(name, 0)

    def candidates(self) -> list[str]:
        """The columns nearly all of whose filled cells stand in square brackets."""
        return [
            name
            for name, filled in self._filled.items()
            if filled and self._bracketed[name] >= _LIST_SHARE * filled
        ]


def list_widths(
    chunks: Callable[[], Iterable[pa.Table]], candidates: Sequence[str]
) -> dict[str, int]:
    """The columns that hold lists of texts, with the length of their longest list.

    Args:
        chunks: gives the rows from the beginning whenever it is called.
        candidates: the columns to look at (:meth:`ListWatch.candidates`).
    """
    widths: dict[str, int] = {}
    for name in candidates:
        filled = lists = width = 0
        for chunk in chunks():
            for cell in _cells(chunk, name):
                if not cell.strip():
                    continue
                filled += 1
                items = parse_list(cell)
                if items is not None:
                    lists += 1
                    width = max(width, len(items))
        if width and lists >= _LIST_SHARE * filled:
            widths[name] = min(width, MOST_ITEMS)
    return widths


def expand_lists(chunks: Iterable[pa.Table], widths: Mapping[str, int]) -> Iterator[pa.Table]:
    """The chunks with every column in ``widths`` replaced by one column for each item.

    They are called "name[1]", "name[2]", … (just "name" when no list has two items).  Shorter lists
    leave blanks; a cell that is no list is the first item.
    """
    for chunk in chunks:
        names: list[str] = []
        columns: list[Any] = []
        for name in chunk.column_names:
            width = widths.get(name)
            if width is None:
                names.append(name)
                columns.append(chunk[name])
                continue
            names += [name] if width == 1 else [f"{name}[{n}]" for n in range(1, width + 1)]
            columns += _items(_cells(chunk, name), width)
        yield pa.table(columns, names=different_names(names))


def _true(flags: Any) -> int:
    return pc.sum(flags).as_py() or 0


def _cells(chunk: pa.Table, name: str) -> list[str]:
    cells: list[Any] = chunk[name].to_pylist()
    return cells


def _items(cells: Iterable[str], width: int) -> list[Any]:
    rows = []
    for cell in cells:
        items = parse_list(cell) if cell.strip() else []
        items = [cell] if items is None else items[:width]
        rows.append(items + [""] * (width - len(items)))
    columns = zip(*rows, strict=True) if rows else [()] * width
    return [pa.array(column, pa.large_string()) for column in columns]
