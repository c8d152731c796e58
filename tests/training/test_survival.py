"""A training run whose process is killed goes on from its last whole checkpoint: real processes."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.jobs import queue
from core.jobs.status import JobState, JobStatus
from core.jobs.supervisor import ensure_supervisor
from core.models.bases import BaseConfig
from core.training.checkpoints import checkpoint_step, last_whole_checkpoint
from core.training.runs import Curves
from core.training.start import start_run
from core.workspace import Workspace
from tests.training.conftest import MakeConfig

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen"
        time.sleep(0.05)


def steps(folder: Path) -> list[int]:
    curves = Curves()
    curves.update(folder)
    return [point["step"] for point in curves.train]


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
    assert checkpoint is not None
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
