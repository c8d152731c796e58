"""Datasets on disk: one folder each, written in one step, listed, loaded, renamed, in versions."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock

from core.data.check import CheckedTable
from core.data.dataset import (
    DATA_FILE,
    INFO_FILE,
    ORIGINAL_FILE,
    REPORT_FILE,
    Dataset,
    DatasetInfo,
    DatasetUnreadable,
    load_info,
)
from core.data.prepare import AppliedStep, apply_steps
from core.data.read import Source
from core.data.reading.rows import ROW
from core.data.shapes import Mapping, shape_of, text_roles
from core.data.statistics import content_hash, text_statistics
from core.data.steps import Step
from core.files import write_json
from core.problems import N_, Message, Problem
from core.workspace import Workspace, new_id, utc_now

if TYPE_CHECKING:
    from core.data.report import DataReport

__all__ = [
    "Dataset",
    "DatasetInfo",
    "DatasetNameBlank",
    "DatasetUnreadable",
    "derive_dataset",
    "list_datasets",
    "load_dataset",
    "remove_dataset",
    "rename_dataset",
    "save_report",
    "store_dataset",
    "store_version",
    "versions",
]

_TEMPORARY = ".unfinished-"
_LOCK = ".lock"
_ROW_GROUP_ROWS = 20_000

_STEP_UNDONE = Message(N_("A step was undone."))
_STEPS_CHANGED = Message(N_("The steps were changed."))


class DatasetNameBlank(Problem):
    what = N_("A dataset needs a name.")
    do = N_("Type a name of at least one letter.")


def store_dataset(
    ws: Workspace,
    *,
    name: str,
    checked: CheckedTable,
    mapping: Mapping,
    source: Source,
    sample: str | None = None,
    steps: Sequence[Step] = (),
    held_out_source: Source | None = None,
    report: DataReport | None = None,
) -> str:
    """Store a checked table and return the dataset's id.

    The folder appears whole or not at all.  When a dataset with the same content, mapping and steps
    is there already, nothing is stored and its id is returned.

    Args:
        ws: the workspace.
        name: what people call the dataset.
        checked: from :func:`core.data.check.check_mapping`.
        mapping: the mapping that it was checked under.
        source: :attr:`core.data.read.Table.source` of the table it came from.
        sample: the bundled sample that it is, if it is one.
        steps: what is to be done to the checked rows; they are kept as they were, too.
        held_out_source: the second file that the held-out rows came from, if there was one.
        report: what the data report says about the rows after the steps.

    Raises:
        DatasetNameBlank: the name has no visible character.
        Problem: a step does not fit the table; see :func:`core.data.prepare.apply_steps`.
    """
    prepared = apply_steps(checked.frame, steps)
    info = _describe(
        prepared.frame,
        checked.frame,
        prepared.applied,
        name=name,
        rows_before=checked.rows_before,
        mapping=mapping,
        source=source,
        left_out=checked.left_out,
        findings=checked.findings,
        scale=checked.scale,
        sample=sample,
        held_out_source=held_out_source,
    )
    return _store(ws, info, prepared.frame, checked.frame, report)


def derive_dataset(
    ws: Workspace,
    id: str,
    steps: Sequence[Step],
    *,
    name: str | None = None,
    origin: Message | None = None,
) -> str:
    """A version of the dataset ``id`` with ``steps`` instead of its own; returns that version's id.

    The steps are applied to the rows as they were before any step, so leaving one out undoes it.
    When there is a dataset that is exactly that, nothing is stored and its id is returned: undoing
    the only step gives back the first version.

    Args:
        ws: the workspace.
        id: the dataset to start from; it becomes the new version's parent.
        steps: the whole list of steps.
        name: what the version is called; by default as its parent.
        origin: how it came from its parent, in a sentence; by default from the steps.

    Raises:
        UnknownItem, DatasetUnreadable: see :func:`load_dataset`.
        Problem: a step does not fit the table; see :func:`core.data.prepare.apply_steps`.
    """
    parent = load_dataset(ws, id)
    known = parent.info
    for info in list_datasets(ws):
        if info.is_made_by(known.original_hash, known.mapping, steps):
            return info.id
    original = parent.original()
    prepared = apply_steps(original, steps)
    info = _version_of(
        known,
        prepared.frame,
        original,
        prepared.applied,
        name,
        origin or _origin(known.steps, prepared.applied),
    )
    return _store(ws, info, prepared.frame, original, None)


def store_version(
    ws: Workspace, parent_id: str, frame: pd.DataFrame, origin: Message, name: str | None = None
) -> str:
    """Store new rows, such as mined negatives, as a version of a dataset; returns its id.

    Args:
        ws: the workspace.
        parent_id: the dataset that the rows were made from.
        frame: the columns of a stored dataset, in training order.
        origin: how the rows were made, in a sentence.
        name: what the version is called; by default as its parent.

    Raises:
        UnknownItem, DatasetUnreadable: see :func:`load_dataset`.
    """
    known = load_dataset(ws, parent_id).info
    info = _version_of(known, frame, frame, (), name, origin)
    return _store(ws, info, frame, frame, None)


def versions(ws: Workspace, id: str) -> list[DatasetInfo]:
    """The dataset ``id`` and all that have an origin in common with it, the oldest first.

    Raises:
        UnknownItem, DatasetUnreadable: see :func:`load_dataset`.
    """
    family = load_dataset(ws, id).info.family
    return [info for info in reversed(list_datasets(ws)) if info.family == family]


def list_datasets(ws: Workspace) -> list[DatasetInfo]:
    """All whole datasets, the newest first; folders that are not datasets are passed over."""
    infos = []
    for folder in ws.datasets.iterdir():
        if not folder.name.startswith("."):
            try:
                infos.append(load_info(folder))
            except DatasetUnreadable:
                continue
    return sorted(infos, key=lambda info: (info.created, info.id), reverse=True)


def load_dataset(ws: Workspace, id: str) -> Dataset:
    """The dataset ``id``; its rows are read when one of its methods is called.

    Raises:
        UnknownItem: there is no such dataset.
        DatasetUnreadable: its ``dataset.json`` is missing or damaged.
    """
    folder = ws.dataset(id)
    return Dataset(load_info(folder), folder)


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


def save_report(ws: Workspace, id: str, report: DataReport) -> None:
    """Keep a data report with the dataset that it is about.  Raises UnknownItem."""
    with _writing(ws):
        write_json(ws.dataset(id) / REPORT_FILE, report.to_json())


def remove_dataset(ws: Workspace, id: str) -> None:
    """Delete the dataset ``id``, also when it is damaged, without asking who needs it.

    People's requests go through :func:`core.data.usage.delete_dataset`.  Raises UnknownItem.
    """
    with _writing(ws):
        # The rename makes it disappear in one step; what is then slow may be interrupted.
        doomed = ws.datasets / f"{_TEMPORARY}{secrets.token_hex(4)}"
        ws.dataset(id).rename(doomed)
        shutil.rmtree(doomed)


def _version_of(
    parent: DatasetInfo,
    frame: pd.DataFrame,
    original: pd.DataFrame,
    applied: tuple[AppliedStep, ...],
    name: str | None,
    origin: Message,
) -> DatasetInfo:
    """What is known of rows that were made from the dataset ``parent``."""
    described = _describe(
        frame,
        original,
        applied,
        name=name or parent.name,
        rows_before=parent.rows_before,
        mapping=parent.mapping,
        source=parent.source,
        left_out=parent.left_out,
        findings=parent.findings,
        scale=parent.scale,
        sample=parent.sample,
        held_out_source=parent.held_out_source,
    )
    return replace(described, parent=parent.id, family=parent.family, origin=origin)


def _describe(
    frame: pd.DataFrame,
    original: pd.DataFrame,
    applied: tuple[AppliedStep, ...],
    *,
    name: str,
    **known: object,
) -> DatasetInfo:
    """What is to be known about ``frame``, which ``applied`` made of ``original``."""
    fingerprint = content_hash(frame.drop(columns=ROW))
    original_hash = content_hash(original.drop(columns=ROW)) if applied else fingerprint
    id = new_id(name)
    return DatasetInfo(
        id=id,
        name=_clean_name(name),
        shape=shape_of(frame.columns),
        rows=len(frame),
        created=utc_now(),
        content_hash=fingerprint,
        original_hash=original_hash,
        columns=tuple(map(str, frame.columns.drop(ROW))),
        stats={role: text_statistics(frame[role]) for role in text_roles(frame.columns)},
        steps=applied,
        family=id,
        **known,  # type: ignore[arg-type]
    )


def _store(
    ws: Workspace,
    info: DatasetInfo,
    frame: pd.DataFrame,
    original: pd.DataFrame,
    report: DataReport | None,
) -> str:
    """Write the dataset's folder, unless the same is there already; returns its id."""
    steps = [applied.step for applied in info.steps]
    with _writing(ws):
        for other in list_datasets(ws):
            if other.is_made_by(info.original_hash, info.mapping, steps):
                if report is not None:
                    write_json(ws.dataset(other.id) / REPORT_FILE, report.to_json())
                return other.id
        folder = ws.datasets / f"{_TEMPORARY}{secrets.token_hex(4)}"
        folder.mkdir()
        _write_rows(frame, folder / DATA_FILE)
        if steps:
            _write_rows(original, folder / ORIGINAL_FILE)
        if report is not None:
            write_json(folder / REPORT_FILE, report.to_json())
        write_json(folder / INFO_FILE, info.to_json())
        folder.rename(ws.datasets / info.id)
    return info.id


def _write_rows(frame: pd.DataFrame, path: Path) -> None:
    table = pa.Table.from_pandas(frame, preserve_index=False)
    with path.open("wb") as file:
        pq.write_table(table, file, row_group_size=_ROW_GROUP_ROWS, compression="zstd")
        file.flush()
        os.fsync(file.fileno())


def _origin(before: Sequence[AppliedStep], after: Sequence[AppliedStep]) -> Message:
    """How a version with the steps ``after`` came from one with ``before``."""
    old, new = [one.step for one in before], [one.step for one in after]
    if new[: len(old)] == old:
        return after[-1].message
    return _STEP_UNDONE if all(step in old for step in new) else _STEPS_CHANGED


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
