"""Limits on what compressed files may grow to, so that none fills the disk or the memory."""

from __future__ import annotations

import zipfile
from pathlib import Path

from core.problems import N_, Problem

EXPANDED_BYTES = 2_000_000_000
"""What a compressed file may expand to."""

EXPANSION_RATIO = 200
"""How many times its size it may expand to, beyond :data:`FREE_BYTES`; tables reach 5 to 50."""

FREE_BYTES = 10_000_000
"""Up to this size any ratio will do: a short file of one repeated row is no attack."""


class ExpandsTooMuch(Problem):
    what = N_("{file} would expand to more than {megabytes:,} MB: it is not opened.")
    do = N_(
        "Large tables fit when they are split into several files. If this is a small file, it may "
        "be made to fill the disk: do not open it elsewhere either."
    )


def require_modest(expanded: int, compressed: int, name: str) -> None:
    """Refuse what grows beyond the limits.

    Args:
        expanded: its size so far, or as it is declared, in bytes.
        compressed: the size that it has in the archive, in bytes.
        name: the file, for the message.

    Raises:
        ExpandsTooMuch: ``expanded`` is beyond a limit.
    """
    most = min(EXPANDED_BYTES, max(FREE_BYTES, EXPANSION_RATIO * compressed))
    if expanded > most:
        raise ExpandsTooMuch(file=name, megabytes=most // 1_000_000)


def require_modest_size(path: Path, name: str) -> None:
    """Refuse a workbook whose parts say that they grow beyond the limits; see require_modest."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        expanded = sum(part.file_size for part in archive.infolist())
    require_modest(expanded, path.stat().st_size, name)
