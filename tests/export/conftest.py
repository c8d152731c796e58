"""A finished run with a small static model, made without training."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from core.data.samples import add_sample
from core.data.store import load_dataset
from core.files import write_json
from core.inspection.widgets import Example
from core.jobs import queue
from core.jobs.status import JobState, JobStatus
from core.models.bases import BaseConfig
from core.training.artifacts import EXAMPLES, HELD_OUT_TEXTS
from core.training.defaults import propose
from core.training.runs import Run, load_run
from core.workspace import Workspace, utc_now
from tests.models.made import OTHERS, QUESTION, TEXTS, save_static


@pytest.fixture(scope="session")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A static model, not to be changed."""
    return save_static(tmp_path_factory.mktemp("small") / "model")


@pytest.fixture
def run(workspace: Workspace, small_model: Path) -> Run:
    """A run that has succeeded, with few held-out texts and a name that is no file name."""
    dataset = load_dataset(workspace, add_sample(workspace, "products")).info
    config = propose(workspace, dataset, BaseConfig(kind="static"))
    config = config.model_copy(update={"name": "药品/说明 v1.2?"})
    id = queue.submit(workspace, "train", config.to_dict(), name=config.name)
    queue.release(workspace, id)
    folder = workspace.run(id)
    status = JobStatus.load(folder)
    replace(status, state=JobState.SUCCEEDED, started=utc_now(), finished=utc_now()).save(folder)
    shutil.copytree(small_model, folder / "model")
    write_json(folder / HELD_OUT_TEXTS, TEXTS)
    roles = ("other",) * len(OTHERS)
    example = Example(QUESTION, tuple(OTHERS), roles, (None,) * len(OTHERS))
    write_json(folder / EXAMPLES, [vars(example)])
    return load_run(workspace, id)
