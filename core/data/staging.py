"""Tables that are being brought in: kept on disk, read once for each way of reading them.

``uploads/<id>/`` holds ``upload.json``; the file's bytes as ``original``, unless it is a file in an
allowed folder, which stays where it is; and in ``tables/`` a folder for every way in which it was
read (:mod:`core.data.staged_table`).
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, BinaryIO

import pandas as pd
import pyarrow as pa
from filelock import FileLock

from core.data.reading.cells import NOT_TEXT
from core.data.reading.formats import SUFFIXES, read_file
from core.data.reading.refusals import FileUnreadable
from core.data.reading.rows import ROW, ReadOptions
from core.data.reading.sinks import ChunkSink, Enough
from core.data.staged_table import Progress, StagedInfo, StagedTable, write_table
from core.files import file_sha256, read_json, write_json
from core.problems import N_, Problem
from core.workspace import Workspace, new_id, utc_now

__all__ = [
    "INLINE_BYTES",
    "Progress",
    "StagedInfo",
    "StagedTable",
    "allowed_folders",
    "discard_staged",
    "list_allowed_files",
    "load_staged",
    "peek_staged",
    "read_staged",
    "stage_path",
    "stage_upload",
    "staged_file",
    "tidy_uploads",
]

INLINE_BYTES = 5_000_000
"""Larger files are read by a job, not while a page waits."""

FOLDERS_VARIABLE = "PAIRLOOM_FOLDERS"
"""Further folders whose files may be opened where they are, separated as in ``PATH``."""

_UPLOAD_FILE = "upload.json"
_ORIGINAL = "original"
_TABLES = "tables"
_LOCK = ".lock"
_UNFINISHED = ".unfinished-"
_KEEP_SECONDS = 7 * 24 * 3600
_NAME_CHARACTERS = 120
_PIECE = 1 << 20
_MOST_LISTED = 500


class NotInAllowedFolder(Problem):
    what = N_("{file} does not lie in a folder whose files may be opened by path.")
    do = N_(
        "Put it into {folder}, or have whoever started Pairloom name its folder in "
        "PAIRLOOM_FOLDERS."
    )


class UploadFailed(Problem):
    what = N_("{file} could not be kept: {reason}.")
    do = N_("Free some disk space and try again.")


@dataclass(frozen=True)
class StagedFile:
    """A file that was brought in.

    Attributes:
        id: its folder in the workspace.
        name: what it is called, without folders and odd characters.
        created: when it was brought in, ISO 8601 in UTC.
        bytes: how large it is.
        sha256: of its bytes; "" while that is not known (files opened by path).
        path: where it lies, when it was opened by path.
        changed: when a file opened by path was last written, in nanoseconds since 1970.
    """

    id: str
    name: str
    created: str
    bytes: int
    sha256: str = ""
    path: str | None = None
    changed: int | None = None


def stage_upload(ws: Workspace, data: bytes | BinaryIO | Path, name: str) -> str:
    """Keep a copy of a file that somebody uploaded, and return the upload's id.

    Args:
        ws: the workspace.
        data: the file's bytes, an open file (read from its beginning), or where it lies.
        name: what it is called; shown to people, never used as a path.

    Raises:
        UploadFailed: the disk is full.
        FileUnreadable: the file at the path cannot be opened.
    """
    name = _display_name(name)
    id = new_id(Path(name).stem)
    folder = ws.uploads / f"{_UNFINISHED}{secrets.token_hex(4)}"
    with _failure_named(name, folder), _opened(data, name) as source:
        folder.mkdir()
        size, digest = _copy(source, folder / _ORIGINAL)
        write_json(folder / _UPLOAD_FILE, asdict(StagedFile(id, name, utc_now(), size, digest)))
        folder.rename(ws.uploads / id)
    return id


def stage_path(ws: Workspace, path: Path) -> str:
    """Bring in a file where it lies, without a copy, and return the upload's id.

    Raises:
        NotInAllowedFolder: it is outside the allowed folders, also by way of a link.
        FileUnreadable: there is no such file.
    """
    name = _display_name(path.name)
    try:
        real = path.expanduser().resolve(strict=True)
        if not any(real.is_relative_to(folder) for folder in allowed_folders(ws)):
            raise NotInAllowedFolder(file=name, folder=str(ws.incoming))
        if not real.is_file():
            raise FileUnreadable(file=name, reason=os.strerror(21))
        state = real.stat()
    except (OSError, RuntimeError, ValueError) as error:
        # What lies outside is not told apart from what is not there.
        if not _lies_inside(ws, path):
            raise NotInAllowedFolder(file=name, folder=str(ws.incoming)) from error
        reason = error.strerror if isinstance(error, OSError) else None
        raise FileUnreadable(file=name, reason=reason or str(error)) from error
    upload = StagedFile(
        id=new_id(Path(name).stem),
        name=name,
        created=utc_now(),
        bytes=state.st_size,
        path=str(real),
        changed=state.st_mtime_ns,
    )
    folder = ws.uploads / f"{_UNFINISHED}{secrets.token_hex(4)}"
    with _failure_named(name, folder):
        folder.mkdir()
        write_json(folder / _UPLOAD_FILE, asdict(upload))
        folder.rename(ws.uploads / upload.id)
    return upload.id


def allowed_folders(ws: Workspace) -> list[Path]:
    """The folders whose files may be opened by path, links resolved; those that exist."""
    named = os.environ.get(FOLDERS_VARIABLE, "").split(os.pathsep)
    folders = [ws.incoming, *(Path(one).expanduser() for one in named if one.strip())]
    return [folder.resolve() for folder in folders if folder.is_dir()]


def list_allowed_files(ws: Workspace) -> list[Path]:
    """The files in the allowed folders that look like tables by their names, newest first.

    At most 500, hidden ones left out.
    """
    files: dict[Path, float] = {}
    for folder in allowed_folders(ws):
        for parent, folders, names in os.walk(folder):
            folders[:] = [one for one in folders if not one.startswith(".")]
            for one in names:
                path = Path(parent, one)
                if one.lower().endswith(SUFFIXES) and not one.startswith("."):
                    try:
                        if path.is_file() and _lies_inside(ws, path):
                            files[path] = path.stat().st_mtime
                    except OSError:
                        continue
    return sorted(files, key=files.__getitem__, reverse=True)[:_MOST_LISTED]


def staged_file(ws: Workspace, id: str) -> StagedFile:
    """What is known about an upload before it is read.

    Raises:
        UnknownItem: there is no such upload.
    """
    return StagedFile(**read_json(ws.upload(id) / _UPLOAD_FILE))


def read_staged(
    ws: Workspace,
    id: str,
    options: ReadOptions | None = None,
    progress: Progress | None = None,
) -> StagedTable:
    """The upload ``id`` as a table on disk; read when it was not read in this way before.

    Two readers of one upload do not clash: the second waits and finds what the first has read.

    Args:
        ws: the workspace.
        id: of the upload.
        options: how to read it.
        progress: told now and then how far it is; may raise to stop.

    Raises:
        UnknownItem: there is no such upload.
        UploadFailed: the disk is full.
        Problem: the file is refused; see :func:`core.data.read.read_table`.
    """
    options = options or ReadOptions()
    folder = ws.upload(id)
    with FileLock(folder / _LOCK):
        done = load_staged(ws, id, options)
        if done is not None:
            return done
        upload, path = _current(folder)
        tables = folder / _TABLES
        tables.mkdir(exist_ok=True)
        for leftover in tables.glob(f"{_UNFINISHED}*"):
            shutil.rmtree(leftover, ignore_errors=True)
        unfinished = tables / f"{_UNFINISHED}{secrets.token_hex(4)}"
        with _failure_named(upload.name, unfinished):
            unfinished.mkdir()
            info = write_table(
                path,
                unfinished,
                id=id,
                name=upload.name,
                sha256=upload.sha256,
                options=options,
                progress=progress,
            )
            target = tables / _key(upload, options)
            unfinished.rename(target)
    return StagedTable(info, target)


def load_staged(ws: Workspace, id: str, options: ReadOptions | None = None) -> StagedTable | None:
    """The table that :func:`read_staged` gave for these options; None when it was not read yet.

    Raises:
        UnknownItem: there is no such upload.
    """
    upload = _seen_now(staged_file(ws, id))
    return StagedTable.load(ws.upload(id) / _TABLES / _key(upload, options or ReadOptions()))


def peek_staged(
    ws: Workspace, id: str, options: ReadOptions | None = None, rows: int = 50
) -> pd.DataFrame:
    """The first rows, read anew and no further than these: quick also for very large files.

    Columns of lists are shown as they are written.  The index :data:`ROW` numbers the rows.

    Raises:
        UnknownItem, Problem: see :func:`read_staged`.
    """
    folder = ws.upload(id)
    upload, path = _current(folder, hashed=False)
    chunks: list[pa.Table] = []
    sink = ChunkSink(chunks.append, lambda *_: None, enough=rows)
    options = replace(options or ReadOptions(), sample_rows=None)
    with suppress(Enough):
        read_file(path, upload.name, options, sink, minimum_columns=1, scratch=folder)
    sink.close()
    return pa.concat_tables(chunks).to_pandas().set_index(ROW)


def discard_staged(ws: Workspace, id: str) -> None:
    """Delete an upload and all that was read of it; a file opened by path stays.

    Raises:
        UnknownItem: there is no such upload.
    """
    # The rename makes it disappear in one step; what is then slow may be interrupted.
    doomed = ws.uploads / f"{_UNFINISHED}{secrets.token_hex(4)}"
    ws.upload(id).rename(doomed)
    shutil.rmtree(doomed, ignore_errors=True)


def tidy_uploads(ws: Workspace) -> None:
    """Delete uploads that nobody has touched for a week, and what was left unfinished as long."""
    for folder in ws.uploads.iterdir():
        try:
            touched = max(one.stat().st_mtime for one in (folder, *folder.iterdir()))
            if time.time() - touched > _KEEP_SECONDS:
                shutil.rmtree(folder)
        except OSError:
            continue


@contextmanager
def _failure_named(name: str, unfinished: Path) -> Iterator[None]:
    """Leave nothing half made; a full disk is said in a sentence."""
    try:
        yield
    except BaseException as error:
        shutil.rmtree(unfinished, ignore_errors=True)
        if isinstance(error, OSError):
            raise UploadFailed(file=name, reason=error.strerror or str(error)) from error
        raise


@contextmanager
def _opened(data: bytes | BinaryIO | Path, name: str) -> Iterator[IO[bytes]]:
    if isinstance(data, bytes):
        yield io.BytesIO(data)
    elif isinstance(data, Path):
        try:
            file = data.open("rb")
        except OSError as error:
            raise FileUnreadable(file=name, reason=error.strerror or str(error)) from error
        with file:
            yield file
    else:
        data.seek(0)
        yield data


def _copy(source: IO[bytes], target: Path) -> tuple[int, str]:
    """Copy a file; returns how many bytes it has and their SHA-256."""
    digest = hashlib.sha256()
    size = 0
    with target.open("wb") as file:
        while piece := source.read(_PIECE):
            digest.update(piece)
            size += file.write(piece)
    return size, digest.hexdigest()


def _display_name(name: str) -> str:
    """A name to show: without folders and control characters, and not longer than a line."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    printable = "".join(c if c.isprintable() else " " for c in NOT_TEXT.sub("", last))
    cleaned = " ".join(printable.split()) or "table"
    if len(cleaned) <= _NAME_CHARACTERS:
        return cleaned
    suffix = "".join(Path(cleaned).suffixes[-2:])[-20:]
    return f"{cleaned[: _NAME_CHARACTERS - len(suffix) - 1]}…{suffix}"


def _lies_inside(ws: Workspace, path: Path) -> bool:
    try:
        real = path.expanduser().resolve()
    except (OSError, RuntimeError, ValueError):
        return False
    return any(real.is_relative_to(folder) for folder in allowed_folders(ws))


def _seen_now(upload: StagedFile) -> StagedFile:
    """A file opened by path as it is now: another size or time makes it another file."""
    if upload.path is None:
        return upload
    try:
        state = Path(upload.path).stat()
    except OSError as error:
        raise FileUnreadable(file=upload.name, reason=error.strerror or str(error)) from error
    if (state.st_size, state.st_mtime_ns) == (upload.bytes, upload.changed):
        return upload
    return replace(upload, bytes=state.st_size, changed=state.st_mtime_ns, sha256="")


def _current(folder: Path, *, hashed: bool = True) -> tuple[StagedFile, Path]:
    """The upload and where its bytes are; their hash is worked out and kept if it is wanted."""
    upload = _seen_now(StagedFile(**read_json(folder / _UPLOAD_FILE)))
    path = folder / _ORIGINAL if upload.path is None else Path(upload.path)
    if hashed and not upload.sha256:
        upload = replace(upload, sha256=file_sha256(path))
        write_json(folder / _UPLOAD_FILE, asdict(upload))
    return upload, path


def _key(upload: StagedFile, options: ReadOptions) -> str:
    """The folder of the table that these bytes give with these options."""
    told = json.dumps([upload.bytes, upload.changed, options.to_json()], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:16]
