"""``serve`` in a real process: the address, the workspace, the end; and what it refuses."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path

import pytest

from core.cli import parser
from core.cli.output import REFUSED
from core.server import free_port
from core.workspace import PROJECT_ROOT
from tools.workbench import end_processes_of


def test_it_serves_the_workspace_until_ctrl_c(tmp_path: Path) -> None:
    port, folder = free_port(), tmp_path / "elsewhere"
    command = [sys.executable, "-m", "core", "--workspace", folder, "serve", "--json"]
    with subprocess.Popen(
        [*map(str, command), "--port", str(port)],
        cwd=PROJECT_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as server:
        assert server.stdout is not None
        lines = ""
        while not lines.endswith("}\n"):
            line = server.stdout.readline()
            assert line, server.stderr and server.stderr.read()
            lines += line
        told = json.loads(lines)
        assert told["addresses"] == [f"http://127.0.0.1:{port}"]
        assert told["workspace"] == str(folder)
        served = environment_of(server.pid)
        connection = HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("GET", "/_stcore/health")
        assert connection.getresponse().status == 200
        os.killpg(server.pid, signal.SIGINT)
        _, errors = server.communicate(timeout=60)
    end_processes_of(folder)
    assert server.returncode == 0 and "Traceback" not in errors
    assert served == str(folder)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def environment_of(pid: int) -> str:
    """The workspace of the web server that process ``pid`` has started."""
    import psutil

    (child,) = psutil.Process(pid).children()
    return child.environ()["PAIRLOOM_HOME"]


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert parser.main(["serve", *map(str, arguments)]) == REFUSED
    said = capsys.readouterr()
    assert said.out == ""
    return said.err


def test_what_cannot_be_done_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        told = refused(capsys, "--port", port)
        assert f"Port {port} is taken" in told and "--port" in told
    assert "80 is no port" in refused(capsys, "--port", 80)
    assert "is no address of this computer" in refused(capsys, "--host", "203.0.113.7")
