"""Corpora made from what is there: from another one with more rows, and from a dataset's texts."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from core.data.reading.rows import ROW
from core.data.store import load_dataset
from core.problems import N_, Problem
from core.retrieval.corpora import Corpus, create_corpus, load_corpus
from core.retrieval.judgements import carry_over
from core.retrieval.passages import (
    ID,
    TEXT,
    NoSuchColumn,
    Passages,
    batches_of,
    write_passages,
)
from core.workspace import Workspace

COLUMN_FIELD = "column"
"""The field that says in which columns of a dataset a text stands."""


class IdTaken(Problem):
    what = N_("The id {id} is in {name} already, with another text or other values.")
    do = N_(
        "Give the new row an id of its own. If the row has changed, add the whole new table as "
        "texts of its own: what was encoded before is not encoded again."
    )


@dataclass(frozen=True)
class Added:
    """What became of a table that was added to a corpus.

    Attributes:
        corpus: the id of the corpus with all rows; the old one's when nothing was new.
        rows: how many rows were added.
        already: how many rows were there already, or stand in the table a second time.
        left_out: how many rows had no text.
    """

    corpus: str
    rows: int
    already: int
    left_out: int


def add_rows(
    workspace: Workspace,
    corpus_id: str,
    table: pd.DataFrame | Iterable[pa.RecordBatch],
    *,
    text_column: str | None = None,
    id_column: str | None = None,
    name: str | None = None,
) -> Added:
    """Make a corpus of another one's rows and those of a table that it does not have yet.

    The old corpus stays as it is, but leaves the lists for the new one if that has its name
    (:mod:`core.retrieval.succession`); what was judged goes along.  Of the new one only the new
    texts are encoded.  A row is there
    already when one with the same id is; without ids, when one with the same text and fields is.
    So the whole new table can be given as well as its new rows.  A hash of every row of the table
    is held in memory.

    Args:
        workspace: where both are.
        corpus_id: the corpus to start from; its questions are kept.
        table: the rows to add; fields that only one of both has are empty for the other.
        text_column: the table's column with the texts; by default named as the corpus's was.
        id_column: the table's column with ids; rows are numbered on from the corpus's when None.
        name: what people will call the new corpus; by default as the old one.

    Raises:
        UnknownItem, CorpusDamaged: there is no such corpus, or it cannot be read.
        IdTaken: a row has the id of another row of the corpus.
        NoSuchColumn, CorpusEmpty, IdMissing, IdRepeated: the table cannot be used.
    """
    old = load_corpus(workspace, corpus_id)
    called = name or old.info.name
    batches = batches_of(table) if isinstance(table, pd.DataFrame) else table
    with tempfile.TemporaryDirectory(prefix=".new-", dir=workspace.corpora) as folder:
        path = Path(folder) / "rows.parquet"
        written = write_passages(
            path,
            called,
            batches,
            text_column=text_column or old.info.text_column,
            id_column=id_column,
        )
        new = Passages(path, "")
        columns = [TEXT, *dict.fromkeys((*old.info.fields, *written.fields))]
        met = _meet(old, new, columns, by_id=id_column is not None)
        rows = written.rows - len(met.already)
        if not rows:
            return Added(corpus_id, 0, written.rows, written.left_out)
        id = create_corpus(
            workspace,
            called,
            _both(old, new, columns, met, numbered=id_column is None),
            text_column=TEXT,
            id_column=ID,
            questions=old.info.questions,
            parent=old.info,
        )
        carry_over(old, load_corpus(workspace, id))
    return Added(id, rows, len(met.already), written.left_out)


def corpus_from_dataset(
    workspace: Workspace, dataset_id: str, columns: Sequence[str], name: str | None = None
) -> str:
    """Make a corpus of the different texts in columns of a dataset; returns its id.

    Of one column's texts, another column becomes a field when it says one thing about each of them
    (a price, a brand), but not when it says several.  Of several columns, the field ``column`` says
    in which of them a text stands.

    Args:
        workspace: where both are.
        dataset_id: the dataset.
        columns: roles that hold texts, see :func:`core.data.shapes.text_roles`.
        name: what people will call it; by default as the dataset.

    Raises:
        UnknownItem, DatasetUnreadable: there is no such dataset, or it cannot be read.
        NoSuchColumn: the dataset has no such column.
        CorpusEmpty: there is no text in these columns.
    """
    dataset = load_dataset(workspace, dataset_id)
    called = name or dataset.info.name
    names = dataset.info.names
    for column in columns:
        if column not in names:
            raise NoSuchColumn(name=called, column=column, columns=", ".join(names))
    if len(columns) == 1:
        table = _with_fields(dataset.frame(), columns[0]).rename(columns=names)
        return create_corpus(workspace, called, table, text_column=names[columns[0]])
    table = _from_several(dataset.frame(columns), columns, names)
    return create_corpus(workspace, called, table, text_column=TEXT)


@dataclass(frozen=True)
class _Met:
    """Which of the new rows (by position) are there already; the highest number that is an id."""

    already: frozenset[int]
    highest: int


def _meet(old: Corpus, new: Passages, columns: Sequence[str], *, by_id: bool) -> _Met:
    """Compare the rows of both."""
    wanted: dict[str | bytes, tuple[int, bytes]] = {}
    already: set[int] = set()
    for at, (id, content) in enumerate(_rows(new.batches(), columns)):
        key: str | bytes = id if by_id else content
        if key in wanted:
            # Only without ids, since a table's own are different: a row that stands there twice.
            already.add(at)
        else:
            wanted[key] = (at, content)
    highest = old.info.rows + old.info.left_out
    for id, content in _rows(old.batches(), columns):
        if id.isascii() and id.isdigit():
            highest = max(highest, int(id))
        match = wanted.get(id if by_id else content)
        if match is not None:
            at, theirs = match
            if theirs != content:
                raise IdTaken(id=id, name=old.info.name)
            already.add(at)
    return _Met(frozenset(already), highest)


def _rows(batches: Iterable[pa.RecordBatch], columns: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Id of each row, and a hash of what stands in ``columns``."""
    for batch in batches:
        cells = _filled(batch, columns)
        ids: list[Any] = batch.column(ID).to_pylist()
        for id, *values in zip(ids, *(cells[one].to_pylist() for one in columns), strict=True):
            text = json.dumps(values, ensure_ascii=False)
            yield id, hashlib.blake2b(text.encode(), digest_size=16).digest()


def _both(
    old: Corpus, new: Passages, columns: Sequence[str], met: _Met, *, numbered: bool
) -> Iterator[pa.RecordBatch]:
    """The old rows, then those that are new."""
    for batch in old.batches():
        yield _arranged(batch.column(ID), batch, columns)
    start = 0
    for batch in new.batches():
        kept = [at for at in range(batch.num_rows) if start + at not in met.already]
        start += batch.num_rows
        batch = batch.take(pa.array(kept, pa.int64()))
        ids = batch.column(ID)
        if numbered:
            numbers = np.asarray(ids, dtype=np.int64) + met.highest
            ids = pa.array(map(str, numbers.tolist()), pa.string())
        yield _arranged(ids, batch, columns)


def _arranged(ids: pa.Array[Any], batch: pa.RecordBatch, columns: Sequence[str]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict({ID: ids, **_filled(batch, columns)})


def _filled(batch: pa.RecordBatch, columns: Sequence[str]) -> dict[str, pa.Array[Any]]:
    """These columns, empty where the batch does not have them."""
    empty = pa.array([""] * batch.num_rows, pa.string())
    there = set(batch.schema.names)
    return {one: batch.column(one) if one in there else empty for one in columns}


def _with_fields(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """One row for each text of ``column``, with the columns that say one thing about each."""
    frame = frame.dropna(subset=column)
    texts = frame[column].nunique()
    kept = [column]
    for other in frame.columns.drop([column, ROW], errors="ignore"):
        if len(frame[[column, other]].drop_duplicates()) == texts:
            kept.append(other)
    return frame[kept].drop_duplicates(column)


def _from_several(
    frame: pd.DataFrame, columns: Sequence[str], names: dict[str, str]
) -> pd.DataFrame:
    """The texts of all columns, each once, in the order of columns and rows."""
    parts = [
        pd.DataFrame({TEXT: frame[one].drop_duplicates(), COLUMN_FIELD: names[one]})
        for one in columns
    ]
    found = pd.concat(parts, ignore_index=True).fillna("")
    grouped = found.groupby(TEXT, sort=False)[COLUMN_FIELD].agg(" · ".join)
    return grouped.reset_index()
