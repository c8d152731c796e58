"""Finished matches and searches for near-duplicates, on disk: written whole, listed, deleted."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from core.files import read_json, write_json
from core.folding import fold_column, holding
from core.matching.params import DuplicateParams, MatchParams
from core.matching.tables import MatchTable, write_rows
from core.problems import N_, Problem
from core.workspace import Workspace

META_FILE = "meta.json"
CANDIDATES_FILE, PAIRS_FILE, VECTORS_FILE = "candidates.parquet", "pairs.parquet", "vectors.npy"
_TEMPORARY = ".unfinished-"
_TABLES_KEPT = 4

Side = Literal["left", "right", "table"]


class ResultDamaged(Problem):
    what = N_("The files of this result are missing or damaged.")
    do = N_("Delete it and start the same work again.")


class NotWritten(Problem):
    what = N_("The file could not be written: {reason}.")
    do = N_("Free some disk space and try again.")


class TableMeta(BaseModel):
    """One table of a result: its name, how many rows it has, and what its columns are called."""

    model_config = ConfigDict(frozen=True)

    name: str
    rows: int
    blank: int
    text: str
    label: str | None
    fields: tuple[str, ...]


class ResultMeta(BaseModel):
    """What ``meta.json`` says.

    Attributes:
        id: the folder's name.
        created: ISO 8601 in UTC.
        seconds: how long the work took.
        match: what was asked, for a match.
        duplicates: what was asked, for a search for near-duplicates.
        tables: the tables, by the side that they are on.
        floor: pairs below this score were not kept (near-duplicates).
        distinct: how many texts are left when exact copies are counted once (near-duplicates).
        unread: which share of the texts' tokens (0 to 1) the model does not know.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    created: str
    seconds: float
    match: MatchParams | None = None
    duplicates: DuplicateParams | None = None
    tables: dict[str, TableMeta]
    floor: float = 0.0
    distinct: int = 0
    unread: float = 0.0

    @property
    def model_name(self) -> str | None:
        """The name of the model that was used."""
        model = self.match.model if self.match else None
        model = self.duplicates.model if self.duplicates else model
        return model.name if model else None


@dataclass(frozen=True)
class Result:
    """A finished match or search for near-duplicates and the places of its files."""

    meta: ResultMeta
    folder: Path

    def rows(self, side: Side, places: Sequence[int] | NDArray[np.int64]) -> pa.Table:
        """The rows of a table at these places: ``label``, ``text``, ``f0`` and so on."""
        return self._table(side).take(pa.array(places, pa.int64()))

    def containing(self, side: Side, words: str) -> NDArray[np.bool_]:
        """Which rows of a table hold ``words`` in text or label (:func:`core.folding.holding`).

        Raises:
            ResultDamaged: the table cannot be read.
        """
        try:
            columns = _read_folded(self.folder / f"{side}.parquet", self.meta.created)
        except (OSError, pa.ArrowException) as error:
            raise ResultDamaged from error
        found: NDArray[np.bool_] = np.logical_or(*(holding(one, words) for one in columns))
        return found

    def column(self, side: Side, name: str) -> NDArray[Any]:
        """A whole column of a table, for numbers."""
        return self._table(side)[name].to_numpy()

    def scored(self, file: str) -> dict[str, NDArray[Any]]:
        """The columns of candidates or pairs.

        Raises:
            ResultDamaged: the file cannot be read.
        """
        try:
            table = pq.read_table(self.folder / file)
        except (OSError, pa.ArrowException) as error:
            raise ResultDamaged from error
        return {name: table[name].to_numpy() for name in table.column_names}

    def _table(self, side: Side) -> pa.Table:
        try:
            return _read_table(self.folder / f"{side}.parquet", self.meta.created)
        except (OSError, pa.ArrowException) as error:
            raise ResultDamaged from error


@contextmanager
def writing(workspace: Workspace, id: str) -> Iterator[Path]:
    """A folder to write a result into, which then appears under its name whole or not at all."""
    for leftover in workspace.matches.glob(f"{_TEMPORARY}{id}-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    draft = workspace.matches / f"{_TEMPORARY}{id}-{secrets.token_hex(4)}"
    draft.mkdir()
    try:
        yield draft
        final = workspace.matches / id
        try:
            draft.rename(final)
        except OSError:
            # Somebody else has done the same work meanwhile.
            if not (final / META_FILE).exists():
                raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def write_table(folder: Path, side: Side, table: MatchTable, more: Mapping[str, Any]) -> None:
    """Keep the rows of a table, with further columns of numbers."""
    arrow = table.to_arrow()
    for name, values in more.items():
        arrow = arrow.append_column(name, pa.array(values))
    write_rows(arrow, str(folder / f"{side}.parquet"))


def write_scored(folder: Path, file: str, columns: Mapping[str, NDArray[Any]]) -> None:
    """Keep candidates or pairs."""
    table = pa.table({name: pa.array(values) for name, values in columns.items()})
    pq.write_table(table, folder / file, compression="zstd")


def write_meta(folder: Path, meta: ResultMeta) -> None:
    """Keep what is known about the result."""
    write_json(folder / META_FILE, meta.model_dump(mode="json"))


def load_result(workspace: Workspace, id: str) -> Result:
    """The result ``id``.

    Raises:
        UnknownItem: there is none (yet).
        ResultDamaged: its description cannot be read.
    """
    return open_result(workspace.match(id))


def open_result(folder: Path) -> Result:
    """The result in a folder.  Raises ResultDamaged."""
    try:
        return Result(ResultMeta.model_validate(read_json(folder / META_FILE)), folder)
    except (OSError, ValueError) as error:
        raise ResultDamaged from error


def list_results(workspace: Workspace) -> list[ResultMeta]:
    """All finished results, the newest first; damaged ones are passed over."""
    found = []
    for folder in workspace.matches.iterdir():
        if folder.name.startswith("."):
            continue
        try:
            found.append(load_result(workspace, folder.name).meta)
        except Problem:
            continue
    return sorted(found, key=lambda meta: (meta.created, meta.id), reverse=True)


def delete_result(workspace: Workspace, id: str) -> None:
    """Delete a result with what was decided by hand.  Raises UnknownItem."""
    folder = workspace.match(id)
    doomed = folder.with_name(f".deleted-{id}-{secrets.token_hex(4)}")
    folder.rename(doomed)
    shutil.rmtree(doomed, ignore_errors=True)


def table_meta(table: MatchTable, text: str, label: str | None) -> TableMeta:
    """What ``meta.json`` says about a table."""
    return TableMeta(
        name=table.name,
        rows=len(table),
        blank=table.blank,
        text=text,
        label=label,
        fields=tuple(table.fields),
    )


@lru_cache(maxsize=_TABLES_KEPT)
def _read_table(path: Path, created: str) -> pa.Table:
    """The table at ``path``; kept, because every page of a result needs some of its rows."""
    return pq.read_table(path)


@lru_cache(maxsize=_TABLES_KEPT)
def _read_folded(path: Path, created: str) -> tuple[Any, Any]:
    """Texts and labels of the table at ``path`` as they are searched."""
    table = _read_table(path, created)
    return fold_column(table["text"]), fold_column(table["label"])
