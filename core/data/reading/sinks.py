"""Where readers put rows: Arrow tables of a fixed size, on their way to memory or to disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa

from core.data.reading.cells import excerpt
from core.data.reading.headers import column_letters
from core.data.reading.lists import ListWatch
from core.data.reading.rows import ROW
from core.problems import Message

CHUNK_ROWS = 20_000
"""Rows in each piece that is handed on; Python's strings take several times the room of Arrow's."""


class Enough(Exception):
    """Raised by a sink that wants no more rows, through the reader to whoever made the sink."""


class ChunkSink:
    """Gathers rows and hands them on as Arrow tables of :data:`CHUNK_ROWS` rows.

    A table of kept rows has the source's columns as large_string and the row number as int64 under
    :data:`ROW`, last; a column of the source with that name becomes "row (2)".

    Args:
        kept: takes the tables of kept rows.
        aside: takes each row that was set aside: its number, the reason, how it begins.
        enough: raise :class:`Enough` once this many rows were kept.
    """

    def __init__(
        self,
        kept: Callable[[pa.Table], None],
        aside: Callable[[int, Message, str], None],
        *,
        enough: int | None = None,
    ) -> None:
        self.names: list[str] = []
        self.rows = 0
        self.quarantined = 0
        self.lists = ListWatch()
        self._kept = kept
        self._aside = aside
        self._enough = enough
        self._cells: list[Sequence[str]] = []
        self._numbers: list[int] = []

    def start(self, names: Sequence[str]) -> None:
        """Name the columns."""
        taken = set(names)
        self.names = [_free_name(name, taken) if name == ROW else name for name in names]

    def keep(self, number: int, cells: Sequence[str]) -> None:
        """Take a row that fits."""
        self._cells.append(cells)
        self._numbers.append(number)
        if len(self._cells) >= CHUNK_ROWS:
            self._hand_on()
        if self._enough is not None and self.rows + len(self._cells) >= self._enough:
            raise Enough

    def set_aside(self, number: int, cells: Sequence[str], reason: Message) -> None:
        """Take a row that cannot be used."""
        self.quarantined += 1
        self._aside(number, reason, excerpt(cells))

    def close(self) -> None:
        """Hand on the rows that are left; without any row at all, an empty table."""
        if self._cells or not self.rows:
            self._hand_on()

    def nameless_blank(self) -> list[str]:
        """Columns without a name and without any text, such as separators at the ends of rows."""
        return [
            name
            for place, name in enumerate(self.names)
            if name == column_letters(place) and not self.lists.filled(name)
        ]

    def _hand_on(self) -> None:
        columns = zip(*self._cells, strict=True) if self._cells else [()] * len(self.names)
        arrays: list[Any] = [pa.array(column, pa.large_string()) for column in columns]
        arrays.append(pa.array(self._numbers, pa.int64()))
        chunk = pa.table(arrays, names=[*self.names, ROW])
        self.rows += len(self._cells)
        self._cells, self._numbers = [], []
        self.lists.see(chunk)
        self._kept(chunk)


def _free_name(name: str, taken: set[str]) -> str:
    copy = 2
    while f"{name} ({copy})" in taken:
        copy += 1
    return f"{name} ({copy})"
