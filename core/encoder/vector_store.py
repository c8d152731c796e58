"""A file of vectors that only grows: read through memory maps, written by adding to its end."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

KEPT_TEXTS = 200_000
"""How many vectors a file holds by default before the older half goes (300 MB at 384 numbers)."""
_MAGIC = b"PLVEC001"
_HEADER_BYTES = 16
_HASH_BYTES = 16
_COPIED_AT_ONCE = 8_192


def text_hash(text: str) -> bytes:
    """What a text's vector is kept under: 16 bytes."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:_HASH_BYTES]


@dataclass
class VectorStore:
    """The vectors of one model, each under the hash of its text.

    The file is a header with the vectors' width and then records of one size: hash, vector.  What a
    killed writer left of a record is never read, and the next writer takes it away.  A file that is
    no such file counts as empty: it is a cache, and the texts are encoded again.

    Attributes:
        path: the file; its folder is made when something is added.
        most: how many vectors it holds before the older half goes; None for :data:`KEPT_TEXTS`.
    """

    path: Path
    most: int | None = None
    _rows: dict[bytes, int] = field(default_factory=dict, repr=False)
    _seen: tuple[int, int] = (0, 0)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def missing(self, texts: Sequence[str]) -> list[str]:
        """Those of ``texts`` that have no vector yet, each once, in their order."""
        with self._lock:
            self._look()
            return [text for text in dict.fromkeys(texts) if text_hash(text) not in self._rows]

    def get(self, texts: Sequence[str]) -> NDArray[np.float32] | None:
        """The vectors of ``texts``, shape [n, d]; None unless all of them are there."""
        found = self.mapped(texts)
        return None if found is None else np.ascontiguousarray(found[0][found[1]])

    def mapped(self, texts: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.int64]] | None:
        """All vectors of the file, which stay on disk, and the row of each of ``texts`` in them.

        None unless all of ``texts`` are there.  A file that takes this one's place later changes
        nothing in what was given out.
        """
        with self._lock:
            # The map is opened first, for the same reason.
            records = self._look()
            rows = [self._rows.get(text_hash(text)) for text in texts]
        if records is None or not rows or None in rows:
            return None
        return records["vector"], np.array(rows, dtype=np.int64)

    def shelf(self) -> tuple[NDArray[np.bytes_], NDArray[np.float32]] | None:
        """The hashes of all texts, [n] of 16 bytes, and all vectors, [n, d], which stay on disk.

        None when there are none.
        """
        records = _open(self.path)
        if records is None or not len(records):
            return None
        return np.ascontiguousarray(records["hash"]).view("S16"), records["vector"]

    def add(self, texts: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Keep the vectors of ``texts``, also when several processes do so at the same moment.

        Raises:
            ValueError: there are not as many vectors as texts.
            OSError: the disk is full or not writable.
        """
        if len(texts) != len(vectors):
            raise ValueError("there must be one vector for each text")
        if not texts:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._lock, FileLock(self.path.with_suffix(".lock")):
            width = vectors.shape[1]
            records = self._look()
            if records is None or records.dtype != _record(width):
                records = self._replace(width, np.empty(0, dtype=_record(width)))
            new = [at for at, text in enumerate(texts) if text_hash(text) not in self._rows]
            most = self.most or KEPT_TEXTS
            if len(records) + len(new) > most:
                records = self._replace(width, records[len(records) - most // 2 :])
            added = np.empty(len(new), dtype=_record(width))
            hashes = b"".join(text_hash(texts[at]) for at in new)
            added["hash"] = np.frombuffer(hashes, dtype="V16")
            added["vector"] = vectors[new]
            with self.path.open("r+b") as file:
                file.seek(_HEADER_BYTES + len(records) * added.itemsize)
                file.truncate()
                file.write(added.tobytes())

    def _look(self) -> NDArray[np.void] | None:
        """The whole records that the file holds now; learns where each text's is."""
        records = _open(self.path)
        if records is None:
            self._rows, self._seen = {}, (0, 0)
            return None
        inode = self.path.stat().st_ino
        if (inode, len(records)) != self._seen:
            known = self._seen[1] if inode == self._seen[0] and len(records) > self._seen[1] else 0
            if known == 0:
                self._rows = {}
            hashes = records["hash"][known:].tobytes()
            for row in range(known, len(records)):
                start = (row - known) * _HASH_BYTES
                self._rows[hashes[start : start + _HASH_BYTES]] = row
            self._seen = (inode, len(records))
        return records

    def _replace(self, width: int, records: NDArray[np.void]) -> NDArray[np.void]:
        """Another file in the place of this one; who reads the old one goes on reading it."""
        draft = self.path.with_name(f".{self.path.name}.new")
        with draft.open("wb") as file:
            file.write((_MAGIC + width.to_bytes(8, "little")).ljust(_HEADER_BYTES, b"\0"))
            for start in range(0, len(records), _COPIED_AT_ONCE):
                file.write(records[start : start + _COPIED_AT_ONCE].tobytes())
        os.replace(draft, self.path)
        self._seen = (0, 0)
        found = self._look()
        assert found is not None
        return found


def _record(width: int) -> np.dtype[np.void]:
    return np.dtype([("hash", "V16"), ("vector", "<f4", (width,))])


def _open(path: Path) -> NDArray[np.void] | None:
    """The whole records of the file; None when there is none, or another kind of file."""
    with contextlib.suppress(OSError, ValueError), path.open("rb") as file:
        header = file.read(_HEADER_BYTES)
        width = int.from_bytes(header[8:], "little")
        if len(header) < _HEADER_BYTES or header[:8] != _MAGIC or not 0 < width < 2**20:
            return None
        dtype = _record(width)
        count = (os.fstat(file.fileno()).st_size - _HEADER_BYTES) // dtype.itemsize
        if count == 0:
            return np.empty(0, dtype=dtype)
        return np.memmap(file, dtype=dtype, mode="r", offset=_HEADER_BYTES, shape=(count,))
    return None
