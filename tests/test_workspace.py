"""Ids, folders and refusals of the workspace."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.workspace import UnknownItem, Workspace, WorkspaceNotWritable, new_id


def test_the_workspace_is_where_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAIRLOOM_HOME", str(tmp_path / "home"))
    workspace = Workspace.open()
    assert workspace.root == tmp_path / "home"
    assert workspace.runs.is_dir() and workspace.datasets.is_dir()


@pytest.mark.parametrize("id", ["../runs", "..", "", "a/b", "/etc", ".hidden", "missing", "A"])
def test_an_id_never_leaves_its_folder(workspace: Workspace, id: str) -> None:
    (workspace.root / "outside").mkdir()
    with pytest.raises(UnknownItem, match="There is no dataset named"):
        workspace.dataset(id)


def test_new_ids_sort_by_time_say_their_name_and_differ() -> None:
    ids = {new_id("Shoes & 鞋") for _ in range(50)}
    assert len(ids) == 50 and all("-shoes-" in id for id in ids)
    assert all(id == id.lower() for id in ids)
    assert "item" in new_id("鞋子")


def test_a_folder_that_cannot_be_made_is_a_plain_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(WorkspaceNotWritable) as caught:
        Workspace.open(tmp_path / "file")
    assert str(tmp_path / "file") in str(caught.value)
    assert "PAIRLOOM_HOME" in str(caught.value)
    assert os.linesep not in str(caught.value)
