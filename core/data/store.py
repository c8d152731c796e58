"""Datasets on disk: one folder each, written in one step, listed, loaded, renamed and deleted."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock

from core.data.check import CheckedTable
from core.data.findings import Finding
from core.data.read import Source
from core.data.reading.rows import ROW
from core.data.shapes import SCORE, Mapping, Shape
from core.data.statistics import TextStatistics, content_hash, text_statistics
from core.files import read_json, write_json
from core.problems import N_, Problem
from core.workspace import Workspace, new_id, utc_now

DATA_FILE = "data.parquet"
INFO_FILE = "dataset.json"
_TEMPORARY = ".unfinished-"
_LOCK = ".lock"


class DatasetUnreadable(Problem):
    what = N_("The dataset {id} is damaged: {reason}.")
    do = N_("Delete it and upload its table again.")


class DatasetNameBlank(Problem):
    what = N_("A dataset needs a name.")
    do = N_("Type a name of at least one letter.")


@dataclass(frozen=True)
class DatasetInfo:
    """What ``dataset.json`` says.

    ``created`` is ISO 8601 in UTC; ``rows_before`` counts the rows that were read and fitted,
    ``rows`` those that are stored; ``left_out`` says why the others are not; ``stats`` are per text
    role; ``sample`` is the id of the bundled sample that the dataset was made from.
    """

    id: str
    name: str
    shape: Shape
    rows: int
    rows_before: int
    created: str
    content_hash: str
    mapping: Mapping
    source: Source
    left_out: tuple[Finding, ...]
    findings: tuple[Finding, ...]
    stats: dict[str, TextStatistics]
    sample: str | None = None

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready form that :meth:`from_json` reads back."""
        return {
            "id": self.id,
            "name": self.name,
            "shape": self.shape.value,
            "rows": self.rows,
            "rows_before": self.rows_before,
            "created": self.created,
            "content_hash": self.content_hash,
            "mapping": self.mapping.to_json(),
            "source": self.source.to_json(),
            "left_out": [finding.to_json() for finding in self.left_out],
            "findings": [finding.to_json() for finding in self.findings],
            "stats": {role: asdict(stats) for role, stats in self.stats.items()},
            "sample": self.sample,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> DatasetInfo:
        """Read back what :meth:`to_json` wrote.

        Raises:
            KeyError, TypeError, ValueError: it is not that.
        """
        return cls(
            **{
                **data,
                "shape": Shape(data["shape"]),
                "mapping": Mapping.from_json(data["mapping"]),
                "source": Source(**data["source"]),
                "left_out": tuple(map(Finding.from_json, data["left_out"])),
                "findings": tuple(map(Finding.from_json, data["findings"])),
                "stats": {role: TextStatistics(**s) for role, s in data["stats"].items()},
            }
        )


@dataclass(frozen=True)
class Dataset:
    """A stored dataset: what is known about it, and its rows."""

    info: DatasetInfo
    folder: Path

    def frame(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """The rows, all columns or the given ones: anchor, positive[, negative | score], row.

        Raises:
            DatasetUnreadable: the data file is missing or damaged.
        """
        try:
            table = pq.read_table(
                self.folder / DATA_FILE, columns=list(columns) if columns is not None else None
            )
        except (OSError, pa.ArrowException) as error:
            raise DatasetUnreadable(id=self.info.id, reason=str(error)) from error
        return table.to_pandas()


def store_dataset(
    ws: Workspace,
    *,
    name: str,
    checked: CheckedTable,
    mapping: Mapping,
    source: Source,
    sample: str | None = None,
) -> str:
    """Store a checked table and return the dataset's id.

    The folder appears whole or not at all.  When a dataset with the same content and mapping is
    there already, nothing is stored and its id is returned.

    Args:
        ws: the workspace.
        name: what people call the dataset.
        checked: from :func:`core.data.check.check_mapping`.
        mapping: the mapping that it was checked under.
        source: :attr:`core.data.read.Table.source` of the table it came from.
        sample: the bundled sample that it is, if it is one.
    """
    content = checked.frame.drop(columns=ROW)
    fingerprint = content_hash(content)
    with _writing(ws):
        for info in list_datasets(ws):
            if info.content_hash == fingerprint and info.mapping == mapping:
                return info.id
        info = DatasetInfo(
            id=new_id(name),
            name=_clean_name(name),
            shape=mapping.shape,
            rows=len(content),
            rows_before=checked.rows_before,
            created=utc_now(),
            content_hash=fingerprint,
            mapping=mapping,
            source=source,
            left_out=checked.left_out,
            findings=checked.findings,
            stats={r: text_statistics(content[r]) for r in content.columns if r != SCORE},
            sample=sample,
        )
        folder = ws.datasets / f"{_TEMPORARY}{secrets.token_hex(4)}"
        folder.mkdir()
        table = pa.Table.from_pandas(checked.frame, preserve_index=False)
        with (folder / DATA_FILE).open("wb") as file:
            pq.write_table(table, file, compression="zstd")
            file.flush()
            os.fsync(file.fileno())
        write_json(folder / INFO_FILE, info.to_json())
        folder.rename(ws.datasets / info.id)
    return info.id


def list_datasets(ws: Workspace) -> list[DatasetInfo]:
    """All whole datasets, the newest first; folders that are not datasets are passed over."""
    infos = []
    for folder in ws.datasets.iterdir():
        if not folder.name.startswith("."):
            try:
                infos.append(_load_info(folder))
            except DatasetUnreadable:
                continue
    return sorted(infos, key=lambda info: (info.created, info.id), reverse=True)


def load_dataset(ws: Workspace, id: str) -> Dataset:
    """The dataset ``id``; its rows are read when :meth:`Dataset.frame` is called.

    Raises:
        UnknownItem: there is no such dataset.
        DatasetUnreadable: its ``dataset.json`` is missing or damaged.
    """
    folder = ws.dataset(id)
    return Dataset(_load_info(folder), folder)


def rename_dataset(ws: Workspace, id: str, name: str) -> None:
    """Give the dataset ``id`` another name; its id stays.

    Raises:
        UnknownItem, DatasetUnreadable: see :func:`load_dataset`.
        DatasetNameBlank: the name has no visible character.
    """
    with _writing(ws):
        dataset = load_dataset(ws, id)
        info = replace(dataset.info, name=_clean_name(name))
        write_json(dataset.folder / INFO_FILE, info.to_json())


def delete_dataset(ws: Workspace, id: str) -> None:
    """Delete the dataset ``id``, also when it is damaged.  Raises UnknownItem."""
    with _writing(ws):
        # The rename makes it disappear in one step; what is then slow may be interrupted.
        doomed = ws.datasets / f"{_TEMPORARY}{secrets.token_hex(4)}"
        ws.dataset(id).rename(doomed)
        shutil.rmtree(doomed)


def _load_info(folder: Path) -> DatasetInfo:
    try:
        info = DatasetInfo.from_json(read_json(folder / INFO_FILE))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise DatasetUnreadable(id=folder.name, reason=str(error)) from error
    if info.id != folder.name or not (folder / DATA_FILE).is_file():
        raise DatasetUnreadable(id=folder.name, reason=DATA_FILE)
    return info


def _clean_name(name: str) -> str:
    cleaned = " ".join(name.split())
    if not cleaned:
        raise DatasetNameBlank
    return cleaned


@contextmanager
def _writing(ws: Workspace) -> Iterator[None]:
    """One writer at a time; what an earlier writer left unfinished when it died is removed."""
    with FileLock(ws.datasets / _LOCK):
        for leftover in ws.datasets.glob(f"{_TEMPORARY}*"):
            shutil.rmtree(leftover, ignore_errors=True)
        yield
