"""The supervisor: one process per workspace that starts jobs, watches them and reaps them.

It is started on demand (:func:`ensure_supervisor`), belongs to no web server, and ends by itself
when nothing has happened for a while.  It may die at any moment: its successor finds every job by
the job's own folder.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from filelock import FileLock, Timeout

from core.encoder.keeper import EncoderKeeper
from core.jobs import queue
from core.jobs.cleaning import clean_up
from core.jobs.engines import Engine, Handle, LocalEngine, forking_for
from core.jobs.kinds import takes_device
from core.jobs.reasons import NotStarted, not_saved, reason_of
from core.jobs.status import STATUS_FILE, JobState, JobStatus, StatusUnreadable
from core.jobs.stopping import StopRequest, StopWish, read_stop
from core.jobs.worker import LOCK_FILE as WORKER_LOCK
from core.workspace import PROJECT_ROOT, Workspace, utc_now

LOCK_FILE = "supervisor.lock"
LOG_FILE = "supervisor.log"
_POLL_SECONDS = 0.2
_RESTORE_SECONDS = 30.0
_IDLE_SECONDS = 15 * 60.0
_TROUBLE_SECONDS = 2.0
_log = logging.getLogger("pairloom.supervisor")


def ensure_supervisor(workspace: Workspace) -> None:
    """Start the workspace's supervisor unless one is running; returns at once."""
    try:
        with FileLock(workspace.root / LOCK_FILE, timeout=0):
            pass
    except Timeout:
        return
    with (workspace.root / LOG_FILE).open("ab") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "core.jobs.supervisor", "--workspace", str(workspace.root)],
            cwd=PROJECT_ROOT,
            env=dict(os.environ, PAIRLOOM_HOME=str(workspace.root)),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    # Reaped when it ends, so that a long-lived server collects no zombies.
    threading.Thread(target=child.wait, daemon=True, name="supervisor-reaper").start()


@dataclass(frozen=True)
class _Placed:
    handle: Handle
    lane: str
    folder: Path


class Supervisor:
    """Places waiting jobs on free devices and records how each job ended."""

    def __init__(self, workspace: Workspace, engine: Engine) -> None:
        self._workspace = workspace
        self._engine = engine
        self._placed: dict[str, _Placed] = {}

    def reconcile(self) -> None:
        """Agree with the disk: adopt what lives, finish what ended, queue what waits, tidy up."""
        queue.restore_queue(self._workspace)
        for device, jobs in queue.placed_jobs(self._workspace).items():
            for job in jobs:
                if job.id not in self._placed:
                    self._reconcile_job(job, device)
        clean_up(self._workspace)

    def _reconcile_job(self, job: queue.QueuedJob, device: str) -> None:
        try:
            status = JobStatus.load(job.folder)
        except StatusUnreadable:
            queue.release(self._workspace, job.id)
            return
        handle = self._engine.adopt(status) if status.state.has_process else None
        if handle is not None:
            _log.info("adopted %s", job.id)
            self._placed[job.id] = _Placed(handle, device, job.folder)
        elif status.state is JobState.QUEUED:
            # Given a device by a supervisor that died before its worker wrote a word.  A worker
            # that is just starting holds the folder's lock; it is found at the next look.
            if _lock_is_free(job.folder / WORKER_LOCK):
                queue.unplace(self._workspace, job.id)
        else:
            self._record_end(job.id, job.folder, exit_code=None)

    def step(self) -> bool:
        """One round: reap, stop, place.  Returns whether any job is active or waiting."""
        for id, placed in list(self._placed.items()):
            if placed.handle.alive():
                self._escalate_stop(placed)
            elif (other := self._other_worker(placed)) is not None:
                self._placed[id] = replace(placed, handle=other)
            else:
                self._record_end(id, placed.folder, placed.handle.exit_code())
                del self._placed[id]
        waiting = queue.waiting_jobs(self._workspace)
        for job in waiting:
            lane = None if self._engine.waits(job.kind) else self._free_lane(job.kind)
            if lane is not None and queue.place(self._workspace, job.id, lane):
                _log.info("starting %s on %s", job.id, lane)
                self._start(job, lane)
        return bool(waiting or self._placed)

    def _other_worker(self, placed: _Placed) -> Handle | None:
        """The living worker to which the one that we started has left the job, if there is one."""
        try:
            status = JobStatus.load(placed.folder)
        except StatusUnreadable:
            return None
        return self._engine.adopt(status) if status.state.has_process else None

    def _start(self, job: queue.QueuedJob, lane: str) -> None:
        device = lane if takes_device(job.kind) else "cpu"
        try:
            handle = self._engine.start(job.folder, device, job.kind)
        except OSError as error:
            # Its folder was deleted while it waited, or the system has no room for a process.
            _log.exception("cannot start %s", job.id)
            queue.release(self._workspace, job.id)
            if (job.folder / STATUS_FILE).exists():
                problem = NotStarted(reason=error.strerror or str(error)).to_json()
                failed = JobStatus.load(job.folder).moved(JobState.FAILED, error=problem)
                replace(failed, finished=utc_now()).save(job.folder)
        else:
            self._placed[job.id] = _Placed(handle, lane, job.folder)

    def _free_lane(self, kind: str) -> str | None:
        lanes = self._engine.devices() if takes_device(kind) else queue.lanes_of(kind)
        taken = {placed.lane for placed in self._placed.values()}
        return next((lane for lane in lanes if lane not in taken), None)

    def _escalate_stop(self, placed: _Placed) -> None:
        stop = read_stop(placed.folder)
        overdue = _overdue_seconds(stop) if stop is not None else 0.0
        if overdue > queue.TERM_GRACE_SECONDS:
            placed.handle.kill()
        elif overdue > 0:
            placed.handle.terminate()

    def _record_end(self, id: str, folder: Path, exit_code: int | None) -> None:
        """Write the last word about a job whose process has ended, if the worker did not."""
        try:
            status = JobStatus.load(folder)
        except StatusUnreadable:
            queue.release(self._workspace, id)
            return
        if status.state is JobState.QUEUED and not exit_code:
            # Somebody resumed it in the moment between its last word and the end of its process.
            queue.unplace(self._workspace, id)
            return
        queue.release(self._workspace, id)
        if not status.state.active:
            return
        stop = read_stop(folder)
        reason = reason_of(status.kind, exit_code, status.process_start)
        error = reason.to_json()
        if status.state is JobState.QUEUED:
            ended = status.moved(JobState.FAILED, error=error)
        elif stop is not None and stop.wish is StopWish.DISCARD:
            # Cancelled was what somebody wanted; that nothing was saved was not.
            note = not_saved() if _overdue_seconds(stop) > 0 else reason.message()
            ended = status.moved(JobState.CANCELLED, note=note.to_json())
        else:
            # Nobody asked it to end like this: also whoever wanted to keep the result must know.
            ended = status.moved(JobState.INTERRUPTED, error=error)
        replace(ended, finished=utc_now()).save(folder)
        _log.info("%s ended as %s", id, ended.state)


def _overdue_seconds(stop: StopRequest) -> float:
    """For how long a job should have ended by itself (seconds); 0 as long as it still may.

    Saving and scoring what is to be kept takes as long as it takes; whoever loses patience asks for
    an end without a result.
    """
    if stop.requested is None or stop.wish is StopWish.KEEP:
        return 0.0
    waited = (datetime.now(UTC) - stop.requested).total_seconds()
    return max(0.0, waited - queue.STOP_GRACE_SECONDS)


def _lock_is_free(path: Path) -> bool:
    try:
        with FileLock(path, timeout=0):
            return True
    except Timeout:
        return False


def serve(workspace: Workspace) -> None:
    """Run until idle for a while or asked to end; jobs in progress go on without it."""
    ending = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        ending.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    engine = LocalEngine(workspace, forking=forking_for(workspace))
    supervisor = Supervisor(workspace, engine)
    encoder = EncoderKeeper(workspace)
    last_busy = time.monotonic()
    next_restore = 0.0
    while not ending.wait(_POLL_SECONDS):
        now = time.monotonic()
        if not workspace.runs.is_dir():
            _log.info("the workspace is gone; ending")
            return
        try:
            if now >= next_restore:
                supervisor.reconcile()
                next_restore = now + _RESTORE_SECONDS
            busy = supervisor.step()
            encoder_alive = encoder.step()
            if not busy:
                engine.prepare()
        except (OSError, sqlite3.OperationalError):
            # The disk is full, most likely.  What could not be written down now can be later.
            _log.exception("cannot go on at the moment")
            busy = encoder_alive = False
            ending.wait(_TROUBLE_SECONDS)
        if busy or encoder_alive:
            last_busy = now
        elif now - last_busy > _IDLE_SECONDS:
            _log.info("nothing to do; ending")
            return


def main() -> int:
    """Take the workspace's lock and serve; leave at once when another supervisor has it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workspace", type=Path, required=True)
    arguments = parser.parse_args()
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    workspace = Workspace.open(arguments.workspace)
    try:
        with FileLock(workspace.root / LOCK_FILE, timeout=0):
            serve(workspace)
    except Timeout:
        _log.info("another supervisor serves this workspace")
    return 0


if __name__ == "__main__":
    sys.exit(main())
