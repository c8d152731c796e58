"""What a job's code sees of the world: folder, parameters, progress, events, stop request."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.jobs.events import EventWriter
from core.jobs.kinds import KINDS
from core.jobs.status import JobState, JobStatus
from core.jobs.stopping import STOP_FILE, StopWish, read_stop
from core.problems import Message, Problem
from core.workspace import Workspace, utc_now

__all__ = ["STOP_FILE", "JobContext", "JobSpec", "Stopped"]

_HEARTBEAT_SECONDS = 5.0
_PROGRESS_SECONDS = 0.25


class Stopped(Exception):
    """Raised by a job that ends early because it was asked to."""


@dataclass(frozen=True)
class JobSpec:
    """What to do: the kind of job and its parameters (JSON values)."""

    kind: str
    params: dict[str, Any]


class JobContext:
    """Handed to the function that does a job's work.

    Attributes:
        worth_keeping: there is a result already that a stop with :attr:`StopWish.KEEP` would keep;
            at the start, what an earlier attempt saved.  A job that sets this goes on past
            :meth:`check_stop` then, brings its work to a quick end and leaves its result; for every
            other job one wish to stop is like the other.
    """

    def __init__(self, workspace: Workspace, folder: Path, spec: JobSpec, device: str) -> None:
        self.workspace = workspace
        self.folder = folder
        self.spec = spec
        self.device = device
        saved = KINDS[spec.kind].saved if spec.kind in KINDS else None
        self.worth_keeping = saved is not None and any(folder.glob(saved))
        self._events = EventWriter(folder)
        self._lock = threading.Lock()
        self._status = JobStatus.load(folder)
        self._last_write = 0.0
        self._closed = threading.Event()
        self._beat = threading.Thread(target=self._keep_beating, daemon=True, name="heartbeat")
        self._beat.start()

    @property
    def params(self) -> dict[str, Any]:
        """The job's parameters."""
        return self.spec.params

    def event(self, type: str, **values: Any) -> None:
        """Append an event with the time now (ISO 8601, UTC)."""
        self._events.write({"type": type, "time": utc_now(), **values})

    def progress(self, stage: Message, done: float | None = None) -> None:
        """Say what is being done now and which share of it (0 to 1) is done.

        Cheap enough to be called for every step: the file is replaced at most four times a second,
        and always when another stage begins.
        """
        now = time.monotonic()
        with self._lock:
            before, now_at = self._status.stage, stage.to_json()
            changed = before is None or before["template"] != now_at["template"]
            self._status = replace(self._status, stage=now_at, done=done)
            if changed or now - self._last_write >= _PROGRESS_SECONDS:
                self._write(now)

    def note(self, note: Message) -> None:
        """Say in a sentence what a person has to know about how the job went, beside its state."""
        with self._lock:
            self._status = replace(self._status, note=note.to_json())
            self._write(time.monotonic())

    def stop_requested(self) -> bool:
        """Whether somebody asked the job to stop, whatever is to become of its work."""
        return (self.folder / STOP_FILE).exists()

    def stop_wish(self) -> StopWish | None:
        """What somebody who asked the job to stop wants of it; None when nobody did."""
        request = read_stop(self.folder)
        return request.wish if request is not None else None

    def unwanted(self) -> bool:
        """Whether the job is to end without a result.

        That is when somebody asked it to stop, unless what it has is to be kept and there is
        something to keep (:attr:`worth_keeping`).
        """
        wish = self.stop_wish()
        return wish is StopWish.DISCARD or (wish is StopWish.KEEP and not self.worth_keeping)

    def check_stop(self) -> None:
        """Raise :class:`Stopped` when the job is to end without a result (:meth:`unwanted`)."""
        if self.stop_requested():
            self.mark_stopping()
            if self.unwanted():
                raise Stopped

    def mark_stopping(self) -> None:
        """Record that the stop request was seen."""
        with self._lock:
            if self._status.state is JobState.RUNNING:
                self._status = self._status.moved(JobState.STOPPING)
                self._write(time.monotonic())

    def finish(self, state: JobState, problem: Problem | None = None) -> None:
        """Record the end; the last thing a worker does."""
        self._closed.set()
        with self._lock:
            self._status = self._status.moved(
                state, finished=utc_now(), error=problem.to_json() if problem else None
            )
            self._write(time.monotonic())
        self._events.close()

    def _write(self, now: float) -> None:
        self._last_write = now
        self._status = replace(self._status, heartbeat=utc_now())
        self._status.save(self.folder)

    def _keep_beating(self) -> None:
        while not self._closed.wait(_HEARTBEAT_SECONDS):
            with self._lock:
                if not self._closed.is_set():
                    self._write(time.monotonic())
