"""Vectors of texts that were encoded before, kept so that no text is encoded twice by one model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.encoder import client
from core.encoder.portions import pace, portions
from core.encoder.vector_store import VectorStore
from core.workspace import Workspace

Progress = Callable[[int, int], None]


def text_vectors(
    workspace: Workspace,
    model: Path,
    fingerprint: str,
    texts: Sequence[str],
    progress: Progress | None = None,
) -> NDArray[np.float32]:
    """The unit vectors of ``texts``, shape [n, d]; only texts not met before are encoded.

    What has been encoded is kept at once, also when the rest fails or is stopped.

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
    store = _store(workspace, fingerprint)
    # Twice, because what was there may have made room for what is new.
    for _attempt in range(2):
        _encode_missing(workspace, model, store, texts, progress)
        vectors = store.get(texts)
        if vectors is not None:
            return vectors
    return client.encode(workspace, model, list(texts))


def known_vectors(
    workspace: Workspace, fingerprint: str, texts: Sequence[str]
) -> NDArray[np.float32] | None:
    """The vectors of ``texts`` when all of them were encoded before, else None; asks no encoder."""
    return _store(workspace, fingerprint).get(texts)


def _encode_missing(
    workspace: Workspace,
    model: Path,
    store: VectorStore,
    texts: Sequence[str],
    progress: Progress | None,
) -> None:
    new = store.missing(texts)
    done = 0
    for places in portions(new, pace(model)):
        if progress is not None:
            progress(done, len(new))
        asked = [new[at] for at in places]
        store.add(asked, client.encode(workspace, model, asked))
        done += len(asked)


def _store(workspace: Workspace, fingerprint: str) -> VectorStore:
    return _remembered(workspace.cache / "vectors" / f"{fingerprint}.vectors")


@lru_cache(maxsize=8)
def _remembered(path: Path) -> VectorStore:
    """One store for each file in this process, so that its hashes are read once."""
    return VectorStore(path)
