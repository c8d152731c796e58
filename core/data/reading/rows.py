"""What every reader of a table hands over: columns' names, rows of text cells, rows set aside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from core.problems import Message

ROW = "row"
"""The name of a table's row numbers, as a spreadsheet shows them; a header is row 1."""


@dataclass(frozen=True)
class ReadOptions:
    """How to read a file; None stands for "find out".

    Attributes:
        encoding: a name in :data:`core.data.reading.encodings.ENCODINGS`; text tables only.
        separator: what stands between two cells; "" for a single column; text tables only.
        header: whether the first row names the columns; text tables and workbooks only.
        sheet: the sheet of a workbook, by name.
        member: the file in an archive, by its path there.
        sample_rows: read only that many rows, drawn evenly and always the same ones; very large
            Parquet and text files need not be loaded whole then.
    """

    encoding: str | None = None
    separator: str | None = None
    header: bool | None = None
    sheet: str | None = None
    member: str | None = None
    sample_rows: int | None = None

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready form; ``ReadOptions(**data)`` reads it back."""
        return asdict(self)


@dataclass(frozen=True)
class Facts:
    """How a file was read.

    Attributes:
        format: what it is, as a message id, such as "CSV" or "Excel workbook".
        encoding: the encoding's name; "" where the format has none to choose.
        separator: what stood between two cells; "" for a single column and for other formats.
        header: whether the first row named the columns.
        sheet: the sheet that was read; ``sheets`` are all that there are.
        member: the file in the archive that was read; ``members`` are all tables in it.
        rows_read: rows below the header up to the last one that is not blank, those that were set
            aside included.
        sampled_from: how many rows the file has, when only some of them were read.
    """

    format: str
    encoding: str = ""
    separator: str = ""
    header: bool = True
    sheet: str | None = None
    sheets: tuple[str, ...] = ()
    member: str | None = None
    members: tuple[str, ...] = ()
    rows_read: int = 0
    sampled_from: int | None = None


class RowSink(Protocol):
    """Where a reader puts what it reads; a table in memory or one on disk."""

    def start(self, names: Sequence[str]) -> None:
        """Name the columns; called once, before any row.  All names differ."""

    def keep(self, number: int, cells: Sequence[str]) -> None:
        """A row that fits: its number as a spreadsheet shows it, a text for each column."""

    def set_aside(self, number: int, cells: Sequence[str], reason: Message) -> None:
        """A row that cannot be used: its number, what could be read of it, and why."""
