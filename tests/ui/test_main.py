"""What stands around every screen."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from core.workspace import PROJECT_ROOT, Workspace
from tests.ui.helpers import go_to, open_screen
from ui.pages import SCREENS


def test_the_screens_are_the_files_in_pages() -> None:
    files = {path.stem for path in (PROJECT_ROOT / "pages").glob("*.py")}
    assert {screen.name for screen in SCREENS} == files


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
@pytest.mark.parametrize("name", [screen.name for screen in SCREENS])
def test_every_screen_opens_in_an_empty_workspace(
    workspace: Workspace, name: str, locale: str
) -> None:
    app = open_screen(name, locale=locale)
    assert not app.exception
    assert len(app.title) == 1
    assert app.sidebar.get("segmented_control")


def test_the_sidebar_says_what_trains_and_where_things_are(workspace: Workspace) -> None:
    app = open_screen()
    lines = app.sidebar.caption[0].value
    assert str(workspace.root) in lines
    assert "Trains on: CPU" in lines or "NVIDIA" in lines


def test_going_from_screen_to_screen_keeps_everything_working(workspace: Workspace) -> None:
    app = open_screen()
    for screen in SCREENS:
        go_to(app, screen.name)
        assert not app.exception, screen.name
        assert app.title[0].value == screen.title


@pytest.mark.parametrize("folder", [PROJECT_ROOT, Path("/")])
def test_the_server_needs_no_heavy_library_and_no_certain_folder_to_start(folder: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import app, ui.main, ui.pages, ui.charts, ui.datasets\n"
        "heavy = {'torch', 'sentence_transformers', 'transformers', 'umap', 'sklearn', 'datasets',"
        " 'numba'} & sys.modules.keys()\n"
        "print(sorted(heavy))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(PROJECT_ROOT)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == "[]"
