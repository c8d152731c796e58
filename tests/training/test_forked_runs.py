"""A training run in a forked worker: what its parent holds, and that it learns the same."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

import psutil
import pytest

from core.jobs import forking, queue
from core.jobs.engines import WORKER, ForkedProcess, LocalEngine, worker_environment
from core.jobs.forking import Forking
from core.jobs.status import JobState, JobStatus
from core.models.bases import BaseConfig
from core.training.config import RunConfig
from core.training.runs import Curves
from core.workspace import Workspace
from tests.training.conftest import MakeConfig
from tests.training.test_survival import wait_for

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there is no parent elsewhere")


def points(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """Everything that was measured while a run learned."""
    curves = Curves()
    curves.update(folder)
    return {
        "loss": [(point["step"], point["loss"]) for point in curves.train],
        "held-out loss": [(point["step"], point["loss"]) for point in curves.held_out],
        "score": [(point["step"], point["value"]) for point in curves.held_out_scores],
    }


def open_files(pid: int) -> set[str]:
    """Where a process's file descriptors lead, but for input, output and errors."""
    found = set()
    for name in os.listdir(f"/proc/{pid}/fd"):
        # One may be closed in this very moment.
        with contextlib.suppress(FileNotFoundError):
            if int(name) > 2:
                found.add(os.readlink(f"/proc/{pid}/fd/{name}"))
    return found


@pytest.mark.timeout(200)
def test_a_forked_run_learns_what_a_fresh_one_learns_even_when_its_parent_is_killed(
    workspace: Workspace,
    triplets: str,
    make_config: MakeConfig,
    tiny_base: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(forking, "_FIRST_LOOK_SECONDS", 0.0)
    forks = Forking(WORKER, worker_environment(workspace, "cpu"))
    forks.prepare()
    parent = forks.parent()
    assert parent is not None

    base = BaseConfig(kind="folder", path=str(tiny_base))
    config = make_config(triplets, base, learning_rate=1e-3, epochs=10)
    folders = [submitted(workspace, config) for _ in range(2)]
    # While the parent imports, the same run goes its usual way.
    fresh = LocalEngine(workspace).start(folders[0], "cpu", "train")
    wait_for(lambda: parent.alive() and parent.ready, "the parent's import")
    process = psutil.Process(parent.pid)
    assert process.num_threads() == 1
    # The socket to us and the pipe that wakes it: no database, no lock, no GPU.
    assert {file.partition(":")[0] for file in open_files(parent.pid)} == {"socket", "pipe"}

    forked = LocalEngine(workspace, forking=forks).start(folders[1], "cpu", "train")
    assert isinstance(forked, ForkedProcess)
    wait_for(lambda: bool(points(folders[1])["loss"]), "the first step")
    status = JobStatus.load(folders[1])
    assert status.pid and psutil.Process(status.pid).ppid() == parent.pid
    assert all(file.startswith(str(folders[1])) for file in open_files(status.pid))
    assert process.num_threads() == 1
    parent.kill()
    wait_for(lambda: not forked.alive() and not fresh.alive(), "the end of both")
    assert [JobStatus.load(folder).state for folder in folders] == [JobState.SUCCEEDED] * 2
    assert points(folders[1]) == points(folders[0])
    assert len(points(folders[1])["loss"]) > 50


def submitted(workspace: Workspace, config: RunConfig) -> Path:
    return workspace.run(queue.submit(workspace, "train", config.to_dict(), name="run"))
