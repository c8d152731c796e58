"""A model folder as one zip file: the same bytes for the same model, and never half of one."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from pathlib import Path

_EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The first moment that a zip file can name; a real one would make every archive another."""
_MODE = 0o100644 << 16
_CHUNK_BYTES = 1 << 20
ARCHIVE_COMMENT = b"A model that Pairloom exported"
"""Stands at the end of every zip file, by which a copy of it is known."""


def write_archive(
    folder: Path, target: Path, progress: Callable[[float], None] = lambda done: None
) -> None:
    """Write everything in ``folder`` to the zip file ``target``, under the archive's own name.

    Weights are stored as they are (they do not compress), everything else is deflated.  ``target``
    appears whole or not at all; hidden files are left out.  Only one process at a time may write
    the same ``target``.

    Args:
        folder: the model's folder.
        target: the zip file; its name without ``.zip`` becomes the folder's name in the archive.
        progress: told the share (0 to 1) that is done, once for each MiB; may raise to stop.

    Raises:
        OSError: a file cannot be read, or the disk is full.
    """
    # One fixed name: what a killed export left behind is overwritten by the next one.
    draft = target.with_name(f".{target.name}.part")
    paths = archive_files(folder)
    total = max(1, sum(path.stat().st_size for path in paths))
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        progress(min(1.0, done / total))

    try:
        with draft.open("wb") as file:
            with zipfile.ZipFile(file, "w") as archive:
                archive.comment = ARCHIVE_COMMENT
                for path in paths:
                    name = f"{target.stem}/{path.relative_to(folder).as_posix()}"
                    _add(archive, path, name, advance)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def archive_files(folder: Path) -> list[Path]:
    """The files of ``folder`` that go into its archive, in the same order everywhere."""
    found = [
        path
        for path in folder.rglob("*")
        if path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    return sorted(found, key=lambda path: path.relative_to(folder).as_posix())


def _add(archive: zipfile.ZipFile, path: Path, name: str, advance: Callable[[int], None]) -> None:
    entry = zipfile.ZipInfo(name, _EARLIEST)
    entry.external_attr = _MODE
    # Known beforehand, so that weights of more than 2 GiB get the large form of an entry.
    entry.file_size = path.stat().st_size
    entry.compress_type = (
        zipfile.ZIP_STORED if path.suffix == ".safetensors" else zipfile.ZIP_DEFLATED
    )
    with path.open("rb") as source, archive.open(entry, "w") as target:
        while chunk := source.read(_CHUNK_BYTES):
            target.write(chunk)
            advance(len(chunk))
