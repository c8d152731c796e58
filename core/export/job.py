"""The job that exports a run's model: checked in a fresh process first, then one zip file."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.encoder import client
from core.export import verify
from core.export.archive import write_archive
from core.files import file_sha256, read_json, write_json
from core.models.fingerprint import model_fingerprint
from core.problems import N_, Message, Problem
from core.training.artifacts import load_held_out_texts
from core.training.runs import load_run
from core.workspace import Workspace, utc_now

if TYPE_CHECKING:
    from core.jobs.context import JobContext

TEXTS_COMPARED = 200
FEWEST_TEXTS = 100
LARGEST_DIFFERENCE = 1e-5
"""Far below what changes a ranking, and above what another order of additions changes."""

_FOLDER = "export"
_RECORD = "export.json"
_LOOK_SECONDS = 0.2


class NothingToExport(Problem):
    what = N_("The run {name} has no trained model.")
    do = N_("Wait until the run has succeeded, or choose another one.")


class NotExportedYet(Problem):
    what = N_("The model of the run {name} has not been exported.")
    do = N_("Export it first; that takes less than a minute.")


class ModelDoesNotLoad(Problem):
    what = N_("A fresh process could not load the model: {reason}.")
    do = N_("Nothing was exported. The log has the details; please report it.")


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


def load_export(workspace: Workspace, run_id: str) -> Export | None:
    """The run's export; None while there is none of the model as it is now.

    Raises:
        UnknownItem: there is no such run.
    """
    run = workspace.run(run_id)
    try:
        data = read_json(run / _FOLDER / _RECORD)
        export = Export(**{**data, "file": run / _FOLDER / data["file"]})
        current = export.fingerprint == model_fingerprint(run / "model")
    except (OSError, ValueError, TypeError, KeyError, Problem):
        return None
    return export if current and export.file.is_file() else None


def export_archive(workspace: Workspace, run_id: str) -> Path:
    """The zip file of the run's model.

    Raises:
        NotExportedYet: there is none.
        UnknownItem: there is no such run.
    """
    export = load_export(workspace, run_id)
    if export is None:
        raise NotExportedYet(name=load_run(workspace, run_id).name)
    return export.file


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
    if run.model is None:
        raise NothingToExport(name=run.name)
    texts = texts_to_compare(load_held_out_texts(run.folder))
    job.progress(Message(N_("Encoding {count} texts with the trained model"), {"count": len(texts)}))
    vectors = client.encode(job.workspace, run.model, texts)
    job.check_stop()
    job.progress(Message(N_("Loading the model in a fresh process and comparing")), 0.3)
    difference = _difference_in_fresh_process(job, run.model, texts, vectors)
    if not difference <= LARGEST_DIFFERENCE:
        raise VectorsDiffer(
            difference=f"{difference:.1e}", allowed=f"{LARGEST_DIFFERENCE:.0e}"
        )
    job.progress(Message(N_("Writing the zip file")), 0.8)
    folder = run.folder / _FOLDER
    folder.mkdir(exist_ok=True)
    archive = folder / f"{archive_name(run.name)}.zip"
    write_archive(run.model, archive)
    export = Export(
        file=archive,
        size_bytes=archive.stat().st_size,
        sha256=file_sha256(archive),
        texts=len(texts),
        difference=difference,
        created=utc_now(),
        fingerprint=model_fingerprint(run.model),
    )
    write_json(folder / _RECORD, {**asdict(export), "file": archive.name})


def archive_name(run_name: str) -> str:
    """The run's name without what file systems dislike; also the folder's name in the archive."""
    return re.sub(r"[^\w.-]+", "-", run_name).strip("-.")[:80] or "model"


def texts_to_compare(held_out: Sequence[str]) -> list[str]:
    """Texts of all lengths: an even choice from the shortest to the longest.

    A run with fewer than 100 held-out texts is checked on halves and joined pairs of them as well.

    Raises:
        ValueError: there is no text.
    """
    if not held_out:
        raise ValueError("there must be at least one text")
    texts = list(dict.fromkeys(held_out))
    if len(texts) < FEWEST_TEXTS:
        texts += [text[: max(1, len(text) // 2)] for text in texts]
        texts += [f"{first} {second}" for first, second in zip(texts, texts[1:], strict=False)]
        while len(texts) < FEWEST_TEXTS:
            texts.append(f"{texts[-1][:2000]} {texts[len(texts) % len(held_out)]}")
    ordered = sorted(texts, key=lambda text: (len(text), text))
    count = min(TEXTS_COMPARED, len(ordered))
    chosen = np.linspace(0, len(ordered) - 1, count).round().astype(int)
    return [ordered[index] for index in chosen]


def _difference_in_fresh_process(
    job: JobContext, model: Path, texts: Sequence[str], vectors: NDArray[np.float32]
) -> float:
    """The largest difference of any number, as :mod:`core.export.verify` finds it."""
    with tempfile.TemporaryDirectory(prefix="pairloom-export-") as name:
        texts_file, vectors_file = Path(name) / "texts.json", Path(name) / "vectors.npy"
        write_json(texts_file, list(texts))
        np.save(vectors_file, vectors)
        # -I: neither the current folder nor PYTHONPATH can lend the process anything of ours.
        command = [sys.executable, "-I", verify.__file__, str(model), texts_file, vectors_file]
        process = subprocess.Popen(
            command,
            cwd=name,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        output, errors = _wait(job, process)
    if process.returncode != 0:
        sys.stderr.write(errors)
        lines = errors.strip().splitlines()
        raise ModelDoesNotLoad(reason=lines[-1][:300] if lines else process.returncode)
    return float(output)


def _wait(job: JobContext, process: subprocess.Popen[str]) -> tuple[str, str]:
    """What the process printed, once it has ended; it is ended when the job is asked to stop."""
    try:
        while True:
            try:
                return process.communicate(timeout=_LOOK_SECONDS)
            except subprocess.TimeoutExpired:
                job.check_stop()
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
