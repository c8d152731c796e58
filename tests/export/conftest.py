"""A run with a small static model, made without training, and one that was trained."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.data.dataset import column_names
from core.data.report import make_report
from core.data.samples import add_sample
from core.data.shapes import Mapping
from core.data.store import load_dataset, save_report
from core.encoder import client
from core.export.formats import Format
from core.export.job import export_run
from core.export.record import Export, export_facts
from core.files import write_json
from core.inspection.widgets import Example
from core.jobs import queue
from core.jobs.status import JobState, JobStatus
from core.models.bases import BaseConfig
from core.training.artifacts import EXAMPLES, HELD_OUT_TEXTS
from core.training.config import (
    DatasetConfig,
    EvaluationConfig,
    LossConfig,
    OwnQuestion,
    RunConfig,
    TrainingConfig,
)
from core.training.defaults import propose
from core.training.encoding import load_model
from core.training.runs import Run, load_run
from core.workspace import Workspace, utc_now
from tests.models.made import OTHERS, QUESTION, TEXTS, save_static
from tests.retrieval.stand_in import running_job
from tests.training.conftest import add_table, run_here, sample_frame, tiny_base

__all__ = ["tiny_base"]


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


@dataclass(frozen=True)
class Trained:
    """A real run, trained once for all tests here: a small transformer on 80 triplets.

    Attributes:
        workspace: where it is.
        id: the run.
        base: the folder that it started from.
        secret: a question of one's own in its configuration.
        frame: its table.
    """

    workspace: Workspace
    id: str
    base: Path
    secret: str
    frame: pd.DataFrame

    @property
    def run(self) -> Run:
        """The run as its folder tells it."""
        return load_run(self.workspace, self.id)

    def export(self, format: Format) -> Export:
        """The run's export, made when it is asked for first."""
        found = export_facts(self.workspace, self.id, format)
        if found is None:
            params = {"run": self.id, "format": format.value}
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(client, "encode", encode_here)
                export_run(running_job(self.workspace, "export", params))
            found = export_facts(self.workspace, self.id, format)
        assert found is not None
        return found


def encode_here(workspace: Workspace, folder: Path, texts: list[str]) -> np.ndarray:
    """What the encoder's process answers, without one."""
    return load_model(folder, "cpu").encode(texts, normalize_embeddings=True)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> Trained:
    workspace = Workspace.open(tmp_path_factory.mktemp("trained") / "workspace")
    frame = sample_frame()
    mapping = Mapping("anchor", "positive", negatives=("negative",))
    dataset = load_dataset(workspace, add_table(workspace, frame, mapping))
    report = make_report(dataset.frame(), column_names(dataset.info.columns, mapping))
    save_report(workspace, dataset.info.id, report)
    secret = "哪一款最适合送给外婆？"
    config = RunConfig(
        name="Product | *finder*",
        dataset=DatasetConfig(
            id=dataset.info.id, name="Products", content_hash=dataset.info.content_hash
        ),
        base=BaseConfig(kind="folder", path=str(tiny_base)),
        loss=LossConfig(name="MultipleNegativesRankingLoss"),
        training=TrainingConfig(epochs=1, batch_size=16, learning_rate=1e-3, seed=7),
        evaluation=EvaluationConfig(held_out_share=0.2, questions=(OwnQuestion(question=secret),)),
    )
    folder = run_here(workspace, config)
    return Trained(workspace, folder.name, tiny_base, secret, dataset.frame())
