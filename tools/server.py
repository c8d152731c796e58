"""The workbench's web server as a process: started, watched until it answers, ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from typing import IO

from core.problems import Problem

HOST = "127.0.0.1"
DEFAULT_PORT = 8501
START_SECONDS = 90.0
_STOP_SECONDS = 10.0


class PortTaken(Problem):
    what = "Port {port} is taken by another program, perhaps by Pairloom: http://127.0.0.1:{port}"
    do = (
        "Use that one, end it, or choose another port: `make run PORT={free}`, or without make "
        "`python3 tools/start.py run --port {free}`."
    )


class ServerEnded(Problem):
    what = "The web server ended while it was starting (exit code {code})."
    do = "Its own messages are above."


class ServerSilent(Problem):
    what = "The web server did not answer on port {port} within {seconds} seconds."
    do = "Its own messages are above. If the machine is very busy, try again."


def port_is_free(port: int) -> bool:
    """Whether a server could listen on ``port`` of this machine now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def check_port(port: int) -> None:
    """Refuse a port that is in use.

    Raises:
        PortTaken: with the next free port as advice.
    """
    if not port_is_free(port):
        free = next((other for other in range(port + 1, 65536) if port_is_free(other)), free_port())
        raise PortTaken(port=port, free=free)


def start_server(
    python: Path,
    root: Path,
    port: int,
    *,
    environment: dict[str, str] | None = None,
    output: IO[bytes] | None = None,
) -> subprocess.Popen[bytes]:
    """Start ``app.py`` of the folder ``root`` on ``port``; returns at once.

    Args:
        python: The interpreter of the project's environment.
        root: The folder with ``app.py`` and ``.streamlit/``.
        port: A free port.
        environment: Added to this process's environment.
        output: Where the server's messages go; None for this process's own output.
    """
    options = [f"--server.port={port}", "--logger.hideWelcomeMessage=true"]
    return subprocess.Popen(
        [str(python), "-m", "streamlit", "run", "app.py", *options],
        cwd=root,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output else None,
    )


def wait_until_healthy(server: subprocess.Popen[bytes], port: int) -> None:
    """Return when the server answers.

    Raises:
        ServerEnded: its process ended first.
        ServerSilent: it did not answer within :data:`START_SECONDS`.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise ServerEnded(code=server.returncode)
        if _answers(port):
            return
        time.sleep(0.05)
    raise ServerSilent(port=port, seconds=int(START_SECONDS))


def serve(python: Path, root: Path, port: int) -> int:
    """Run the workbench until it ends or this process is interrupted; returns an exit code.

    Raises:
        Problem: PortTaken, ServerEnded or ServerSilent.
    """
    check_port(port)
    signal.signal(signal.SIGTERM, _interrupt)
    server = start_server(python, root, port)
    try:
        wait_until_healthy(server, port)
        print(f"\nPairloom is ready: http://{HOST}:{port}   (Ctrl-C ends it)\n", flush=True)
        return server.wait()
    except KeyboardInterrupt:
        print(
            "\nPairloom has stopped. A training run that was under way goes on by itself; "
            "the next start shows it.",
            file=sys.stderr,
        )
        return 0
    finally:
        _end(server)


def _answers(port: int) -> bool:
    # Imported while the server starts: it takes as long as the rest of this program's start.
    from http.client import HTTPConnection, HTTPException

    connection = HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/_stcore/health")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _end(server: subprocess.Popen[bytes]) -> None:
    """Ask the server to end, then insist."""
    if server.poll() is None:
        server.terminate()
        try:
            server.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
