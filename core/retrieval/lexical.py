"""The lexical index: BM25 over our own words, the baseline beside every model."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.retrieval.postings import build_postings
from core.retrieval.ranking import top_k
from core.retrieval.tokens import lexical_tokens

if TYPE_CHECKING:
    from bm25s import BM25

K1 = 1.5
B = 0.75


class LexicalIndex:
    """BM25 (k1 1.5, b 0.75, the Lucene form: idf = ln(1 + (N - df + 0.5) / (df + 0.5))).

    bm25s is imported only where an index is built, loaded or asked: it brings numba and scipy.
    """

    def __init__(self, bm25: BM25) -> None:
        self._bm25 = bm25

    @classmethod
    def build(
        cls,
        texts: Iterable[str],
        progress: Callable[[int], None] = lambda done: None,
        scratch: Path | None = None,
    ) -> LexicalIndex:
        """Index ``texts``.

        Args:
            texts: the passages, at least one; a passage without any word is never found.
            progress: called now and then with the number of passages read; may raise to stop.
            scratch: a folder for most of the index, so that only its words are in memory; it has
                to outlive the index, which :meth:`save` then copies from there.

        Raises:
            ValueError: there are no texts.
        """
        from bm25s import BM25

        postings = build_postings(texts, k1=K1, b=B, scratch=scratch, progress=progress)
        bm25 = BM25(k1=K1, b=B, method="lucene", backend="numpy", csc_backend="numpy")
        bm25.vocab_dict = postings.vocabulary
        bm25.unique_token_ids_set = set(postings.vocabulary.values())
        bm25.nonoccurrence_array = None
        bm25.scores = {
            "data": postings.scores,
            "indices": postings.rows,
            "indptr": postings.starts,
            "num_docs": postings.passages,
        }
        return cls(bm25)

    def __len__(self) -> int:
        return int(self._bm25.scores["num_docs"])

    def scores(self, question: str) -> NDArray[np.float32]:
        """The BM25 score of every passage, shape [n]; 0 where no word of the question occurs."""
        words = self._bm25.get_tokens_ids(lexical_tokens(question))
        if not words:
            return np.zeros(len(self), dtype=np.float32)
        scores: NDArray[np.float32] = self._bm25.get_scores_from_ids(words)
        return scores

    def search(self, question: str, k: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The ``k`` best passages that share a word with ``question``: positions and scores.

        Fewer than ``k`` come back when fewer share a word.
        """
        scores = self.scores(question)
        best = top_k(np.where(scores > 0, scores, np.float32(-np.inf)), k)
        return best, scores[best]

    def save(self, folder: Path) -> None:
        """Write the index as ``folder`` in one step; an index that is already there stays.

        Raises:
            OSError: the disk is full or not writable.
        """
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            self._bm25.save(str(temporary), show_progress=False)
            # mkdtemp makes the folder for the owner alone; an index is as readable as its corpus.
            temporary.chmod(0o755)
            try:
                os.rename(temporary, folder)
            except OSError:
                # Somebody else has finished the same index meanwhile; it is as good as ours.
                if not folder.is_dir():
                    raise
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    @classmethod
    def load(cls, folder: Path) -> LexicalIndex:
        """The index that :meth:`save` wrote, its scores memory-mapped.

        Raises:
            FileNotFoundError: there is no index in ``folder``.
        """
        from bm25s import BM25

        return cls(BM25.load(str(folder), mmap=True, show_progress=False))
