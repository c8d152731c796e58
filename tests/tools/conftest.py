"""A checkout with nothing installed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from core.workspace import PROJECT_ROOT


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the starter and a list of requirements, but without an environment."""
    folder = tmp_path / "checkout"
    shutil.copytree(PROJECT_ROOT / "tools", folder / "tools")
    (folder / "core").mkdir()
    for name in ("__init__.py", "problems.py", "server.py"):
        shutil.copy(PROJECT_ROOT / "core" / name, folder / "core")
    (folder / "requirements.txt").write_text("torch==2.13.0\n")
    return folder
