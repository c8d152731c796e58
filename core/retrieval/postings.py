"""BM25's table of words by passages, from a stream of texts: one block is in memory, the rest not.

The figures are those of bm25s (0.3.16, read in its source), which wants all texts' words at once as
lists of numbers: some 7 GB for half a million passages of 200 characters.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.retrieval.tokens import lexical_tokens

BLOCK_TEXTS = 20_000
_REPORT_EVERY = 1_000


@dataclass(frozen=True)
class Postings:
    """The table, a column for each word: ``rows[starts[w]:starts[w + 1]]`` are its passages.

    Attributes:
        vocabulary: each word's number.
        scores: float32, what the word adds to the passage's score.
        rows: int32, the passages' positions, ascending for each word.
        starts: int64, [words + 1].
        passages: how many there are.
    """

    vocabulary: dict[str, int]
    scores: NDArray[np.float32]
    rows: NDArray[np.int32]
    starts: NDArray[np.int64]
    passages: int


def build_postings(
    texts: Iterable[str],
    *,
    k1: float,
    b: float,
    scratch: Path | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> Postings:
    """Count the words of ``texts`` and weigh them by BM25 in its Lucene form.

    Args:
        texts: the passages, at least one.
        k1: how soon repetitions of a word count no more.
        b: how much a passage's length counts.
        scratch: a folder for what does not have to be in memory, the result's arrays included, so
            that it has to outlive these; all of it is in memory when None.
        progress: called every 1,000 passages with the number of passages read; may raise to stop.

    Raises:
        ValueError: there are no texts.
    """
    counted = _Counted(scratch)
    for done, text in enumerate(texts):
        if done % _REPORT_EVERY == 0:
            progress(done)
        counted.add(text)
    return counted.weighed(k1, b)


@dataclass
class _Counted:
    """How often which word stands in which passage.

    A block is int32 [3, entries] with word, passage and count in its rows, ordered by words.
    """

    scratch: Path | None
    vocabulary: dict[str, int] = field(default_factory=dict)
    lengths: array[int] = field(default_factory=lambda: array("i"))
    entries: int = 0
    _blocks: list[NDArray[np.int32] | Path] = field(default_factory=list)
    _words: array[int] = field(default_factory=lambda: array("i"))
    _counts: array[int] = field(default_factory=lambda: array("i"))
    _distinct: array[int] = field(default_factory=lambda: array("i"))

    def add(self, text: str) -> None:
        """Count the words of the next passage."""
        vocabulary = self.vocabulary
        words = [vocabulary.setdefault(word, len(vocabulary)) for word in lexical_tokens(text)]
        self._put(Counter(words), len(words))

    def _put(self, counts: dict[int, int], length: int) -> None:
        self.lengths.append(length)
        self._words.extend(counts.keys())
        self._counts.extend(counts.values())
        self._distinct.append(len(counts))
        if len(self._distinct) == BLOCK_TEXTS:
            self._close_block()

    def _close_block(self) -> None:
        first = len(self.lengths) - len(self._distinct)
        passages = np.repeat(np.arange(first, len(self.lengths)), np.asarray(self._distinct))
        block = np.stack([self._words, passages, self._counts]).astype(np.int32)
        block = block[:, np.argsort(block[0], kind="stable")]
        self.entries += block.shape[1]
        if self.scratch is None:
            self._blocks.append(block)
        else:
            path = self.scratch / f"block-{len(self._blocks)}.npy"
            np.save(path, block)
            self._blocks.append(path)
        self._words, self._counts, self._distinct = array("i"), array("i"), array("i")

    def weighed(self, k1: float, b: float) -> Postings:
        """The whole table; nothing can be added afterwards."""
        if not self.lengths:
            raise ValueError("an index needs at least one text")
        if not self.vocabulary:
            # No passage has a word: one that occurs nowhere keeps the mean length above zero.
            self.vocabulary[""] = 0
            self.lengths = array("i", [1] * len(self.lengths))
            self.entries, self._blocks = 1, [np.array([[0], [0], [1]], dtype=np.int32)]
        elif self._distinct:
            self._close_block()
        frequencies = np.zeros(len(self.vocabulary), dtype=np.int64)
        for words, _, _ in self._each_block():
            frequencies[: words.max(initial=-1) + 1] += np.bincount(words)
        starts = np.concatenate([[0], np.cumsum(frequencies)])
        passages = len(self.lengths)
        rare = np.log(1 + (passages - frequencies + 0.5) / (frequencies + 0.5)).astype(np.float32)
        lengths = np.asarray(self.lengths, dtype=np.float64)
        norms = k1 * ((1 - b) + b * lengths / lengths.mean())
        scores, rows = self._array("scores", np.float32), self._array("rows", np.int32)
        filled = starts[:-1].copy()
        for words, places, counts in self._each_block():
            present, first, sizes = np.unique(words, return_index=True, return_counts=True)
            to = np.arange(len(words)) + np.repeat(filled[present] - first, sizes)
            scores[to] = rare[words] * (counts / (norms[places] + counts))
            rows[to] = places
            filled[present] += sizes
        return Postings(self.vocabulary, scores, rows, starts, passages)

    def _each_block(self) -> Iterator[NDArray[np.int32]]:
        for block in self._blocks:
            yield np.load(block) if isinstance(block, Path) else block

    def _array(self, name: str, kind: type[Any]) -> NDArray[Any]:
        if self.scratch is None:
            return np.empty(self.entries, dtype=kind)
        path = self.scratch / f"{name}.npy"
        return np.lib.format.open_memmap(path, mode="w+", dtype=kind, shape=(self.entries,))
