"""The runs of a workspace, read from their folders: summaries, curves, logs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from core.jobs.engines import LOG_FILE
from core.jobs.events import read_events
from core.jobs.queue import CONFIG_FILE
from core.jobs.status import JobState, JobStatus
from core.problems import N_, Problem, Term
from core.training.artifacts import MODEL
from core.training.config import RunConfig
from core.training.report import Report
from core.workspace import Workspace


class RunActive(Problem):
    what = N_("{name} is still {state}.")
    do = N_("Stop it first, then delete it.")


@dataclass(frozen=True)
class Run:
    """One run as its folder tells it."""

    id: str
    folder: Path
    config: RunConfig
    status: JobStatus

    @property
    def name(self) -> str:
        """The name that people gave it."""
        return self.config.name

    @property
    def model(self) -> Path | None:
        """The folder of the trained model; None while there is none."""
        folder = self.folder / MODEL
        return folder if (folder / "modules.json").exists() else None

    def report(self) -> Report | None:
        """The report; None while there is none."""
        return Report.load(self.folder)

    def seconds(self) -> float | None:
        """How long the run took or has taken so far; None before it started."""
        if self.status.started is None:
            return None
        end = self.status.finished or self.status.heartbeat or self.status.started
        began = datetime.fromisoformat(self.status.started)
        return (datetime.fromisoformat(end) - began).total_seconds()

    def log_tail(self, lines: int = 30) -> str:
        """The last lines of ``log.txt``."""
        path = self.folder / LOG_FILE
        if not path.exists():
            return ""
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 500 * lines))
            text = file.read().decode("utf-8", errors="replace")
        return "\n".join(text.splitlines()[-lines:])


def load_run(workspace: Workspace, id: str) -> Run:
    """The run ``id``.

    Raises:
        UnknownItem: there is none.
        ConfigUnreadable, StatusUnreadable: its files are damaged.
    """
    folder = workspace.run(id)
    return Run(id, folder, RunConfig.load(folder / CONFIG_FILE), JobStatus.load(folder))


def list_runs(workspace: Workspace) -> list[Run]:
    """All readable runs, the newest first."""
    runs = []
    for folder in sorted(workspace.runs.iterdir(), reverse=True):
        if folder.name.startswith("."):
            continue
        try:
            runs.append(load_run(workspace, folder.name))
        except Problem:
            # A folder that is no run, or damaged by hand, must not hide the others.
            continue
    return runs


def finished_runs(workspace: Workspace) -> list[Run]:
    """The runs that have a trained model, the newest first."""
    return [
        run
        for run in list_runs(workspace)
        if run.status.state is JobState.SUCCEEDED and run.model is not None
    ]


def delete_run(workspace: Workspace, id: str) -> None:
    """Delete a run and its model.

    Raises:
        RunActive: it is queued or running.
        UnknownItem: there is none.
    """
    run = load_run(workspace, id)
    if run.status.state.active:
        raise RunActive(name=run.name, state=Term(run.status.state.label))
    grave = run.folder.with_name(f".deleted-{id}")
    run.folder.rename(grave)
    shutil.rmtree(grave, ignore_errors=True)


@dataclass
class Curves:
    """The points of a run's chart, read piece by piece from its events.

    When a run was resumed, what the interrupted attempt logged after its last checkpoint is
    replaced by what the resumed one logs.
    """

    steps: int | None = None
    train: list[dict[str, Any]] = field(default_factory=list)
    held_out: list[dict[str, Any]] = field(default_factory=list)
    scores: dict[str, dict[str, float]] = field(default_factory=dict)
    offset: int = 0

    def update(self, run: Path) -> bool:
        """Read what was written since the last call; returns whether anything was."""
        events, self.offset = read_events(run, self.offset)
        self._apply(events)
        return bool(events)

    def _apply(self, events: Iterable[dict[str, Any]]) -> None:
        for event in events:
            match event["type"]:
                case "start":
                    self.steps = event["steps"]
                    self._forget_after(event["step"])
                case "train":
                    self.train.append(event)
                case "held_out":
                    self.held_out.append(event)
                case "scores":
                    self.scores[event["role"]] = event["metrics"]

    def _forget_after(self, step: int) -> None:
        self.train = [point for point in self.train if point["step"] <= step]
        # The held-out loss at the step itself is measured again at the new start.
        self.held_out = [point for point in self.held_out if point["step"] < step]
