"""Runs in this process that are asked to stop after an exact step, as a click would."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from core.jobs.context import JobContext
from core.jobs.stopping import StopWish, write_stop
from core.problems import Message
from core.training.config import RunConfig
from core.training.progress import TRAINING_STAGE
from core.workspace import Workspace
from tests.training import conftest


class StopsAfter(JobContext):
    """A job that somebody asks to stop while it says that step ``step`` is done."""

    def __init__(self, *args: Any, step: int, wish: StopWish) -> None:
        super().__init__(*args)
        self._step, self._wish = step, wish

    def progress(self, stage: Message, done: float | None = None) -> None:
        super().progress(stage, done)
        if stage.template == TRAINING_STAGE and stage.params["step"] == self._step:
            write_stop(self.folder, self._wish)


def run_stopped(
    workspace: Workspace,
    config: RunConfig,
    step: int,
    wish: StopWish = StopWish.DISCARD,
    id: str | None = None,
) -> Path:
    """Do a run in this process until it is asked to stop after ``step``; returns its folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conftest, "JobContext", partial(StopsAfter, step=step, wish=wish))
        return conftest.run_here(workspace, config, id)
