"""From a staged table to a dataset: draft, check, store; for the screen and the command line."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from core.data.check import CheckedTable, ColumnMissing, TooFewRows, check_mapping
from core.data.dataset import column_names, describe_rows
from core.data.draft import Draft, DraftReport, HeldOut
from core.data.prepare import apply_steps
from core.data.read import Source
from core.data.reading.rows import ROW
from core.data.report import bases_for_report, make_report
from core.data.scores import Scale
from core.data.shapes import ANCHOR, Mapping, MappingIncomplete, shape_of
from core.data.split import SplitGivenTwice, append_held_out
from core.data.staging import StagedTable, load_staged, read_staged
from core.data.store import load_dataset, store_dataset
from core.files import read_json, write_json
from core.problems import N_, Message, Problem
from core.workspace import UnknownItem, Workspace

__all__ = [
    "INLINE_ROWS",
    "Draft",
    "DraftReport",
    "HeldOut",
    "HeldOutColumnMissing",
    "HeldOutOnOtherScale",
    "HeldOutTooFewRows",
    "Progress",
    "check_draft",
    "load_draft_report",
    "store_draft",
    "stored_dataset",
]

INLINE_ROWS = 20_000
"""Tables of more rows than this are checked and stored by a job."""

Progress = Callable[[Message, float | None], None]
"""Is told what is being done and which share of it is done (0 to 1)."""

_REPORTS, _STORED = "reports", "stored"

_READING = Message(N_("Reading the table"))
_CHECKING = Message(N_("Checking the columns"))
_CHANGING = Message(N_("Applying the fixes and changes"))
_LOOKING = Message(N_("Looking at the texts"))
_STORING = Message(N_("Storing the dataset"))
# Which share of the whole each stage ends at; the report takes most of the time.
_READ, _CHECKED, _CHANGED = 0.15, 0.25, 0.35


class HeldOutColumnMissing(Problem):
    what = N_("The file with the held-out rows, {file}, has no column named “{column}”.")
    do = N_("Name its columns as in the first file. It has: {columns}.")


class HeldOutTooFewRows(Problem):
    what = N_(
        "Only {usable} rows of {file} can be held out; fewer than {minimum} say little about a "
        "model."
    )
    do = N_("Use a file with more rows, or none: then rows of the first file are held out.")


class HeldOutOnOtherScale(Problem):
    what = N_("The scores in {file}, the file with the held-out rows, are on another scale.")
    do = N_("Write the scores of both files on the same scale, for example from 0 to 1.")


def check_draft(ws: Workspace, draft: Draft, progress: Progress | None = None) -> DraftReport:
    """Make of a draft all but the dataset, look at it, and keep what was found with the upload.

    Raises:
        UnknownItem: the staged table has been removed.
        Problem: the table cannot be read, the mapping does not fit it, or a step does not; each
            says what to do.
    """
    began = time.perf_counter()
    tell = progress or _tell_nobody
    mapping, rows = _map_rows(ws, draft, tell)
    tell(_CHANGING, _CHECKED)
    prepared = apply_steps(rows.checked.frame, draft.steps)
    columns = [str(name) for name in prepared.frame.columns]
    tell(_LOOKING, _CHANGED)
    data_report = make_report(
        prepared.frame,
        column_names(columns, mapping),
        bases=bases_for_report(ws, draft.base),
        progress=_part(tell, _CHANGED, 1.0),
    )
    report = DraftReport(
        rows_before=rows.checked.rows_before,
        rows=len(prepared.frame),
        shape=shape_of(columns),
        sentence=describe_rows(columns, mapping, len(prepared.frame)),
        left_out=rows.checked.left_out,
        findings=rows.checked.findings,
        applied=prepared.applied,
        report=data_report,
        seconds=round(time.perf_counter() - began, 2),
        source=rows.source,
        held_out_source=rows.held_out_source,
        scale=rows.checked.scale,
    )
    folder = ws.upload(draft.staged) / _REPORTS
    folder.mkdir(exist_ok=True)
    write_json(folder / f"{draft.key}.json", report.to_json())
    return report


def load_draft_report(ws: Workspace, draft: Draft) -> DraftReport | None:
    """What :func:`check_draft` found out about exactly this draft; None while it has not.

    It is none any more when a file that was opened by path has changed since.
    """
    try:
        path = ws.upload(draft.staged) / _REPORTS / f"{draft.key}.json"
        report = DraftReport.from_json(read_json(path))
    except (UnknownItem, OSError, ValueError, TypeError, KeyError):
        return None
    second = report.held_out_source
    known = (report.source.sha256, second.sha256 if second else None)
    return report if known == _hashes(ws, draft) else None


def store_draft(
    ws: Workspace,
    draft: Draft,
    name: str,
    progress: Progress | None = None,
    sample: str | None = None,
) -> str:
    """Store what a draft describes, with its report if there is one; returns the dataset's id.

    Args:
        ws: the workspace.
        draft: what to store.
        name: what people will call the dataset.
        progress: is told how far it is.
        sample: the bundled sample that the table is, if it is one.

    Raises:
        UnknownItem, Problem: as :func:`check_draft`, and DatasetNameBlank.
    """
    tell = progress or _tell_nobody
    mapping, rows = _map_rows(ws, draft, tell)
    tell(_STORING, None)
    known = load_draft_report(ws, draft)
    id = store_dataset(
        ws,
        name=name,
        checked=rows.checked,
        mapping=mapping,
        source=rows.source,
        sample=sample,
        steps=draft.steps,
        held_out_source=rows.held_out_source,
        report=known.report if known else None,
    )
    folder = ws.upload(draft.staged) / _STORED
    folder.mkdir(exist_ok=True)
    write_json(folder / f"{draft.key}.json", {"dataset": id, "hashes": _hashes(ws, draft)})
    return id


def stored_dataset(ws: Workspace, draft: Draft) -> str | None:
    """The dataset that :func:`store_draft` made of this draft; None when there is none any more."""
    try:
        stored = read_json(ws.upload(draft.staged) / _STORED / f"{draft.key}.json")
        if tuple(stored["hashes"]) != _hashes(ws, draft):
            return None
        return load_dataset(ws, stored["dataset"]).info.id
    except (Problem, OSError, ValueError, TypeError, KeyError):
        return None


@dataclass(frozen=True)
class _MappedRows:
    """The rows of a draft before its steps, and the files that they came from."""

    checked: CheckedTable
    source: Source
    held_out_source: Source | None = None


def _map_rows(ws: Workspace, draft: Draft, tell: Progress) -> tuple[Mapping, _MappedRows]:
    """Read and check the table, and the one with the held-out rows if there is one."""
    mapping = draft.mapping
    if mapping is None:
        raise MappingIncomplete(role=ANCHOR)
    mapping.require_complete()
    if draft.held_out is not None and mapping.split is not None:
        raise SplitGivenTwice
    tell(_READING, 0.0)
    staged = read_staged(ws, draft.staged, draft.options, _part(tell, 0.0, _READ))
    tell(_CHECKING, _READ)
    checked = _check(staged, mapping, draft.rescale)
    if draft.held_out is None:
        return mapping, _MappedRows(checked, staged.info.source)
    second = read_staged(ws, draft.held_out.staged, draft.held_out.options, None)
    both = _with_held_out(checked, second, mapping, draft.rescale)
    return mapping, _MappedRows(both, staged.info.source, second.info.source)


def _hashes(ws: Workspace, draft: Draft) -> tuple[str | None, str | None]:
    """The SHA-256 of the draft's two files as they are now; None for one that was not read."""
    first = load_staged(ws, draft.staged, draft.options)
    held_out = draft.held_out
    second = load_staged(ws, held_out.staged, held_out.options) if held_out else None
    return (
        first.info.sha256 if first else None,
        second.info.sha256 if second else None,
    )


def _check(staged: StagedTable, mapping: Mapping, rescale: bool) -> CheckedTable:
    """Check the mapped columns; the others are not even read."""
    columns = dict.fromkeys(column for _, column in mapping.columns)
    for column in columns:
        if column not in staged.info.columns:
            raise ColumnMissing(column=column, columns=", ".join(staged.info.columns))
    return check_mapping(staged.frame(list(columns)), mapping, rescale=rescale)


def _with_held_out(
    checked: CheckedTable, staged: StagedTable, mapping: Mapping, rescale: bool
) -> CheckedTable:
    """``checked`` with the rows of a second table below, marked as held out."""
    file = staged.info.name
    try:
        second = _check(staged, mapping, rescale)
    except ColumnMissing as problem:
        raise HeldOutColumnMissing(file=file, **problem.params) from problem
    except TooFewRows as problem:
        facts = {name: problem.params[name] for name in ("usable", "minimum")}
        raise HeldOutTooFewRows(file=file, **facts) from problem
    if not _same_scale(checked.scale, second.scale):
        raise HeldOutOnOtherScale(file=file)
    above = int(checked.frame[ROW].max()) - 1
    left_out = tuple(
        replace(one, rows=tuple(row + above for row in one.rows)) for one in second.left_out
    )
    return CheckedTable(
        frame=append_held_out(checked.frame, second.frame),
        left_out=(*checked.left_out, *left_out),
        findings=checked.findings,
        rows_before=checked.rows_before + second.rows_before,
        scale=checked.scale,
    )


def _same_scale(one: Scale | None, other: Scale | None) -> bool:
    """Whether a score means the same on both; not every word need occur in both files."""
    if one is None or other is None:
        return one is other
    if (one.kind, one.top) != (other.kind, other.top):
        return False
    return all(other.words.get(word, value) == value for word, value in one.words.items())


def _part(tell: Progress, start: float, end: float) -> Progress:
    """A ``tell`` for a stage that lasts from one share of the whole to another."""

    def tell_part(stage: Message, done: float | None = None) -> None:
        tell(stage, None if done is None else start + done * (end - start))

    return tell_part


def _tell_nobody(stage: Message, done: float | None = None) -> None:
    """For callers that do not follow the progress."""
