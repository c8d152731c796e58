"""Reading and writing small files so that a crash never leaves half of one."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from filelock import FileLock


def write_bytes(path: Path, data: bytes) -> None:
    """Replace ``path`` by ``data`` in one step: readers see the old file or the new one.

    Raises:
        OSError: the folder does not exist, or the disk is full or not writable.
    """
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Replace ``path`` by ``text`` (UTF-8) in one step."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, value: Any) -> None:
    """Replace ``path`` by ``value`` as JSON in one step."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=1) + "\n")


def append_json(path: Path, value: Any) -> None:
    """Add ``value`` as one line of JSON to ``path``, whole and on the disk when this returns.

    Several processes may add at the same time.  What a killed writer left of a line is closed
    first, so that it does not swallow the next one; readers pass such a line over.

    Raises:
        OSError: the folder does not exist, or the disk is full or not writable.
    """
    # Text from a browser may hold half of a surrogate pair.
    line = json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
    with FileLock(path.with_name(f".{path.name}.lock")), path.open("ab+") as file:
        end = file.seek(0, os.SEEK_END)
        if end:
            file.seek(end - 1)
        broken = bool(end) and file.read(1) != b"\n"
        file.write(b"\n" * broken + line + b"\n")
        file.flush()
        os.fsync(file.fileno())


def read_json(path: Path) -> Any:
    """The value that :func:`write_json` wrote.

    Raises:
        FileNotFoundError: there is no such file.
        json.JSONDecodeError: the file is not JSON.
    """
    return json.loads(path.read_text(encoding="utf-8"))


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes as 64 hexadecimal digits, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
