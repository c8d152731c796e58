"""The estimate counts what a run does, and follows the machine's measured speed."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest

from core.files import write_json
from core.models.bases import BaseConfig
from core.training.estimate import estimate
from core.training.quickstart import quickstart_estimate
from core.training.speed import GUESS, load_speed, speed_path
from core.workspace import Workspace
from tests.training.conftest import MakeConfig


def test_steps_and_rows_are_those_of_the_run(
    workspace: Workspace, triplets: str, make_config: MakeConfig
) -> None:
    told = estimate(workspace, make_config(triplets, epochs=3, batch_size=8))
    assert (told.train_rows, told.held_out_rows, told.steps) == (64, 16, 24)
    assert not told.measured


def test_twice_the_epochs_cost_more_but_not_the_start(
    workspace: Workspace, triplets: str, make_config: MakeConfig
) -> None:
    bundled = BaseConfig(kind="bundled")
    seconds = [
        estimate(workspace, make_config(triplets, bundled, epochs=epochs)).seconds
        for epochs in (2, 4, 8)
    ]
    assert seconds[2] - seconds[1] == pytest.approx(2 * (seconds[1] - seconds[0]), rel=0.01)
    assert seconds[0] > 10


def test_a_machine_of_half_the_speed_takes_twice_the_training_time(
    workspace: Workspace, triplets: str, make_config: MakeConfig
) -> None:
    config = make_config(triplets, BaseConfig(kind="bundled"), epochs=50)
    slow = replace(
        GUESS,
        train_flops=GUESS.train_flops / 2,
        step_overhead_seconds=GUESS.step_overhead_seconds * 2,
        measured=True,
    )
    fast = estimate(workspace, config).seconds
    write_json(speed_path(workspace), asdict(slow))
    assert load_speed(workspace) == slow
    told = estimate(workspace, config)
    assert told.measured and told.seconds == pytest.approx(2 * fast, rel=0.15)


@pytest.mark.parametrize("sample", ["products", "drugs"])
def test_a_samples_estimate_adds_nothing_to_the_workspace(
    workspace: Workspace, sample: str
) -> None:
    told = quickstart_estimate(workspace, sample)
    assert 5 < told.seconds < 180
    assert not any(workspace.datasets.iterdir()) and not any(workspace.corpora.iterdir())
