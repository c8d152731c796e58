"""Copies of an export in a person's own folder: nothing there but an earlier copy is replaced."""

from __future__ import annotations

import contextlib
import os
import shutil
import zipfile
from pathlib import Path

from core.export.archive import ARCHIVE_COMMENT
from core.export.record import Export
from core.files import read_json, write_json
from core.problems import N_, Problem

_MARK = ".pairloom-export.json"
"""Lies in every folder that was copied, and lists its files."""


class PlaceTaken(Problem):
    what = N_("{path} is there already, and it is not a model that Pairloom put there.")
    do = N_("Nothing was changed. Move it away, or choose another folder with --to.")


class PlaceIsNoFolder(Problem):
    what = N_("{path} is not a folder.")
    do = N_("Choose a folder with --to; it is made if it does not exist.")


class PlaceNotWritable(Problem):
    what = N_("The model cannot be written to {path}: {reason}.")
    do = N_("Choose another folder with --to, or make room there.")


def require_place(target: Path) -> None:
    """See to it that nothing is lost when a copy is put at ``target``.

    Raises:
        PlaceTaken: something else is there, or files were added to an earlier copy.
        PlaceIsNoFolder: the folder that it is to lie in is a file.
    """
    if target.parent.exists() and not target.parent.is_dir():
        raise PlaceIsNoFolder(path=str(target.parent))
    if os.path.lexists(target) and not _is_copy(target):
        raise PlaceTaken(path=str(target))


def copy_export(export: Export, target: Path, *, folder: bool) -> None:
    """Put the zip file of an export, or its folder, at ``target``; whole or not at all.

    Raises:
        PlaceTaken, PlaceIsNoFolder: see :func:`require_place`.
        PlaceNotWritable: the disk is full, or the folder not writable.
    """
    require_place(target)
    # Under a hidden name first: a copy that is cut short is not taken for the model.
    draft = target.with_name(f".{target.name}.pairloom-part")
    earlier = target.with_name(f".{target.name}.pairloom-old")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove(draft)
        _remove(earlier)
        if folder:
            shutil.copytree(export.folder, draft)
            write_json(draft / _MARK, {"files": _files(draft)})
            # A folder that holds something cannot be replaced in one step.
            if target.exists():
                target.rename(earlier)
        else:
            shutil.copyfile(export.file, draft)
        os.replace(draft, target)
        _remove(earlier)
    except OSError as error:
        with contextlib.suppress(OSError):
            _remove(draft)
        reason = error.strerror or str(error)
        raise PlaceNotWritable(path=str(target), reason=reason) from error


def _is_copy(target: Path) -> bool:
    """Whether ``target`` is an earlier copy and nothing else."""
    try:
        if target.is_symlink():
            return False
        if target.is_dir():
            files = set(_files(target)) - {_MARK}
            return files <= set(read_json(target / _MARK)["files"])
        with zipfile.ZipFile(target) as archive:
            return archive.comment == ARCHIVE_COMMENT
    except (OSError, ValueError, TypeError, KeyError, zipfile.BadZipFile):
        return False


def _files(folder: Path) -> list[str]:
    """Everything in a folder that is no folder, empty folders included."""
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if not path.is_dir() or path.is_symlink() or not any(path.iterdir())
    )


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
