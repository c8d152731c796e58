"""Where jobs run: the interface, and its first implementation, the processes of this machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Protocol

from core.devices import list_devices
from core.jobs.forking import Forked, Forking, Parent
from core.jobs.kinds import needs_network, takes_device
from core.jobs.parent import WorkerRequest
from core.jobs.processes import ProcessIdentity
from core.jobs.status import JobStatus
from core.workspace import PROJECT_ROOT, Workspace

LOG_FILE = "log.txt"
WORKER = "core.jobs.worker"


class Handle(Protocol):
    """A job's process, wherever it runs."""

    def alive(self) -> bool:
        """Whether the process still runs."""

    def exit_code(self) -> int | None:
        """How it ended (negative: the signal that ended it); None while it runs or when unknown."""

    def terminate(self) -> None:
        """Ask the whole process group to end (SIGTERM)."""

    def kill(self) -> None:
        """End the whole process group (SIGKILL)."""


class Engine(Protocol):
    """Starts jobs on devices and finds those that an earlier supervisor started."""

    def devices(self) -> list[str]:
        """The devices that take one training run each: ``["cuda:0", "cuda:1"]``, ``["cpu"]``."""

    def prepare(self) -> None:
        """Get ready for the next job; called again and again while there is none."""

    def waits(self, kind: str) -> bool:
        """Whether a job of this kind ends sooner if it starts a little later; asked repeatedly."""

    def start(self, folder: Path, device: str, kind: str) -> Handle:
        """Start the job in ``folder``, which is of this kind, on ``device``."""

    def adopt(self, status: JobStatus) -> Handle | None:
        """The living process that ``status`` speaks of; None when it has ended."""


class LocalProcess:
    """A worker on this machine: the leader of its own process group."""

    def __init__(
        self, identity: ProcessIdentity | None, child: subprocess.Popen[bytes] | None = None
    ) -> None:
        self._identity = identity
        self._child = child

    def alive(self) -> bool:
        """Whether the process still runs; also reaps it when it is our child and has ended."""
        if self._child is not None:
            return self._child.poll() is None
        return self._identity is not None and self._identity.alive()

    def exit_code(self) -> int | None:
        """The exit code; None for a process that an earlier supervisor started."""
        return self._child.poll() if self._child is not None else None

    def terminate(self) -> None:
        """SIGTERM to the group."""
        if self._identity is not None:
            self._identity.signal_group(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL to the group."""
        if self._identity is not None:
            self._identity.signal_group(signal.SIGKILL)


class ForkedProcess(LocalProcess):
    """A worker whose exit code its own parent tells."""

    def __init__(self, parent: Parent, forked: Forked) -> None:
        super().__init__(forked.identity)
        self._pid = forked.pid
        self._parent = parent
        self._code: int | None = None

    def alive(self) -> bool:
        """Whether the process still runs."""
        if super().alive():
            return True
        if self._code is None:
            self._code = self._parent.exit_code(self._pid)
        return False

    def exit_code(self) -> int | None:
        """The exit code; None when its parent has gone before it."""
        return self._code


class LocalEngine:
    """Runs every job as a process of this machine.

    Args:
        workspace: whose jobs.
        worker: the module that a worker runs, as with ``python -m``.
        forking: what starts workers more quickly, where that can be had.
    """

    def __init__(
        self,
        workspace: Workspace,
        worker: str = WORKER,
        forking: Forking | None = None,
    ) -> None:
        self._workspace = workspace
        self._worker = worker
        self._forking = forking
        ids = [device.id for device in list_devices()]
        self._devices = [id for id in ids if id != "cpu"] or ["cpu"]

    def devices(self) -> list[str]:
        """Each GPU that was there when the supervisor started; the CPU where there is none."""
        return self._devices

    def prepare(self) -> None:
        """Have a parent ready that workers are forked from."""
        if self._forking is not None:
            self._forking.prepare()

    def waits(self, kind: str) -> bool:
        """Whether a training run is to wait for a parent that still imports.

        Its worker would import the same, beginning later; others need little of it.
        """
        return self._forking is not None and takes_device(kind) and self._forking.importing()

    def start(self, folder: Path, device: str, kind: str) -> LocalProcess:
        """Start a worker: own session, stdin closed, output appended to ``log.txt``."""
        environment = worker_environment(self._workspace, device)
        with (folder / LOG_FILE).open("ab") as log:
            # The parent's libraries were told that there is no network.
            if self._forking is not None and not needs_network(kind):
                worker = WorkerRequest(str(folder), device, environment, log.name)
                forked = self._forking.start(worker)
                if forked is not None:
                    return ForkedProcess(*forked)
            child = subprocess.Popen(
                [sys.executable, "-m", self._worker, str(folder), "--device", device],
                cwd=PROJECT_ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return LocalProcess(ProcessIdentity.of(child.pid), child)

    def adopt(self, status: JobStatus) -> LocalProcess | None:
        """Find a worker again by process id and start time."""
        if status.pid is None or status.process_start is None:
            return None
        identity = ProcessIdentity(status.pid, status.process_start)
        return LocalProcess(identity) if identity.alive() else None


def forking_for(workspace: Workspace) -> Forking | None:
    """What starts the workspace's workers from a parent; None where that cannot be had."""
    return Forking(WORKER, worker_environment(workspace, "cpu")) if Forking.possible() else None


def worker_environment(workspace: Workspace, device: str) -> dict[str, str]:
    """The variables of a worker on ``device``."""
    environment = dict(os.environ, PAIRLOOM_HOME=str(workspace.root))
    # The worker sees one GPU, or none, whatever the job's code asks torch for.
    environment["CUDA_VISIBLE_DEVICES"] = (
        device.removeprefix("cuda:") if device.startswith("cuda:") else ""
    )
    # NVML, from which the devices come, counts by the bus; CUDA by default does not.
    environment["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"
    environment["PYTHONUNBUFFERED"] = "1"
    # Threads that wait in a loop take the processor from whoever else works on this machine:
    # next to one busy process a step took 1.9 times as long with the loops as without.
    environment.setdefault("GOMP_SPINCOUNT", "0")
    return environment
