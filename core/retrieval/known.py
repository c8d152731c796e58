"""Vectors that need not be computed: of equal texts, and of texts that a model has read elsewhere.

A model's vectors are in three places: with each corpus that it has read, in the cache of Inspect
and in that of Match.  Whoever needs vectors of many texts asks here first.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.encoder.vector_store import VectorStore, text_hash
from core.retrieval.corpora import Corpus, CorpusDamaged, list_corpora, load_corpus
from core.retrieval.draft import Draft
from core.workspace import UnknownItem, Workspace

HASHES_FILE = "text_hashes.npy"
WORTH_LOOKING = 500
"""Fewer texts are read by a model about as quickly as they are looked for."""
INSPECT, MATCH = "vectors", "texts"
"""The folders of the two caches."""
_HASH = np.dtype("S16")
_COPIED_AT_ONCE = 8_192

Shelf = tuple[NDArray[np.bytes_], NDArray[np.float32]]
"""Hashes of texts, [n], and their vectors, [n, dimension], which stay on disk."""
Found = tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.int64]]
"""Places in what was asked for, vectors that were made elsewhere, and their places among these."""


@dataclass(frozen=True)
class KnownVectors:
    """What is known of a corpus's vectors before anything is encoded.

    Attributes:
        new: which rows have to be encoded, bool [n]: the first of every text that nobody has.
        first: for each row the first one with the same text, int64 [n].
        copies: where other rows come from.
    """

    new: NDArray[np.bool_]
    first: NDArray[np.int64]
    copies: tuple[Found, ...]

    @property
    def count(self) -> int:
        """How many different texts have been read already."""
        distinct = self.first == np.arange(len(self.first))
        return int(distinct.sum() - self.new.sum())

    def without(self, read: NDArray[np.bool_]) -> KnownVectors:
        """What is left when the rows in ``read``, bool [n], have their vectors."""
        copies = []
        for here, vectors, there in self.copies:
            left = ~read[here]
            copies.append((here[left], vectors, there[left]))
        return replace(self, new=self.new & ~read, copies=tuple(copies))

    def fill(self, draft: Draft, check: Callable[[], None]) -> None:
        """Write what was made elsewhere into the draft; ``check`` may raise to stop."""
        for here, vectors, there in self.copies:
            for start in range(0, len(here), _COPIED_AT_ONCE):
                check()
                part = slice(start, start + _COPIED_AT_ONCE)
                draft.put(here[part], vectors[there[part]])

    def repeat(self, vectors: NDArray[np.float32]) -> None:
        """Give rows with a text that stood earlier the vector of that, once it is there."""
        again = np.flatnonzero(self.first != np.arange(len(self.first)))
        for start in range(0, len(again), _COPIED_AT_ONCE):
            part = again[start : start + _COPIED_AT_ONCE]
            vectors[part] = vectors[self.first[part]]


def find_known(workspace: Workspace, corpus: Corpus, name: str) -> KnownVectors:
    """Look through the workspace for vectors of a corpus's texts.

    Texts are compared by 16 bytes of hash, which are kept beside each corpus.

    Args:
        workspace: where to look.
        corpus: whose texts; other corpora's vectors are looked at, its parent's first.
        name: of the vectors, see :func:`core.models.roles.vectors_name`.

    Raises:
        CorpusDamaged: the texts of ``corpus`` cannot be read.
    """
    hashes, first, same = np.unique(text_hashes(corpus), return_index=True, return_inverse=True)
    wanted, found = _find(hashes, _shelves(workspace, name, corpus.info.id, corpus.info.parent))
    copies = [(first[ours], vectors, theirs) for ours, vectors, theirs in found]
    new = np.zeros(corpus.info.rows, dtype=bool)
    new[first[wanted]] = True
    return KnownVectors(new, first[same], tuple(copies))


def add_known(workspace: Workspace, name: str, store: VectorStore, texts: Sequence[str]) -> None:
    """Put vectors of ``texts`` that were made elsewhere into a cache that does not have them.

    Args:
        workspace: where to look.
        name: of the vectors, see :func:`core.models.roles.vectors_name`.
        store: the cache.
        texts: different ones; when they are few, nothing is done.
    """
    if len(texts) < WORTH_LOOKING:
        return
    hashes, first = np.unique(_hashes(texts), return_index=True)
    for ours, vectors, theirs in _find(hashes, _shelves(workspace, name, but=store.path))[1]:
        for start in range(0, len(ours), _COPIED_AT_ONCE):
            part = slice(start, start + _COPIED_AT_ONCE)
            store.add([texts[at] for at in first[ours[part]]], vectors[theirs[part]])


def store_of(workspace: Workspace, folder: str, name: str, most: int | None = None) -> VectorStore:
    """The cache of one part of the workbench.

    Args:
        workspace: where it is.
        folder: :data:`INSPECT` or :data:`MATCH`.
        name: of the vectors, see :func:`core.models.roles.vectors_name`.
        most: how many vectors it holds.
    """
    return VectorStore(workspace.cache / folder / f"{name}.vectors", most=most)


def text_hashes(corpus: Corpus) -> NDArray[np.bytes_]:
    """A hash of each text, [n] of 16 bytes; computed once for a corpus and kept beside it.

    Raises:
        CorpusDamaged: the texts cannot be read.
    """
    path = corpus.folder / HASHES_FILE
    try:
        hashes = np.load(path, allow_pickle=False)
        if hashes.dtype == _HASH and hashes.shape == (corpus.info.rows,):
            return hashes
    except (OSError, EOFError, ValueError):
        pass
    hashes = np.empty(corpus.info.rows, dtype=_HASH)
    start = 0
    for texts in corpus.slices():
        hashes[start : start + len(texts)] = _hashes(texts)
        start += len(texts)
    unfinished = path.with_name(f".{HASHES_FILE}-{secrets.token_hex(4)}")
    try:
        with unfinished.open("wb") as file:
            np.save(file, hashes)
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
    # Of an earlier version, with hashes of another kind.
    path.with_name("hashes.npy").unlink(missing_ok=True)
    return hashes


def _hashes(texts: Sequence[str]) -> NDArray[np.bytes_]:
    return np.array([text_hash(text) for text in texts], dtype=_HASH)


def _find(
    hashes: NDArray[np.bytes_], shelves: Iterator[Shelf]
) -> tuple[NDArray[np.bool_], list[Found]]:
    """Which of ``hashes`` (ascending, different) are nowhere, and where the others are.

    Only shelves of one width are taken from: the first one's that has something.
    """
    wanted = np.ones(len(hashes), dtype=bool)
    found: list[Found] = []
    for theirs, vectors in shelves:
        if not len(theirs) or (found and vectors.shape[1] != found[0][1].shape[1]):
            continue
        ours = np.flatnonzero(wanted)
        at = np.searchsorted(hashes[ours], theirs)
        there = np.flatnonzero(hashes[ours[np.minimum(at, len(ours) - 1)]] == theirs)
        once, which = np.unique(at[there], return_index=True)
        if len(once):
            found.append((ours[once], vectors, there[which]))
            wanted[ours[once]] = False
        if not wanted.any():
            break
    return wanted, found


def _shelves(
    workspace: Workspace,
    name: str,
    corpus: str | None = None,
    parent: str | None = None,
    *,
    but: Path | None = None,
) -> Iterator[Shelf]:
    """All vectors of this name but the asker's own, a corpus's or a cache's; the parent's first."""
    ids = [info.id for info in list_corpora(workspace) if info.id != corpus]
    for id in sorted(ids, key=lambda id: id != parent):
        try:
            other = load_corpus(workspace, id)
            index = other.dense_index(name)
            if index is not None:
                yield text_hashes(other), index.vectors
        except (CorpusDamaged, UnknownItem):
            # Deleted or damaged meanwhile: then its vectors are of no use.
            continue
    for folder in (INSPECT, MATCH):
        store = store_of(workspace, folder, name)
        shelf = store.shelf() if store.path != but else None
        if shelf is not None:
            yield shelf
