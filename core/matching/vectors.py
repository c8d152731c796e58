"""Vectors of texts, kept on disk text by text, so that a model reads no text of a table twice.

A store is two files that only grow: the hashes of the texts and their vectors, in the same order.
What a killed job has written stays good: rows count once both files have them.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from core.encoder import client
from core.encoder.portions import cost, portions
from core.files import read_json, write_json
from core.problems import N_, Problem
from core.workspace import Workspace

MOST_BYTES = 4 * 10**9
"""How much all stores may hold; beyond that those go that were not used for the longest time."""
_IN_USE_SECONDS = 24 * 3600.0
_HASH_BYTES = 16
_WIDTH_FILE, _HASHES_FILE, _VECTORS_FILE = "width.json", "texts.bin", "vectors.f32"

Told = Callable[[int, int, float], None]
"""Told how many texts are read, how many are to be read, and which share of the work is done."""


class ModelGaveOtherWidth(Problem):
    what = N_("The model gave vectors of {got} numbers; earlier they had {expected}.")
    do = N_("Check that the model folder has not changed since, then start again.")


class NoNumbers(Problem):
    what = N_("The model gives no usable numbers for some of the texts, for example: {text}")
    do = N_("Choose another model; the training of this one has gone wrong.")


@dataclass(frozen=True)
class TextVectors:
    """The vectors of a table's texts, which stay on disk.

    Attributes:
        store: all kept vectors of the model, [kept, dimension].
        places: where the vector of each text is in it.
    """

    store: NDArray[np.float32]
    places: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.places)

    def take(self, places: NDArray[np.int64]) -> NDArray[np.float32]:
        """The vectors of the texts at these places, shape [places, dimension]."""
        return np.asarray(self.store[self.places[places]])


def read_texts(
    workspace: Workspace, model: Path, fingerprint: str, texts: Sequence[str], told: Told
) -> TextVectors:
    """The unit vectors of ``texts``; only texts not met before are encoded, equal ones once.

    What has been encoded is kept even when the rest fails or is stopped.

    Args:
        workspace: where vectors are kept, and whose encoder is asked.
        model: the model's folder.
        fingerprint: the model's fingerprint, under which vectors are kept.
        texts: at least one.
        told: told before every request; may raise to stop.

    Raises:
        ModelGaveOtherWidth: the folder holds another model than the fingerprint says.
        NoNumbers: the model gives NaN.
        Problem: the encoder cannot load the model.
    """
    parent = workspace.cache / "texts"
    folder = parent / fingerprint
    folder.mkdir(parents=True, exist_ok=True)
    tidy(parent)
    os.utime(folder)
    hashes = [_hash(text) for text in texts]
    known = _known(folder)
    new = list(
        {
            digest: text for digest, text in zip(hashes, texts, strict=True) if digest not in known
        }.values()
    )
    work, done, read = sum(map(cost, new)), 0, 0
    for places in portions(new):
        told(read, len(new), done / max(1, work))
        asked = [new[at] for at in places]
        _append(folder, asked, client.encode(workspace, model, asked))
        done, read = done + sum(map(cost, asked)), read + len(asked)
    known = _known(folder)
    store = _open(folder, len(known))
    return TextVectors(store, np.array([known[digest] for digest in hashes], dtype=np.int64))


def tidy(parent: Path, most: int = MOST_BYTES) -> None:
    """Delete the stores that were not used for the longest time while all hold more than ``most``.

    One that was used within a day stays: a job may be at it.
    """
    stores = [(folder.stat().st_mtime, folder) for folder in parent.iterdir() if folder.is_dir()]
    sizes = {folder: sum(file.stat().st_size for file in folder.iterdir()) for _, folder in stores}
    total = sum(sizes.values())
    for used, folder in sorted(stores):
        if total <= most or time.time() - used < _IN_USE_SECONDS:
            return
        shutil.rmtree(folder, ignore_errors=True)
        total -= sizes[folder]


def _append(folder: Path, texts: list[str], vectors: NDArray[np.float32]) -> None:
    broken = np.flatnonzero(~np.isfinite(vectors.sum(axis=1)))
    if len(broken):
        raise NoNumbers(text=texts[int(broken[0])][:60])
    with FileLock(folder / ".lock"):
        width = _width(folder)
        if width is None:
            width = int(vectors.shape[1])
            write_json(folder / _WIDTH_FILE, width)
        if vectors.shape[1] != width:
            raise ModelGaveOtherWidth(got=vectors.shape[1], expected=width)
        whole = _whole(folder, width)
        for name, size, data in (
            (_VECTORS_FILE, whole * width * 4, np.ascontiguousarray(vectors).tobytes()),
            # Last, because a row counts once its hash is there.
            (_HASHES_FILE, whole * _HASH_BYTES, b"".join(map(_hash, texts))),
        ):
            with (folder / name).open("ab") as file:
                file.truncate(size)
                file.write(data)


def _known(folder: Path) -> dict[bytes, int]:
    """Where the vector of each kept text is."""
    width = _width(folder)
    if width is None:
        return {}
    whole = _whole(folder, width)
    data = (folder / _HASHES_FILE).read_bytes()[: whole * _HASH_BYTES] if whole else b""
    return {digest: at for at, digest in enumerate(_pieces(data))}


def _open(folder: Path, count: int) -> NDArray[np.float32]:
    width = _width(folder)
    assert width is not None
    rows = _whole(folder, width)
    assert rows >= count
    return np.memmap(folder / _VECTORS_FILE, np.float32, mode="r", shape=(rows, width))


def _width(folder: Path) -> int | None:
    try:
        return int(read_json(folder / _WIDTH_FILE))
    except (OSError, ValueError, TypeError):
        return None


def _whole(folder: Path, width: int) -> int:
    """How many rows both files have."""
    sizes = []
    for name, row in ((_HASHES_FILE, _HASH_BYTES), (_VECTORS_FILE, width * 4)):
        path = folder / name
        sizes.append(path.stat().st_size // row if path.exists() else 0)
    return min(sizes)


def _pieces(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), _HASH_BYTES):
        yield data[start : start + _HASH_BYTES]


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:_HASH_BYTES]
