"""One zip file of a folder: the same bytes every time, whole or not there."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from core.export.archive import archive_files, write_archive
from core.workspace import PROJECT_ROOT

_WRITE = """
import os, resource, signal, sys
from pathlib import Path
from core.export.archive import write_archive
folder, target, how = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
if how == "full":
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
    try:
        write_archive(folder, target)
    except OSError as error:
        sys.exit(error.errno)
write_archive(folder, target, lambda done: os.kill(os.getpid(), signal.SIGKILL))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    (folder / "1_Pooling").mkdir(parents=True)
    (folder / ".cache").mkdir()
    (folder / ".cache" / "x.json").write_text("hidden")
    (folder / "README.md").write_text("一张卡片\n" * 500, encoding="utf-8")
    (folder / "1_Pooling" / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"0" * (3 << 20))
    return folder


def write_elsewhere(folder: Path, target: Path, how: str) -> int:
    command = [sys.executable, "-c", _WRITE, str(folder), str(target), how]
    return subprocess.run(command, cwd=PROJECT_ROOT, timeout=60).returncode


def test_everything_arrives_in_one_folder_named_after_the_archive(
    folder: Path, tmp_path: Path
) -> None:
    target = tmp_path / "中文 模型 v1.2.zip"
    write_archive(folder, target)
    with zipfile.ZipFile(target) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [
            "中文 模型 v1.2/1_Pooling/config.json",
            "中文 模型 v1.2/README.md",
            "中文 模型 v1.2/model.safetensors",
        ]
        archive.extractall(tmp_path / "out")
    for path in archive_files(folder):
        copy = tmp_path / "out" / "中文 模型 v1.2" / path.relative_to(folder)
        assert copy.read_bytes() == path.read_bytes()


def test_weights_are_stored_and_the_rest_is_deflated(folder: Path, tmp_path: Path) -> None:
    write_archive(folder, tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        kinds = {entry.filename: entry.compress_type for entry in archive.infolist()}
    assert kinds["a/model.safetensors"] == zipfile.ZIP_STORED
    assert kinds["a/README.md"] == zipfile.ZIP_DEFLATED


def test_the_same_folder_gives_the_same_bytes_whenever_it_was_written(
    folder: Path, tmp_path: Path
) -> None:
    write_archive(folder, tmp_path / "a.zip")
    first = (tmp_path / "a.zip").read_bytes()
    for path in folder.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
        path.chmod(0o755)
    write_archive(folder, tmp_path / "a.zip")
    assert (tmp_path / "a.zip").read_bytes() == first


def test_progress_rises_to_the_end(folder: Path, tmp_path: Path) -> None:
    told: list[float] = []
    write_archive(folder, tmp_path / "a.zip", told.append)
    assert told == sorted(told)
    assert len(told) == 5 and told[-1] == 1


def test_a_stop_leaves_the_earlier_archive_as_it_was(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "a.zip"
    target.write_bytes(b"earlier")

    def stop(done: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_archive(folder, target, stop)
    assert target.read_bytes() == b"earlier"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "model"]


def test_a_kill_leaves_no_archive_and_the_next_one_is_whole(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "a.zip"
    assert write_elsewhere(folder, target, "kill") == -signal.SIGKILL
    assert not target.exists()
    write_archive(folder, target)
    with zipfile.ZipFile(target) as archive:
        assert archive.testzip() is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "model"]


def test_no_room_is_an_error_and_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    assert write_elsewhere(folder, tmp_path / "a.zip", "full") == errno.EFBIG
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
