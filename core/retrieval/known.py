"""Vectors that need not be computed: of equal texts, and of texts that another corpus has, too."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.retrieval.corpora import Corpus, CorpusDamaged, list_corpora, load_corpus
from core.retrieval.dense import DenseIndex
from core.workspace import UnknownItem, Workspace

HASHES_FILE = "hashes.npy"
_HASH_BYTES = 16
_HASH = np.dtype(f"S{_HASH_BYTES}")
_COPIED_AT_ONCE = 8_192


@dataclass(frozen=True)
class KnownVectors:
    """What is known of a corpus's vectors before anything is encoded.

    Attributes:
        new: which rows have to be encoded, bool [n]: the first of every text that nobody has.
        first: for each row the first one with the same text, int64 [n].
        copies: where other rows come from: their positions here, an index that has them, and their
            positions there.
    """

    new: NDArray[np.bool_]
    first: NDArray[np.int64]
    copies: tuple[tuple[NDArray[np.int64], DenseIndex, NDArray[np.int64]], ...]

    @property
    def count(self) -> int:
        """How many texts other corpora have."""
        return sum(len(here) for here, _, _ in self.copies)

    @property
    def dimension(self) -> int | None:
        """The width of the known vectors; None when there are none."""
        return self.copies[0][1].dimension if self.copies else None

    def fill(self, vectors: NDArray[np.float32], check: Callable[[], None]) -> None:
        """Write the vectors of other corpora into ``vectors``; ``check`` may raise to stop."""
        for here, index, there in self.copies:
            for start in range(0, len(here), _COPIED_AT_ONCE):
                check()
                part = slice(start, start + _COPIED_AT_ONCE)
                vectors[here[part]] = index.vectors[there[part]]

    def repeat(self, vectors: NDArray[np.float32]) -> None:
        """Give rows with a text that stood earlier the vector of that, once it is there."""
        again = np.flatnonzero(self.first != np.arange(len(self.first)))
        for start in range(0, len(again), _COPIED_AT_ONCE):
            part = again[start : start + _COPIED_AT_ONCE]
            vectors[part] = vectors[self.first[part]]


def find_known(workspace: Workspace, corpus: Corpus, fingerprint: str) -> KnownVectors:
    """Look through the workspace for vectors that the model ``fingerprint`` has computed already.

    Texts are compared by 16 bytes of hash, which are kept beside each corpus.

    Raises:
        CorpusDamaged: the texts of ``corpus`` cannot be read.
    """
    hashes, first, same = np.unique(text_hashes(corpus), return_index=True, return_inverse=True)
    wanted = np.ones(len(hashes), dtype=bool)
    copies: list[tuple[NDArray[np.int64], DenseIndex, NDArray[np.int64]]] = []
    for index, theirs in _others(workspace, corpus, fingerprint):
        if not wanted.any():
            break
        if copies and index.dimension != copies[0][1].dimension:
            continue
        order = np.argsort(theirs, kind="stable")
        ours = np.flatnonzero(wanted)
        at = np.searchsorted(theirs, hashes[ours], sorter=order)
        there = order[np.minimum(at, len(order) - 1)]
        found = theirs[there] == hashes[ours]
        if found.any():
            copies.append((first[ours[found]], index, there[found]))
            wanted[ours[found]] = False
    new = np.zeros(corpus.info.rows, dtype=bool)
    new[first[wanted]] = True
    return KnownVectors(new, first[same], tuple(copies))


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
        hashes[start : start + len(texts)] = [
            hashlib.blake2b(text.encode(), digest_size=_HASH_BYTES).digest() for text in texts
        ]
        start += len(texts)
    unfinished = path.with_name(f".{HASHES_FILE}-{secrets.token_hex(4)}")
    try:
        with unfinished.open("wb") as file:
            np.save(file, hashes)
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
    return hashes


def _others(
    workspace: Workspace, corpus: Corpus, fingerprint: str
) -> Iterator[tuple[DenseIndex, NDArray[np.bytes_]]]:
    """The vectors that this model computed of other corpora, the parent's first, with hashes."""
    ids = [info.id for info in list_corpora(workspace) if info.id != corpus.info.id]
    for id in sorted(ids, key=lambda id: id != corpus.info.parent):
        try:
            other = load_corpus(workspace, id)
            index = other.dense_index(fingerprint)
            if index is not None:
                yield index, text_hashes(other)
        except (CorpusDamaged, UnknownItem):
            # Deleted or damaged meanwhile: then its vectors are of no use.
            continue
