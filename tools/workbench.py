"""A workbench of one's own, for tests and screenshots: a server, its workspace, and their end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from core.server import HOST, free_port, start_server, wait_until_healthy
from core.workspace import PROJECT_ROOT


class Workbench:
    """A web server on a free port with its own workspace.  It keeps its port when started again."""

    def __init__(self, home: Path, root: Path = PROJECT_ROOT) -> None:
        self.home = home
        self.log = home.with_name(home.name + "-server.log")
        self._root = root
        self._port = free_port()
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address of the first screen, without a slash at the end."""
        return f"http://{HOST}:{self._port}"

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        if self._server is None:
            raise RuntimeError("the server has not been started")
        return self._server.pid

    def start(self) -> None:
        """Start the server and return when it answers; its messages are added to :attr:`log`.

        Raises:
            Problem: it ended, or it did not answer.
        """
        with self.log.open("ab") as output:
            self._server = start_server(
                Path(sys.executable),
                self._root,
                self._port,
                environment={"PAIRLOOM_HOME": str(self.home)},
                output=output,
            )
        wait_until_healthy(self._server, self._port)

    def kill(self) -> None:
        """End the server process at once (SIGKILL), and nothing else."""
        if self._server is not None:
            self._server.kill()
            self._server.wait()

    def close(self) -> None:
        """End the server and everything that works for this workspace."""
        self.kill()
        end_processes_of(self.home)


def end_processes_of(home: Path) -> list[str]:
    """Kill every process that works for the workspace ``home``; their command lines.

    The supervisor deliberately outlives whoever started it, and jobs outlive the supervisor, so
    they are known by their environment or arguments and not by their parents.
    """
    ended: list[str] = []
    # A process may start another between the look and the blow, so look until none is left.
    while found := _processes_of(home):
        for process in found:
            try:
                ended.append(" ".join(process.cmdline()))
                process.send_signal(signal.SIGKILL)
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(found, timeout=10)
    return ended


def _processes_of(home: Path) -> list[psutil.Process]:
    own = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    return [
        process
        for process in psutil.process_iter()
        if process.pid not in own and _works_for(process, home)
    ]


def _works_for(process: psutil.Process, home: Path) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        named = process.environ().get("PAIRLOOM_HOME")
        return named == str(home) or str(home) in process.cmdline()
    except psutil.Error:
        return False
