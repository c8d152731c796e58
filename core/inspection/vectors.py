"""Vectors of texts that were encoded before, kept so that no text is encoded twice by one model."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from core.encoder import client
from core.encoder.portions import portions
from core.files import write_bytes
from core.workspace import Workspace

KEPT_TEXTS = 20_000
"""How many texts are remembered for a model; the latest stay (30 MB at 384 dimensions)."""
_HASH_BYTES = 16

Progress = Callable[[int, int], None]


def text_vectors(
    workspace: Workspace,
    model: Path,
    fingerprint: str,
    texts: Sequence[str],
    progress: Progress | None = None,
) -> NDArray[np.float32]:
    """The unit vectors of ``texts``, shape [n, d]; only texts not met before are encoded.

    What has been encoded is kept even when the rest fails or is stopped.

    Args:
        workspace: where the vectors are kept, and whose encoder is asked.
        model: the model's folder.
        fingerprint: the model's fingerprint, under which vectors are kept.
        texts: at least one; repeated ones are encoded once.
        progress: called before every chunk with how many of the new texts are encoded and how many
            there are; may raise to stop.

    Raises:
        Problem: the encoder cannot load the model.
        ValueError: there are no texts.
    """
    if not texts:
        raise ValueError("there must be at least one text")
    path = _path(workspace, fingerprint)
    known = _load(path)
    new = [text for text in dict.fromkeys(texts) if _hash(text) not in known]
    try:
        done = 0
        for places in portions(new):
            if progress is not None:
                progress(done, len(new))
            asked = [new[at] for at in places]
            vectors = client.encode(workspace, model, asked)
            known.update(zip(map(_hash, asked), vectors, strict=True))
            done += len(asked)
    finally:
        if new:
            _keep(path, {_hash(text): known[_hash(text)] for text in texts if _hash(text) in known})
    return _stack(known, texts)


def known_vectors(
    workspace: Workspace, fingerprint: str, texts: Sequence[str]
) -> NDArray[np.float32] | None:
    """The vectors of ``texts`` when all of them were encoded before, else None; asks no encoder."""
    known = _load(_path(workspace, fingerprint))
    if not texts or any(_hash(text) not in known for text in texts):
        return None
    return _stack(known, texts)


def _keep(path: Path, latest: dict[bytes, NDArray[np.float32]]) -> None:
    """Add vectors to the kept ones, also when a page and a job do so at the same moment."""
    path.parent.mkdir(exist_ok=True)
    with FileLock(path.with_suffix(".lock")):
        # The latest go to the end, so that they are not the ones dropped.
        earlier = {digest: row for digest, row in _load(path).items() if digest not in latest}
        _save(path, earlier | latest)


def _stack(known: dict[bytes, NDArray[np.float32]], texts: Sequence[str]) -> NDArray[np.float32]:
    return np.stack([known[_hash(text)] for text in texts])


def _path(workspace: Workspace, fingerprint: str) -> Path:
    return workspace.cache / "vectors" / f"{fingerprint}.npz"


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:_HASH_BYTES]


def _load(path: Path) -> dict[bytes, NDArray[np.float32]]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            hashes, vectors = archive["hashes"], archive["vectors"]
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
        # Missing, or damaged: it is a cache, the texts are encoded again.
        return {}
    return dict(zip((row.tobytes() for row in hashes), vectors, strict=True))


def _save(path: Path, known: dict[bytes, NDArray[np.float32]]) -> None:
    if not known:
        return
    latest = list(known.items())[-KEPT_TEXTS:]
    hashes = np.frombuffer(b"".join(digest for digest, _ in latest), dtype=np.uint8)
    buffer = io.BytesIO()
    np.savez(
        buffer,
        hashes=hashes.reshape(-1, _HASH_BYTES),
        vectors=np.stack([vector for _, vector in latest]).astype(np.float32),
    )
    write_bytes(path, buffer.getvalue())
