"""The runs of a workspace, read from their folders: summaries, curves, logs."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.jobs import queue
from core.jobs.engines import LOG_FILE
from core.jobs.events import read_events
from core.jobs.kinds import takes_device
from core.jobs.queue import CONFIG_FILE
from core.jobs.status import JobState, JobStatus
from core.problems import N_, Message, Problem, Term
from core.training.artifacts import MODEL
from core.training.checkpoints import (
    CHECKPOINTS,
    checkpoint_bytes,
    checkpoint_step,
    last_whole_checkpoint,
)
from core.training.config import RunConfig
from core.training.report import Report
from core.training.run_notes import Notes, load_notes
from core.workspace import Workspace

_ENDED_EARLY = N_(
    "This run was stopped at step {step} of {steps} and kept what it had learned by then."
)


class CheckpointsNeeded(Problem):
    what = N_("{name} is still {state} and needs its checkpoints.")
    do = N_("Stop it first.")


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

    def notes(self) -> Notes:
        """What people noted about it."""
        return load_notes(self.folder)

    @property
    def checkpoint(self) -> int | None:
        """The step that Resume goes on from; None when it begins at the beginning."""
        folder = last_whole_checkpoint(self.folder)
        return checkpoint_step(folder) if folder is not None else None

    @property
    def checkpoint_bytes(self) -> int:
        """How much space the checkpoints take on disk, in bytes."""
        return checkpoint_bytes(self.folder)

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
    return Run(id, folder, _load_config(folder / CONFIG_FILE), JobStatus.load(folder))


def _load_config(path: Path) -> RunConfig:
    """A configuration, kept as long as its file stays the same; raises ConfigUnreadable."""
    try:
        stat = path.stat()
    except OSError:
        return RunConfig.load(path)
    return _read_config(path, stat.st_ino, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=4096)
def _read_config(path: Path, file: int, changed_ns: int, size: int) -> RunConfig:
    return RunConfig.load(path)


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


def offered(runs: Iterable[Run], linked: str | None = None) -> list[Run]:
    """Those of ``runs`` that a list offers: not the archived ones, but the one with id ``linked``.

    An archived run leaves the lists, and whoever has a link to it still sees it.
    """
    return [run for run in runs if run.id == linked or not run.notes().archived]


def ended_early(training: Mapping[str, Any]) -> Message | None:
    """That a run was stopped and its model kept, from what ``fit`` returned; None otherwise."""
    if not training.get("stopped_by_hand"):
        return None
    return Message(_ENDED_EARLY, {"step": training["steps"], "steps": training["planned_steps"]})


def discard_checkpoints(workspace: Workspace, id: str) -> None:
    """Delete what a run that has ended kept for Resume, which then begins at the beginning.

    Raises:
        CheckpointsNeeded: it is queued or running.
        UnknownItem: there is none.
    """
    run = load_run(workspace, id)
    if run.status.state.active:
        raise CheckpointsNeeded(name=run.name, state=Term(run.status.state.label))
    shutil.rmtree(run.folder / CHECKPOINTS, ignore_errors=True)


@dataclass(frozen=True)
class Line:
    """Who trains now, one run a device, and who waits, in the order in which they will start."""

    at_work: tuple[Run, ...]
    waiting: tuple[Run, ...]


def training_line(workspace: Workspace) -> Line:
    """The training runs that hold a device, and those that wait for one."""
    placed = [job for jobs in queue.placed_jobs(workspace).values() for job in jobs]
    return Line(
        at_work=_runs_of(workspace, placed),
        waiting=_runs_of(workspace, queue.waiting_jobs(workspace)),
    )


def _runs_of(workspace: Workspace, jobs: Iterable[queue.QueuedJob]) -> tuple[Run, ...]:
    runs = []
    for job in jobs:
        if not takes_device(job.kind):
            continue
        try:
            runs.append(load_run(workspace, job.id))
        except Problem:
            # Deleted or damaged while its row in the queue is still there.
            continue
    return tuple(runs)


@dataclass
class Curves:
    """The points of a run's chart, read piece by piece from its events.

    When a run was resumed, what the interrupted attempt logged after its last checkpoint is
    replaced by what the resumed one logs.

    Attributes:
        steps: how many steps there are to be; None before the training has begun.
        train: a point each: ``step``, ``epoch``, ``loss``, ``learning_rate``, speed and memory.
        held_out: a point each: ``step``, ``epoch``, ``loss``.
        held_out_scores: a point each: ``step``, ``epoch``, ``metric``, ``value``.
        scores: the metrics of each model that was scored before training, by its role.
        resumed: the steps at which a resumed attempt began.
        early_stop: the step at which patience ran out; None when it did not.
        padding: ``share`` of what a transformer works through that is filling, and the same in
            batches of ``any_order``; None for static models and for runs of earlier versions.
        offset: how much of the file has been read, in bytes.
    """

    steps: int | None = None
    train: list[dict[str, Any]] = field(default_factory=list)
    held_out: list[dict[str, Any]] = field(default_factory=list)
    held_out_scores: list[dict[str, Any]] = field(default_factory=list)
    scores: dict[str, dict[str, float]] = field(default_factory=dict)
    resumed: list[int] = field(default_factory=list)
    early_stop: int | None = None
    padding: dict[str, float] | None = None
    offset: int = 0
    _best: list[dict[str, Any]] = field(default_factory=list)

    @property
    def best(self) -> dict[str, Any] | None:
        """``step`` and ``value`` of the best evaluation so far; None without one."""
        return self._best[-1] if self._best else None

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
                    self.padding = event.get("padding")
                    self._forget_after(event["step"])
                case "train":
                    self.train.append(event)
                case "held_out":
                    self.held_out.append(event)
                case "held_out_score":
                    self.held_out_scores.append(event)
                case "best":
                    self._best.append(event)
                case "early_stop":
                    self.early_stop = event["step"]
                case "resumed":
                    self.resumed.append(event["step"])
                case "scores":
                    self.scores[event["role"]] = event["metrics"]

    def _forget_after(self, step: int) -> None:
        self.train = [point for point in self.train if point["step"] <= step]
        # The held-out loss at the step itself is measured again at the new start.
        self.held_out = [point for point in self.held_out if point["step"] < step]
        self.held_out_scores = [point for point in self.held_out_scores if point["step"] < step]
        self._best = [best for best in self._best if best["step"] <= step]
        self.early_stop = None

    def snapshot(self) -> Curves:
        """The same points, in lists of their own."""
        other = copy(self)
        for name, value in vars(self).items():
            if isinstance(value, list):
                setattr(other, name, list(value))
        return other


_KEPT: dict[Path, Curves] = {}
_KEPT_MOST = 32
_reading = threading.Lock()


def load_curves(run: Path) -> Curves:
    """The points of the run in this folder so far; what was read before is not read again.

    They are the caller's own: what is written later does not change them.
    """
    with _reading:
        # Put in again at the end: the one that nobody has asked for longest goes first.
        curves = _KEPT.pop(run, None) or Curves()
        curves.update(run)
        _KEPT[run] = curves
        while len(_KEPT) > _KEPT_MOST:
            del _KEPT[next(iter(_KEPT))]
        return curves.snapshot()
