"""A run whose process is killed goes on from its last whole checkpoint: real processes."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.jobs import queue
from core.jobs.engines import LocalEngine
from core.jobs.status import JobState, JobStatus
from core.jobs.stopping import StopWish
from core.jobs.supervisor import Supervisor, ensure_supervisor
from core.models.bases import BaseConfig
from core.training.checkpoints import (
    CHECKPOINTS,
    WHOLE_MARK,
    checkpoint_step,
    last_whole_checkpoint,
)
from core.training.config import RunConfig
from core.training.runs import Curves
from core.training.start import start_run
from core.workspace import Workspace
from tests.training.conftest import MakeConfig, run_here
from tests.training.stopping import run_stopped


def seldom_scored(config: RunConfig) -> RunConfig:
    """The same training, with less time spent on looking at the model."""
    evaluation = config.evaluation.model_copy(update={"evaluations": 4, "confusables": False})
    return config.model_copy(update={"evaluation": evaluation})


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen"
        time.sleep(0.02)


def steps(folder: Path) -> list[int]:
    curves = Curves()
    curves.update(folder)
    return [point["step"] for point in curves.train]


def state_at(checkpoint: Path) -> dict[str, np.ndarray]:
    """Every number that a checkpoint holds: the model's, the optimiser's and the schedule's."""
    import torch
    from safetensors.numpy import load_file

    numbers = dict(load_file(checkpoint / "model.safetensors"))
    optimiser = torch.load(checkpoint / "optimizer.pt", weights_only=True)["state"]
    for index, state in optimiser.items():
        for name, value in state.items():
            numbers[f"optimiser {index} {name}"] = np.asarray(value)
    schedule = torch.load(checkpoint / "scheduler.pt", weights_only=True)
    numbers["rate"] = np.array(schedule["_last_lr"])
    return numbers


@pytest.mark.timeout(200)
def test_after_kill_9_and_resume_the_parameters_at_a_step_are_as_if_never_interrupted(
    workspace: Workspace, triplets: str, make_config: MakeConfig, tiny_base: Path
) -> None:
    base = BaseConfig(kind="folder", path=str(tiny_base))
    config = seldom_scored(make_config(triplets, base, learning_rate=1e-3, epochs=12))
    step = 90
    straight = run_stopped(workspace, config, step)
    assert checkpoint_step(last_whole_checkpoint(straight) or Path()) == step

    # The supervisor is in this process, the worker in one of its own.
    id = queue.submit(workspace, "train", config.to_dict(), name="killed")
    folder = workspace.run(id)
    supervisor = Supervisor(workspace, LocalEngine(workspace))
    supervisor.step()
    wait_for(lambda: last_whole_checkpoint(folder) is not None, "the first checkpoint")
    pid = JobStatus.load(folder).pid
    assert pid
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not supervisor.step(), "the end of the process")
    status = JobStatus.load(folder)
    assert status.state is JobState.INTERRUPTED
    assert status.error and status.error["kind"] == "KilledForMemory"
    checkpoint = last_whole_checkpoint(folder)
    assert checkpoint is not None and checkpoint_step(checkpoint) < step
    at, before = checkpoint_step(checkpoint), steps(folder)

    queue.resume(workspace, id)
    run_stopped(workspace, config, step, id=id)
    ours = state_at(folder / CHECKPOINTS / f"checkpoint-{step}")
    theirs = state_at(straight / CHECKPOINTS / f"checkpoint-{step}")
    assert ours.keys() == theirs.keys() and len(ours) > 100
    for name, value in theirs.items():
        np.testing.assert_allclose(ours[name], value, rtol=0, atol=1e-6, err_msg=name)
    after = steps(folder)
    assert after == sorted(set(after)) == steps(straight)
    assert [one for one in before if one <= at] == [one for one in after if one <= at]


def numbers_at(run: Path, step: int) -> dict[str, np.ndarray]:
    """Every number of the checkpoint at ``step``, those that the loss itself has learned too."""
    from safetensors.numpy import load_file

    checkpoint = run / CHECKPOINTS / f"checkpoint-{step}"
    loss = checkpoint / "loss.safetensors"
    own = load_file(loss) if loss.exists() else {}
    return {**state_at(checkpoint), **{f"loss {name}": value for name, value in own.items()}}


def same_numbers(ours: dict[str, np.ndarray], theirs: dict[str, np.ndarray]) -> bool:
    return ours.keys() == theirs.keys() and all(
        np.allclose(ours[name], value, rtol=0, atol=1e-6) for name, value in theirs.items()
    )


@pytest.mark.parametrize(
    ("table", "loss", "static", "settings"),
    [
        ("triplets", "MultipleNegativesRankingLoss", False, {}),
        pytest.param("triplets", "MultipleNegativesRankingLoss", True, {}, marks=pytest.mark.slow),
        ("scored_pairs", "SoftmaxLoss", False, {}),
        ("classes", "BatchAllTripletLoss", True, {}),
        pytest.param(
            "triplets",
            "TripletLoss",
            False,
            {"gradient_accumulation": 2, "data_seed": 7},
            marks=pytest.mark.slow,
        ),
    ],
)
def test_parameters_at_a_step_are_the_same_interrupted_or_not(
    workspace: Workspace,
    request: pytest.FixtureRequest,
    make_config: MakeConfig,
    tiny_base: Path,
    table: str,
    loss: str,
    static: bool,
    settings: dict[str, Any],
) -> None:
    base = None if static else BaseConfig(kind="folder", path=str(tiny_base))
    dataset = request.getfixturevalue(table)
    config = seldom_scored(make_config(dataset, base, loss, learning_rate=1e-3, **settings))
    straight = run_stopped(workspace, config, 7)
    stopped = run_stopped(workspace, config, 3)
    assert last_whole_checkpoint(stopped) == stopped / CHECKPOINTS / "checkpoint-3"
    early = numbers_at(stopped, 3)
    queue.resume(workspace, stopped.name)
    run_stopped(workspace, config, 7, id=stopped.name)
    late = numbers_at(stopped, 7)
    assert same_numbers(late, numbers_at(straight, 7)) and not same_numbers(late, early)
    assert any(name.startswith("loss ") for name in late) is (loss == "SoftmaxLoss")
    assert steps(stopped) == steps(straight)


def test_a_run_is_resumed_with_the_vocabulary_of_its_checkpoint_not_with_that_of_its_base(
    workspace: Workspace, triplets: str, make_config: MakeConfig, tiny_base: Path, tmp_path: Path
) -> None:
    from sentence_transformers import SentenceTransformer

    folder = tmp_path / "base"
    extended = SentenceTransformer(str(tiny_base), device="cpu")
    extended.tokenizer.add_tokens(["shoe", "boot", "sole"])
    extended[0].auto_model.resize_token_embeddings(len(extended.tokenizer))
    extended.save_pretrained(str(folder))
    base = BaseConfig(kind="folder", path=str(folder))
    config = seldom_scored(make_config(triplets, base, learning_rate=1e-3))
    straight = run_stopped(workspace, config, 6)
    stopped = run_stopped(workspace, config, 3)
    # The plain base has fewer rows of embeddings than the checkpoint.
    shutil.rmtree(folder)
    shutil.copytree(tiny_base, folder)
    queue.resume(workspace, stopped.name)
    run_stopped(workspace, config, 6, id=stopped.name)
    assert same_numbers(numbers_at(stopped, 6), numbers_at(straight, 6))


def test_a_checkpoint_that_was_cut_short_is_not_gone_on_from(
    workspace: Workspace, triplets: str, make_config: MakeConfig
) -> None:
    config = make_config(triplets)
    folder = run_stopped(workspace, config, 12)
    whole = last_whole_checkpoint(folder)
    assert whole is not None and checkpoint_step(whole) == 12
    torn = folder / CHECKPOINTS / "checkpoint-14"
    torn.mkdir()
    (torn / "model.safetensors").write_bytes(b"half")
    queue.resume(workspace, folder.name)
    run_here(workspace, config, folder.name)
    assert JobStatus.load(folder).state is JobState.SUCCEEDED


def test_a_run_that_is_to_keep_its_model_ends_early_with_model_report_and_note(
    workspace: Workspace, triplets: str, make_config: MakeConfig
) -> None:
    folder = run_stopped(workspace, make_config(triplets), 6, StopWish.KEEP)
    status = JobStatus.load(folder)
    assert status.state is JobState.SUCCEEDED
    assert status.note_message is not None
    said = status.note_message.text()
    assert "stopped at step 6 of 16" in said
    assert steps(folder)[-1] == 6
    assert (folder / "model" / "modules.json").exists() and (folder / "report.json").exists()


def test_nothing_learned_yet_means_nothing_to_keep(
    workspace: Workspace, triplets: str, make_config: MakeConfig
) -> None:
    config = make_config(triplets)
    id = queue.submit(workspace, "train", config.to_dict(), name="early")
    queue.place(workspace, id, "cpu")
    queue.request_stop(workspace, id, StopWish.KEEP)
    folder = run_here(workspace, config, id)
    assert JobStatus.load(folder).state is JobState.CANCELLED
    assert not (folder / "model").exists() and steps(folder) == []


def test_a_cancelled_run_can_still_be_made_a_model_of(
    workspace: Workspace, triplets: str, make_config: MakeConfig
) -> None:
    from safetensors.numpy import load_file

    config = make_config(triplets)
    config = config.model_copy(
        update={"evaluation": config.evaluation.model_copy(update={"keep_best": False})}
    )
    folder = run_stopped(workspace, config, 6)
    assert JobStatus.load(folder).state is JobState.CANCELLED
    queue.resume(workspace, folder.name, finish=True)
    run_here(workspace, config, folder.name)
    assert JobStatus.load(folder).state is JobState.SUCCEEDED
    assert steps(folder)[-1] == 7  # the worker ends after its current step
    kept = load_file(folder / "model" / "model.safetensors")
    same = load_file(
        run_stopped(workspace, config, 7) / CHECKPOINTS / "checkpoint-7" / "model.safetensors"
    )
    for name, value in same.items():
        np.testing.assert_allclose(kept[name], value, rtol=0, atol=1e-6, err_msg=name)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_killed_run_is_interrupted_and_resumes_with_its_curve(
    workspace: Workspace, triplets: str, make_config: MakeConfig, tiny_base: Path
) -> None:
    base = BaseConfig(kind="folder", path=str(tiny_base))
    config = make_config(triplets, base, learning_rate=1e-3, epochs=60)
    id = start_run(workspace, config)
    folder = workspace.run(id)
    wait_for(lambda: last_whole_checkpoint(folder) is not None, "the first checkpoint")
    status = JobStatus.load(folder)
    assert status.state is JobState.RUNNING and status.pid
    os.kill(status.pid, signal.SIGKILL)
    wait_for(lambda: JobStatus.load(folder).state is JobState.INTERRUPTED, "the interruption")
    status = JobStatus.load(folder)
    assert status.error and status.error["kind"] == "KilledForMemory"
    checkpoint = last_whole_checkpoint(folder)
    assert checkpoint is not None and (checkpoint / WHOLE_MARK).exists()
    at, before = checkpoint_step(checkpoint), steps(folder)

    queue.resume(workspace, id)
    ensure_supervisor(workspace)
    wait_for(lambda: not JobStatus.load(folder).state.active, "the end", 300)
    status = JobStatus.load(folder)
    assert (status.state, status.attempt) == (JobState.SUCCEEDED, 1)
    after = steps(folder)
    assert after == sorted(set(after)) and after[-1] == 8 * 60
    assert [step for step in before if step <= at] == [step for step in after if step <= at]
    assert (folder / "model" / "modules.json").exists() and (folder / "report.json").exists()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_killed_supervisor_and_its_successor_lose_no_run(
    workspace: Workspace, triplets: str, make_config: MakeConfig, tiny_base: Path
) -> None:
    import psutil

    base = BaseConfig(kind="folder", path=str(tiny_base))
    running = start_run(workspace, make_config(triplets, base, learning_rate=1e-3, epochs=40))
    waiting = start_run(workspace, make_config(triplets))
    folder = workspace.run(running)
    wait_for(lambda: len(steps(folder)) > 3, "the first steps")
    (supervisor,) = [
        process
        for process in psutil.process_iter(["cmdline"])
        if str(workspace.root) in (process.info["cmdline"] or [])
        and "core.jobs.supervisor" in process.info["cmdline"]
    ]
    supervisor.kill()
    supervisor.wait(10)
    assert JobStatus.load(folder).state is JobState.RUNNING
    seen = len(steps(folder))
    wait_for(lambda: len(steps(folder)) > seen, "training without a supervisor")
    ensure_supervisor(workspace)
    for id in (running, waiting):
        path = workspace.run(id)
        wait_for(lambda path=path: not JobStatus.load(path).state.active, f"the end of {id}", 300)
        assert JobStatus.load(path).state is JobState.SUCCEEDED
