"""A token opens one file of one workspace for some minutes, and nothing else."""

from __future__ import annotations

import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.export import tokens
from core.export.tokens import check_token, make_token
from core.workspace import Workspace

FILE = "runs/r1/export/中文.zip"


def test_a_token_opens_its_file_more_than_once(workspace: Workspace) -> None:
    token = make_token(workspace, FILE)
    assert check_token(workspace, FILE, token)
    assert check_token(workspace, FILE, token)


def test_it_opens_no_other_file(workspace: Workspace) -> None:
    token = make_token(workspace, FILE)
    for other in ("runs/r2/export/中文.zip", FILE + "/", "", FILE.upper()):
        assert not check_token(workspace, other, token)


def test_it_opens_nothing_in_another_workspace(workspace: Workspace, tmp_path: Path) -> None:
    other = Workspace.open(tmp_path / "other")
    make_token(other, FILE)
    assert not check_token(other, FILE, make_token(workspace, FILE))


def test_it_ends(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    token = make_token(workspace, FILE, lifetime_seconds=60)
    now = time.time()
    monkeypatch.setattr(tokens.time, "time", lambda: now + 58)
    assert check_token(workspace, FILE, token)
    monkeypatch.setattr(tokens.time, "time", lambda: now + 62)
    assert not check_token(workspace, FILE, token)


def test_its_end_cannot_be_moved(workspace: Workspace) -> None:
    ends, _, signature = make_token(workspace, FILE).partition(".")
    assert not check_token(workspace, FILE, f"{int(ends) + 1}.{signature}")


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "9999999999",
        "9999999999.",
        "9999999999.é",
        "-1.x",
        "٣٣٣٣٣٣٣٣٣٣.x",
        "x" * 9999,
        "9" * 9999 + ".x",
    ],
)
def test_garbage_opens_nothing(workspace: Workspace, token: str) -> None:
    assert not check_token(workspace, FILE, token)


def test_processes_that_start_together_share_one_secret_that_others_cannot_read(
    workspace: Workspace,
) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: make_token(workspace, FILE, 600), range(16)))
    assert all(check_token(workspace, FILE, token) for token in made)
    (secret,) = workspace.root.glob(".download-secret*")
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
