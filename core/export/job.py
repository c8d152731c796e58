"""The job that exports a run's model: written, checked in a fresh process, then offered."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from core.encoder import client
from core.export.archive import write_archive
from core.export.building import copy_model, prompts_of, writer
from core.export.card.exported import Placed
from core.export.card.render import write_cards
from core.export.checking import Checked, check_changed, check_copy
from core.export.drafts import EXPORT_FOLDER, clean_drafts, draft_folder, draft_lock
from core.export.formats import Format, export_name, require_format
from core.export.record import (
    Export,
    export_facts,
    form_hash,
    model_stamp,
    record_file,
    require_model,
)
from core.export.snippet import Prompts
from core.export.texts import texts_to_compare
from core.files import file_sha256
from core.jobs import queue
from core.jobs.status import JobStatus
from core.jobs.supervisor import ensure_supervisor
from core.models.fingerprint import model_fingerprint
from core.problems import N_, Message, Problem
from core.training.artifacts import load_held_out_texts
from core.training.encoding import load_model
from core.training.runs import Run, load_run
from core.workspace import Workspace, utc_now

if TYPE_CHECKING:
    from core.jobs.context import JobContext

_CHECKING_FROM, _WRITING_FROM = 0.4, 0.8
"""The shares of the work at which the check and the zip file begin, roughly."""


def start_export(workspace: Workspace, run_id: str, format: Format = Format.FOLDER) -> str:
    """Put the export of a run into the queue, unless it is there already; returns the job's id.

    Raises:
        NothingToExport: the run has no model.
        FormatDoesNotFit: the format does not suit the model.
        UnknownItem: there is no such run.
    """
    require_format(require_model(load_run(workspace, run_id)), format)
    id = last_export_job(workspace, run_id, format)
    if id is None or not JobStatus.load(workspace.job(id)).state.active:
        params = {"run": run_id, "format": format.value}
        id = queue.submit(workspace, "export", params, name=f"export {run_id}")
    ensure_supervisor(workspace)
    return id


def last_export_job(
    workspace: Workspace, run_id: str, format: Format = Format.FOLDER
) -> str | None:
    """The latest job that exports or exported the run so; None when there was none."""
    # The id of a job says what it is about, but its time only to the second.
    for folder in sorted(workspace.jobs.glob("[!.]*-export-*"), key=_created, reverse=True):
        try:
            spec = queue.read_spec(folder)
        except (OSError, ValueError, TypeError):
            continue
        asked = spec.params.get("run"), spec.params.get("format", Format.FOLDER)
        if spec.kind == "export" and asked == (run_id, format):
            return folder.name
    return None


def _created(folder: Path) -> str:
    try:
        return JobStatus.load(folder).created
    except Problem:
        return ""


def export_run(job: JobContext) -> None:
    """Export the model of the run ``params["run"]`` as ``params["format"]``.

    Everything is written under a hidden name.  The folder and its zip file appear only after a
    fresh process, which knows nothing of Pairloom, computed the same vectors with it.

    Raises:
        NothingToExport: the run has no model.
        FormatDoesNotFit: the format does not suit the model.
        ModelDoesNotLoad, VectorsDiffer, VectorsTurned: the check failed.
        Stopped: the job was asked to stop.
    """
    # Nothing is asked of a hub.
    os.environ["HF_HUB_OFFLINE"] = "1"
    run = load_run(job.workspace, job.params["run"])
    model = require_model(run)
    format = require_format(model, job.params.get("format", Format.FOLDER))
    folder = run.folder / EXPORT_FOLDER
    folder.mkdir(exist_ok=True)
    draft = draft_folder(folder, format)
    with draft_lock(folder, format):
        # What a killed export left, of this form and of others.
        shutil.rmtree(draft, ignore_errors=True)
        clean_drafts(folder)
        staged = draft / export_name(run.name, format)
        staged.mkdir(parents=True)
        try:
            _export(job, run, model, format, staged)
        finally:
            shutil.rmtree(draft, ignore_errors=True)


def _export(job: JobContext, run: Run, model: Path, format: Format, staged: Path) -> None:
    fingerprint, stamp, form = model_fingerprint(model), model_stamp(model), form_hash(run.folder)
    checked, prompts = _written(job, run, model, format, staged)
    job.progress(Message(N_("Writing the model card")), _WRITING_FROM)
    placed = Placed(staged.name, format, prompts, checked)
    write_cards(job.workspace, run.id, staged, placed)

    def progress(done: float) -> None:
        job.check_stop()
        share = _WRITING_FROM + (1 - _WRITING_FROM) * done
        job.progress(Message(N_("Writing the zip file")), share)

    packed = staged.with_name(f"{staged.name}.zip")
    write_archive(staged, packed, progress)
    export = Export(
        format=format,
        file=run.folder / EXPORT_FOLDER / packed.name,
        size_bytes=packed.stat().st_size,
        sha256=file_sha256(packed),
        texts=checked.texts,
        made=checked.made,
        difference=checked.likeness.difference,
        cosine=checked.likeness.cosine,
        texts_per_second=checked.texts_per_second,
        before_per_second=checked.before_per_second,
        kept=checked.kept,
        created=utc_now(),
        fingerprint=fingerprint,
        stamp=stamp,
        form=form,
        prompts=prompts,
    )
    _offer(export, staged, packed)


def _offer(export: Export, staged: Path, packed: Path) -> None:
    """Put folder, zip file and record in the places of the earlier ones."""
    # While its parts are being replaced there is no export.
    record_file(export.file.parent, export.format).unlink(missing_ok=True)
    os.replace(packed, export.file)
    if export.folder.exists():
        export.folder.rename(staged.with_name(".earlier"))
    staged.rename(export.folder)
    export.save()


def _written(
    job: JobContext, run: Run, model: Path, format: Format, staged: Path
) -> tuple[Checked, Prompts]:
    """Write the files and check them; what was found, and the model's prompts."""
    compared = texts_to_compare(load_held_out_texts(run.folder))
    comparing = Message(N_("Loading the model in a fresh process and comparing"))
    if format is Format.FOLDER:
        job.progress(Message(N_("Copying the model")), 0.0)
        copy_model(model, staged)
        stage = N_("Encoding {count} texts with the trained model")
        job.progress(Message(stage, {"count": len(compared.texts)}), 0.1)
        vectors = client.encode(job.workspace, model, compared.texts)
        job.check_stop()
        job.progress(comparing, _CHECKING_FROM)
        # The library knows the prompts from the folder itself.
        return check_copy(staged, compared, vectors, job.check_stop), Prompts()
    job.progress(Message(N_("Loading PyTorch and the model")), 0.0)
    loaded = load_model(model, "cpu")
    job.check_stop()
    job.progress(Message(N_("Writing the model in its new form")), 0.1)
    full = export_facts(job.workspace, run.id, Format.ONNX)
    writer(format, full.folder if full else None)(loaded, staged)
    job.check_stop()
    job.progress(comparing, _CHECKING_FROM)
    found = check_changed(staged, format, loaded, compared, run.folder, job.check_stop)
    return found, prompts_of(loaded)
