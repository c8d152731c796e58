"""The starter: which Pythons it takes, and its refusals before anything is installed."""

from __future__ import annotations

import ast
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from core.workspace import PROJECT_ROOT

START = PROJECT_ROOT / "tools" / "start.py"


def run_starter(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "tools/start.py", *arguments],
        cwd=checkout,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_an_old_python_is_refused_in_a_sentence() -> None:
    pretend = (
        "import runpy, sys; sys.version_info = (3, 9, 18); sys.version = '3.9.18 (main)'; "
        f"sys.argv = ['start.py', 'run']; runpy.run_path({str(START)!r}, run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", pretend], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("Pairloom needs Python 3.11 or newer, and this is Python 3.9.18.")
    assert "PYTHON=python3.11" in done.stderr


def test_old_pythons_can_read_the_starter() -> None:
    source = START.read_text(encoding="utf-8")
    assert source.isascii()
    tree = ast.parse(source, feature_version=(3, 7))
    too_new = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.FunctionDef)
    assert [node for node in ast.walk(tree) if isinstance(node, too_new)] == []


def test_a_taken_port_is_refused_before_anything_is_installed(checkout: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = run_starter(checkout, "run", "--port", str(port))
    assert done.returncode == 1
    assert f"Port {port} is taken" in done.stderr
    suggested = re.search(r"make run PORT=(\d+)", done.stderr)
    assert suggested and int(suggested[1]) != port
    assert "Traceback" not in done.stderr
    assert not (checkout / ".venv").exists()


@pytest.mark.parametrize("value", ["abc", "80", "70000"])
def test_a_port_that_is_none_is_refused(checkout: Path, value: str) -> None:
    done = run_starter(checkout, "run", "--port", value)
    assert done.returncode == 1
    assert done.stderr.strip().startswith(f"{value} is no port. Give a number from 1024 to 65535")


def test_an_unknown_command_names_the_known_ones(checkout: Path) -> None:
    done = run_starter(checkout, "rum")
    assert done.returncode == 2
    assert "'run', 'test', 'test-all', 'lint'" in done.stderr
