"""Keeps the encoder process alive on behalf of the supervisor."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from pathlib import Path

from core.encoder.place import IDLE_EXIT, LOG_FILE, request_file, served_by
from core.workspace import PROJECT_ROOT, Workspace

_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 60.0
_STEADY_SECONDS = 60.0
_log = logging.getLogger("pairloom.supervisor")


class EncoderKeeper:
    """Starts the encoder at once, when it has died, and when it is asked for after an idle end."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._child: subprocess.Popen[bytes] | None = None
        self._wanted = True
        self._started = 0.0
        self._pause = _FIRST_PAUSE_SECONDS
        self._not_before = 0.0

    def step(self) -> bool:
        """One look; returns whether the encoder runs."""
        if self._child is not None:
            code = self._child.poll()
            if code is None:
                return True
            self._child = None
            self._note_end(code)
        if served_by(self._workspace) is not None:
            # Started by an earlier supervisor.
            return True
        if request_file(self._workspace).exists():
            self._wanted = True
        if self._wanted and time.monotonic() >= self._not_before:
            self._start()
            return True
        return False

    def _note_end(self, code: int) -> None:
        if code == IDLE_EXIT:
            self._wanted = False
            return
        lived = time.monotonic() - self._started
        self._pause = (
            _FIRST_PAUSE_SECONDS
            if lived > _STEADY_SECONDS
            else min(2 * self._pause, _LONGEST_PAUSE_SECONDS)
        )
        self._not_before = time.monotonic() + self._pause
        self._wanted = True
        _log.warning("the encoder ended with code %s; starting it again", code)

    def _start(self) -> None:
        request_file(self._workspace).unlink(missing_ok=True)
        self._started = time.monotonic()
        self._child = start_server(self._workspace)


def start_server(workspace: Workspace) -> subprocess.Popen[bytes]:
    """Start the workspace's encoder in a session of its own; it leaves when another one serves."""
    log: Path = workspace.cache / LOG_FILE
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "core.encoder.server", "--workspace", str(workspace.root)],
            cwd=PROJECT_ROOT,
            # Not to take the processor from a training run while waiting (see core.jobs.engines).
            env={"GOMP_SPINCOUNT": "0", **os.environ},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
