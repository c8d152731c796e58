"""The parent of workers: ``python -m core.jobs.parent SOCKET WORKER MODULE …``.

It imports the modules that a training run needs, then forks a worker for every request, which so
begins with all of them.  :mod:`core.jobs.forking` starts it and talks with it, in lines of JSON:

- ``{"ready": true}`` from here, once, when everything is imported;
- a :class:`WorkerRequest` to here;
- ``{"started": pid, "start": …}`` from here, with the start as :class:`ProcessIdentity` has it, or
  ``{"failed": reason}``;
- ``{"ended": pid, "code": …}`` from here, as :class:`subprocess.Popen` gives the code.

It holds nothing that a death could lose: no lock, no database, no thread, and CUDA is never asked
for anything, because a process that was forked after that cannot use it.  It ends when the other
end of the socket is closed; its workers go on.

The idea is that of Android's zygote and of the ``forkserver`` of Python's multiprocessing.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from core.jobs.processes import ProcessIdentity

_CHUNK = 65_536
_FIRST_FREE = 3
"""The first file descriptor after stdin, stdout and stderr."""


@dataclass(frozen=True)
class WorkerRequest:
    """A worker to start.

    Attributes:
        folder: the job's folder.
        device: "cpu", "cuda:0" …
        environment: all of the worker's variables.
        log: the file that its output is appended to.
    """

    folder: str
    device: str
    environment: dict[str, str]
    log: str


def main() -> int:
    """Import, then fork for whoever holds the other end of the socket; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("socket", type=int)
    parser.add_argument("worker")
    parser.add_argument("modules", nargs="*")
    # Never read: it only makes room for a worker's longer command line (see _show_as).
    parser.add_argument("--room")
    arguments = parser.parse_args()
    with socket.socket(fileno=arguments.socket) as connection:
        for module in arguments.modules:
            importlib.import_module(module)
        if not _fork_for_nothing():
            return 1
        # What is here stays: looking for garbage in it would only copy its pages in every worker.
        gc.collect()
        gc.freeze()
        request = _serve(connection)
    if request is None:
        return 0
    _become_worker(arguments.worker, request)
    return 0


def _fork_for_nothing() -> bool:
    """Fork once to no purpose; whether workers can be forked.

    They cannot if an import has woken CUDA after all: a forked process could not use it then.
    OpenBLAS, the only one here with threads, ends them before a fork; it starts as many again in
    whichever process next multiplies matrices.
    """
    pid = os.fork()
    if pid == 0:
        lost = "torch" in sys.modules and sys.modules["torch"].cuda._is_in_bad_fork()
        os._exit(1 if lost else 0)
    _, status = os.waitpid(pid, 0)
    return status == 0


def _serve(connection: socket.socket) -> WorkerRequest | None:
    """Fork for every request and tell of every end; in a worker, returns what it is to do."""
    wake, woken = os.pipe()
    for end in (wake, woken):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, _take_note)
    received = b""
    try:
        _tell(connection, ready=True)
        while True:
            readable, _, _ = select.select([connection.fileno(), wake], [], [])
            if wake in readable:
                os.read(wake, _CHUNK)
                _reap(connection)
            if connection.fileno() not in readable:
                continue
            chunk = connection.recv(_CHUNK)
            if not chunk:
                return None
            *lines, received = (received + chunk).split(b"\n")
            for line in lines:
                request = WorkerRequest(**json.loads(line))
                if _fork(connection):
                    return request
    except ConnectionError:
        # The supervisor has gone.
        return None


def _fork(connection: socket.socket) -> bool:
    """Fork and say so; whether this is the worker."""
    try:
        pid = os.fork()
    except OSError as error:
        _tell(connection, failed=error.strerror)
        return False
    if pid:
        identity = ProcessIdentity.of(pid)
        _tell(connection, started=pid, start=identity.start if identity else None)
    return pid == 0


def _reap(connection: socket.socket) -> None:
    """Tell of every worker that has ended."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        _tell(connection, ended=pid, code=os.waitstatus_to_exitcode(status))


def _tell(connection: socket.socket, **message: object) -> None:
    connection.sendall(json.dumps(message).encode() + b"\n")


def _take_note(_number: int, _frame: FrameType | None) -> None:
    """Wakes the waiting loop, through the file descriptor that was set for it."""


def _become_worker(worker: str, request: WorkerRequest) -> None:
    """Be as a process that was just started with ``python -m WORKER``; ends with its exit code."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    os.setsid()
    _redirect(request.log)
    os.environ.clear()
    os.environ.update(request.environment)
    words = [request.folder, "--device", request.device]
    _show_as([sys.executable, "-m", worker, *words])
    _draw_lots_anew()
    sys.argv[1:] = words
    runpy.run_module(worker, run_name="__main__", alter_sys=True)


def _redirect(log: str) -> None:
    """Read nothing, write into the log, and close whatever else was open in the parent."""
    nothing = os.open(os.devnull, os.O_RDWR)
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    for number, file in enumerate((nothing, output, output)):
        os.dup2(file, number)
    os.closerange(_FIRST_FREE, os.sysconf("SC_OPEN_MAX"))


def _draw_lots_anew() -> None:
    """Seed what was seeded while the parent imported; two workers would else draw the same.

    Python does so itself for ``random``.  torch's generator starts from the same number in every
    process, and ``secrets``, ``uuid4`` and ``default_rng`` ask the system each time.
    """
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()
    if "datasets" in sys.modules:
        # Names its temporary files.
        sys.modules["datasets"].fingerprint.fingerprint_rng.seed()


def _show_as(command: Sequence[str]) -> None:
    """Let ``ps`` and ``pkill -f`` find this process under another command line.

    The kernel shows the memory in which a process was given its arguments; the address is in
    ``/proc/self/stat`` (proc(5): arg_start, arg_end).
    """
    fields = Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    start, end = int(fields[45]), int(fields[46])
    room = end - start
    words = "\0".join(command).encode()[: room - 1]
    if start:
        ctypes.memmove(start, words.ljust(room, b"\0"), room)


if __name__ == "__main__":
    sys.exit(main())
