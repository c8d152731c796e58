"""Vectors of texts that were encoded before, kept so that no text is encoded twice by one model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.encoder import client
from core.encoder.numbers import check_numbers
from core.encoder.portions import pace, portions
from core.encoder.vector_store import VectorStore
from core.models.roles import Role, role_heard, vectors_name
from core.retrieval.known import INSPECT, add_known, store_of
from core.workspace import Workspace

Progress = Callable[[int, int], None]
Roles = Sequence[Role | None]
"""What each text is read as, one for each; none at all when they stand side by side."""


def text_vectors(
    workspace: Workspace,
    model: Path,
    fingerprint: str,
    texts: Sequence[str],
    progress: Progress | None = None,
    roles: Roles = (),
) -> NDArray[np.float32]:
    """The unit vectors of ``texts``, shape [n, d]; only texts not met before are encoded.

    What has been encoded is kept at once, also when the rest fails or is stopped.

    Args:
        workspace: where the vectors are kept, and whose encoder is asked.
        model: the model's folder.
        fingerprint: the model's fingerprint.
        texts: at least one; repeated ones are encoded once.
        progress: called before every chunk with how many of the new texts are encoded and how many
            there are; may raise to stop.
        roles: of the texts; they count for models that read questions and answers differently.

    Raises:
        Problem: the encoder cannot load the model.
        NoNumbers: the model gives NaN or infinity for a text.
        ValueError: there are no texts.
    """
    if not texts:
        raise ValueError("there must be at least one text")
    parts = _parts(model, texts, roles)
    stores = {role: _store(workspace, model, fingerprint, role) for role in parts}
    asked = {role: [texts[at] for at in places] for role, places in parts.items()}
    # Twice, because what was there may have made room for what is new.
    for _attempt in range(2):
        for role, store in stores.items():
            add_known(workspace, store.path.stem, store, store.missing(asked[role]))
        new = {role: store.missing(asked[role]) for role, store in stores.items()}
        done, rows = 0, sum(map(len, new.values()))
        for role, store in stores.items():
            for places in portions(new[role], pace(model)):
                if progress is not None:
                    progress(done, rows)
                unread = [new[role][at] for at in places]
                store.add(unread, client.encode(workspace, model, unread, role))
                done += len(unread)
        found = {role: store.get(asked[role]) for role, store in stores.items()}
        vectors = _joined(parts, found)
        if vectors is not None:
            # What was kept by an earlier version was not looked at.
            check_numbers(texts, vectors)
            return vectors
    vectors = _joined(
        parts, {role: client.encode(workspace, model, asked[role], role) for role in parts}
    )
    assert vectors is not None
    return vectors


def known_vectors(
    workspace: Workspace, model: Path, fingerprint: str, texts: Sequence[str], roles: Roles = ()
) -> NDArray[np.float32] | None:
    """The vectors of ``texts`` when all of them were encoded before, else None; asks no encoder.

    Arguments as for :func:`text_vectors`.
    """
    parts = _parts(model, texts, roles)
    found = {
        role: _store(workspace, model, fingerprint, role).get([texts[at] for at in places])
        for role, places in parts.items()
    }
    return _joined(parts, found)


def _parts(model: Path, texts: Sequence[str], roles: Roles) -> dict[Role | None, list[int]]:
    """The places of the texts by what the model reads them as."""
    heard = {role: role_heard(model, role) for role in set(roles)}
    parts: dict[Role | None, list[int]] = {}
    for at in range(len(texts)):
        parts.setdefault(heard[roles[at]] if roles else None, []).append(at)
    return parts


def _joined(
    parts: dict[Role | None, list[int]], found: dict[Role | None, NDArray[np.float32] | None]
) -> NDArray[np.float32] | None:
    """The parts' vectors in the order of the texts; None unless all of them are there."""
    whole: NDArray[np.float32] | None = None
    for role, places in parts.items():
        vectors = found[role]
        if vectors is None:
            return None
        if len(parts) == 1:
            return vectors
        if whole is None:
            count = sum(map(len, parts.values()))
            whole = np.empty((count, vectors.shape[1]), dtype=np.float32)
        whole[places] = vectors
    return whole


def _store(workspace: Workspace, model: Path, fingerprint: str, role: Role | None) -> VectorStore:
    return _remembered(workspace, vectors_name(fingerprint, model, role))


@lru_cache(maxsize=8)
def _remembered(workspace: Workspace, name: str) -> VectorStore:
    """One store for each file in this process, so that its hashes are read once."""
    return store_of(workspace, INSPECT, name)
