"""The callback between trainer and live view, on its own."""

from __future__ import annotations

import pytest

from core.jobs import queue
from core.jobs.context import JobContext
from core.jobs.events import read_events
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

    from core.training.progress import LossNotANumber, ProgressCallback

    callback = ProgressCallback(job, rows_per_step=8, loss=Identity())
    arguments = TrainingArguments(output_dir=str(job.folder / "checkpoints"), use_cpu=True)
    state = TrainerState(global_step=3, max_steps=10)
    callback.on_train_begin(arguments, state, TrainerControl())
    callback.on_log(arguments, state, TrainerControl(), logs={"loss": 0.5, "learning_rate": 1e-3})
    with pytest.raises(LossNotANumber, match="at step 3") as caught:
        callback.on_log(arguments, state, TrainerControl(), logs={"loss": loss})
    assert "Lower the learning rate" in str(caught.value)
    events, _ = read_events(job.folder)
    assert [event["type"] for event in events] == ["start", "train"]
    assert events[1]["loss"] == 0.5 and events[1]["memory_bytes"] > 0
