"""The state of a job, written down: which states there are and what ``status.json`` holds."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from core.files import read_json, write_json
from core.problems import N_, Message, Problem
from core.workspace import utc_now

STATUS_FILE = "status.json"


class JobState(StrEnum):
    """queued → running → (stopping) → succeeded | failed | cancelled | interrupted."""

    QUEUED = "queued"
    RUNNING = "running"
    STOPPING = "stopping"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"

    @property
    def active(self) -> bool:
        """Whether something may still happen by itself: queued, running or stopping."""
        return self in (JobState.QUEUED, JobState.RUNNING, JobState.STOPPING)

    @property
    def label(self) -> str:
        """The state's name as a message id."""
        return _LABELS[self]

    @property
    def has_process(self) -> bool:
        """Whether a process should be alive: running or stopping."""
        return self in (JobState.RUNNING, JobState.STOPPING)


_LABELS = {
    JobState.QUEUED: N_("queued"),
    JobState.RUNNING: N_("running"),
    JobState.STOPPING: N_("stopping"),
    JobState.SUCCEEDED: N_("succeeded"),
    JobState.FAILED: N_("failed"),
    JobState.CANCELLED: N_("cancelled"),
    JobState.INTERRUPTED: N_("interrupted"),
}

ALLOWED = {
    JobState.QUEUED: {JobState.RUNNING, JobState.CANCELLED, JobState.FAILED},
    JobState.RUNNING: {
        JobState.STOPPING,
        JobState.SUCCEEDED,
        JobState.FAILED,
        JobState.CANCELLED,
        JobState.INTERRUPTED,
    },
    JobState.STOPPING: {
        JobState.SUCCEEDED,
        JobState.FAILED,
        JobState.CANCELLED,
        JobState.INTERRUPTED,
    },
    JobState.SUCCEEDED: set(),
    JobState.FAILED: {JobState.QUEUED},
    JobState.CANCELLED: {JobState.QUEUED},
    JobState.INTERRUPTED: {JobState.QUEUED},
}


class StatusUnreadable(Problem):
    what = N_("The state file {path} is missing or damaged.")
    do = N_("If you did not change it, please report this together with the job's log.")


@dataclass(frozen=True)
class JobStatus:
    """What ``status.json`` says.  Times are ISO 8601 in UTC.

    One process owns the file at a time: whoever submits until the job is queued, the supervisor
    until the worker starts and after it has ended, the worker in between.
    """

    kind: str
    state: JobState = JobState.QUEUED
    created: str = field(default_factory=utc_now)
    started: str | None = None
    finished: str | None = None
    heartbeat: str | None = None
    pid: int | None = None
    process_start: str | None = None
    device: str | None = None
    stage: dict[str, Any] | None = None
    done: float | None = None
    error: dict[str, Any] | None = None
    note: dict[str, Any] | None = None
    attempt: int = 0

    def moved(self, state: JobState, **changes: Any) -> JobStatus:
        """The status after moving to ``state``.

        Raises:
            ValueError: the state machine has no such arrow.
        """
        if state not in ALLOWED[self.state]:
            raise ValueError(f"a job cannot go from {self.state} to {state}")
        return replace(self, state=state, **changes)

    @property
    def stage_message(self) -> Message | None:
        """What the job is doing now, in words."""
        return Message.from_json(self.stage) if self.stage else None

    @property
    def note_message(self) -> Message | None:
        """What a person has to know beside the state, such as that a run was ended early."""
        return Message.from_json(self.note) if self.note else None

    @property
    def error_messages(self) -> tuple[Message, Message] | None:
        """What went wrong and what to do, when something did."""
        if not self.error:
            return None
        return Message.from_json(self.error["what"]), Message.from_json(self.error["do"])

    def save(self, folder: Path) -> None:
        """Replace the folder's ``status.json`` in one step."""
        write_json(folder / STATUS_FILE, asdict(self))

    @classmethod
    def load(cls, folder: Path) -> JobStatus:
        """The status of the job in ``folder``.

        Raises:
            StatusUnreadable: there is no readable ``status.json``.
        """
        path = folder / STATUS_FILE
        try:
            data = read_json(path)
            return cls(**{**data, "state": JobState(data["state"])})
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise StatusUnreadable(path=str(path)) from error
