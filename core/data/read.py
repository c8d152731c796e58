"""Reading a table of any format into memory: text cells, and the rows that did not fit."""

from __future__ import annotations

import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from core.data.reading.formats import read_file
from core.data.reading.lists import expand_lists, list_widths
from core.data.reading.refusals import NoUsableRows, OneColumnOnly
from core.data.reading.rows import ROW, Facts, ReadOptions
from core.data.reading.sinks import ChunkSink
from core.files import file_sha256
from core.problems import Message


@dataclass(frozen=True)
class QuarantinedRow:
    """A row that was set aside: its number as a spreadsheet shows it, why, and how it begins."""

    row: int
    reason: Message
    text: str


@dataclass(frozen=True)
class Source:
    """Where a table came from: its file name, how it was read, its bytes' SHA-256.

    ``sheet`` and ``member`` say which part of a workbook or an archive it is; ``sampled_from`` how
    many rows the file has when only some were read.
    """

    name: str
    encoding: str
    separator: str
    sha256: str
    rows_read: int
    quarantined: int
    format: str = ""
    sheet: str | None = None
    member: str | None = None
    sampled_from: int | None = None

    @classmethod
    def of(cls, name: str, facts: Facts, sha256: str, quarantined: int) -> Source:
        """The source of a table that was read with these facts."""
        return cls(
            name=name,
            encoding=facts.encoding,
            separator=facts.separator,
            sha256=sha256,
            rows_read=facts.rows_read,
            quarantined=quarantined,
            format=facts.format,
            sheet=facts.sheet,
            member=facts.member,
            sampled_from=facts.sampled_from,
        )

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready form; ``Source(**data)`` reads it back."""
        return asdict(self)


@dataclass(frozen=True)
class Table:
    """A table as it was read.

    ``frame`` has text cells only, exactly as they stand in the file; its index ``row`` holds row
    numbers as a spreadsheet shows them.
    """

    frame: pd.DataFrame
    name: str
    facts: Facts
    sha256: str
    quarantine: list[QuarantinedRow]

    @property
    def rows(self) -> int:
        """How many rows the frame has."""
        return len(self.frame)

    @property
    def encoding(self) -> str:
        """The encoding's name; "" where the format has none to choose."""
        return self.facts.encoding

    @property
    def separator(self) -> str:
        """What stood between two cells; "" for a single column and for other formats."""
        return self.facts.separator

    @property
    def rows_read(self) -> int:
        """All rows below the header up to the last one with text, the quarantined included."""
        return self.facts.rows_read

    @property
    def source(self) -> Source:
        """What a dataset remembers of the table it was made from."""
        return Source.of(self.name, self.facts, self.sha256, len(self.quarantine))


def read_table(
    source: Path | bytes,
    name: str,
    *,
    options: ReadOptions | None = None,
    minimum_columns: int = 2,
) -> Table:
    """Read a table of any format, finding out which and how it is written.

    For tables that fit into memory several times; larger ones go through
    :mod:`core.data.staging`.

    Args:
        source: the file, or its bytes.
        name: the file's name, for messages and for :attr:`Table.name`.
        options: what not to find out; nothing, when None.
        minimum_columns: 1 to accept a list of texts too (a search corpus).

    Raises:
        FileUnreadable: the file cannot be opened.
        EmptyFile: there is no text in it.
        NotATable: it is something else: a PDF, a picture …
        NoDataRows: there is nothing below the header.
        OneColumnOnly: there are fewer columns than ``minimum_columns``.
        RowsDoNotFit: most rows have another number of cells than the header.
        Problem: what the formats refuse besides, see :mod:`core.data.reading.formats`.
    """
    if isinstance(source, Path):
        return _read(source, name, options or ReadOptions(), minimum_columns)
    with tempfile.NamedTemporaryFile(prefix="table-") as file:
        file.write(source)
        file.flush()
        return _read(Path(file.name), name, options or ReadOptions(), minimum_columns)


def _read(path: Path, name: str, options: ReadOptions, minimum_columns: int) -> Table:
    chunks: list[pa.Table] = []
    quarantine: list[QuarantinedRow] = []
    sink = ChunkSink(chunks.append, lambda *values: quarantine.append(QuarantinedRow(*values)))
    facts = read_file(path, name, options, sink, minimum_columns=minimum_columns)
    sink.close()
    if not sink.rows:
        raise NoUsableRows(file=name, rows=sink.quarantined)
    widths = list_widths(lambda: chunks, sink.lists.candidates())
    if widths:
        chunks = list(expand_lists(chunks, widths))
    table = pa.concat_tables(chunks).drop_columns(sink.nameless_blank())
    if table.num_columns - 1 < minimum_columns:
        raise OneColumnOnly(file=name, column=table.column_names[0])
    frame = table.to_pandas().set_index(ROW)
    return Table(frame, name, facts, file_sha256(path), quarantine)
