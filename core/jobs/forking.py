"""Workers that begin with everything imported: the supervisor's side of :mod:`core.jobs.parent`."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import select
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from core.jobs.parent import WorkerRequest
from core.jobs.processes import ProcessIdentity
from core.workspace import PROJECT_ROOT

SWITCH = "PAIRLOOM_FORKING"
"""Environment variable; ``off`` has every worker start as a process of its own making."""
TRAINING = (
    "core.training.worker",
    "core.training.trainer",
    "core.training.progress",
    "core.models.static",
    "bm25s",
    "transformers.models.bert.modeling_bert",
)
"""What a training run imports."""
_FIRST_LOOK_SECONDS = 2.0
_LOOK_SECONDS = 30.0
_HOPELESS_SECONDS = 600.0
_PATIENCE_SECONDS = 30.0
_ANSWER_SECONDS = 5.0
_CODE_SECONDS = 1.0
_CHUNK = 65_536
_ROOM = " " * 1_000
# For the time of the import only.  Asked whether there is a GPU, torch then neither wakes CUDA nor
# sees one, and no answer is remembered.  Arrow's allocator starts no thread for its cleaning.
_WHILE_IMPORTING = {
    "CUDA_VISIBLE_DEVICES": "",
    "PYTORCH_NVML_BASED_CUDA_CHECK": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    # Read then, too: everything that a forked worker needs is on this machine.
    "HF_HUB_OFFLINE": "1",
}
_log = logging.getLogger("pairloom.supervisor")


@dataclass(frozen=True)
class Forked:
    """A worker that a parent has started.

    Attributes:
        pid: its process id, which its process group and its session have, too.
        identity: None when it ended at once.
    """

    pid: int
    identity: ProcessIdentity | None


class Parent:
    """One parent process and the line to it.

    Nothing is lost with it but the exit codes of those of its workers that are still at work.  It
    ends when this object is no longer used, thus not before the last of its workers has been
    asked for its exit code.

    Attributes:
        ready: it has imported everything.
        began: when it was started (:func:`time.monotonic`).
    """

    def __init__(self, worker: str, modules: Sequence[str], environment: Mapping[str, str]) -> None:
        self.ready = False
        self.began = time.monotonic()
        self._answer: dict[str, object] | None = None
        self._ended: dict[int, int] = {}
        self._received = b""
        self._line, theirs = socket.socketpair()
        command, number = (sys.executable, "-m", "core.jobs.parent"), str(theirs.fileno())
        with theirs:
            self._process = subprocess.Popen(
                [*command, number, worker, *modules, "--room", _ROOM],
                cwd=PROJECT_ROOT,
                env={**environment, **_WHILE_IMPORTING},
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The parent's own process id."""
        return self._process.pid

    def alive(self) -> bool:
        """Whether it can be asked for workers, now or when it is ready."""
        self._listen(lambda: True, 0)
        return self._process.poll() is None

    def fork(self, worker: WorkerRequest, seconds: float) -> Forked | None:
        """Start a worker; None when the parent cannot: not answering in this time is its end."""
        self._answer = None
        try:
            self._line.sendall(json.dumps(asdict(worker)).encode() + b"\n")
        except OSError:
            return None
        self._listen(lambda: self._answer is not None, seconds)
        if self._answer is None:
            _log.warning("the parent of workers does not answer")
            self.kill()
            return None
        if "failed" in self._answer:
            # No room for a process; those that are at work still need their exit codes told.
            _log.warning("the parent of workers cannot start one: %s", self._answer["failed"])
            return None
        pid, start = self._answer["started"], self._answer["start"]
        assert isinstance(pid, int)
        return Forked(pid, ProcessIdentity(pid, start) if isinstance(start, str) else None)

    def exit_code(self, pid: int) -> int | None:
        """How a worker ended that is no longer there; None when nobody will ever know."""
        self._listen(lambda: pid in self._ended, _CODE_SECONDS)
        return self._ended.pop(pid, None)

    def kill(self) -> None:
        """End it at once; its workers go on."""
        self._process.kill()
        self._process.wait()

    def _listen(self, enough: Callable[[], bool], seconds: float) -> None:
        """Take in what the parent says: what it has said, and more until that is enough."""
        deadline = time.monotonic() + seconds
        while select.select([self._line], [], [], 0)[0] or not enough():
            left = deadline - time.monotonic()
            if not select.select([self._line], [], [], max(0.0, left))[0]:
                return
            chunk = b""
            with suppress(ConnectionError):
                chunk = self._line.recv(_CHUNK)
            if not chunk:
                return
            *lines, self._received = (self._received + chunk).split(b"\n")
            for line in lines:
                self._take(json.loads(line))

    def _take(self, message: dict[str, object]) -> None:
        if "ready" in message:
            self.ready = True
            _log.info("workers can be forked after %.1f s", time.monotonic() - self.began)
        elif "ended" in message:
            pid, code = message["ended"], message["code"]
            assert isinstance(pid, int) and isinstance(code, int)
            self._ended[pid] = code
        else:
            self._answer = message


class Forking:
    """Sees to it that there is a parent, and starts workers from it.

    Args:
        worker: the module that a worker runs, as with ``python -m``.
        environment: what every worker's environment has in common.  Libraries that are imported
            read some variables then, so the parent must have them.
        modules: what the parent imports.
    """

    def __init__(
        self, worker: str, environment: Mapping[str, str], modules: Sequence[str] = TRAINING
    ) -> None:
        self._worker = worker
        self._environment = environment
        self._modules = modules
        self._parent: Parent | None = None
        self._code: object = None
        self._next_look = time.monotonic() + _FIRST_LOOK_SECONDS

    @staticmethod
    def possible() -> bool:
        """Whether this system can do it (macOS's own libraries do not bear it) and is to do it."""
        return sys.platform == "linux" and os.environ.get(SWITCH) != "off"

    def prepare(self) -> None:
        """Start a parent if there is none, or none with the code that is on disk now.

        To be called again and again while nothing else is to be done: a parent's import would
        take the processor from a job.  Not at once, because whoever has just started a supervisor
        mostly has a job for it.
        """
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + _LOOK_SECONDS
        if self._usable() is not None:
            return
        before, self._parent = self._parent, None
        if before is not None and not before.ready and not before.alive():
            _log.warning("the parent of workers ended before it was ready")
            self._next_look = now + _HOPELESS_SECONDS
            return
        with suppress(OSError):
            self._code = code_on_disk()
            self._parent = Parent(self._worker, self._modules, self._environment)

    def importing(self) -> bool:
        """Whether a parent will be there soon: what imports the same starts sooner if it waits."""
        parent = self._usable()
        if parent is None or parent.ready:
            return False
        return time.monotonic() - parent.began < _PATIENCE_SECONDS

    def start(self, worker: WorkerRequest) -> tuple[Parent, Forked] | None:
        """Fork a worker; None when a process of its own is to be started for it instead."""
        parent = self._usable()
        if parent is None or not parent.ready:
            return None
        forked = parent.fork(worker, _ANSWER_SECONDS)
        return (parent, forked) if forked is not None else None

    def parent(self) -> Parent | None:
        """The parent that is there, ready or not."""
        return self._parent

    def _usable(self) -> Parent | None:
        # A file that vanishes in this moment is an update, too.
        with suppress(OSError):
            if self._parent and self._parent.alive() and self._code == code_on_disk():
                return self._parent
        return None


def code_on_disk() -> object:
    """What changes when Pairloom or an installed package is updated."""
    ours = hashlib.sha256()
    for file in sorted(_sources(PROJECT_ROOT / "core"), key=lambda file: file.path):
        found = file.stat()
        ours.update(f"{file.path} {found.st_mtime_ns} {found.st_size}\n".encode())
    return ours.digest(), Path(sysconfig.get_path("purelib")).stat().st_mtime_ns


def _sources(folder: Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                yield from _sources(Path(entry))
            elif entry.name.endswith(".py"):
                yield entry
