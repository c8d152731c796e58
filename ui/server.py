"""What the web server does besides the screens: start the workers, word its own failures."""

from __future__ import annotations

import importlib
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st

from core.jobs.supervisor import ensure_supervisor
from core.problems import Problem
from core.workspace import Workspace
from ui.language import _, say

# The first page is painted before the workers compete with it for the processor.
_SECONDS_BEFORE_WORKERS = 3.0


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[None]:
    """Start the supervisor, and with it the encoder, soon after the server is up."""
    timer = threading.Timer(_SECONDS_BEFORE_WORKERS, _start_workers)
    timer.daemon = True
    timer.start()
    threading.Thread(target=_import_first_screen, daemon=True).start()
    yield
    timer.cancel()


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


def _start_workers() -> None:
    ensure_supervisor(Workspace.open())
