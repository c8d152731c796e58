"""A few real batches: what they cost is kept, and the estimate and the suggestion follow it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.jobs import queue
from core.jobs.context import JobContext
from core.jobs.status import JobState, JobStatus
from core.models.bases import BaseConfig
from core.training.config import EvaluationConfig, LossConfig, RunConfig
from core.training.estimate import estimate
from core.training.measured import (
    Measured,
    load_measured,
    save_measured,
    suggested_batch,
    to_measure,
)
from core.training.probe import probe
from core.workspace import Workspace
from tests.training.conftest import MakeConfig

GB = 10**9


def measured(**changes: Any) -> Measured:
    usual = Measured("cpu", 0.5, 2 * GB, 8 * GB, batch_size=8, fits=True, largest=500)
    return replace(usual, **changes)


@pytest.fixture
def config(triplets: str, make_config: MakeConfig, tiny_base: Path) -> RunConfig:
    return make_config(triplets, BaseConfig(kind="folder", path=str(tiny_base)))


def test_real_steps_are_tried_and_the_estimate_is_made_of_them(
    workspace: Workspace, config: RunConfig
) -> None:
    before = estimate(workspace, config)
    assert before.real is None and before.suggested_batch is None
    params = {"config": to_measure(config).to_dict()}
    id = queue.submit(workspace, "probe", params, name="probe")
    folder = workspace.job(id)
    JobStatus.load(folder).moved(JobState.RUNNING).save(folder)
    job = JobContext(workspace, folder, queue.read_spec(folder), "cpu")
    probe(job)
    job.finish(JobState.SUCCEEDED)
    real = load_measured(workspace, config)
    assert real is not None and real.device == "cpu" and real.fits and real.batch_size == 8
    assert 0 < real.step_seconds < 60
    # More than the weights and their two moments, less than there is.
    assert 10**6 < real.peak_bytes < real.usable_bytes and real.largest >= 8
    told = estimate(workspace, config)
    assert told.real == real and told.measured and told.suggested_batch is not None
    # What was tried leaves nothing but its result behind.
    assert {path.name for path in folder.iterdir()} <= {
        "job.json",
        "status.json",
        "events.jsonl",
        "log.txt",
    }


def test_the_estimate_counts_the_measured_step(workspace: Workspace, config: RunConfig) -> None:
    save_measured(workspace, config, measured(step_seconds=1.0))
    once = estimate(workspace, config)
    save_measured(workspace, config, measured(step_seconds=3.0))
    thrice = estimate(workspace, config)
    assert once.steps == 16
    assert thrice.seconds - once.seconds >= 2 * 16


Change = Callable[[RunConfig], RunConfig]


def training(**changes: Any) -> Change:
    def change(config: RunConfig) -> RunConfig:
        return config.model_copy(update={"training": config.training.model_copy(update=changes)})

    return change


@pytest.mark.parametrize(
    ("change", "same"),
    [
        (lambda config: config.model_copy(update={"name": "Another"}), True),
        (lambda config: config.model_copy(update={"evaluation": EvaluationConfig()}), True),
        (training(epochs=9.0, learning_rate=1e-3, seed=1, schedule="cosine"), True),
        (training(batch_size=4), False),
        (training(max_length=16), False),
        (training(gradient_checkpointing=True), False),
        (lambda config: config.model_copy(update={"loss": LossConfig(name="TripletLoss")}), False),
        (lambda config: config.model_copy(update={"base": BaseConfig()}), False),
    ],
)
def test_what_was_measured_holds_for_as_long_as_steps_cost_the_same(
    workspace: Workspace, config: RunConfig, change: Change, same: bool
) -> None:
    save_measured(workspace, config, measured())
    changed = change(config)
    assert (load_measured(workspace, changed) is not None) == same
    assert (to_measure(changed) == to_measure(config)) == same


@pytest.mark.parametrize(
    ("loss", "asked", "largest", "rows", "static", "expected"),
    [
        # Learns from the other rows of a batch: as many as fit, with 100 steps left.
        ("MultipleNegativesRankingLoss", 32, 10_000, 100_000, False, 256),
        ("MultipleNegativesRankingLoss", 32, 100, 100_000, False, 64),
        ("MultipleNegativesRankingLoss", 32, 10_000, 8_000, False, 64),
        ("MultipleNegativesRankingLoss", 32, 10_000, 400, False, 32),
        ("MultipleNegativesRankingLoss", 256, 10_000, 1_000_000, True, 1024),
        ("MultipleNegativesRankingLoss", 32, 10, 400, False, 8),
        # Looks at a row at a time: what was asked for, if it fits.
        ("TripletLoss", 16, 10_000, 100_000, False, 16),
        ("TripletLoss", 16, 11, 100_000, False, 8),
        ("BatchAllTripletLoss", 16, 2, 100_000, False, 4),
    ],
)
def test_the_suggested_batch(
    config: RunConfig,
    loss: str,
    asked: int,
    largest: int,
    rows: int,
    static: bool,
    expected: int,
) -> None:
    made = training(batch_size=asked, epochs=1.0)(config)
    made = made.model_copy(update={"loss": LossConfig(name=loss)})
    assert suggested_batch(made, largest, rows, static=static) == expected


def test_a_batch_that_does_not_fit_is_tried_in_halves(
    workspace: Workspace, config: RunConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from core.training import probe as module

    load = module._load_model

    def narrow(*given: Any) -> Any:
        model = load(*given)

        def check(_module: Any, inputs: tuple[Any, ...]) -> None:
            # The three texts of eight rows do not fit at once, those of four do.
            starts = inputs[0].get("cu_seq_lens_q")
            if model.training and starts is not None and len(starts) - 1 > 3 * 4:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

        model[0].register_forward_pre_hook(check)
        return model

    monkeypatch.setattr(module, "_load_model", narrow)
    id = queue.submit(workspace, "probe", {"config": config.to_dict()}, name="probe")
    folder = workspace.job(id)
    JobStatus.load(folder).moved(JobState.RUNNING).save(folder)
    job = JobContext(workspace, folder, queue.read_spec(folder), "cpu")
    probe(job)
    job.finish(JobState.SUCCEEDED)
    real = load_measured(workspace, config)
    assert real is not None and not real.fits
    assert real.batch_size == 4
    told = estimate(workspace, config)
    assert told.suggested_batch is not None
