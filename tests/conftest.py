"""What tests of every part share: a workspace of their own, and the end of what they started."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from core.jobs.forking import SWITCH
from core.workspace import Workspace
from tools.workbench import end_processes_of

if "PYTEST_XDIST_WORKER" in os.environ:
    # Two test files run side by side: more threads than that would wait for one another.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# Most supervisors here live for a few seconds: what a parent of workers imports would not pay.
os.environ.setdefault(SWITCH, "off")

# The same inputs every time: a failure on another machine can be repeated here.
settings.register_profile("pairloom", derandomize=True, deadline=None)
settings.load_profile("pairloom")


_modules = 0


def pytest_runtest_setup() -> None:
    """Keep what modules hold out of garbage collection, as the web server does.

    Streamlit's test of a page collects everything after each of its runs.
    """
    global _modules
    if _modules != len(sys.modules):
        _modules = len(sys.modules)
        gc.collect()
        gc.freeze()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where this test's workspace is, also for code that asks ``PAIRLOOM_HOME``: never the user's.

    Whatever still works for it at the end of the test is killed.
    """
    folder = tmp_path / "workspace"
    monkeypatch.setenv("PAIRLOOM_HOME", str(folder))
    yield folder
    if folder.exists():
        end_processes_of(folder)


@pytest.fixture
def workspace(home: Path) -> Workspace:
    """An empty workspace at ``home``."""
    return Workspace.open(home)
