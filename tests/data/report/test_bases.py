"""Which bases a report looks through, and in which order."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.data.report import bases
from core.data.report.bases import bases_for_report
from core.jobs.status import JobState, JobStatus
from core.models.bundled import BUNDLED_NAME
from core.models.static import train_tokenizer
from core.workspace import Workspace
from tests.models.made import TEXTS, write_tensors

CONFIG = """
version: 1
name: {name}
dataset: {{id: d, name: d, content_hash: h}}
base: {{kind: folder, path: {path}}}
loss: {{name: TripletLoss}}
"""


@pytest.fixture(scope="module")
def static_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As much of a static model as is read before it is opened."""
    folder = tmp_path_factory.mktemp("static") / "shoes"
    folder.mkdir()
    module = {"path": "", "type": "sentence_transformers.models.StaticEmbedding"}
    (folder / "modules.json").write_text(json.dumps([module]))
    tokenizer = train_tokenizer(TEXTS, 300, 3)
    tokenizer.save(str(folder / "tokenizer.json"))
    vectors = np.zeros((tokenizer.get_vocab_size(), 16))
    write_tensors(folder / "model.safetensors", **{"embedding.weight": vectors})
    return folder


def add_run(workspace: Workspace, id: str, model: Path, name: str, base: Path) -> None:
    folder = workspace.runs / id
    shutil.copytree(model, folder / "model")
    (folder / "config.yaml").write_text(CONFIG.format(name=name, path=base))
    replace(JobStatus(kind="train"), state=JobState.SUCCEEDED).save(folder)


def other_vocabulary(folder: Path) -> None:
    """Give a model another tokenizer, as another table would have made it."""
    file = next(folder.rglob("tokenizer.json"))
    train_tokenizer(TEXTS[:3], 300, 2).save(str(file))


def test_a_new_workspace_has_the_bundled_base(workspace: Workspace) -> None:
    (base,) = bases_for_report(workspace)
    assert (base.name, base.max_length) == (BUNDLED_NAME, 256)
    assert base.config["kind"] == "bundled"
    assert base.tokenizer_json.name == "tokenizer.json"


def test_runs_and_the_folders_of_earlier_runs_each_vocabulary_once(
    workspace: Workspace, static_folder: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(static_folder, tmp_path / "local")
    other_vocabulary(folder)
    add_run(workspace, "20260101-000000-old", static_folder, "Old shoes", folder)
    add_run(workspace, "20260102-000000-new", static_folder, "New shoes", tmp_path / "gone")
    (workspace.runs / "20260103-000000-damaged").mkdir()
    found = bases_for_report(workspace)
    assert [(base.name, base.config["kind"]) for base in found] == [
        (BUNDLED_NAME, "bundled"),
        ("New shoes", "run"),
        ("local", "folder"),
    ]
    assert found[2].config["path"] == str(folder)
    assert found[1].max_length is None


@pytest.mark.parametrize("chosen", ["Old shoes", "20260101-000000-old"])
def test_the_chosen_base_comes_first_under_its_own_name(
    workspace: Workspace, static_folder: Path, tmp_path: Path, chosen: str
) -> None:
    add_run(workspace, "20260101-000000-old", static_folder, "Old shoes", tmp_path)
    add_run(workspace, "20260102-000000-new", static_folder, "New shoes", tmp_path)
    names = [base.name for base in bases_for_report(workspace, chosen)]
    assert names == ["Old shoes", BUNDLED_NAME]
    assert bases_for_report(workspace, "nothing like it")[0].name == BUNDLED_NAME


def test_a_local_folder_can_be_chosen_by_its_path(
    workspace: Workspace, static_folder: Path
) -> None:
    first, second = bases_for_report(workspace, str(static_folder))
    assert (first.name, second.name) == ("shoes", BUNDLED_NAME)


def test_runs_of_the_same_name_are_told_apart_and_not_all_are_taken(
    workspace: Workspace, static_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bases, "MOST_BASES", 3)
    for number in range(4):
        id = f"2026010{number}-000000-shoes"
        add_run(workspace, id, static_folder, "Shoes", tmp_path)
        if number != 1:
            other_vocabulary(workspace.runs / id / "model")
            file = next((workspace.runs / id / "model").rglob("tokenizer.json"))
            train_tokenizer(TEXTS[: number + 3], 300, 2).save(str(file))
    assert [base.name for base in bases_for_report(workspace)] == [
        BUNDLED_NAME,
        "Shoes",
        "Shoes (20260102-000000-shoes)",
    ]
    chosen = bases_for_report(workspace, "20260100-000000-shoes")
    assert len(chosen) == 3
    assert chosen[0].config["run"] == "20260100-000000-shoes"
