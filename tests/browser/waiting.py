"""Waiting for what happens on the disk while a page is open."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path


def only_run(home: Path) -> Path:
    """The folder of the workspace's one run."""
    (run,) = [folder for folder in (home / "runs").iterdir() if not folder.name.startswith(".")]
    return run


def wait_for(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait until ``condition`` is true; fails the test, naming ``what``, when it takes too long."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds} s"
        time.sleep(0.2)
