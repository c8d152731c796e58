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
from core.cli.serve import own_addresses
from core.server import free_port
from core.workspace import PROJECT_ROOT, Workspace
from tools.workbench import end_processes_of
from ui.downloads import download_url


@pytest.mark.parametrize("lan", [False, True])
def test_it_serves_the_workspace_until_ctrl_c(tmp_path: Path, lan: bool) -> None:
    port, folder = free_port(), tmp_path / "elsewhere"
    command = [sys.executable, "-m", "core", "--workspace", folder, "serve", "--json"]
    command += ["--lan"] if lan else []
    names = (own_addresses() if lan else []) or ["127.0.0.1"]
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
        assert told["addresses"] == [f"http://{name}:{port}" for name in names]
        assert told["workspace"] == str(folder)
        served = environment_of(server.pid)
        answers = [
            (
                fetch(name, port, "/_stcore/health"),
                fetch(name, port, a_download(folder)),
                # A page of another site that had its own name point here.
                fetch(name, port, a_download(folder), host="evil.example"),
            )
            for name in names
        ]
        os.killpg(server.pid, signal.SIGINT)
        _, errors = server.communicate(timeout=60)
    end_processes_of(folder)
    assert server.returncode == 0 and "Traceback" not in errors
    assert served == str(folder)
    assert answers == [(200, 200, 403)] * len(names)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def a_download(folder: Path) -> str:
    """The address of a file of the workspace, as a screen would link to it."""
    workspace = Workspace.open(folder)
    file = workspace.runs / "a-run" / "export" / "model.zip"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"PK")
    return download_url(workspace, file)


def fetch(name: str, port: int, path: str, host: str | None = None) -> int:
    """Ask this computer by one of its addresses; the answer's status."""
    connection = HTTPConnection(name, port, timeout=20)
    connection.request("GET", path, headers={"Host": f"{host or name}:{port}"})
    try:
        return connection.getresponse().status
    finally:
        connection.close()


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
