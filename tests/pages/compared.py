"""A finished run with two models to compare, made without training; jobs done here."""

from __future__ import annotations

import shutil
from pathlib import Path

from core.data.samples import SAMPLES
from core.data.split import split_rows
from core.data.store import load_dataset
from core.files import write_json
from core.inspection.widgets import choose_examples
from core.jobs import queue
from core.jobs.context import JobContext
from core.jobs.kinds import KINDS
from core.jobs.status import JobState, JobStatus
from core.models.fingerprint import model_fingerprint
from core.training import artifacts
from core.training.runs import load_run
from core.workspace import Workspace
from tests.pages.made import make_run

BASE_NAME = "somebody/base-of-characters"


def make_compared(
    workspace: Workspace, *, sample: str = "products", name: str | None = None
) -> str:
    """A finished run; its model folders are stand-ins that only the stand-in encoder reads."""
    assert sample in SAMPLES
    id = make_run(workspace, sample=sample, name=name)
    folder = workspace.run(id)
    dataset = load_dataset(workspace, load_run(workspace, id).config.dataset.id)
    frame, shape = dataset.frame(), dataset.info.shape
    held_out = split_rows(frame, shape, 0.1, 42).held_out
    examples = choose_examples(frame, shape, held_out, 42)
    artifacts.save_rows(folder, frame.iloc[held_out].reset_index(drop=True), examples)
    base = make_model(workspace.root / "somewhere" / "base")
    make_model(folder / artifacts.MODEL)
    reference = {"name": BASE_NAME, "path": str(base), "fingerprint": model_fingerprint(base)}
    write_json(folder / artifacts.REFERENCE, reference)
    return id


def make_model(folder: Path) -> Path:
    """A folder that looks like a model; what it computes depends on its name."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "modules.json", [])
    (folder / "model.safetensors").write_bytes(folder.name.encode())
    return folder


def active_jobs(workspace: Workspace) -> list[queue.QueuedJob]:
    """The jobs that wait."""
    return queue.waiting_jobs(workspace)


def do_jobs(workspace: Workspace) -> None:
    """Do every job that waits, here and now."""
    for job in queue.waiting_jobs(workspace):
        queue.place(workspace, job.id, "light-0")
        JobStatus.load(job.folder).moved(JobState.RUNNING).save(job.folder)
        context = JobContext(workspace, job.folder, queue.read_spec(job.folder), "cpu")
        KINDS[job.kind].load()(context)
        context.finish(JobState.SUCCEEDED)
        queue.release(workspace, job.id)


def fail_jobs(workspace: Workspace, problem: Exception) -> None:
    """Let every job that waits end with ``problem``."""
    for job in queue.waiting_jobs(workspace):
        queue.place(workspace, job.id, "light-0")
        JobStatus.load(job.folder).moved(JobState.RUNNING).save(job.folder)
        context = JobContext(workspace, job.folder, queue.read_spec(job.folder), "cpu")
        context.finish(JobState.FAILED, problem)
        queue.release(workspace, job.id)


def delete_model(workspace: Workspace, id: str) -> None:
    """What happens when somebody tidies up."""
    shutil.rmtree(workspace.run(id) / artifacts.MODEL)
