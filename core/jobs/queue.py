"""The queue: jobs in order, kept in SQLite, and the folders that hold the truth about each."""

from __future__ import annotations

import contextlib
import errno
import secrets
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml
from filelock import FileLock

from core.files import read_json, write_json, write_text
from core.jobs.context import JobSpec
from core.jobs.kinds import KINDS, needs_network, takes_device
from core.jobs.status import ALLOWED, JobState, JobStatus, StatusUnreadable
from core.jobs.stopping import STOP_FILE, StopWish, write_stop
from core.problems import N_, Problem, Term
from core.workspace import Workspace, new_id, utc_now

LIGHT_LANE = ("light-0", "light-1")
"""Where jobs run that do not take a whole device."""
NETWORK_LANE = ("network-0", "network-1")
"""Where those among them run that wait for a network most of their time."""

JOB_FILE = "job.json"
CONFIG_FILE = "config.yaml"
_SUBMIT_LOCK = ".submit.lock"
STOP_GRACE_SECONDS = 60.0
"""How long a job may take to end by itself after a stop request, before it gets SIGTERM."""
TERM_GRACE_SECONDS = 10.0
"""How long after SIGTERM the process group is killed."""


class NotStoppable(Problem):
    what = N_("{id} has already ended.")
    do = N_("There is nothing to stop. Reload the page to see how it ended.")


class NotResumable(Problem):
    what = N_("{id} cannot be resumed: it is {state}.")
    do = N_("Only runs that were cancelled, interrupted or failed can be resumed.")


class NotWaiting(Problem):
    what = N_("{id} does not wait any more.")
    do = N_("Reload the page to see what has become of it.")


class Move(StrEnum):
    """Where in the line a waiting job is to go."""

    FIRST = "first"
    UP = "up"
    DOWN = "down"


@dataclass(frozen=True)
class QueuedJob:
    """One row of the queue."""

    id: str
    kind: str
    folder: Path


def _connect(workspace: Workspace) -> sqlite3.Connection:
    connection = sqlite3.connect(workspace.database, timeout=30, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS queue ("
        " position INTEGER PRIMARY KEY AUTOINCREMENT,"
        " id TEXT NOT NULL UNIQUE,"
        " kind TEXT NOT NULL,"
        " device TEXT)"  # NULL while the job waits
    )
    return connection


@contextlib.contextmanager
def _database(workspace: Workspace) -> Iterator[sqlite3.Connection]:
    connection = _connect(workspace)
    try:
        yield connection
    finally:
        connection.close()


def submit(workspace: Workspace, kind: str, params: dict[str, Any], *, name: str) -> str:
    """Accept a job: write its folder, then put it at the end of the queue.

    A training run's parameters become ``config.yaml`` in ``runs/``; any other job's become
    ``job.json`` in ``jobs/``.  The folder appears whole or not at all.

    Returns:
        The job's id.
    """
    if kind not in KINDS:
        raise ValueError(f"unknown kind of job: {kind}")
    parent = workspace.runs if kind == "train" else workspace.jobs
    # Not named after the job: two jobs of one second may be about to get the same id.
    draft = parent / f".{secrets.token_hex(8)}"
    draft.mkdir()
    try:
        if kind == "train":
            text = yaml.safe_dump(params, allow_unicode=True, sort_keys=False)
            write_text(draft / CONFIG_FILE, text)
        else:
            write_json(draft / JOB_FILE, {"kind": kind, "params": params})
        JobStatus(kind=kind).save(draft)
        id = _named(draft, parent, name)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    with _database(workspace) as database:
        database.execute("INSERT OR IGNORE INTO queue (id, kind) VALUES (?, ?)", (id, kind))
    return id


def _named(draft: Path, parent: Path, name: str) -> str:
    """Give a job's folder its name, an id that no other job has; returns the id."""
    while True:
        id = new_id(name)
        try:
            draft.rename(parent / id)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
        else:
            return id


def read_spec(folder: Path) -> JobSpec:
    """What the job in ``folder`` is to do."""
    if (folder / JOB_FILE).exists():
        return JobSpec(**read_json(folder / JOB_FILE))
    return JobSpec("train", yaml.safe_load((folder / CONFIG_FILE).read_text(encoding="utf-8")))


def request_stop(workspace: Workspace, id: str, wish: StopWish = StopWish.DISCARD) -> None:
    """Ask a job to stop, or change what was asked while it is still ending.

    A waiting job is cancelled at once; a running one ends after its current step.

    Args:
        workspace: where the job is.
        id: the job.
        wish: whether a training run is to make a model of what it has learned so far.

    Raises:
        NotStoppable: the job has ended.
        UnknownItem: there is no such job.
    """
    folder = workspace.job(id)
    with _database(workspace) as database:
        waiting = database.execute(
            "DELETE FROM queue WHERE id = ? AND device IS NULL", (id,)
        ).rowcount
    status = JobStatus.load(folder)
    if waiting and status.state is JobState.QUEUED:
        status.moved(JobState.CANCELLED, finished=utc_now()).save(folder)
    elif not status.state.active:
        raise NotStoppable(id=id)
    else:
        write_stop(folder, wish)


def resume(workspace: Workspace, id: str, *, finish: bool = False) -> None:
    """Put a run that did not finish back into the queue; it goes on from its last whole checkpoint.

    Args:
        workspace: where the run is.
        id: the run.
        finish: train no further; make a model of what the checkpoint holds, score it and report.

    Raises:
        NotResumable: the run is active or has succeeded.
        UnknownItem: there is no such run.
    """
    folder = workspace.run(id)
    status = JobStatus.load(folder)
    if JobState.QUEUED not in ALLOWED[status.state]:
        raise NotResumable(id=id, state=Term(status.state.label))
    (folder / STOP_FILE).unlink(missing_ok=True)
    if finish:
        write_stop(folder, StopWish.KEEP)
    replace(
        status.moved(JobState.QUEUED),
        finished=None,
        error=None,
        note=None,
        stage=None,
        done=None,
        pid=None,
        process_start=None,
        attempt=status.attempt + 1,
    ).save(folder)
    with _database(workspace) as database:
        database.execute("INSERT OR IGNORE INTO queue (id, kind) VALUES (?, 'train')", (id,))


def lanes_of(kind: str) -> tuple[str, ...]:
    """Where jobs of a kind that takes no whole device may run, one in each place."""
    return NETWORK_LANE if needs_network(kind) else LIGHT_LANE


def waiting_jobs(workspace: Workspace) -> list[QueuedJob]:
    """The jobs that wait for a device, first in first."""
    with _database(workspace) as database:
        rows = database.execute(
            "SELECT id, kind FROM queue WHERE device IS NULL ORDER BY position"
        ).fetchall()
    return [QueuedJob(id, kind, _folder(workspace, id, kind)) for id, kind in rows]


def placed_jobs(workspace: Workspace) -> dict[str, list[QueuedJob]]:
    """The jobs that hold a device or the light lane, by its name."""
    with _database(workspace) as database:
        rows = database.execute(
            "SELECT id, kind, device FROM queue WHERE device IS NOT NULL ORDER BY position"
        ).fetchall()
    placed: dict[str, list[QueuedJob]] = {}
    for id, kind, device in rows:
        placed.setdefault(device, []).append(QueuedJob(id, kind, _folder(workspace, id, kind)))
    return placed


def place(workspace: Workspace, id: str, device: str) -> bool:
    """Give a waiting job a device; False when it does not wait any more (it was cancelled)."""
    with _database(workspace) as database:
        changed = database.execute(
            "UPDATE queue SET device = ? WHERE id = ? AND device IS NULL", (device, id)
        ).rowcount
    return changed == 1


def release(workspace: Workspace, id: str) -> None:
    """Take an ended job out of the queue."""
    with _database(workspace) as database:
        database.execute("DELETE FROM queue WHERE id = ?", (id,))


def move(workspace: Workspace, id: str, how: Move) -> None:
    """Change when a waiting job starts, among those that wait for the same devices.

    What is at an end already stays there.  The order lives in the database only: when that is
    lost, jobs wait in the order of their making.

    Raises:
        NotWaiting: it has started, ended or been cancelled meanwhile.
    """
    with _database(workspace) as database:
        database.execute("BEGIN IMMEDIATE")
        rows = database.execute(
            "SELECT position, id, kind FROM queue WHERE device IS NULL ORDER BY position"
        ).fetchall()
        kinds = {other: kind for _, other, kind in rows}
        if id not in kinds:
            raise NotWaiting(id=id)
        lane = [row for row in rows if takes_device(row[2]) == takes_device(kinds[id])]
        places, line = [row[0] for row in lane], [row[1] for row in lane]
        at = line.index(id)
        line.remove(id)
        line.insert({Move.FIRST: 0, Move.UP: max(0, at - 1), Move.DOWN: at + 1}[how], id)
        # A place belongs to one job at any moment: all leave theirs before they get a new one.
        database.executemany("DELETE FROM queue WHERE position = ?", [(one,) for one in places])
        database.executemany(
            "INSERT INTO queue (position, id, kind) VALUES (?, ?, ?)",
            [(place, other, kinds[other]) for place, other in zip(places, line, strict=True)],
        )
        database.execute("COMMIT")


def queue_position(workspace: Workspace, id: str) -> int | None:
    """How many waiting jobs of its lane stand before a waiting job; None when it does not wait."""
    trains = {job.id: takes_device(job.kind) for job in waiting_jobs(workspace)}
    if id not in trains:
        return None
    return [other for other in trains if trains[other] == trains[id]].index(id)


def restore_queue(workspace: Workspace) -> None:
    """Make the queue agree with the folders: they are the truth, also when the database is lost.

    Folders that wait and are missing are added in the order in which they were made; rows whose
    folder is gone or has ended are dropped.
    """
    with _database(workspace) as database:
        database.execute("BEGIN IMMEDIATE")
        known = {id for (id,) in database.execute("SELECT id FROM queue")}
        active: dict[str, JobStatus] = {}
        for parent in (workspace.runs, workspace.jobs):
            for folder in parent.iterdir():
                if folder.name.startswith(".") or not folder.is_dir():
                    continue
                try:
                    status = JobStatus.load(folder)
                except StatusUnreadable:
                    continue
                if status.state.active:
                    active[folder.name] = status
        for id in known - active.keys():
            database.execute("DELETE FROM queue WHERE id = ?", (id,))
        for id in sorted(active.keys() - known, key=lambda id: (active[id].created, id)):
            status = active[id]
            device = None
            if status.state.has_process:
                # A light job that works on the CPU does not take it from a training run.
                device = (
                    (status.device or "cpu")
                    if takes_device(status.kind)
                    else lanes_of(status.kind)[0]
                )
            database.execute(
                "INSERT INTO queue (id, kind, device) VALUES (?, ?, ?)", (id, status.kind, device)
            )
        database.execute("COMMIT")


def _folder(workspace: Workspace, id: str, kind: str) -> Path:
    return (workspace.runs if kind == "train" else workspace.jobs) / id


def unplace(workspace: Workspace, id: str) -> None:
    """Take a job's device away, so that it waits again at its old place."""
    with _database(workspace) as database:
        database.execute("UPDATE queue SET device = NULL WHERE id = ?", (id,))


def stop_requested(folder: Path) -> bool:
    """Whether somebody asked the job in ``folder`` to stop."""
    return (folder / STOP_FILE).exists()


def find_active(workspace: Workspace, kind: str, params: dict[str, Any]) -> str | None:
    """The id of a job that waits or runs and does exactly this; None when there is none.

    A job that was asked to stop does not count: it will not bring what is wanted.
    """
    placed = [job for jobs in placed_jobs(workspace).values() for job in jobs]
    for job in [*placed, *waiting_jobs(workspace)]:
        if job.kind != kind or stop_requested(job.folder):
            continue
        try:
            if JobStatus.load(job.folder).state.active and read_spec(job.folder).params == params:
                return job.id
        except (OSError, ValueError, StatusUnreadable):
            # Deleted or damaged meanwhile: nobody works on it.
            continue
    return None


def submit_once(workspace: Workspace, kind: str, params: dict[str, Any], *, name: str) -> str:
    """Like :func:`submit`, but joins a job that is already at work on exactly this.

    Several pages may want the same vectors at the same moment.

    Returns:
        The id of the job that was there, or of the new one.
    """
    with FileLock(workspace.jobs / _SUBMIT_LOCK):
        found = find_active(workspace, kind, params)
        return found if found is not None else submit(workspace, kind, params, name=name)
