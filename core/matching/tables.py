"""The tables that are matched: where they come from, their columns, their texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from core.data.reading.rows import ROW
from core.data.staging import load_staged, read_staged
from core.data.store import load_dataset
from core.problems import N_, Problem
from core.retrieval.corpora import ID, TEXT, load_corpus
from core.workspace import Workspace

_ROW_GROUP_ROWS = 20_000

Kind = Literal["dataset", "corpus", "upload"]


class ColumnGone(Problem):
    what = N_("The table {table} has no column named {column}.")
    do = N_("Choose one of its columns: {columns}.")


class TableEmpty(Problem):
    what = N_("The table {table} has no rows.")
    do = N_("Choose another table.")


class AllBlank(Problem):
    what = N_("Every row of {table} is blank in column {column}.")
    do = N_("Choose the column that holds the texts.")


class TableChoice(BaseModel):
    """A table and what of it is used.

    Attributes:
        kind: a stored dataset, a corpus of Search, or an uploaded file.
        id: of the dataset, the corpus or the upload.
        text: the column whose texts are compared.
        label: the column that names a row; None for its number.
        fields: further columns that are shown beside the text.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind
    id: str
    text: str
    label: str | None = None
    fields: tuple[str, ...] = ()

    @property
    def columns(self) -> list[str]:
        """Every column that is needed, each once."""
        named = [self.text, *([self.label] if self.label else []), *self.fields]
        return list(dict.fromkeys(named))


@dataclass(frozen=True)
class TableInfo:
    """What is known about a table before its rows are read.

    Attributes:
        name: what people call it.
        columns: the names of its columns in the file, in their order.
        titles: what each is called in the table that it came from.
        rows: how many there are.
        content: the same for equal contents.
    """

    name: str
    columns: tuple[str, ...]
    titles: dict[str, str]
    rows: int
    content: str


@dataclass(frozen=True)
class MatchTable:
    """The rows that have a text, column by column.

    Attributes:
        name: what people call the table.
        labels: what names each row: a column's value or its number.
        texts: the texts that are compared.
        fields: further columns by their names.
        blank: how many rows were left out because their text is blank.
    """

    name: str
    labels: list[str]
    texts: list[str]
    fields: dict[str, list[str]]
    blank: int

    def __len__(self) -> int:
        return len(self.texts)

    def to_arrow(self) -> pa.Table:
        """The table as it is stored: ``label``, ``text``, then ``f0``, ``f1`` … for the fields."""
        columns = [self.labels, self.texts, *self.fields.values()]
        names = ["label", "text", *(f"f{at}" for at in range(len(self.fields)))]
        return pa.table([pa.array(column, pa.large_string()) for column in columns], names=names)


def describe_table(workspace: Workspace, kind: Kind, id: str) -> TableInfo:
    """What is known about a table.

    Raises:
        UnknownItem: there is none; for an upload also when it has been tidied away.
        Problem: it is damaged.
    """
    if kind == "dataset":
        info = load_dataset(workspace, id).info
        return TableInfo(
            info.name, tuple(info.names), dict(info.names), info.rows, info.content_hash
        )
    if kind == "corpus":
        corpus = load_corpus(workspace, id).info
        columns = (TEXT, ID, *corpus.fields)
        titles = dict(zip(columns, columns, strict=True)) | {TEXT: corpus.text_column}
        return TableInfo(corpus.name, columns, titles, corpus.rows, corpus.content_hash)
    staged = load_staged(workspace, id) or read_staged(workspace, id)
    names = staged.info.columns
    titles = dict(zip(names, names, strict=True))
    return TableInfo(staged.info.name, names, titles, staged.info.rows, staged.info.sha256)


def read_rows(workspace: Workspace, choice: TableChoice) -> MatchTable:
    """The rows of a table that have a text; texts are as they stand in the table.

    Raises:
        UnknownItem: the table is gone.
        ColumnGone: it has no such column.
        TableEmpty: it has no rows.
        AllBlank: no row has a text.
        Problem: it is damaged.
    """
    info = describe_table(workspace, choice.kind, choice.id)
    for column in choice.columns:
        if column not in info.columns:
            raise ColumnGone(table=info.name, column=column, columns=", ".join(info.columns))
    frame = _frame(workspace, choice)
    if frame.empty:
        raise TableEmpty(table=info.name)
    texts = _as_text(frame[choice.text])
    kept = np.array([bool(text.strip()) for text in texts])
    if not kept.any():
        raise AllBlank(table=info.name, column=info.titles[choice.text])
    labels = _as_text(frame[choice.label]) if choice.label else list(map(str, frame.index))
    return MatchTable(
        name=info.name,
        labels=_kept(labels, kept),
        texts=_kept(texts, kept),
        fields={name: _kept(_as_text(frame[name]), kept) for name in choice.fields},
        blank=int(len(kept) - kept.sum()),
    )


def write_rows(table: pa.Table, path: str) -> None:
    """Write a stored table so that a page of it can be read without the rest."""
    pq.write_table(table, path, row_group_size=_ROW_GROUP_ROWS, compression="zstd")


def _frame(workspace: Workspace, choice: TableChoice) -> pd.DataFrame:
    """The needed columns, the index the number that names each row."""
    if choice.kind == "dataset":
        frame = load_dataset(workspace, choice.id).frame([*choice.columns, ROW])
        return frame.set_index(ROW)
    if choice.kind == "corpus":
        frame = load_corpus(workspace, choice.id).frame()
        return frame.set_index(ID, drop=False)[choice.columns]
    staged = load_staged(workspace, choice.id) or read_staged(workspace, choice.id)
    return staged.frame(choice.columns)


def _as_text(column: pd.Series) -> list[str]:
    return [value if isinstance(value, str) else _number(value) for value in column.tolist()]


def _number(value: object) -> str:
    if value is None or value != value:  # NaN is the one value that differs from itself
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)


def _kept(values: Sequence[str], kept: NDArray[np.bool_]) -> list[str]:
    return [value for value, stays in zip(values, kept.tolist(), strict=True) if stays]
