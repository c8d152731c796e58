"""What an export puts into a person's own folder, and that nothing else there is touched."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from core.cli import parser
from core.cli.output import REFUSED
from core.export.archive import write_archive
from core.export.copies import PlaceNotWritable, PlaceTaken, copy_export
from core.export.formats import Format
from core.export.record import Export
from core.workspace import PROJECT_ROOT
from tests.export.conftest import Trained
from tests.training.conftest import one_thread

__all__ = ["one_thread"]


@pytest.fixture
def export(tmp_path: Path) -> Export:
    """An export as far as its files go."""
    folder = tmp_path / "export" / "m"
    (folder / "1_Pooling").mkdir(parents=True)
    (folder / "1_Pooling" / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"new" * 1000)
    file = folder.with_suffix(".zip")
    write_archive(folder, file)
    return Export(Format.FOLDER, file, 1, "", 100, 0.0, 1.0, 1.0, None, None, "", "", "")


@pytest.mark.parametrize("folder", [True, False])
def test_an_earlier_copy_is_replaced(export: Export, tmp_path: Path, folder: bool) -> None:
    target = tmp_path / "home" / ("m" if folder else "m.zip")
    for content in (b"old", b"newer"):
        (export.folder / "model.safetensors").write_bytes(content)
        write_archive(export.folder, export.file)
        copy_export(export, target, folder=folder)
        if folder:
            assert (target / "model.safetensors").read_bytes() == content
        else:
            with zipfile.ZipFile(target) as archive:
                assert archive.read("m/model.safetensors") == content
    assert [path.name for path in target.parent.iterdir()] == [target.name]


def someone_s(target: Path, what: str, export: Export) -> None:
    """Put at ``target`` what is not ours to replace."""
    target.parent.mkdir(exist_ok=True)
    if what == "folder":
        target.mkdir()
        (target / "thesis.docx").write_text("years of work")
    elif what == "empty":
        target.mkdir()
    elif what == "file":
        target.write_text("years of work")
    elif what == "zip":
        with zipfile.ZipFile(target, "w") as archive:
            archive.writestr("thesis.docx", "years of work")
    elif what == "link":
        target.with_name("theirs").mkdir()
        target.symlink_to(target.with_name("theirs"))
    else:
        copy_export(export, target, folder=True)
        (target / "notes.txt").write_text("years of work")


@pytest.mark.parametrize("folder", [True, False])
@pytest.mark.parametrize("what", ["folder", "empty", "file", "zip", "link", "copy with notes"])
def test_what_is_not_an_earlier_copy_stays(
    export: Export, tmp_path: Path, what: str, folder: bool
) -> None:
    target = tmp_path / "home" / "m"
    someone_s(target, what, export)
    before = sorted((path, path.lstat().st_mtime_ns) for path in target.parent.rglob("*"))
    with pytest.raises(PlaceTaken, match="it is not a model that Pairloom put there"):
        copy_export(export, target, folder=folder)
    assert before == sorted((path, path.lstat().st_mtime_ns) for path in target.parent.rglob("*"))


@pytest.mark.parametrize("folder", [True, False])
def test_a_copy_that_is_killed_leaves_the_earlier_one(
    export: Export, tmp_path: Path, folder: bool
) -> None:
    target = tmp_path / "home" / ("m" if folder else "m.zip")
    copy_export(export, target, folder=folder)
    before = (target / "model.safetensors" if folder else target).read_bytes()
    program = [sys.executable, "-c", _DIES, str(export.file), str(target), str(int(folder))]
    assert subprocess.run(program, cwd=PROJECT_ROOT).returncode == -signal.SIGKILL
    assert (target / "model.safetensors" if folder else target).read_bytes() == before
    assert all(path.name.startswith(".") for path in {*target.parent.iterdir()} - {target})
    copy_export(export, target, folder=folder)
    assert [path.name for path in target.parent.iterdir()] == [target.name]


# Half of what is to be written is there when the process dies.
_DIES = """
import os, shutil, signal, sys
from pathlib import Path
from core.export import copies
from core.export.record import Export
from core.export.formats import Format

def half(source, target, **_):
    Path(target).write_bytes(Path(source).read_bytes()[: -1])
    os.kill(os.getpid(), signal.SIGKILL)

def tree(source, target):
    Path(target).mkdir()
    half(Path(source) / "model.safetensors", Path(target) / "model.safetensors")

copies.shutil.copyfile, copies.shutil.copytree = half, tree
file, target, folder = sys.argv[1:]
given = Export(Format.FOLDER, Path(file), 1, "", 100, 0.0, 1.0, 1.0, None, None, "", "", "")
copies.copy_export(given, Path(target), folder=folder == "1")
"""


def test_a_place_that_cannot_be_written_is_said(export: Export, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PlaceNotWritable, match="cannot be written to"):
        copy_export(export, tmp_path / "file" / "deeper" / "m", folder=True)
    gone = replace(export, file=tmp_path / "gone.zip")
    with pytest.raises(PlaceNotWritable, match="No such file"):
        copy_export(gone, tmp_path / "home" / "m.zip", folder=False)
    assert not list((tmp_path / "home").iterdir())


def test_the_command_line_refuses_a_folder_of_somebody_s_before_it_works(
    trained: Trained, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """``--to .`` in a project that has a folder of the run's name."""
    project = tmp_path / "Product-finder-float16"
    project.mkdir()
    (project / "main.py").write_text("print()")
    record = trained.run.folder / "export" / "float16.json"
    kept = record.read_bytes() if record.exists() else None
    record.unlink(missing_ok=True)
    asked = ["export", trained.id, "--to", str(tmp_path), "--format", "float16", "--folder"]
    root = str(trained.workspace.root)
    try:
        assert parser.main(["--workspace", root, *asked, "--json"]) == REFUSED
        # Nothing was made for it either.
        assert not record.exists()
    finally:
        if kept is not None:
            record.write_bytes(kept)
    said = json.loads(capsys.readouterr().err.splitlines()[-1])["error"]
    assert said["kind"] == "PlaceTaken" and "--to" in said["do"]
    assert os.listdir(project) == ["main.py"]
    (tmp_path / "file").write_text("")
    asked[3] = str(tmp_path / "file")
    assert parser.main(["--workspace", root, *asked]) == REFUSED
    assert "is not a folder" in capsys.readouterr().err
    shutil.rmtree(project)
