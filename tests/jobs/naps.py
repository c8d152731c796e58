"""Jobs for the tests of queue and supervisor, run by the real worker in real processes.

``python -m tests.jobs.naps FOLDER --device DEVICE`` is the real worker that knows these kinds too.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import math
import os
import random
import resource
import secrets
import signal
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

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
    os._exit(job.params.get("code", 7))


def fault(job: JobContext) -> None:
    """Be ended by a signal, as compiled code is that crashes."""
    os.kill(os.getpid(), signal.Signals[job.params["signal"]])


def overuse(job: JobContext) -> None:
    """Use more than the kernel allows, until it kills the process."""
    used = math.ceil(time.process_time())
    resource.setrlimit(resource.RLIMIT_CPU, (used + 1, used + 1))
    while True:
        pass


def fill_memory(job: JobContext) -> None:
    """Ask for more memory than there is, in the way that is named."""
    if job.params["how"] == "torch":
        import torch

        torch.empty(10**15)
    elif job.params["how"] == "numpy":
        import numpy as np

        np.ones(10**15)
    else:
        raise type("OutOfMemoryError", (RuntimeError,), {})("CUDA out of memory")


def fill_disk(job: JobContext) -> None:
    """Write where there is no room."""
    with open("/dev/full", "wb", buffering=0) as file:
        file.write(b"shoe")


def linger(job: JobContext) -> None:
    """Be done, but keep the process a while, as large libraries do."""
    atexit.register(time.sleep, 1.0)


def look(job: JobContext) -> None:
    """Write down what this process is and has."""
    import threading

    tell = Path("/proc/self")
    loaded = sys.modules
    job.event(
        "look",
        argv=sys.argv,
        command=(tell / "cmdline").read_bytes().rstrip(b"\0").decode().split("\0"),
        main=loaded["__main__"].__spec__.name,
        folder=os.getcwd(),
        path=sys.path,
        environment=dict(os.environ),
        leads=(os.getsid(0) == os.getpid(), os.getpgrp() == os.getpid()),
        signals={number.name: _handler(number) for number in signal.Signals},
        input=sys.stdin.read(),
        handlers=[type(one).__name__ for one in logging.getLogger().handlers],
        threads=sorted(thread.name for thread in threading.enumerate()),
        tasks=len(os.listdir(tell / "task")),
        files=sorted(os.readlink(tell / "fd" / name) for name in ("0", "1", "2"))
        + sorted(_other_files()),
        parent=os.getppid(),
        drawn=list(_drawn()),
    )


def _drawn() -> Iterator[object]:
    """What chance brings, from everything with a generator that is imported already."""
    yield from (random.random(), uuid.uuid4().hex, secrets.token_hex())
    if "numpy.random" in sys.modules:
        yield sys.modules["numpy.random"].random()
    if "datasets" in sys.modules:
        yield sys.modules["datasets"].fingerprint.generate_random_fingerprint()


def _handler(number: signal.Signals) -> str:
    handler = signal.getsignal(number)
    return getattr(handler, "__name__", str(handler))


def _other_files() -> Iterator[str]:
    for name in os.listdir("/proc/self/fd"):
        # The folder that is being listed is gone when its turn comes.
        with contextlib.suppress(FileNotFoundError):
            if int(name) > 2:
                yield os.readlink(f"/proc/self/fd/{name}")


NAPS = {
    name: JobKind(f"tests.jobs.naps:{name}")
    for name in (
        "nap",
        "stubborn",
        "trouble",
        "crash",
        "vanish",
        "fault",
        "overuse",
        "fill_memory",
        "fill_disk",
        "look",
    )
}
NAPS["train_nap"] = JobKind("tests.jobs.naps:nap", trains=True)
KINDS.update(NAPS)

if __name__ == "__main__":
    # Only here, where no real run can be meant: in a folder of runs/ a job can be resumed.
    KINDS["train"] = JobKind("tests.jobs.naps:linger", trains=True)
    sys.exit(worker.main())
