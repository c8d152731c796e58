"""Vectors of whole tables, kept on disk, so that a model reads no text of a table twice."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.encoder import client
from core.encoder.portions import cost, pace, portions
from core.models.roles import Role, vectors_name
from core.problems import N_, Problem
from core.retrieval.known import MATCH, add_known, store_of
from core.workspace import Workspace

MOST_TEXTS = 2_000_000
"""Of one model; two tables of half a million rows each fit with room to spare."""
MOST_BYTES = 4 * 10**9
"""How much all files may hold; beyond that those go that were not used for the longest time."""
_IN_USE_SECONDS = 24 * 3600.0

Told = Callable[[int, int, float], None]
"""Told how many texts are read, how many are to be read, and which share of the work is done."""


class VectorsGone(Problem):
    what = N_("The numbers that the model gave for the texts were lost while they were needed.")
    do = N_("Check that the model folder has not changed since, then start again.")


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
    workspace: Workspace,
    model: Path,
    fingerprint: str,
    texts: Sequence[str],
    told: Told,
    role: Role | None = None,
) -> TextVectors:
    """The unit vectors of ``texts``; only texts not met before are encoded, equal ones once.

    What has been encoded is kept even when the rest fails or is stopped.

    Args:
        workspace: where vectors are kept, and whose encoder is asked.
        model: the model's folder.
        fingerprint: the model's fingerprint.
        texts: at least one.
        told: told before every request; may raise to stop.
        role: what the texts are: what looks for partners, or what is looked among; None when they
            are compared with one another.

    Raises:
        VectorsGone: the folder holds another model than the fingerprint says.
        NoNumbers: the model gives NaN or infinity for a text.
        Problem: the encoder cannot load the model.
    """
    name = vectors_name(fingerprint, model, role)
    store = store_of(workspace, MATCH, name, most=MOST_TEXTS)
    store.path.parent.mkdir(parents=True, exist_ok=True)
    tidy(store.path.parent)
    add_known(workspace, name, store, store.missing(texts))
    new = store.missing(texts)
    work, done, read = sum(map(cost, new)), 0, 0
    for places in portions(new, pace(model)):
        told(read, len(new), done / max(1, work))
        asked = [new[at] for at in places]
        store.add(asked, client.encode(workspace, model, asked, role))
        done, read = done + sum(map(cost, asked)), read + len(asked)
    found = store.mapped(texts)
    if found is None:
        raise VectorsGone
    os.utime(store.path)
    return TextVectors(*found)


def tidy(folder: Path, most: int = MOST_BYTES) -> None:
    """Delete the files that were not used for the longest time while all hold more than ``most``.

    One that was used within a day stays: a job may be at it.
    """
    files = [(path.stat().st_mtime, path.stat().st_size, path) for path in folder.glob("*.vectors")]
    total = sum(size for _, size, _ in files)
    for used, size, path in sorted(files):
        if total <= most or time.time() - used < _IN_USE_SECONDS:
            return
        path.unlink(missing_ok=True)
        total -= size
