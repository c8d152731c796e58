"""The Parquet file with a corpus's rows: written as a stream, read in parts, never held as one.

Row groups are small (1,000 rows), because an answer shows ten rows that lie anywhere: with groups
of the usual size each of them would cost reading half of the file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from core.problems import N_, Problem

ID = "id"
TEXT = "text"
GROUP_ROWS = 1_000
_BATCH_ROWS = 10_000
_SLICE_ROWS = 32_768
_GROUPS_KEPT = 64
"""Row groups that are remembered: some 30 MB of texts with 300 characters."""
_FILES_KEPT = 8


class CorpusEmpty(Problem):
    what = N_("The table for {name} has no row with a text in column {column}.")
    do = N_("Choose the column that holds the texts to search in, or another file.")


class NoSuchColumn(Problem):
    what = N_("The table for {name} has no column named {column}; it has: {columns}.")
    do = N_("Choose one of its columns.")


class IdMissing(Problem):
    what = N_("Column {column} should name every text, but row {row} of {name} is empty there.")
    do = N_("Fill it in, or choose no id column: the rows are then numbered.")


class IdRepeated(Problem):
    what = N_("The id {id} stands in rows {first} and {second} of {name}.")
    do = N_("Make the ids in column {column} different, or choose no id column.")


@dataclass(frozen=True)
class Written:
    """What became of a table: rows kept, rows without a text, the further columns in order."""

    rows: int
    left_out: int
    fields: tuple[str, ...]


def batches_of(frame: pd.DataFrame) -> Iterator[pa.RecordBatch]:
    """A table in memory as the stream that :func:`write_passages` reads; one batch at least."""
    frame = frame.set_axis([str(column) for column in frame.columns], axis=1)
    for start in range(0, max(len(frame), 1), _BATCH_ROWS):
        part = frame.iloc[start : start + _BATCH_ROWS].fillna("").astype(str)
        yield pa.RecordBatch.from_pydict(
            {name: pa.array(part[name].tolist(), pa.string()) for name in part.columns}
        )


def write_passages(
    path: Path,
    name: str,
    batches: Iterable[pa.RecordBatch],
    *,
    text_column: str,
    id_column: str | None = None,
) -> Written:
    """Write the rows with a text as columns ``id``, ``text`` and the further ones, all strings.

    One batch is held at a time, and 16 bytes for every row when there is an id column.

    Args:
        path: the file to write; what a refusal leaves there is no whole file.
        name: what people call the table, for messages.
        batches: the table; empty cells may be null, and cells of any simple type.
        text_column: the column with the texts; rows where it is blank are left out.
        id_column: the column that names each text; rows are numbered from 1 when None.

    Raises:
        NoSuchColumn, CorpusEmpty, IdMissing, IdRepeated: the table cannot be used.
    """
    layout: _Layout | None = None
    ids = _Ids(name, id_column)
    read = 0
    with _GroupWriter(path) as writer:
        for batch in batches:
            if layout is None:
                layout = _Layout.of(name, batch.schema.names, text_column, id_column)
            columns = {column: _as_strings(batch.column(column)) for column in layout.columns}
            kept = pc.not_equal(pc.utf8_trim_whitespace(columns[text_column]), pa.scalar(""))
            numbers = read + 1 + np.flatnonzero(kept.to_numpy(zero_copy_only=False))
            read += batch.num_rows
            rows = pa.table(columns).filter(kept)
            if id_column is None:
                names = list(map(str, numbers.tolist()))
            else:
                trimmed = pc.utf8_trim_whitespace(rows.column(id_column))
                names = cast("list[str]", trimmed.to_pylist())
                ids.take(names, numbers)
            writer.write(layout.arranged(names, rows))
        rows_written = writer.rows
    if not rows_written or layout is None:
        raise CorpusEmpty(name=name, column=text_column)
    ids.check(path)
    return Written(rows_written, read - rows_written, layout.fields)


def content_digest(path: Path) -> hashlib._Hash:
    """SHA-256 of the columns' names and cells as JSON, one column after the other.

    It is open for more; the same rows give the same digest however the file is divided.
    """
    digest = hashlib.sha256()
    with pq.ParquetFile(path) as file:
        for column in file.schema_arrow.names:
            digest.update(f"[{json.dumps(column, ensure_ascii=False)}, [".encode())
            separator = b""
            for batch in file.iter_batches(_BATCH_ROWS, columns=[column]):
                values = json.dumps(batch.column(0).to_pylist(), ensure_ascii=False)[1:-1]
                digest.update(separator + values.encode())
                separator = b", "
            digest.update(b"]]")
    return digest


@dataclass(frozen=True)
class Passages:
    """A file that :func:`write_passages` wrote.

    Attributes:
        path: where it is.
        key: of its content; parts that were read are remembered under path and key.
    """

    path: Path
    key: str

    def column(self, name: str) -> pa.ChunkedArray[Any]:
        """One column, in order."""
        with pq.ParquetFile(self.path, memory_map=True) as file:
            return file.read(columns=[name]).column(name)

    def table(self) -> pa.Table:
        """All columns."""
        with pq.ParquetFile(self.path, memory_map=True) as file:
            return file.read()

    def batches(
        self, columns: Sequence[str] | None = None, rows: int = _BATCH_ROWS
    ) -> Iterator[pa.RecordBatch]:
        """All columns or those named, so many rows at a time."""
        with pq.ParquetFile(self.path, memory_map=True) as file:
            yield from file.iter_batches(rows, columns=None if columns is None else list(columns))

    def slices(self, rows: int = _SLICE_ROWS) -> Iterator[list[str]]:
        """The texts, so many at a time (fewer in the last slice)."""
        with pq.ParquetFile(self.path, memory_map=True) as file:
            for batch in file.iter_batches(rows, columns=[TEXT]):
                yield cast("list[str]", batch.column(0).to_pylist())

    def take(self, positions: Sequence[int]) -> list[dict[str, str]]:
        """The rows at ``positions`` in that order; only the groups that hold them are read."""
        starts = _starts(self.path, self.key)
        groups = np.searchsorted(starts, positions, side="right") - 1
        found = []
        for position, group in zip(positions, groups.tolist(), strict=True):
            rows = _group(self.path, self.key, group)
            found.extend(rows.slice(position - int(starts[group]), 1).to_pylist())
        return found


@lru_cache(maxsize=_FILES_KEPT)
def _metadata(path: Path, key: str) -> pq.FileMetaData:
    with pq.ParquetFile(path) as file:
        return file.metadata


@lru_cache(maxsize=_FILES_KEPT)
def _starts(path: Path, key: str) -> NDArray[np.int64]:
    """The position of each row group's first row."""
    metadata = _metadata(path, key)
    sizes = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
    return np.cumsum([0, *sizes[:-1]], dtype=np.int64)


@lru_cache(maxsize=_GROUPS_KEPT)
def _group(path: Path, key: str, group: int) -> pa.Table:
    with pq.ParquetFile(path, metadata=_metadata(path, key), memory_map=True) as file:
        return file.read_row_group(group, use_threads=False)


def _as_strings(column: pa.Array[Any]) -> pa.Array[Any]:
    """The cells as strings, an empty one where there is none."""
    if not pa.types.is_string(column.type):
        try:
            column = column.cast(pa.string())
        except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
            cells = (None if cell is None else str(cell) for cell in column.to_pylist())
            column = pa.array(cells, pa.string())
    return column.fill_null("")


@dataclass(frozen=True)
class _Layout:
    """Which column of the table becomes which: ``fields`` are the new names of ``further``."""

    columns: tuple[str, ...]
    text_column: str
    further: tuple[str, ...]
    fields: tuple[str, ...]

    @classmethod
    def of(
        cls, name: str, columns: Sequence[str], text_column: str, id_column: str | None
    ) -> _Layout:
        for wanted in (text_column, id_column):
            if wanted is not None and wanted not in columns:
                raise NoSuchColumn(name=name, column=wanted, columns=", ".join(columns))
        further = [column for column in columns if column not in (text_column, id_column)]
        fields: list[str] = []
        for field in further:
            while field in (ID, TEXT, *fields):
                field += "_"
            fields.append(field)
        return cls(tuple(columns), text_column, tuple(further), tuple(fields))

    def arranged(self, ids: list[str], rows: pa.Table) -> pa.Table:
        """The table as it is stored."""
        columns = [rows.column(one) for one in (self.text_column, *self.further)]
        return pa.table([pa.array(ids, pa.string()), *columns], names=[ID, TEXT, *self.fields])


class _GroupWriter:
    """A Parquet file whose row groups have :data:`GROUP_ROWS` rows, however rows come in."""

    def __init__(self, path: Path) -> None:
        self.rows = 0
        self._path = path
        self._writer: pq.ParquetWriter | None = None
        self._waiting: pa.Table | None = None

    def __enter__(self) -> _GroupWriter:
        return self

    def write(self, table: pa.Table) -> None:
        """Append rows; those that do not fill a group wait for others."""
        self.rows += table.num_rows
        if self._waiting is not None:
            table = pa.concat_tables([self._waiting, table])
        whole = table.num_rows - table.num_rows % GROUP_ROWS
        self._append(table.slice(0, whole))
        # Copied, because a slice would hold on to the whole table.
        self._waiting = table.slice(whole).combine_chunks()

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        if self._waiting is not None and kind is None:
            self._append(self._waiting)
        if self._writer is not None:
            self._writer.close()

    def _append(self, table: pa.Table) -> None:
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, table.schema)
        if table.num_rows:
            self._writer.write_table(table, row_group_size=GROUP_ROWS)


class _Ids:
    """Whether every row has an id of its own, remembering 16 bytes of each."""

    def __init__(self, name: str, column: str | None) -> None:
        self._name = name
        self._column = column
        self._hashes: list[NDArray[np.uint64]] = []
        self._numbers: list[NDArray[np.int64]] = []

    def take(self, ids: list[str], numbers: NDArray[np.int64]) -> None:
        """Learn the ids of some rows; raises IdMissing."""
        if "" in ids:
            row = int(numbers[ids.index("")])
            raise IdMissing(column=self._column, row=row, name=self._name)
        digests = b"".join(hashlib.blake2b(id.encode(), digest_size=8).digest() for id in ids)
        self._hashes.append(np.frombuffer(digests, np.uint64))
        self._numbers.append(numbers)

    def check(self, path: Path) -> None:
        """Raise IdRepeated when two rows of the written file have the same id."""
        if not self._hashes:
            return
        hashes, numbers = np.concatenate(self._hashes), np.concatenate(self._numbers)
        ordered = np.sort(hashes)
        doubtful = np.isin(hashes, ordered[1:][ordered[1:] == ordered[:-1]])
        if not doubtful.any():
            return
        first: dict[str, int] = {}
        start = 0
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(_SLICE_ROWS, columns=[ID]):
                for at in np.flatnonzero(doubtful[start : start + batch.num_rows]).tolist():
                    id, number = batch.column(0)[at].as_py(), int(numbers[start + at])
                    if id in first:
                        raise IdRepeated(
                            id=id,
                            first=first[id],
                            second=number,
                            name=self._name,
                            column=self._column,
                        )
                    first[id] = number
                start += batch.num_rows
