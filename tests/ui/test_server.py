"""A screen that stops says so in words, and the workers start soon after the server."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from filelock import FileLock, Timeout
from streamlit.testing.v1 import AppTest

from core.jobs.supervisor import LOCK_FILE
from core.workspace import PROJECT_ROOT, Workspace
from ui import server


def error_shown(raised: str, language: str = "en") -> str:
    script = (
        "from core.problems import Term\nfrom core.workspace import UnknownItem\n"
        "from ui.server import show_error\n"
        f"handled = show_error({raised})\nassert handled is True"
    )
    app = AppTest.from_string(script)
    app.session_state["language"] = language
    app.run()
    assert not app.exception
    assert len(app.error) == 1
    return app.error[0].value


def test_a_problem_is_shown_in_its_own_words() -> None:
    problem = 'UnknownItem(item=Term("run"), id="20261121-shoes")'
    assert error_shown(problem).startswith("There is no run named 20261121-shoes")
    assert "没有名为 20261121-shoes 的运行" in error_shown(problem, "zh_CN")


def test_any_other_error_is_a_sentence_without_its_text() -> None:
    shown = error_shown('ZeroDivisionError("division by /home/me/secret")')
    assert "mistake in Pairloom itself" in shown
    assert "secret" not in shown
    assert "Pairloom 自身的错误" in error_shown("KeyError()", "zh_CN")


def test_the_supervisor_is_started_in_the_background(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_SECONDS_BEFORE_WORKERS", 0.2)

    async def serve() -> None:
        began = time.monotonic()
        async with server.lifespan(None):
            assert time.monotonic() - began < 0.1
            for _attempt in range(200):
                if supervisor_runs(workspace):
                    return
                await asyncio.sleep(0.1)
        raise AssertionError("no supervisor after 20 s")

    asyncio.run(serve())


def test_a_server_that_ends_at_once_starts_nothing(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_SECONDS_BEFORE_WORKERS", 0.2)

    async def serve() -> None:
        async with server.lifespan(None):
            pass

    asyncio.run(serve())
    time.sleep(0.5)
    assert not supervisor_runs(workspace)


def test_pages_have_the_supervisor_started_again_now_and_then(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []
    monkeypatch.setattr(server, "ensure_supervisor", lambda workspace: asked.append(workspace.root))
    monkeypatch.setattr(server, "_SECONDS_BEFORE_WORKERS", 0.05)
    monkeypatch.setattr(server, "_SECONDS_BETWEEN_LOOKS", 0.3)

    async def serve() -> None:
        async with server.lifespan(None):
            server.wake_workers()
            await asyncio.sleep(0.2)
            assert asked == [home]
            await asyncio.sleep(0.2)
            for _click in range(5):
                server.wake_workers()
            assert asked == [home]
            await asyncio.sleep(0.15)
            assert asked == [home, home]

    asyncio.run(serve())
    server.wake_workers()
    time.sleep(0.1)
    assert asked == [home, home]


def test_whoever_opens_a_page_wakes_the_workers(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []
    monkeypatch.setattr(server, "wake_workers", lambda: asked.append(True))
    app = AppTest.from_file(str(PROJECT_ROOT / "ui" / "main.py"), default_timeout=60).run()
    assert not app.exception and asked == [True]


def supervisor_runs(workspace: Workspace) -> bool:
    path = workspace.root / LOCK_FILE
    if not path.exists():
        return False
    try:
        with FileLock(path, timeout=0):
            return False
    except Timeout:
        return True
