"""The workbench's web server as a process: started, watched until it answers, ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import IO

from core.problems import N_, Problem

HOST = "127.0.0.1"
EVERYWHERE = "0.0.0.0"
DEFAULT_PORT = 8501
START_SECONDS = 90.0
_STOP_SECONDS = 10.0


class PortTaken(Problem):
    what = N_(
        "Port {port} is taken by another program, perhaps by Pairloom: http://127.0.0.1:{port}"
    )
    do = N_(
        "Use that one, end it, or choose another port: `make run PORT={free}`, or without make "
        "`python3 tools/start.py run --port {free}`."
    )


class ServerEnded(Problem):
    what = N_("The web server ended while it was starting (exit code {code}).")
    do = N_("Its own messages are above.")


class ServerSilent(Problem):
    what = N_("The web server did not answer on port {port} within {seconds} seconds.")
    do = N_("Its own messages are above. If the machine is very busy, try again.")


def port_is_free(port: int, host: str = HOST) -> bool:
    """Whether a server could listen on ``port`` of this machine's address ``host`` now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def check_port(port: int, host: str = HOST) -> None:
    """Refuse a port that is in use.

    Raises:
        PortTaken: with the next free port as advice.
    """
    if not port_is_free(port, host):
        others = range(port + 1, 65536)
        free = next((other for other in others if port_is_free(other, host)), free_port())
        raise PortTaken(port=port, free=free)


def start_server(
    python: Path,
    root: Path,
    port: int,
    *,
    host: str = HOST,
    names: Sequence[str] = (),
    environment: dict[str, str] | None = None,
    output: IO[bytes] | IO[str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start ``app.py`` of the folder ``root`` on ``port``; returns at once.

    The server is a process group of its own: whoever started it decides when it ends, and a Ctrl-C
    in the terminal does not reach it by another way.

    Args:
        python: The interpreter of the project's environment.
        root: The folder with ``app.py`` and ``.streamlit/``.
        port: A free port.
        host: The address of this machine that it listens on.
        names: Under which browsers may reach it; when empty, those of ``.streamlit/config.toml``.
        environment: Added to this process's environment.
        output: Where the server's messages go; None for this process's own output.
    """
    options = [f"--server.port={port}", "--logger.hideWelcomeMessage=true"]
    options += [f"--server.address={host}"] if host != HOST else []
    options += [f"--server.allowedHosts={name}" for name in names]
    return subprocess.Popen(
        [str(python), "-m", "streamlit", "run", "app.py", *options],
        cwd=root,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output else None,
        process_group=0,
    )


def wait_until_healthy(
    server: subprocess.Popen[bytes],
    port: int,
    give_up: Callable[[], bool] = lambda: False,
    host: str = HOST,
) -> bool:
    """Return True when the server answers, or False once ``give_up`` says so.

    Raises:
        ServerEnded: its process ended first.
        ServerSilent: it did not answer within :data:`START_SECONDS`.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and not give_up():
        if server.poll() is not None:
            raise ServerEnded(code=server.returncode)
        if _answers(port, HOST if host == EVERYWHERE else host):
            return True
        time.sleep(0.05)
    if give_up():
        return False
    raise ServerSilent(port=port, seconds=int(START_SECONDS))


def say_ready(port: int) -> None:
    """Print the address at which the workbench can be opened."""
    print(f"\nPairloom is ready: http://{HOST}:{port}   (Ctrl-C ends it)\n", flush=True)


def serve(
    python: Path,
    root: Path,
    port: int,
    *,
    ready: Callable[[int], None] = say_ready,
    host: str = HOST,
    names: Sequence[str] = (),
    environment: dict[str, str] | None = None,
    output: IO[bytes] | IO[str] | None = None,
) -> int:
    """Run the workbench until it ends or this process is interrupted; returns an exit code.

    ``ready`` hears the port once the server answers; the others are as for :func:`start_server`.

    Raises:
        Problem: PortTaken, ServerEnded or ServerSilent.
    """
    check_port(port, host)
    stop = _StopRequest()
    server = start_server(
        python, root, port, host=host, names=names, environment=environment, output=output
    )
    try:
        if wait_until_healthy(server, port, lambda: stop.asked, host):
            ready(port)
        while server.poll() is None and not stop.asked:
            time.sleep(0.1)
    finally:
        _end(server)
    if not stop.asked:
        return server.returncode
    print(
        "\nPairloom has stopped. A training run that was under way goes on by itself; "
        "the next start shows it.",
        file=sys.stderr,
    )
    return 0


class _StopRequest:
    """Whether Ctrl-C was pressed, the terminal was closed, or the process was asked to end.

    Only remembered: an exception out of a signal handler can leave subprocess's lock held for ever
    when a second signal follows at once, as it does under make.
    """

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._remember)

    def _remember(self, number: int, frame: FrameType | None) -> None:
        self.asked = True


def _answers(port: int, host: str) -> bool:
    # Imported while the server starts: it takes as long as the rest of this program's start.
    from http.client import HTTPConnection, HTTPException

    connection = HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", "/_stcore/health")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _end(server: subprocess.Popen[bytes]) -> None:
    """Ask the server to end, then insist."""
    server.terminate()
    try:
        server.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
