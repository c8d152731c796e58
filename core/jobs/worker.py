"""The process of one job: ``python -m core.jobs.worker FOLDER --device DEVICE``.

Whatever happens to the job's code, the folder says afterwards how it ended.
"""

from __future__ import annotations

import argparse
import errno
import logging
import os
import shutil
import signal
import sys
from dataclasses import replace
from pathlib import Path
from types import FrameType

from filelock import FileLock, Timeout

from core.jobs.context import JobContext, Stopped
from core.jobs.kinds import KINDS
from core.jobs.processes import ProcessIdentity
from core.jobs.queue import read_spec
from core.jobs.reasons import ProcessKilled, not_saved
from core.jobs.status import JobState, JobStatus
from core.jobs.stopping import StopWish
from core.problems import N_, Message, Problem
from core.workspace import Workspace, utc_now

LOCK_FILE = ".worker.lock"
_NOTHING_TO_KEEP = N_("It was stopped before it had learned anything, so there is no model.")
_NEARLY_FULL_BYTES = 100_000_000
_log = logging.getLogger("pairloom.worker")


class _Terminated(Stopped):
    """The process was told to end by a signal, wherever its work stood."""


class UnexpectedFailure(Problem):
    what = N_("The job stopped on an error that Pairloom did not expect: {error}.")
    do = N_("The log below has the details. Please report it with the log attached.")


class OutOfMemory(Problem):
    what = N_("The job ran out of memory.")
    do = N_("Choose a smaller batch size or a shorter maximum length, or close other programs.")


class DiskFull(Problem):
    what = N_("The disk is full.")
    do = N_("Free some space (old runs can be deleted) and start again.")


def main() -> int:
    """Run one job; the exit code is 0 when its end is on record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    signal.signal(signal.SIGTERM, _stop_now)
    # A second worker for one folder, started because a supervisor died at the wrong moment, leaves.
    try:
        lock = FileLock(arguments.folder / LOCK_FILE, timeout=0)
        lock.acquire()
    except Timeout:
        _log.warning("another worker has this job already")
        return 0
    try:
        return _run(arguments.folder, arguments.device)
    finally:
        lock.release()


def _run(folder: Path, device: str) -> int:
    status = JobStatus.load(folder)
    if status.state is not JobState.QUEUED:
        _log.warning("nothing to do: the job is %s", status.state)
        return 0
    identity = ProcessIdentity.of(os.getpid())
    assert identity is not None
    status = status.moved(
        JobState.RUNNING, pid=identity.pid, process_start=identity.start, device=device
    )
    replace(status, started=status.started or utc_now()).save(folder)
    spec = read_spec(folder)
    job = JobContext(Workspace.open(), folder, spec, device)
    try:
        KINDS[spec.kind].load()(job)
    except Stopped as stopped:
        if job.unwanted():
            if job.stop_wish() is StopWish.KEEP:
                job.note(Message(_NOTHING_TO_KEEP))
            elif isinstance(stopped, _Terminated):
                job.note(not_saved())
            job.finish(JobState.CANCELLED)
        else:
            # Nobody who uses the workbench wanted this: the computer shuts down, for example.
            job.finish(JobState.INTERRUPTED, ProcessKilled(spec.kind, signal=signal.SIGTERM.name))
    except Problem as problem:
        _log.exception("the job cannot go on")
        job.finish(JobState.FAILED, problem)
    except Exception as error:
        _log.exception("the job failed")
        job.finish(JobState.FAILED, _in_words(error, folder))
    else:
        job.finish(JobState.SUCCEEDED)
    return 0


def _in_words(error: Exception, folder: Path) -> Problem:
    """What an exception that nobody foresaw means for a person."""
    said = str(error)
    # PyTorch has a class for a full GPU only; on the CPU it is a RuntimeError that names its errno.
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return OutOfMemory()
    if "can't allocate memory" in said:
        return OutOfMemory()
    # Rust code (safetensors) says the errno in words; PyTorch only where in its own code it failed.
    number = error.errno if isinstance(error, OSError) else None
    if number in (errno.ENOSPC, errno.EDQUOT) or "(os error 28)" in said:
        return DiskFull()
    while_saving = "PytorchStreamWriter" in said or "inline_container" in said
    if while_saving and shutil.disk_usage(folder).free < _NEARLY_FULL_BYTES:
        return DiskFull()
    return _unexpected(error)


def _unexpected(error: Exception) -> UnexpectedFailure:
    first_line = (str(error).strip() or type(error).__name__).splitlines()[0]
    return UnexpectedFailure(error=f"{type(error).__name__}: {first_line}"[:300])


def _stop_now(_number: int, _frame: FrameType | None) -> None:
    # One signal is enough; a second one during clean-up must not interrupt it.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise _Terminated


if __name__ == "__main__":
    sys.exit(main())
