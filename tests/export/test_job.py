"""An export from the button to the unpacked folder, through real processes; and its refusals."""

from __future__ import annotations

import errno
import json
import os
import shutil
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
from core.export.drafts import EXPORT_FOLDER, draft_folder, draft_lock
from core.export.formats import Format, FormatDoesNotFit, UnknownFormat, export_name
from core.export.job import export_run, last_export_job, start_export
from core.export.record import (
    Export,
    NotExportedYet,
    NothingToExport,
    export_facts,
    form_hash,
    model_stamp,
    require_export,
)
from core.export.snippet import snippet
from core.export.texts import FEWEST_TEXTS, TEXTS_COMPARED, said_of, texts_to_compare
from core.export.verify import ModelDoesNotLoad, verify_folder
from core.files import file_sha256, write_json
from core.jobs.cleaning import clean_up
from core.jobs.status import JobState, JobStatus
from core.models.fingerprint import model_fingerprint
from core.training.runs import Run
from core.training.speed import GUESS, SPEED_FILE
from core.workspace import UnknownItem, Workspace, utc_now
from tests.models.made import OTHERS, QUESTION, TEXTS, save_bert
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
        stamp=model_stamp(run.folder / "model"),
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
BEFORE_THE_CHECK = ["written", "checking", "card", "packing"]
BETWEEN_THE_RENAMES = ["zip", "folder", "record"]


@pytest.mark.parametrize(
    ("format", "moments"),
    [
        (Format.NUMPY, [*BEFORE_THE_CHECK, *BETWEEN_THE_RENAMES]),
        (Format.FOLDER, ["checking", "record"]),
        (Format.ONNX, ["checking"]),
    ],
)
def test_a_killed_export_leaves_nothing_half_written(
    workspace: Workspace, run: Run, tmp_path: Path, format: Format, moments: list[str]
) -> None:
    if format is Format.ONNX:
        shutil.rmtree(run.folder / "model")
        save_bert(run.folder / "model")
    places = str(workspace.root), run.id, format.value, str(tmp_path / "left"), *moments
    died = subprocess.run([sys.executable, "-c", _DIES, *places], capture_output=True, text=True)
    assert died.returncode == 0, died.stderr
    name = export_name(run.name, format)
    for moment in moments:
        left = tmp_path / "left" / moment
        assert (left / f".draft-{format}").is_dir(), f"{moment}: nothing was written"
        assert not (left / f"{format}.json").exists(), moment
        shown = {path.name for path in left.glob("[!.]*")}
        # Between the renames what is there is whole, but does not count yet.
        allowed = {"zip": {f"{name}.zip"}, "folder": {f"{name}.zip", name}}
        allowed["record"] = allowed["folder"]
        assert shown == allowed.get(moment, set()), moment
        for archive in left.glob("[!.]*.zip"):
            with zipfile.ZipFile(archive) as opened:
                assert opened.testzip() is None
    assert export_facts(workspace, run.id, format) is None
    # No text of the table is left outside the run's folder.
    assert list((tmp_path / "left" / "checking").glob(".draft-*/.check-*/asked.json"))
    assert (tmp_path / "left" / "outside.txt").read_text() == ""
    if format is not Format.NUMPY:
        return
    export_run(running_job(workspace, "export", {"run": run.id, "format": format.value}))
    export = require_export(workspace, run.id, format)
    folder = run.folder / "export"
    left_over = {path.name for path in folder.iterdir()} - {f".{format}.lock"}
    assert left_over == {export.file.name, export.folder.name, f"{format}.json"}
    with zipfile.ZipFile(export.file) as opened:
        assert opened.testzip() is None


# A process that has imported everything forks one for each moment, which dies then; what it leaves
# is put aside.  The system's folder for temporary files is one of its own.
_DIES = """
import os, shutil, signal, sys, tempfile
from pathlib import Path
from core.encoder import client
from core.export import checking, job
from core.export.record import Export
from core.workspace import Workspace
from tests.export.conftest import encode_here
from tests.retrieval.stand_in import running_job
import torch, sentence_transformers

root, run, format, left, *moments = sys.argv[1:]
tempfile.tempdir = left + "-temporary"
os.mkdir(tempfile.tempdir)
torch.set_num_threads(1)
client.encode = encode_here
workspace = Workspace.open(Path(root))
exports = workspace.run(run) / "export"

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def after(module, name, when=lambda *given: True):
    real = getattr(module, name)
    def dying(*given, **named):
        real(*given, **named)
        if when(*given):
            die()
    setattr(module, name, dying)

def prepare(moment):
    if moment == "written":
        real = job.writer
        job.writer = lambda *given: lambda *files: (real(*given)(*files), die())
    elif moment == "checking":
        # The texts lie on the disk, and the fresh process has not ended.
        from core.export import verify
        verify._wait = die
    elif moment == "card":
        after(job, "write_cards")
    elif moment == "packing":
        real = job.write_archive
        job.write_archive = lambda *given: real(*given[:2], lambda done: done > 0.5 and die())
    elif moment == "zip":
        after(job.os, "replace", lambda source, target: str(target).endswith(".zip")
            and Path(target).parent == exports)
    elif moment == "folder":
        after(Path, "rename", lambda source, target: Path(target).parent == exports)
    else:
        Export.save = die

for moment in moments:
    child = os.fork()
    if not child:
        prepare(moment)
        job.export_run(running_job(workspace, "export", {"run": run, "format": format}))
        os._exit(1)
    state = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(state) and os.WTERMSIG(state) == signal.SIGKILL, (moment, state)
    shutil.copytree(exports, Path(left) / moment)
    for path in exports.glob("[!.]*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
outside = [str(path) for path in Path(tempfile.tempdir).rglob("*.json")]
(Path(left) / "outside.txt").write_text(" ".join(outside))
"""


def test_an_export_that_fails_leaves_the_earlier_one(
    workspace: Workspace, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = {"run": run.id, "format": "numpy"}
    export_run(running_job(workspace, "export", job))
    earlier = require_export(workspace, run.id, Format.NUMPY)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("core.export.job.write_archive", full)
    with pytest.raises(OSError, match="No space left"):
        export_run(running_job(workspace, "export", job))
    assert export_facts(workspace, run.id, Format.NUMPY) == earlier
    assert file_sha256(earlier.file) == earlier.sha256


def test_drafts_of_killed_exports_are_cleaned_but_not_those_at_work(
    workspace: Workspace, run: Run
) -> None:
    exports = run.folder / EXPORT_FOLDER
    for format in (Format.FOLDER, Format.HALF):
        (draft_folder(exports, format) / "m").mkdir(parents=True)
        (draft_folder(exports, format) / "m" / "asked.json").write_text("a text of the table")
    with draft_lock(exports, Format.HALF):
        # The supervisor calls this every half minute.
        clean_up(workspace)
        assert not draft_folder(exports, Format.FOLDER).exists()
        assert (draft_folder(exports, Format.HALF) / "m").exists()
    # Any other form takes them away as well.
    export_run(running_job(workspace, "export", {"run": run.id, "format": "numpy"}))
    assert not list(exports.glob(".draft-*"))


def test_a_model_is_not_read_to_know_that_it_is_the_exported_one(
    workspace: Workspace, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = pack(run)
    read: list[Path] = []
    monkeypatch.setattr(
        "core.export.record.model_fingerprint",
        lambda folder: read.append(folder) or model_fingerprint(folder),
    )
    assert export_facts(workspace, run.id) == facts and not read
    # In a copied workspace all times are new: then the weights say whether it is the same.
    for path in (run.folder / "model").rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    assert export_facts(workspace, run.id) == facts and len(read) == 1


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
    compared = texts_to_compare(held_out)
    texts = compared.texts
    assert len(set(texts)) == len(texts) == FEWEST_TEXTS
    assert set(held_out) <= set(texts)
    assert len({len(text) for text in texts}) > 10
    assert compared.made == len(set(texts) - set(held_out)) > 0
    said = said_of(len(texts), compared.made).text()
    assert said.startswith(f"{len(set(held_out))} of these texts are held out; ")


def test_of_many_held_out_texts_all_lengths_are_compared() -> None:
    held_out = [f"{number:05}" + "x" * (number % 700) for number in range(5000)]
    compared = texts_to_compare(held_out)
    texts = compared.texts
    assert compared.made == 0
    assert said_of(len(texts), 0).text() == "All of these texts are held out."
    lengths = [len(text) for text in texts]
    assert len(texts) == TEXTS_COMPARED
    assert (min(lengths), max(lengths)) == (5, 704)
    assert max(np.diff(sorted(lengths))) <= 4
