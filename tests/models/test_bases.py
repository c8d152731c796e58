"""What a run can start from, and under which name."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from core.jobs.status import JobState, JobStatus
from core.models.bases import BaseConfig, FolderMissing, RunHasNoModel, list_bases, resolve
from core.models.folder import NoSuchFolder
from core.workspace import UnknownItem, Workspace


def add_run(workspace: Workspace, id: str, state: JobState, model: Path | None) -> str:
    folder = workspace.runs / id
    folder.mkdir()
    replace(JobStatus(kind="train"), state=state).save(folder)
    if model is not None:
        shutil.copytree(model, folder / "model")
    return id


def test_finished_runs_with_a_model_are_offered_the_newest_first(
    workspace: Workspace, static_folder: Path
) -> None:
    add_run(workspace, "20260101-000000-old", JobState.SUCCEEDED, static_folder)
    add_run(workspace, "20260102-000000-new", JobState.SUCCEEDED, static_folder)
    add_run(workspace, "20260103-000000-failed", JobState.FAILED, static_folder)
    add_run(workspace, "20260104-000000-empty", JobState.SUCCEEDED, None)
    add_run(workspace, ".deleted-20260104-000000-gone", JobState.SUCCEEDED, static_folder)
    (workspace.runs / "20260105-000000-damaged" / "model").mkdir(parents=True)
    assert [(base.config.kind, base.name) for base in list_bases(workspace)] == [
        ("bundled", "sentence-transformers/all-MiniLM-L6-v2"),
        ("static", "Static, from your own data"),
        ("run", "20260102-000000-new"),
        ("run", "20260101-000000-old"),
    ]


def test_the_bundled_base_goes_by_its_public_name(workspace: Workspace) -> None:
    base = resolve(workspace, BaseConfig())
    assert base.name == "sentence-transformers/all-MiniLM-L6-v2"
    assert base.path is not None and base.dimension == 384


def test_a_run_and_a_folder_are_never_named_by_a_path(
    workspace: Workspace, static_folder: Path
) -> None:
    id = add_run(workspace, "20260101-000000-old", JobState.SUCCEEDED, static_folder)
    run = resolve(workspace, BaseConfig(kind="run", run=id))
    folder = resolve(workspace, BaseConfig(kind="folder", path=str(static_folder)))
    assert (run.name, folder.name) == (id, "model")
    assert run.path == workspace.run(id) / "model"
    assert run.kind == folder.kind == "static"


def test_a_static_base_is_known_before_it_is_built(workspace: Workspace) -> None:
    base = resolve(workspace, BaseConfig(kind="static", vocabulary_size=1000, dimension=64))
    assert (base.path, base.tokenizer, base.dimension) == (None, None, 64)
    assert base.parameters == 64_000


def test_what_cannot_be_started_from(workspace: Workspace, tmp_path: Path) -> None:
    add_run(workspace, "empty", JobState.SUCCEEDED, None)
    with pytest.raises(RunHasNoModel, match="The run empty has no trained model to start from"):
        resolve(workspace, BaseConfig(kind="run", run="empty"))
    with pytest.raises(UnknownItem, match="There is no run named other"):
        resolve(workspace, BaseConfig(kind="run", run="other"))
    with pytest.raises(FolderMissing, match="No folder was given"):
        resolve(workspace, BaseConfig(kind="folder"))
    with pytest.raises(NoSuchFolder):
        resolve(workspace, BaseConfig(kind="folder", path=str(tmp_path / "gone")))
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        BaseConfig(kind="bundled", pth="x")  # type: ignore[call-arg]
