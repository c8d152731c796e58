"""A supervisor in the tests' process over workers in processes of their own."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.jobs import queue
from core.jobs.engines import LocalEngine
from core.jobs.events import read_events
from core.jobs.processes import ProcessIdentity
from core.jobs.status import JobState, JobStatus
from core.jobs.supervisor import Supervisor
from core.workspace import Workspace
from tests.jobs.naps import NAPS

WORKER = "tests.jobs.naps"


class Bench:
    """A supervisor in this process over workers in their own."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.supervisor = self.new_supervisor()

    def new_supervisor(self) -> Supervisor:
        supervisor = Supervisor(self.workspace, LocalEngine(self.workspace, WORKER))
        supervisor.reconcile()
        return supervisor

    def submit(self, kind: str, **params: object) -> str:
        assert kind in NAPS
        return queue.submit(self.workspace, kind, params, name=kind)

    def status(self, id: str) -> JobStatus:
        return JobStatus.load(self.workspace.job(id))

    def until(self, condition: Callable[[], bool], seconds: float = 20) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "it did not happen"
            self.supervisor.step()
            time.sleep(0.02)

    def until_state(self, id: str, state: JobState) -> JobStatus:
        self.until(lambda: self.status(id).state is state)
        return self.status(id)


@pytest.fixture
def bench(workspace: Workspace) -> Iterator[Bench]:
    bench = Bench(workspace)
    yield bench
    for folder in workspace.jobs.iterdir():
        status = JobStatus.load(folder)
        if status.pid and status.process_start:
            ProcessIdentity(status.pid, status.process_start).signal_group(signal.SIGKILL)


def steps(folder: Path) -> list[int]:
    return [event["step"] for event in read_events(folder)[0] if event["type"] == "step"]
