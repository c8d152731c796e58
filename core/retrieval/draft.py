"""Vectors of a corpus that are not all there yet: what was read outlives a stop and a kill."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from core.problems import N_, Problem

_KEEP_SECONDS = 2.0
"""So much work is lost at most when the process is killed."""
_LOOK_SECONDS = 0.2
_ABANDONED_SECONDS = 7 * 24 * 3600.0


class EncoderGaveWrongShape(Problem):
    what = N_(
        "The model gave {got} vectors of width {width} where {rows} of width {expected} "
        "were expected."
    )
    do = N_("Check that the model folder has not changed since, then start the encoding again.")


class Draft:
    """The vectors of a corpus on their way to their file, which appears whole or not at all.

    Beside that file there are two until then: the vectors, and for each row whether its vector is
    among them.  A row is noted after its vector is on the disk, so what is noted can be relied on
    whenever the process ends.
    """

    def __init__(self, final: Path, rows: int) -> None:
        self._final, self._rows = final, rows
        self._path, self._noted_path = _paths(final)
        self._table: np.memmap[Any, np.dtype[np.float32]] | None = None
        self._noted: np.memmap[Any, np.dtype[np.bool_]] | None = None
        self._new: list[NDArray[np.int64]] = []
        self._kept = time.monotonic()
        self._open()

    @property
    def read(self) -> NDArray[np.bool_]:
        """Which rows an earlier attempt or this one has read and kept, shape [rows]."""
        if self._noted is None:
            return np.zeros(self._rows, dtype=np.bool_)
        return np.array(self._noted)

    @property
    def vectors(self) -> NDArray[np.float32]:
        """The table, [rows, width]; at least one vector was put into it."""
        assert self._table is not None
        return self._table

    def put(self, places: NDArray[np.int64], found: NDArray[np.float32]) -> None:
        """Write vectors where they belong; raises EncoderGaveWrongShape."""
        if self._table is None:
            self._make(found.shape[1])
        table = self.vectors
        if found.shape != (len(places), table.shape[1]):
            raise EncoderGaveWrongShape(
                got=found.shape[0],
                width=found.shape[1],
                rows=len(places),
                expected=table.shape[1],
            )
        table[places] = found
        self._new.append(places)
        if time.monotonic() - self._kept >= _KEEP_SECONDS:
            self.keep()

    def keep(self) -> None:
        """See that what was put is not lost."""
        if self._table is not None and self._noted is not None and self._new:
            self._table.flush()
            self._noted[np.concatenate(self._new)] = True
            self._noted.flush()
        self._new = []
        self._kept = time.monotonic()

    def publish(self) -> None:
        """All vectors are there: from now on they are the corpus's."""
        assert self._table is not None
        self._table.flush()
        self._table = self._noted = None
        self._new = []
        os.replace(self._path, self._final)
        self._noted_path.unlink(missing_ok=True)

    def discard(self) -> None:
        """Begin anew."""
        self._table = self._noted = None
        self._new = []
        for path in (self._path, self._noted_path):
            path.unlink(missing_ok=True)

    def _open(self) -> None:
        """Go on with what an earlier attempt left; begin anew where that is not whole."""
        with suppress(OSError, EOFError, ValueError):
            table = np.load(self._path, mmap_mode="r+", allow_pickle=False)
            noted = np.load(self._noted_path, mmap_mode="r+", allow_pickle=False)
            if (table.ndim, len(table), table.dtype) == (2, self._rows, np.float32) and (
                (noted.shape, noted.dtype) == ((self._rows,), np.bool_)
            ):
                self._table, self._noted = table, noted
                return
        self.discard()

    def _make(self, width: int) -> None:
        self._table = np.lib.format.open_memmap(
            self._path, mode="w+", dtype=np.float32, shape=(self._rows, width)
        )
        self._noted = np.lib.format.open_memmap(
            self._noted_path, mode="w+", dtype=np.bool_, shape=(self._rows,)
        )


@contextmanager
def draft_of(final: Path, rows: int, check: Callable[[], None]) -> Iterator[Draft]:
    """The draft of the vectors that belong at ``final``; only one process has it at a time.

    What was put into it is kept however the work ends, unless the model turned out to be another.

    Args:
        final: where the whole vectors are expected; its folder is made.
        rows: how many vectors there will be.
        check: called while another process has the draft; may raise to stop.
    """
    final.parent.mkdir(exist_ok=True)
    _remove_abandoned(final)
    lock = FileLock(final.with_name(f".{final.stem}.lock"))
    while True:
        check()
        try:
            lock.acquire(timeout=0)
            break
        except Timeout:
            time.sleep(_LOOK_SECONDS)
    try:
        draft = Draft(final, rows)
        try:
            yield draft
        except EncoderGaveWrongShape:
            draft.discard()
            raise
        finally:
            draft.keep()
    finally:
        lock.release()


def rows_read(final: Path) -> int:
    """How many rows of the vectors that belong at ``final`` have been read, while not all are."""
    with suppress(OSError, EOFError, ValueError):
        return int(np.load(_paths(final)[1], mmap_mode="r", allow_pickle=False).sum())
    return 0


def _paths(final: Path) -> tuple[Path, Path]:
    return final.with_name(f".{final.stem}.draft"), final.with_name(f".{final.stem}.read")


def _remove_abandoned(final: Path) -> None:
    """Remove what nobody has gone on with for a week, but nothing of these vectors."""
    for path in final.parent.glob(".*"):
        if path in _paths(final) or path.suffix == ".lock":
            continue
        with suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > _ABANDONED_SECONDS:
                path.unlink()
