"""What the web server does besides the screens: start the workers, word its own failures."""

from __future__ import annotations

import gc
import importlib
import math
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st

from core.jobs.supervisor import ensure_supervisor
from core.problems import Problem
from core.workspace import Workspace
from ui.language import _, say

# The first page is painted before the workers compete with it for the processor.
_SECONDS_BEFORE_WORKERS = 3.0
_SECONDS_BETWEEN_LOOKS = 60.0


class _Workers:
    """Sees to it, as long as the server serves, that the workers are there when pages are drawn."""

    def __init__(self) -> None:
        self._next_look = math.inf

    def begin(self) -> None:
        """The server is up."""
        self._look_soon()

    def wanted(self) -> None:
        """Somebody is here; looks at the clock and mostly does nothing else."""
        if time.monotonic() >= self._next_look:
            self._look_soon()

    def _look_soon(self) -> None:
        self._next_look = time.monotonic() + _SECONDS_BETWEEN_LOOKS
        timer = threading.Timer(_SECONDS_BEFORE_WORKERS, self._start)
        timer.daemon = True
        timer.start()

    def end(self) -> None:
        """The server ends, and starts nothing any more."""
        self._next_look = math.inf

    def _start(self) -> None:
        if self._next_look < math.inf:
            ensure_supervisor(Workspace.open())


_workers = _Workers()


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[None]:
    """Start the supervisor, and with it the encoder, soon after the server is up."""
    _workers.begin()
    threading.Thread(target=_import_first_screen, daemon=True).start()
    yield
    _workers.end()


def wake_workers() -> None:
    """Have a supervisor started a moment later, unless one is there: it ends when nobody comes.

    With it comes what makes training start quickly and answers questions.  For every drawing of a
    page, because it costs nothing.
    """
    _workers.wanted()


def set_modules_aside() -> None:
    """Keep what imported modules hold out of Python's garbage collection; for after every page.

    Streamlit collects everything after each drawing of a page or a fragment.  With all that is
    loaded here that takes 0.1 s, twice a second for whoever watches a run.
    """
    if _aside.modules != len(sys.modules):
        _aside.modules = len(sys.modules)
        gc.collect()
        gc.freeze()


class _Aside:
    """How many modules were loaded when they were last set aside."""

    modules = 0


_aside = _Aside()


def show_error(error: Exception) -> bool:
    """Say in words what stopped a screen; Streamlit has already logged the traceback."""
    if isinstance(error, Problem):
        st.error(say(error), icon=":material/error:")
    else:
        st.error(
            _(
                "This screen stopped because of a mistake in Pairloom itself. Your data and your "
                "runs are safe on disk. Reload the page; if it happens again, please report it "
                "with the last lines that the workbench printed in its terminal."
            ),
            icon=":material/error:",
        )
    return True


def _import_first_screen() -> None:
    # While the browser still loads its own part, pandas and the like come in.
    importlib.import_module("core.data.samples")
    importlib.import_module("core.training.runs")
