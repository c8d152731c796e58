"""The Export screen: what is in the folder, the check, the facts, the file itself."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from core.export import job as export_job
from core.export import tokens
from core.export.archive import write_archive
from core.export.card.form import CardForm
from core.export.formats import Format, export_name
from core.export.job import last_export_job
from core.export.record import Export, Kept, form_hash
from core.export.verify import ModelDoesNotLoad
from core.files import file_sha256
from core.jobs import queue
from core.jobs.status import JobState, JobStatus
from core.models.fingerprint import model_fingerprint
from core.problems import Problem
from core.workspace import Workspace, utc_now
from tests.models.made import write_tensors
from tests.pages.made import make_run
from tests.ui.helpers import open_screen, shown
from ui.downloads import ROUTES
from ui.export_card import readable


@pytest.fixture
def run(workspace: Workspace) -> str:
    """A finished run whose folder holds the files of a model."""
    id = make_run(workspace, name="中文 商品")
    model = workspace.run(id) / "model"
    model.mkdir()
    (model / "modules.json").write_text("[]")
    (model / "README.md").write_text("card")
    (model / "odd.bin").write_bytes(b"\0" * 1500)
    write_tensors(model / "model.safetensors", embeddings=np.zeros((20, 8)))
    return id


@pytest.fixture
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that says itself how the job goes on."""
    monkeypatch.setattr(export_job, "ensure_supervisor", lambda workspace: None)


def pack(workspace: Workspace, run: str, format: Format = Format.FOLDER, **found: Any) -> Export:
    """Write what a finished export leaves."""
    folder = workspace.run(run) / "export"
    folder.mkdir(exist_ok=True)
    archive = folder / f"{export_name('中文 商品', format)}.zip"
    shutil.copytree(folder.parent / "model", archive.with_suffix(""))
    write_archive(archive.with_suffix(""), archive)
    facts = {
        "format": format,
        "file": archive,
        "size_bytes": archive.stat().st_size,
        "sha256": file_sha256(archive),
        "texts": 123,
        "difference": 3.1e-8,
        "cosine": 1.0,
        "texts_per_second": 1234.5,
        "before_per_second": None,
        "kept": None,
        "created": utc_now(),
        "fingerprint": model_fingerprint(folder.parent / "model"),
        "form": form_hash(folder.parent),
    }
    export = Export(**{**facts, **found})
    export.save()
    return export


def end_job(workspace: Workspace, id: str, state: JobState, problem: Problem | None = None) -> Path:
    """Let an export job end in ``state``; its folder."""
    folder = workspace.job(id)
    error = problem.to_json() if problem else None
    replace(JobStatus.load(folder), state=state, finished=utc_now(), error=error).save(folder)
    queue.release(workspace, id)
    return folder


def link(app: AppTest) -> str:
    return app.get("link_button")[0].proto.url


def test_without_a_model_there_is_a_way_to_one(workspace: Workspace) -> None:
    make_run(workspace, JobState.FAILED)
    assert "There is no trained model yet" in shown(open_screen("export"))


def test_the_files_are_listed_with_purpose_and_size(workspace: Workspace, run: str) -> None:
    app = open_screen("export", run=run)
    table = app.dataframe[0].value
    assert list(table.index) == ["README.md", "model.safetensors", "modules.json", "odd.bin"]
    assert table["What it is for"]["model.safetensors"] == "The weights: what was learned"
    assert table["What it is for"]["odd.bin"] == "–"
    assert table["Size"]["odd.bin"] == "1.5 kB"
    assert not app.get("link_button")
    assert app.code[-1].value.endswith(f" export {run} --format all")


@pytest.mark.usefixtures("no_worker")
def test_the_button_starts_the_job_and_its_end_brings_the_facts(
    workspace: Workspace, run: str
) -> None:
    app = open_screen("export", run=run)
    app.button(key="pack_safetensors").click().run()
    assert not app.exception
    job = last_export_job(workspace, run)
    assert job is not None
    assert queue.read_spec(workspace.job(job)).params == {"run": run, "format": "safetensors"}
    assert "Waiting for the worker to start" in shown(app)
    assert app.get("progress")[0].value == 0
    # Another session that comes now finds the job at work.
    assert "Waiting for the worker" in shown(open_screen("export", run=run))
    pack(workspace, run)
    end_job(workspace, job, JobState.SUCCEEDED)
    app.run()
    assert "gave the same vectors for 123 texts; largest difference 3e-08" in shown(app)
    assert not app.get("progress")


@pytest.mark.usefixtures("no_worker")
def test_a_failed_check_is_said_with_its_log_and_can_be_tried_again(
    workspace: Workspace, run: str
) -> None:
    job = export_job.start_export(workspace, run)
    folder = end_job(workspace, job, JobState.FAILED, ModelDoesNotLoad(reason="*no* weights"))
    (folder / "log.txt").write_text("line 1\nTraceback", encoding="utf-8")
    app = open_screen("export", run=run)
    assert r"could not load the model: \*no\* weights" in shown(app)
    assert app.code[0].value == "line 1\nTraceback"
    app.button(key="pack_safetensors").click().run()
    assert last_export_job(workspace, run) != job


def test_an_export_is_shown_in_words_and_its_link_fetches_it(
    workspace: Workspace, run: str
) -> None:
    export = pack(workspace, run)
    app = open_screen("export", run=run)
    assert 'SentenceTransformer("中文-商品")' in app.code[0].value
    assert app.code[1].value == export.sha256
    assert app.code[2].value == str(export.folder)
    answer = TestClient(Starlette(routes=ROUTES), base_url="http://127.0.0.1:8501").get(link(app))
    assert answer.status_code == 200
    assert answer.content == export.file.read_bytes()


def test_every_draw_makes_a_new_link(
    workspace: Workspace, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack(workspace, run)
    app = open_screen("export", run=run)
    first, now = link(app), time.time()
    monkeypatch.setattr(tokens.time, "time", lambda: now + 300)
    app.run()
    assert link(app) != first
    ends = int(link(app).partition("token=")[2].partition(".")[0])
    assert ends >= int(now) + 300 + tokens.LIFETIME_SECONDS


def test_chinese_export_is_chinese(workspace: Workspace, run: str) -> None:
    pack(workspace, run)
    words = shown(open_screen("export", locale="zh-CN", run=run))
    assert "一个全新的进程加载了该文件夹，并为 123 条文本算出了相同的向量" in words
    for english in ("Packed", "model folder", "Unpack", "terminal", "Use it"):
        assert english not in words


def test_what_eight_bits_lose_is_said(workspace: Workspace, run: str) -> None:
    kept = Kept("ndcg@10", 50, 0.9, 0.85)
    pack(workspace, run, kept=kept, before_per_second=400.0, cosine=0.97)
    app = open_screen("export", run=run)
    (warning,) = app.warning
    assert "nDCG@10 on 50 held-out questions" in warning.value
    assert "searched among the held-out answers: 0.9000 as trained, 0.8500" in warning.value
    assert "1,234 texts a second, the model as trained 400" in warning.value
    assert "smallest cosine 0.9700" in warning.value


def test_a_filled_in_card_is_shown_kept_and_asks_for_another_export(
    workspace: Workspace, run: str
) -> None:
    pack(workspace, run)
    app = open_screen("export", run=run)
    app.segmented_control(key="export_view").set_value("card").run()
    assert not app.exception
    assert "To be filled in: who uses this model" in shown(app)
    (intended, *_) = app.text_area
    intended.set_value("找商品 for $5 shops")
    app.selectbox[-1].set_value("mit")
    app.toggle[0].set_value(False)
    next(button for button in app.button if button.label == "Save").click().run()
    assert not app.exception
    form = CardForm.load(workspace.run(run))
    assert form is not None
    assert (form.license, form.show_texts, form.intended) == ("mit", False, "找商品 for $5 shops")
    assert "找商品 for \\$5 shops" in shown(app)
    app.segmented_control(key="export_view").set_value("formats").run()
    assert "pack it again" in shown(app)
    assert not app.get("link_button")


def test_a_card_is_readable_without_its_html() -> None:
    card = "---\nlicense: mit\n---\n\n# T\n\n<code>a</code> $1 :red[x]\n\n```\n$ <b>\n```\n"
    assert readable(card).strip() == "# T\n\na \\$1 \\:red[x]\n\n```\n$ <b>\n```"
