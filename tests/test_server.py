"""The web server as a process: it says when it is ready, ends cleanly, and failures are told."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from core.server import PortTaken, check_port, free_port
from core.workspace import PROJECT_ROOT


@pytest.fixture
def stand_in(tmp_path: Path) -> Path:
    """A folder with a screen that says one word, and the workbench's own configuration."""
    folder = tmp_path / "stand-in"
    folder.mkdir()
    (folder / "app.py").write_text("import streamlit as st\nst.write('hello')\n")
    shutil.copytree(PROJECT_ROOT / ".streamlit", folder / ".streamlit")
    return folder


def serving(root: Path, port: int) -> subprocess.Popen[str]:
    code = (
        "import sys; from pathlib import Path; from core.server import serve\n"
        "sys.exit(serve(Path(sys.executable), Path(sys.argv[1]), int(sys.argv[2])))"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, str(root), str(port)],
        cwd=PROJECT_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.parametrize("how", ["ctrl-c", "impatient", "terminate"])
def test_the_address_is_printed_and_the_end_is_clean(stand_in: Path, how: str) -> None:
    port = free_port()
    with serving(stand_in, port) as starter:
        assert starter.stdout is not None and starter.stderr is not None
        line = ""
        while "ready" not in line:
            line = starter.stdout.readline()
            assert line, starter.stderr.read()
        assert f"Pairloom is ready: http://127.0.0.1:{port}" in line
        socket.create_connection(("127.0.0.1", port)).close()
        if how == "terminate":
            starter.terminate()
        else:  # a terminal sends Ctrl-C to the whole group
            for _ in range(50 if how == "impatient" else 1):
                os.killpg(starter.pid, signal.SIGINT)
        _, errors = starter.communicate(timeout=30)
    assert starter.returncode == 0
    assert "Pairloom has stopped." in errors
    assert "Traceback" not in errors
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_a_server_that_cannot_start_is_reported(tmp_path: Path) -> None:
    with serving(tmp_path, free_port()) as starter:
        _, errors = starter.communicate(timeout=60)
    assert starter.returncode != 0
    assert "The web server ended while it was starting" in errors


def test_the_advice_names_a_port_that_is_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortTaken) as caught:
            check_port(port)
    check_port(caught.value.params["free"])
    assert f"http://127.0.0.1:{port}" in str(caught.value)
