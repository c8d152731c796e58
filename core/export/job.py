"""The job that exports a run's model: checked in a fresh process first, then one zip file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from filelock import FileLock

from core.encoder import client
from core.export.archive import write_archive
from core.export.verify import verify_folder
from core.files import file_sha256, read_json, write_json
from core.jobs import queue
from core.jobs.status import JobStatus
from core.jobs.supervisor import ensure_supervisor
from core.models.fingerprint import model_fingerprint
from core.problems import N_, Message, Problem
from core.training.artifacts import load_held_out_texts
from core.training.runs import Run, load_run
from core.workspace import Workspace, utc_now

if TYPE_CHECKING:
    from core.jobs.context import JobContext

TEXTS_COMPARED = 200
FEWEST_TEXTS = 100
LARGEST_DIFFERENCE = 1e-5
"""Far below what changes a ranking, and above what another order of additions changes."""

_FOLDER = "export"
_RECORD = "export.json"
_LOCK = ".lock"
_WRITING_FROM = 0.7
"""The share of the work that the check is, roughly; writing the zip file is the rest."""


class NothingToExport(Problem):
    what = N_("The run {name} has no trained model.")
    do = N_("Wait until the run has succeeded, or choose another one.")


class NotExportedYet(Problem):
    what = N_("The model of the run {name} has not been exported.")
    do = N_("Export it first; that takes less than a minute.")


class VectorsDiffer(Problem):
    what = N_(
        "A fresh process computed other vectors than Pairloom: the largest difference is "
        "{difference}, at most {allowed} is allowed."
    )
    do = N_("Nothing was exported. Please report it together with the log.")


@dataclass(frozen=True)
class Export:
    """A finished export.

    Attributes:
        file: the zip file.
        size_bytes: its size.
        sha256: of its bytes, 64 hexadecimal digits.
        texts: how many texts were compared.
        difference: the largest difference of any number in their vectors.
        created: when, ISO 8601 in UTC.
        fingerprint: of the model in it.
    """

    file: Path
    size_bytes: int
    sha256: str
    texts: int
    difference: float
    created: str
    fingerprint: str


def export_facts(workspace: Workspace, run_id: str) -> Export | None:
    """The run's export; None while there is none of the model as it is now.

    Raises:
        UnknownItem: there is no such run.
    """
    run = workspace.run(run_id)
    try:
        data = read_json(run / _FOLDER / _RECORD)
        export = Export(**{**data, "file": run / _FOLDER / data["file"]})
        whole = export.file.stat().st_size == export.size_bytes
        current = export.fingerprint == model_fingerprint(run / "model")
    except (OSError, ValueError, TypeError, KeyError, Problem):
        return None
    return export if whole and current else None


def export_archive(workspace: Workspace, run_id: str) -> Path:
    """The zip file of the run's model.

    Raises:
        NotExportedYet: there is none.
        UnknownItem: there is no such run.
    """
    export = export_facts(workspace, run_id)
    if export is None:
        raise NotExportedYet(name=load_run(workspace, run_id).name)
    return export.file


def start_export(workspace: Workspace, run_id: str) -> str:
    """Put the export of a run into the queue, unless it is there already; returns the job's id.

    Raises:
        NothingToExport: the run has no model.
        UnknownItem: there is no such run.
    """
    _require_model(load_run(workspace, run_id))
    id = last_export_job(workspace, run_id)
    if id is None or not JobStatus.load(workspace.job(id)).state.active:
        id = queue.submit(workspace, "export", {"run": run_id}, name=f"export {run_id}")
    ensure_supervisor(workspace)
    return id


def last_export_job(workspace: Workspace, run_id: str) -> str | None:
    """The latest job that exports or exported the run; None when there was none."""
    # The id of a job says what it is about, but its time only to the second.
    for folder in sorted(workspace.jobs.glob("[!.]*-export-*"), key=_created, reverse=True):
        try:
            spec = queue.read_spec(folder)
        except (OSError, ValueError, TypeError):
            continue
        if spec.kind == "export" and spec.params.get("run") == run_id:
            return folder.name
    return None


def _created(folder: Path) -> str:
    try:
        return JobStatus.load(folder).created
    except Problem:
        return ""


def export_run(job: JobContext) -> None:
    """Check the model of the run ``params["run"]`` and write it as ``runs/<id>/export/<name>.zip``.

    The zip file appears only after a fresh process, which knows nothing but sentence-transformers,
    loaded the folder and computed the same vectors.

    Raises:
        NothingToExport: the run has no model.
        ModelDoesNotLoad, VectorsDiffer: the check failed.
        Stopped: the job was asked to stop.
    """
    run = load_run(job.workspace, job.params["run"])
    model = _require_model(run)
    folder = run.folder / _FOLDER
    folder.mkdir(exist_ok=True)
    # The screen and the command line may export the same run at the same time.
    with FileLock(folder / _LOCK):
        fingerprint = model_fingerprint(model)
        texts = texts_to_compare(load_held_out_texts(run.folder))
        difference = _check(job, model, texts)

        def progress(done: float) -> None:
            job.check_stop()
            share = _WRITING_FROM + (1 - _WRITING_FROM) * done
            job.progress(Message(N_("Writing the zip file")), share)

        archive = folder / archive_file_name(run.name)
        write_archive(model, archive, progress)
        export = Export(
            file=archive,
            size_bytes=archive.stat().st_size,
            sha256=file_sha256(archive),
            texts=len(texts),
            difference=difference,
            created=utc_now(),
            fingerprint=fingerprint,
        )
        write_json(folder / _RECORD, {**asdict(export), "file": archive.name})


def archive_file_name(run_name: str) -> str:
    """The zip file's name: the run's name without what file systems dislike."""
    return (re.sub(r"[^\w.-]+", "-", run_name).strip("-.")[:80] or "model") + ".zip"


def texts_to_compare(held_out: Sequence[str]) -> list[str]:
    """At least 100 distinct texts of all lengths: an even choice from the shortest to the longest.

    Fewer held-out texts are filled up with halves of them and with several of them joined.

    Raises:
        ValueError: there is no text.
    """
    texts = list(dict.fromkeys(held_out))
    if not texts:
        raise ValueError("there must be at least one text")
    variants = _variants(tuple(texts))
    while len(texts) < FEWEST_TEXTS:
        variant = next(variants)
        if variant not in texts:
            texts.append(variant)
    ordered = sorted(texts, key=lambda text: (len(text), text))
    chosen = np.linspace(0, len(ordered) - 1, min(TEXTS_COMPARED, len(ordered))).round()
    return [ordered[index] for index in chosen.astype(int)]


def _variants(texts: Sequence[str]) -> Iterator[str]:
    """First halves, then two neighbours joined, then three …, without end."""
    yield from (text[: len(text) // 2] for text in texts if len(text) > 1)
    for joined in count(2):
        for start in range(len(texts)):
            yield " ".join(texts[(start + step) % len(texts)] for step in range(joined))


def _require_model(run: Run) -> Path:
    if run.model is None:
        raise NothingToExport(name=run.name)
    return run.model


def _check(job: JobContext, model: Path, texts: list[str]) -> float:
    """The largest difference; raises unless it is small enough."""
    stage = N_("Encoding {count} texts with the trained model")
    job.progress(Message(stage, {"count": len(texts)}), 0.0)
    vectors = client.encode(job.workspace, model, texts)
    job.check_stop()
    job.progress(Message(N_("Loading the model in a fresh process and comparing")), 0.1)
    difference = verify_folder(model, texts, vectors, job.check_stop)
    if not difference <= LARGEST_DIFFERENCE:
        raise VectorsDiffer(difference=f"{difference:.1e}", allowed=f"{LARGEST_DIFFERENCE:.0e}")
    return difference
