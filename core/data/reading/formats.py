"""The formats of tables that can be read; adding one is a reader of its own and an entry here."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from core.data.reading.archives import ARCHIVE_SUFFIXES, is_archive, unpack
from core.data.reading.delimited import read_delimited
from core.data.reading.json_rows import is_json, read_json
from core.data.reading.parquet import is_parquet, read_parquet
from core.data.reading.refusals import EmptyFile, FileUnreadable
from core.data.reading.rows import Facts, ReadOptions, RowSink
from core.data.reading.workbook import is_workbook, read_workbook
from core.problems import N_

Matches = Callable[[Path, bytes], bool]
Reader = Callable[[Path, str, ReadOptions, RowSink, int], Facts]


@dataclass(frozen=True)
class Format:
    """A kind of file.

    Attributes:
        name: what people call it, a message id.
        suffixes: how its files' names usually end, with the dot; for upload controls only.
        matches: whether a file with these first bytes (at most :data:`HEAD_BYTES`) is one: names
            lie, contents do not.
        read: reads the file into a sink: path, name for messages, options, sink, and the least
            number of columns that will do.
    """

    name: str
    suffixes: tuple[str, ...]
    matches: Matches
    read: Reader


def _read_text(
    path: Path, name: str, options: ReadOptions, sink: RowSink, minimum_columns: int
) -> Facts:
    return read_delimited(path, name, options, sink, minimum_columns=minimum_columns)


HEAD_BYTES = 65536

FORMATS: tuple[Format, ...] = (
    Format("Parquet", (".parquet", ".pq"), is_parquet, read_parquet),
    Format(N_("Workbook"), (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"), is_workbook, read_workbook),
    Format("JSON", (".jsonl", ".ndjson", ".json"), is_json, read_json),
    # What nothing else claims is text, or refused there with what it looks like.
    Format(N_("Text table"), (".csv", ".tsv", ".txt"), lambda path, head: True, _read_text),
)
"""In the order in which they are asked whether a file is theirs."""

TABLE_SUFFIXES = tuple(suffix for format in FORMATS for suffix in format.suffixes)
SUFFIXES = (*TABLE_SUFFIXES, *ARCHIVE_SUFFIXES)
"""How the names of files that can be read usually end."""


def read_file(
    path: Path,
    name: str,
    options: ReadOptions,
    sink: RowSink,
    *,
    minimum_columns: int = 2,
    scratch: Path | None = None,
) -> Facts:
    """Read a table of any format, in an archive or not, into a sink.

    Args:
        path: the file.
        name: what it is called, for messages; it is never used as a path.
        options: how to read it.
        sink: where its rows go.
        minimum_columns: 1 to accept a list of texts too.
        scratch: an existing folder on whose disk an archive may be unpacked meanwhile; None for the
            system's.

    Raises:
        Problem: FileUnreadable, EmptyFile, or what the format's reader refuses.
    """
    head = _head(path, name)
    if not is_archive(path, head):
        return _read_plain(path, name, head, options, sink, minimum_columns)
    with tempfile.TemporaryDirectory(prefix=".unpacked-", dir=scratch) as folder:
        inner = unpack(path, name, options.member, TABLE_SUFFIXES, Path(folder))
        head = _head(inner.path, inner.name)
        facts = _read_plain(inner.path, inner.name, head, options, sink, minimum_columns)
        return replace(facts, member=inner.member, members=inner.members)


def _read_plain(
    path: Path,
    name: str,
    head: bytes,
    options: ReadOptions,
    sink: RowSink,
    minimum_columns: int,
) -> Facts:
    format = next(one for one in FORMATS if one.matches(path, head))
    return format.read(path, name, options, sink, minimum_columns)


def _head(path: Path, name: str) -> bytes:
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        raise FileUnreadable(file=name, reason=error.strerror or str(error)) from error
    if not head:
        raise EmptyFile(file=name)
    return head
