"""Jobs for the tests of queue and supervisor, run by the real worker in real processes.

``python -m tests.jobs.naps FOLDER --device DEVICE`` is the real worker that knows these kinds too.
"""

from __future__ import annotations

import os
import signal
import sys
import time

from core.jobs import worker
from core.jobs.context import JobContext
from core.jobs.kinds import KINDS, JobKind
from core.problems import Message, Problem


class TestTrouble(Problem):
    """A problem that a job meets."""

    __test__ = False
    what = "The {thing} is broken."
    do = "Buy a new one."


def nap(job: JobContext) -> None:
    """Sleep in small steps, obeying stop requests; write an event a step."""
    for step in range(job.params["steps"]):
        job.check_stop()
        job.event("step", step=step)
        job.progress(Message("Napping: {step}", {"step": step}), step / job.params["steps"])
        time.sleep(0.02)


def stubborn(job: JobContext) -> None:
    """Ignore stop requests; only a signal ends it."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN) if job.params.get("deaf") else None
    time.sleep(60)


def trouble(job: JobContext) -> None:
    """Meet a problem."""
    raise TestTrouble(thing="shoe")


def crash(job: JobContext) -> None:
    """Fail in a way that nobody expected."""
    raise RuntimeError("the sole came off\nsecond line")


def vanish(job: JobContext) -> None:
    """End without a word."""
    os._exit(7)


NAPS = {
    name: JobKind(f"tests.jobs.naps:{name}")
    for name in ("nap", "stubborn", "trouble", "crash", "vanish")
}
NAPS["train_nap"] = JobKind("tests.jobs.naps:nap", trains=True)
KINDS.update(NAPS)

if __name__ == "__main__":
    sys.exit(worker.main())
