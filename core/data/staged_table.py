"""A table as it lies on disk after it was read: a page of rows at a time, never the whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core.data.read import Source
from core.data.reading.formats import read_file
from core.data.reading.lists import expand_lists, list_widths
from core.data.reading.refusals import NoUsableRows
from core.data.reading.rows import ROW, Facts, ReadOptions
from core.data.reading.sinks import CHUNK_ROWS, ChunkSink
from core.files import read_json, write_json
from core.problems import N_, Message, Problem

INFO_FILE = "table.json"
ROWS_FILE = "rows.parquet"
QUARANTINE_FILE = "quarantine.parquet"

Progress = Callable[[Message, float | None], None]
"""Told what is being done, and which share of it (0 to 1) is done where that is known."""


class StagedTableDamaged(Problem):
    what = N_("What was read of {file} is no longer whole.")
    do = N_("Bring the file in again.")


_READING = N_("Reading the table: {rows:,} rows so far")
_LISTS = Message(N_("Making columns of lists"))
_QUARANTINE_FIELDS: list[Any] = [
    pa.field(ROW, pa.int64()),
    pa.field("reason", pa.large_string()),
    pa.field("text", pa.large_string()),
]
_QUARANTINE_SCHEMA = pa.schema(_QUARANTINE_FIELDS)


@dataclass(frozen=True)
class StagedInfo:
    """What is known about a table that was read.

    Attributes:
        id: of the upload.
        name: the file's name, without folders.
        facts: how it was read.
        columns: the names of its columns.
        rows: how many rows there are to use; ``quarantined`` were set aside.
        sha256: of the file's bytes; ``bytes`` is how many there are.
        options: how it was asked to be read.
    """

    id: str
    name: str
    facts: Facts
    columns: tuple[str, ...]
    rows: int
    quarantined: int
    sha256: str
    bytes: int
    options: ReadOptions

    @property
    def source(self) -> Source:
        """What a dataset remembers of the table it was made from."""
        return Source.of(self.name, self.facts, self.sha256, self.quarantined)

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready form that :meth:`from_json` reads back."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> StagedInfo:
        """Read back what :meth:`to_json` wrote.

        Raises:
            KeyError, TypeError: it is not that.
        """
        facts = data["facts"]
        tuples = {name: tuple(facts[name]) for name in ("sheets", "members")}
        return cls(
            **{
                **data,
                "facts": Facts(**{**facts, **tuples}),
                "columns": tuple(data["columns"]),
                "options": ReadOptions(**data["options"]),
            }
        )


@dataclass(frozen=True)
class StagedTable:
    """A table on disk: what is known about it, and its rows."""

    info: StagedInfo
    folder: Path

    @classmethod
    def load(cls, folder: Path) -> StagedTable | None:
        """The table in ``folder``, None when there is none."""
        try:
            return cls(StagedInfo.from_json(read_json(folder / INFO_FILE)), folder)
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def page(self, start: int, rows: int) -> pd.DataFrame:
        """``rows`` rows from place ``start`` (from 0) on, index :data:`ROW`; fewer at the end.

        Raises:
            StagedTableDamaged: the file of rows is missing or not whole.
        """
        return self._slice(ROWS_FILE, start, rows, [*self.info.columns, ROW]).set_index(ROW)

    def head(self, rows: int) -> pd.DataFrame:
        """The first ``rows`` rows; see :meth:`page`."""
        return self.page(0, rows)

    def frame(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """All rows, of all columns or the given ones, index :data:`ROW`; see :meth:`page`."""
        wanted = [*(self.info.columns if columns is None else columns), ROW]
        with self._opened(ROWS_FILE) as file:
            table = file.read(columns=wanted).select(wanted)
        # Hand each column's memory over as it is converted: two copies are never there at once.
        frame = table.to_pandas(split_blocks=True, self_destruct=True)
        return frame.set_index(ROW)

    def batches(self, rows: int = 10_000) -> Iterator[pa.RecordBatch]:
        """All rows without their numbers, so many at a time; see :meth:`page`."""
        with self._opened(ROWS_FILE) as file:
            for batch in file.iter_batches(rows):
                yield batch.select(self.info.columns)

    def quarantine_page(self, start: int, rows: int) -> pd.DataFrame:
        """Rows that were set aside: row, reason (the JSON of a Message), text; see :meth:`page`."""
        return self._slice(QUARANTINE_FILE, start, rows, None)

    def _slice(self, name: str, start: int, rows: int, columns: list[str] | None) -> pd.DataFrame:
        with self._opened(name) as file:
            sizes = [
                file.metadata.row_group(group).num_rows
                for group in range(file.metadata.num_row_groups)
            ]
            ends = np.cumsum([0, *sizes])
            first = int(np.searchsorted(ends, start, side="right")) - 1
            last = int(np.searchsorted(ends, start + rows, side="left"))
            groups = list(range(first, min(last, len(sizes))))
            piece = file.read_row_groups(groups, columns=columns)
            # Asked for "a", the library gives "a.b" too.
            piece = piece if columns is None else piece.select(columns)
            return piece.slice(start - int(ends[first]), rows).to_pandas()

    @contextmanager
    def _opened(self, name: str) -> Iterator[pq.ParquetFile]:
        try:
            with pq.ParquetFile(self.folder / name) as file:
                yield file
        except (OSError, pa.ArrowException) as error:
            raise StagedTableDamaged(file=self.info.name) from error


def write_table(
    path: Path,
    folder: Path,
    *,
    id: str,
    name: str,
    sha256: str,
    options: ReadOptions,
    progress: Progress | None = None,
) -> StagedInfo:
    """Read the file at ``path`` into the empty ``folder``.

    Raises:
        Problem: the file is refused; see :func:`core.data.read.read_table`.
    """
    rows_path = folder / ROWS_FILE
    with _Writer(rows_path) as kept, _Quarantine(folder / QUARANTINE_FILE) as aside:

        def keep(chunk: pa.Table) -> None:
            kept.write(chunk)
            if progress is not None:
                progress(Message(_READING, {"rows": kept.rows}), None)

        sink = ChunkSink(keep, aside.add)
        facts = read_file(path, name, options, sink, minimum_columns=1, scratch=folder)
        sink.close()
        if not sink.rows:
            raise NoUsableRows(file=name, rows=sink.quarantined)
    widths = list_widths(lambda: _chunks(rows_path), sink.lists.candidates())
    if widths:
        if progress is not None:
            progress(_LISTS, None)
        expanded = folder / f"expanded-{ROWS_FILE}"
        with _Writer(expanded) as writer:
            for chunk in expand_lists(_chunks(rows_path), widths):
                writer.write(chunk)
        expanded.replace(rows_path)
    left_out = {ROW, *sink.nameless_blank()}
    info = StagedInfo(
        id=id,
        name=name,
        facts=facts,
        columns=tuple(one for one in pq.read_schema(rows_path).names if one not in left_out),
        rows=sink.rows,
        quarantined=sink.quarantined,
        sha256=sha256,
        bytes=path.stat().st_size,
        options=options,
    )
    write_json(folder / INFO_FILE, info.to_json())
    return info


def _chunks(path: Path) -> Iterator[pa.Table]:
    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            yield file.read_row_group(group)


class _Writer:
    """A Parquet file that takes tables, one row group each; made with the first of them."""

    def __init__(self, path: Path, schema: pa.Schema | None = None) -> None:
        self.rows = 0
        self._path = path
        self._writer = self._open(schema) if schema is not None else None

    def write(self, table: pa.Table) -> None:
        """Append a row group."""
        if self._writer is None:
            self._writer = self._open(table.schema)
        self._writer.write_table(table, row_group_size=max(1, table.num_rows))
        self.rows += table.num_rows

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._writer is not None:
            self._writer.close()

    def _open(self, schema: pa.Schema) -> pq.ParquetWriter:
        return pq.ParquetWriter(self._path, schema, compression="zstd")


class _Quarantine(_Writer):
    """The file of rows that were set aside."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, _QUARANTINE_SCHEMA)
        self._waiting: list[tuple[int, str, str]] = []

    def add(self, number: int, reason: Message, text: str) -> None:
        """Take a row."""
        self._waiting.append((number, json.dumps(reason.to_json(), ensure_ascii=False), text))
        if len(self._waiting) >= CHUNK_ROWS:
            self._flush()

    def __exit__(self, *error: object) -> None:
        self._flush()
        super().__exit__(*error)

    def _flush(self) -> None:
        if self._waiting:
            columns = zip(*self._waiting, strict=True)
            arrays: list[Any] = [
                pa.array(column, field.type)
                for column, field in zip(columns, _QUARANTINE_SCHEMA, strict=True)
            ]
            self.write(pa.table(arrays, schema=_QUARANTINE_SCHEMA))
            self._waiting = []
