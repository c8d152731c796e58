"""Files that commands write, cells in columns, and the question before something is deleted."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from core.cli.output import say
from core.files import write_bytes
from core.problems import N_, Problem


class FileNotWritten(Problem):
    what = N_("{file} cannot be written: {reason}.")
    do = N_("Name a file in a folder that is there and that you may write to.")


class FileNotRead(Problem):
    what = N_("{file} cannot be read: {reason}.")
    do = N_("Name a file that is there, in UTF-8.")


class NotConfirmed(Problem):
    what = N_("Nothing was deleted.")
    do = N_("Add --yes to delete without being asked.")


def write_csv(file: Path, table: pd.DataFrame) -> None:
    """Write a table that spreadsheets open: UTF-8 with the mark by which Excel knows it.

    Raises:
        FileNotWritten: there is no such folder, or nobody may write there.
    """
    write_file(file, table.to_csv(index=False).encode("utf-8-sig", "replace"))


def write_file(file: Path, content: bytes) -> None:
    """Write a file in one step, and say so; raises FileNotWritten."""
    try:
        write_bytes(file, content)
        # It is made to be handed on; what is written in one step is its owner's alone.
        file.chmod(0o644)
    except OSError as error:
        raise FileNotWritten(file=str(file), reason=error.strerror or error) from error
    say(file, error=True)


def say_aligned(lines: Sequence[Sequence[str]]) -> None:
    """Print cells in columns, as a terminal draws them: a Chinese character is twice as wide."""
    widths = [max(map(_width, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = zip(line, widths, strict=True)
        say("  ".join(cell + " " * (width - _width(cell)) for cell, width in cells).rstrip())


def confirm(*, yes: bool) -> None:
    """Ask whether to delete, unless ``yes``; raises NotConfirmed when nobody agrees."""
    if not yes and not agreed():
        raise NotConfirmed


def agreed() -> bool:
    """Ask at the terminal whether to delete; where there is none, nobody agrees."""
    if not sys.stdin.isatty():
        return False
    sys.stderr.write("Delete for good? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)
