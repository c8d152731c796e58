"""An export from the button to the unpacked folder, through real processes; and its refusals."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from core.encoder import client
from core.export.archive import write_archive
from core.export.card.form import CardForm
from core.export.checking import VectorsDiffer
from core.export.formats import Format, FormatDoesNotFit, UnknownFormat, export_name
from core.export.job import export_run, last_export_job, start_export
from core.export.record import (
    Export,
    NotExportedYet,
    NothingToExport,
    export_facts,
    form_hash,
    require_export,
)
from core.export.snippet import snippet
from core.export.texts import FEWEST_TEXTS, TEXTS_COMPARED, texts_to_compare
from core.export.verify import ModelDoesNotLoad, verify_folder
from core.files import file_sha256, write_json
from core.jobs.status import JobState, JobStatus
from core.models.fingerprint import model_fingerprint
from core.training.runs import Run
from core.training.speed import GUESS, SPEED_FILE
from core.workspace import UnknownItem, Workspace, utc_now
from tests.models.made import OTHERS, QUESTION, TEXTS
from tests.retrieval.stand_in import running_job


# A browser story takes the same way, from the button to a program elsewhere.
@pytest.mark.slow
def test_from_the_button_to_a_program_that_uses_the_folder(
    workspace: Workspace, run: Run, tmp_path: Path
) -> None:
    write_json(workspace.cache / SPEED_FILE, asdict(replace(GUESS, measured=True)))
    id = start_export(workspace, run.id)
    assert start_export(workspace, run.id) == id == last_export_job(workspace, run.id)
    assert export_facts(workspace, run.id) is None
    deadline = time.monotonic() + 120
    while (status := JobStatus.load(workspace.job(id))).state.active:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert status.state is JobState.SUCCEEDED, status.error

    export = export_facts(workspace, run.id)
    assert export is not None
    assert export.texts == 100 and export.difference <= 1e-5
    assert export.file == run.folder / "export" / "药品-说明-v1.2.zip"
    assert export == require_export(workspace, run.id)
    assert export.sha256 == file_sha256(export.file)
    assert export.size_bytes == export.file.stat().st_size

    # Somebody unpacks it elsewhere and runs the few lines that the page shows.
    with zipfile.ZipFile(export.file) as archive:
        archive.extractall(tmp_path / "home")
    program = snippet(export.file.stem, [QUESTION, *OTHERS])
    answer = subprocess.run(
        [sys.executable, "-I", "-c", program],
        cwd=tmp_path / "home",
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    lines = [line.split("  ", 1) for line in answer.stdout.splitlines()]
    assert sorted(text for _, text in lines) == sorted(OTHERS)
    scores = [float(score) for score, _ in lines]
    assert scores == sorted(scores, reverse=True)

    # Another model in the run's folder is not what was exported.
    weights = run.folder / "model" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    with pytest.raises(NotExportedYet, match=r"药品/说明 v1\.2\? has not been exported"):
        require_export(workspace, run.id)


@pytest.mark.slow
def test_other_vectors_are_refused_with_the_number_and_nothing_is_written(
    workspace: Workspace, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(run.model), device="cpu")

    def encode(workspace: Workspace, folder: Path, texts: list[str]) -> np.ndarray:
        vectors = model.encode(texts, normalize_embeddings=True)
        vectors[57, 3] += 2e-4
        return vectors

    monkeypatch.setattr(client, "encode", encode)
    with pytest.raises(VectorsDiffer, match=r"difference is 2\.0e-04, at most 1e-05 is allowed"):
        export_run(running_job(workspace, "export", {"run": run.id}))
    assert not list((run.folder / "export").glob("[!.]*"))
    assert export_facts(workspace, run.id) is None


@pytest.mark.slow
def test_a_folder_that_does_not_load_is_refused_with_the_reason(
    small_model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = Path(shutil.copytree(small_model, tmp_path / "model"))
    modules = json.loads((folder / "modules.json").read_text())
    modules[0]["type"] = "pairloom_only.Part"
    (folder / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(
        ModelDoesNotLoad, match=r"could not load the model: ValueError: .*pairloom_only"
    ):
        verify_folder(folder, TEXTS, np.zeros((len(TEXTS), 32), dtype=np.float32))
    assert "Traceback" in capfd.readouterr().err


def test_a_stop_ends_the_fresh_process(small_model: Path) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        verify_folder(small_model, TEXTS, np.zeros((len(TEXTS), 32), dtype=np.float32), stop)
    assert time.monotonic() - began < 5


def test_a_run_without_a_model_has_nothing_to_export(workspace: Workspace, run: Run) -> None:
    shutil.rmtree(run.folder / "model")
    with pytest.raises(NothingToExport, match="has no trained model"):
        start_export(workspace, run.id)
    with pytest.raises(NothingToExport):
        export_run(running_job(workspace, "export", {"run": run.id}))
    with pytest.raises(UnknownItem):
        start_export(workspace, "no-such-run")
    assert last_export_job(workspace, run.id) is None


def test_an_export_counts_while_its_files_model_and_card_are_what_they_were(
    workspace: Workspace, run: Run
) -> None:
    facts = pack(run)
    assert export_facts(workspace, run.id) == facts
    CardForm(license="mit").save(run.folder)
    assert export_facts(workspace, run.id) is None
    facts = pack(run)
    assert export_facts(workspace, run.id) == facts
    shutil.rmtree(facts.folder)
    assert export_facts(workspace, run.id) is None
    facts = pack(run)
    facts.file.write_bytes(b"PK")
    assert export_facts(workspace, run.id) is None
    (run.folder / "export" / "safetensors.json").write_text("{")
    assert export_facts(workspace, run.id) is None


def pack(run: Run) -> Export:
    """What a finished export leaves."""
    folder = run.folder / "export"
    shutil.copytree(run.folder / "model", folder / "m", dirs_exist_ok=True)
    archive = folder / "m.zip"
    write_archive(folder / "m", archive)
    facts = Export(
        format=Format.FOLDER,
        file=archive,
        size_bytes=archive.stat().st_size,
        sha256=file_sha256(archive),
        texts=123,
        difference=3e-8,
        cosine=1.0,
        texts_per_second=1000.0,
        before_per_second=None,
        kept=None,
        created=utc_now(),
        fingerprint=model_fingerprint(run.folder / "model"),
        form=form_hash(run.folder),
    )
    facts.save()
    return facts


def test_a_format_that_does_not_suit_the_model_is_refused(workspace: Workspace, run: Run) -> None:
    with pytest.raises(FormatDoesNotFit, match="cannot be exported as onnx"):
        start_export(workspace, run.id, Format.ONNX)
    with pytest.raises(UnknownFormat, match="no export format tar"):
        export_run(running_job(workspace, "export", {"run": run.id, "format": "tar"}))


# The export dies at each place where something of it is on disk already.
@pytest.mark.parametrize("moment", ["write_numpy", "check_changed", "write_cards", "write_archive"])
def test_a_killed_export_leaves_nothing_half_written(
    workspace: Workspace, run: Run, moment: str
) -> None:
    died = subprocess.run([sys.executable, "-c", _DIES, str(workspace.root), run.id, moment])
    assert died.returncode == -signal.SIGKILL
    folder = run.folder / "export"
    assert list(folder.glob(".draft-numpy/*")), "it died before anything was written"
    assert not list(folder.glob("[!.]*"))
    assert export_facts(workspace, run.id, Format.NUMPY) is None

    export_run(running_job(workspace, "export", {"run": run.id, "format": "numpy"}))
    export = require_export(workspace, run.id, Format.NUMPY)
    left = {path.name for path in folder.iterdir()} - {".numpy.lock"}
    assert left == {export.file.name, export.folder.name, "numpy.json"}
    with zipfile.ZipFile(export.file) as archive:
        assert archive.testzip() is None


_DIES = """
import os, signal, sys
from pathlib import Path
from core.export import building, job
from core.workspace import Workspace
from tests.retrieval.stand_in import running_job

root, run, moment = sys.argv[1:]
module = building if moment == "write_numpy" else job
real = getattr(module, moment)

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def half(*given):
    if moment == "write_archive":
        return real(*given[:2], lambda done: done > 0.5 and die())
    real(*given)
    die()

setattr(module, moment, half)
workspace = Workspace.open(Path(root))
job.export_run(running_job(workspace, "export", {"run": run, "format": "numpy"}))
"""


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("中文 商品", "中文-商品.zip"),
        ("../../etc/passwd", "etc-passwd.zip"),
        ('a/b\\c:d*e?"f<g>|h', "a-b-c-d-e-f-g-h.zip"),
        ("…", "model.zip"),
        (".hidden", "hidden.zip"),
        ("长" * 300, "长" * 80 + ".zip"),
    ],
)
def test_file_names(name: str, file: str) -> None:
    assert export_name(name, Format.FOLDER) + ".zip" == file


@pytest.mark.parametrize("held_out", [["a"], ["a", "bb"], TEXTS, ["x" * 9000] * 3])
def test_few_held_out_texts_become_100_distinct_ones(held_out: list[str]) -> None:
    texts = texts_to_compare(held_out)
    assert len(set(texts)) == len(texts) == FEWEST_TEXTS
    assert set(held_out) <= set(texts)
    assert len({len(text) for text in texts}) > 10


def test_of_many_held_out_texts_all_lengths_are_compared() -> None:
    held_out = [f"{number:05}" + "x" * (number % 700) for number in range(5000)]
    texts = texts_to_compare(held_out)
    lengths = [len(text) for text in texts]
    assert len(texts) == TEXTS_COMPARED
    assert (min(lengths), max(lengths)) == (5, 704)
    assert max(np.diff(sorted(lengths))) <= 4
