"""Reading a Parquet file, a batch of rows at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.data.reading.cells import (
    BLANK_ROW,
    NO_CHARACTER,
    UNREADABLE_ROW,
    different_names,
    is_blank,
    is_text,
    json_text,
    sample_places,
    texts_of_list,
)
from core.data.reading.refusals import NoDataRows, OneColumnOnly
from core.data.reading.rows import Facts, ReadOptions, RowSink
from core.problems import N_, Problem


class ParquetDamaged(Problem):
    what = N_("{file} is a Parquet file that cannot be read: it is damaged or not whole.")
    do = N_("Write or download it again.")


class ParquetEncrypted(Problem):
    what = N_("{file} is an encrypted Parquet file.")
    do = N_("Write it without encryption where it was made.")


class ParquetWithoutTexts(Problem):
    what = N_("{file} has no column that can be read as text.")
    do = N_("Choose a file with texts; pictures and other binary columns are left out.")


_BATCH_ROWS = 20_000
_NAN, _NOTHING = pa.scalar("nan", pa.large_string()), pa.scalar("", pa.large_string())
_PANDAS_INDEX = re.compile(r"__index_level_\d+__")


def is_parquet(path: Path, head: bytes) -> bool:
    """Whether the file begins as Parquet does (or as encrypted Parquet)."""
    return head.startswith((b"PAR1", b"PARE"))


def read_parquet(
    path: Path, name: str, options: ReadOptions, sink: RowSink, minimum_columns: int
) -> Facts:
    """Read all rows, or a sample, without ever holding more than a batch of them.

    Values become the text that a person would write: 1 for 1.0, ISO dates, nothing where one is
    missing.  Fields of a struct become columns of their own, lists JSON.  Binary columns that are
    not text are left out, as is an index that pandas added.  The first row is row 1.

    Raises:
        ParquetDamaged, ParquetEncrypted, ParquetWithoutTexts: see there.
        NoDataRows, OneColumnOnly: there is too little in it.
    """
    with path.open("rb") as file:
        if file.read(4) == b"PARE":
            raise ParquetEncrypted(file=name)
    with _damage_named(name):
        parquet = pq.ParquetFile(path)
    with parquet:
        return _read(parquet, name, options, sink, minimum_columns)


def _read(
    parquet: pq.ParquetFile, name: str, options: ReadOptions, sink: RowSink, minimum_columns: int
) -> Facts:
    total = parquet.metadata.num_rows
    source = _Source(
        parquet, name, [c for c in parquet.schema_arrow.names if not _PANDAS_INDEX.fullmatch(c)]
    )
    first = next(source.batches([0], 100), None) if total else None
    if first is None:
        raise NoDataRows(file=name)
    kept = [place for place, column in enumerate(first.columns) if not _is_binary(column)]
    if not kept:
        raise ParquetWithoutTexts(file=name)
    names = different_names(first.column_names[place] for place in kept)
    if len(names) < minimum_columns and _longest_list(first, kept) < minimum_columns:
        raise OneColumnOnly(file=name, column=names[0])
    sink.start(names)
    places = None
    if options.sample_rows is not None and options.sample_rows < total:
        places = sample_places(total, options.sample_rows)
    for numbers, batch in _pieces(source, places):
        with _damage_named(name):
            columns = [_texts(batch.column(place)) for place in kept]
        _hand_over(numbers.tolist(), columns, sink)
    return Facts(
        format=N_("Parquet"),
        rows_read=total if places is None else len(places),
        sampled_from=None if places is None else total,
    )


@contextmanager
def _damage_named(name: str) -> Iterator[None]:
    """Turn whatever the Parquet library says about broken bytes into one sentence."""
    try:
        yield
    except (pa.ArrowException, OSError, EOFError, OverflowError) as error:
        raise ParquetDamaged(file=name) from error


@dataclass(frozen=True)
class _Source:
    """The open file, its name for messages, and the columns that are wanted."""

    parquet: pq.ParquetFile
    name: str
    columns: list[str]

    def batches(self, groups: list[int], rows: int) -> Iterator[pa.Table]:
        """Batches of at most ``rows`` rows; structs are columns of their own, "struct.field"."""
        with _damage_named(self.name):
            batches = self.parquet.iter_batches(
                batch_size=rows, row_groups=groups, columns=self.columns
            )
        while True:
            with _damage_named(self.name):
                batch = next(batches, None)
                if batch is None:
                    return
                table = pa.Table.from_batches([batch]).flatten()
            if table.num_rows:
                yield table


def _pieces(source: _Source, places: np.ndarray | None) -> Iterator[tuple[np.ndarray, pa.Table]]:
    """The rows at ``places`` (all when None), batch by batch, with their numbers from 1."""
    start = 0
    metadata = source.parquet.metadata
    for group in range(metadata.num_row_groups):
        rows = metadata.row_group(group).num_rows
        if places is not None and not _between(places, start, start + rows).size:
            start += rows
            continue
        for batch in source.batches([group], _BATCH_ROWS):
            numbers = np.arange(start, start + batch.num_rows)
            if places is not None:
                numbers = _between(places, start, start + batch.num_rows)
                piece = batch.take(pa.array(numbers - start, pa.int64()))
            else:
                piece = batch
            start += batch.num_rows
            if piece.num_rows:
                yield numbers + 1, piece


def _between(places: np.ndarray, start: int, end: int) -> np.ndarray:
    """The ascending ``places`` from ``start`` up to before ``end``."""
    low, high = np.searchsorted(places, [start, end])
    return places[low:high]


def _longest_list(batch: pa.Table, places: Sequence[int]) -> int:
    """How many columns the lists of the only column will make, as far as ``batch`` shows."""
    column = batch.column(places[0])
    return max((len(texts_of_list(value) or []) for value in column.to_pylist()), default=0)


def _is_binary(column: Any) -> bool:
    """Whether the column holds bytes that are not text (pictures, pickles, vectors)."""
    if not _holds_bytes(column.type):
        return False
    return any(None in _decoded(chunk) for chunk in column.chunks)


def _holds_bytes(type: pa.DataType) -> bool:
    return (
        pa.types.is_binary(type)
        or pa.types.is_large_binary(type)
        or pa.types.is_fixed_size_binary(type)
        or pa.types.is_binary_view(type)
    )


def _hand_over(numbers: list[int], columns: list[list[str | None]], sink: RowSink) -> None:
    """Keep the rows, or set them aside; None stands for a cell whose bytes are not text."""
    suspicious = any(_has_odd_cells(column) for column in columns)
    for number, row in zip(numbers, zip(*columns, strict=True), strict=True):
        cells = [NO_CHARACTER if cell is None else cell for cell in row]
        if suspicious and (None in row or not is_text("".join(cells))):
            sink.set_aside(number, cells, UNREADABLE_ROW)
        elif is_blank(cells):
            sink.set_aside(number, [], BLANK_ROW)
        else:
            sink.keep(number, cells)


def _has_odd_cells(column: Sequence[str | None]) -> bool:
    return any(cell is None or "\x00" in cell for cell in column)


def _texts(column: Any) -> list[str | None]:
    """A column as texts, "" for missing values, None where bytes are not text."""
    type = column.type
    if pa.types.is_dictionary(type):
        return _texts(column.cast(type.value_type))
    if _is_text(type) or _holds_bytes(type):
        return [text for chunk in column.chunks for text in _decoded(chunk)]
    if _is_plain(type):
        texts: Any = pc.fill_null(column.cast(pa.large_string()), "")
        if pa.types.is_floating(type):
            texts = pc.if_else(pc.equal(texts, _NAN), _NOTHING, texts)
        elif pa.types.is_timestamp(type) or pa.types.is_time(type):
            texts = pc.replace_substring_regex(texts, r"(\.\d*?)0+(Z|[+-]\d{4})?$", r"\1\2")
            texts = pc.replace_substring_regex(texts, r"\.(Z|[+-]\d{4})?$", r"\1")
            texts = pc.replace_substring_regex(texts, r" 00:00:00$", "")
        return texts.to_pylist()
    return [_nested_text(value) for value in column.to_pylist()]


def _is_text(type: pa.DataType) -> bool:
    return pa.types.is_string(type) or pa.types.is_large_string(type) or str(type) == "string_view"


def _is_plain(type: pa.DataType) -> bool:
    return (
        pa.types.is_primitive(type)
        or pa.types.is_boolean(type)
        or pa.types.is_decimal(type)
        or pa.types.is_null(type)
    ) and not (pa.types.is_duration(type) or pa.types.is_interval(type))


def _decoded(chunk: Any) -> list[str | None]:
    try:
        return [value or "" for value in chunk.cast(pa.large_string()).to_pylist()]
    except (pa.ArrowException, UnicodeDecodeError):
        return [_decode(value) for value in chunk.cast(pa.large_binary()).to_pylist()]


def _decode(value: bytes | None) -> str | None:
    try:
        return (value or b"").decode("utf-8")
    except UnicodeDecodeError:
        return None


def _nested_text(value: object) -> str:
    if value is None or value == []:
        return ""
    return json_text(value)
