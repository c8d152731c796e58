"""A dataset as a file to take away: CSV for spreadsheets, Parquet for programs."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from filelock import FileLock
from pyarrow import csv as arrow_csv

from core.data.dataset import DATA_FILE, Dataset, DatasetUnreadable
from core.data.store import load_dataset
from core.workspace import Workspace

EXPORT_FOLDER = "export"
_LOCK = ".lock"
_TEMPORARY = ".unfinished-"
_BOM = b"\xef\xbb\xbf"
_NAME_CHARACTERS = 60
# What a spreadsheet takes for a formula when a cell begins with it (OWASP ASVS 5.0, 1.2.10), also
# behind apostrophes, so that what is added can be told from what was there.
_FORMULA = r"^'*[=+\-@\t\r]"
_NUMBER = r"^[+-]?(\d+([.,]\d+)*|[.]\d+)([eE][+-]?\d+)?%?$"
_ESCAPED = re.compile(r"'(?='*[=+\-@\t\r])")

WriteRows = Callable[[Path, pa.Schema, Iterator[pa.Table]], None]


def export_csv(ws: Workspace, id: str) -> Path:
    """The dataset as a CSV file in its folder; it is written when it is not there yet.

    UTF-8 with a byte order mark, by which Excel knows that it is UTF-8; commas, quotation marks
    where they are needed; the columns are named as in the table that the dataset was made from.  A
    text that a spreadsheet would execute, because it begins with ``=``, ``+``, ``-``, ``@``, a tab
    or a carriage return, gets an apostrophe in front; numbers stay as they are.
    :func:`unescape` takes the apostrophe away again.

    Raises:
        UnknownItem, DatasetUnreadable: there is no such dataset, or its rows are damaged.
    """
    return _export(load_dataset(ws, id), "csv", _write_csv)


def export_parquet(ws: Workspace, id: str) -> Path:
    """The dataset as a Parquet file in its folder; it is written when it is not there yet.

    The columns are named as in the table that the dataset was made from; texts are as stored.

    Raises:
        UnknownItem, DatasetUnreadable: there is no such dataset, or its rows are damaged.
    """
    return _export(load_dataset(ws, id), "parquet", _write_parquet)


def escape(texts: pa.ChunkedArray[Any]) -> pa.ChunkedArray[Any]:
    """``texts`` with an apostrophe before those that a spreadsheet would execute."""
    dangerous = pc.and_not(
        pc.match_substring_regex(texts, _FORMULA), pc.match_substring_regex(texts, _NUMBER)
    )
    if not pc.any(dangerous).as_py():
        return texts
    quoted = pc.binary_join_element_wise(
        pa.scalar("'", texts.type), texts, pa.scalar("", texts.type)
    )
    return pc.if_else(dangerous, quoted, texts)


def unescape(text: str) -> str:
    """The text that :func:`export_csv` wrote as ``text``."""
    return _ESCAPED.sub("", text, count=1) if _ESCAPED.match(text) else text


def _export(dataset: Dataset, suffix: str, write: WriteRows) -> Path:
    folder = dataset.folder / EXPORT_FOLDER
    folder.mkdir(exist_ok=True)
    target = folder / f"{_file_name(dataset.info.name)}.{suffix}"
    with FileLock(folder / _LOCK):
        if target.exists():
            return target
        # Under another name when the dataset has been renamed, or half when a writer died.
        for old in (*folder.glob(f"*.{suffix}"), *folder.glob(f"{_TEMPORARY}*")):
            old.unlink()
        unfinished = folder / f"{_TEMPORARY}{secrets.token_hex(4)}"
        try:
            with _rows(dataset) as (schema, tables):
                write(unfinished, schema, tables)
            os.replace(unfinished, target)
        finally:
            unfinished.unlink(missing_ok=True)
    return target


@contextmanager
def _rows(dataset: Dataset) -> Iterator[tuple[pa.Schema, Iterator[pa.Table]]]:
    """The schema of the stored rows under their columns' names, and the rows piece by piece."""
    names = dataset.info.names
    columns = list(names)
    try:
        with pq.ParquetFile(dataset.folder / DATA_FILE) as file:
            schema = pa.schema(
                [file.schema_arrow.field(role).with_name(name) for role, name in names.items()]
            )
            groups = range(file.metadata.num_row_groups)
            yield (
                schema,
                (
                    file.read_row_group(group, columns=columns)
                    .select(columns)
                    .rename_columns(schema.names)
                    .cast(schema)
                    for group in groups
                ),
            )
    except pa.ArrowException as error:
        raise DatasetUnreadable(id=dataset.info.id, reason=str(error)) from error


def _write_csv(path: Path, schema: pa.Schema, tables: Iterator[pa.Table]) -> None:
    with path.open("wb") as file:
        file.write(_BOM)
        header = escape(pa.chunked_array([pa.array(schema.names, pa.large_string())]))
        names = map(str, header.to_pylist())
        schema = pa.schema(
            [field.with_name(name) for field, name in zip(schema, names, strict=True)]
        )
        with arrow_csv.CSVWriter(file, schema) as writer:
            for table in tables:
                columns = [
                    column if not _is_text(column.type) else escape(column)
                    for column in table.columns
                ]
                writer.write_table(pa.table(columns, schema=schema))
        file.flush()
        os.fsync(file.fileno())


def _write_parquet(path: Path, schema: pa.Schema, tables: Iterator[pa.Table]) -> None:
    with path.open("wb") as file:
        with pq.ParquetWriter(file, schema, compression="zstd") as writer:
            for table in tables:
                writer.write_table(table)
        file.flush()
        os.fsync(file.fileno())


def _is_text(type: pa.DataType) -> bool:
    return pa.types.is_string(type) or pa.types.is_large_string(type)


def _file_name(name: str) -> str:
    """A dataset's name as that of a file on any system; letters of all scripts stay."""
    return re.sub(r"[^\w-]+", "-", name)[:_NAME_CHARACTERS].strip("-_") or "dataset"
