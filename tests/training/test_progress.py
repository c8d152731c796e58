"""The callback between trainer and live view, on its own."""

from __future__ import annotations

from typing import Any

import pytest

from core.jobs import queue
from core.jobs.context import JobContext
from core.jobs.events import read_events
from core.training.config import EvaluationConfig
from core.workspace import Workspace
from tests.training.conftest import MakeConfig


@pytest.fixture
def job(workspace: Workspace, triplets: str, make_config: MakeConfig) -> JobContext:
    config = make_config(triplets)
    id = queue.submit(workspace, "train", config.to_dict(), name="run")
    folder = workspace.run(id)
    return JobContext(workspace, folder, queue.read_spec(folder), "cpu")


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_a_loss_that_is_not_a_number_stops_the_run_in_words(job: JobContext, loss: float) -> None:
    from torch.nn import Identity
    from transformers import TrainerControl, TrainerState, TrainingArguments

    from core.training.best import Watch
    from core.training.progress import LossNotANumber, ProgressCallback

    settings = EvaluationConfig()
    watch = Watch(job, settings, "ndcg@10", lambda _model: 0.5)
    model: Any = Identity()  # handed on to the score only
    callback = ProgressCallback(job, 8, Identity(), watch, model, settings.evaluations)
    arguments = TrainingArguments(output_dir=str(job.folder / "checkpoints"), use_cpu=True)
    state = TrainerState(global_step=3, max_steps=10)
    callback.on_train_begin(arguments, state, TrainerControl())
    callback.on_log(arguments, state, TrainerControl(), logs={"loss": 0.5, "learning_rate": 1e-3})
    with pytest.raises(LossNotANumber, match="at step 3") as caught:
        callback.on_log(arguments, state, TrainerControl(), logs={"loss": loss})
    assert "Lower the learning rate" in str(caught.value)
    events, _ = read_events(job.folder)
    point = events[-1]
    assert point["type"] == "train" and point["loss"] == 0.5 and point["memory_bytes"] > 0
