"""Finding a browser: the named one, the installed one, or a sentence; never silence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.server import free_port
from core.workspace import PROJECT_ROOT
from tools.chromium import find_or_install_chromium


@pytest.fixture
def browser_program(tmp_path: Path) -> Path:
    """A program that starts and says its version."""
    program = tmp_path / "chromium"
    program.write_text("#!/bin/sh\necho Chromium 1.2.3\n")
    program.chmod(0o755)
    return program


def find(**environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name != "PAIRLOOM_CHROMIUM"}
    return subprocess.run(
        [sys.executable, "-m", "tools.chromium"],
        cwd=PROJECT_ROOT,
        env={**kept, **environment},
        capture_output=True,
        text=True,
    )


def test_the_named_browser_comes_first(browser_program: Path) -> None:
    assert find(PAIRLOOM_CHROMIUM=str(browser_program)).stdout.strip() == str(browser_program)


def test_a_named_browser_that_does_not_start_is_refused(tmp_path: Path) -> None:
    done = find(PAIRLOOM_CHROMIUM=str(tmp_path / "nothing"))
    assert done.returncode == 1
    assert f"PAIRLOOM_CHROMIUM names {tmp_path / 'nothing'}" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_installed_browser_is_found(
    browser_program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PAIRLOOM_CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(browser_program.parent), prepend=os.pathsep)
    assert find_or_install_chromium() == browser_program


def test_a_program_that_only_points_to_a_store_is_passed_over(
    browser_program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pointer = tmp_path / "pointers" / "chromium"
    pointer.parent.mkdir()
    pointer.write_text("#!/bin/sh\necho 'snap install chromium' >&2\nexit 1\n")
    pointer.chmod(0o755)
    browser_program.rename(tmp_path / "google-chrome")
    monkeypatch.delenv("PAIRLOOM_CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", f"{pointer.parent}{os.pathsep}{tmp_path}")
    assert find_or_install_chromium() == tmp_path / "google-chrome"


@pytest.mark.skipif(sys.platform == "darwin", reason="Chrome's place is fixed there")
def test_none_to_find_and_none_to_install_is_a_sentence(tmp_path: Path) -> None:
    done = find(
        PATH=str(tmp_path),
        PLAYWRIGHT_BROWSERS_PATH=str(tmp_path),
        PLAYWRIGHT_DOWNLOAD_HOST=f"http://127.0.0.1:{free_port()}",
    )
    assert done.returncode == 1
    assert "installing one failed" in done.stderr
    assert "or set PAIRLOOM_CHROMIUM" in done.stderr
    assert "Traceback" not in done.stderr
