"""Whom a corpus can be asked through, and what each of them answers: scores and rankings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.encoder import client
from core.encoder.portions import pace, portions
from core.models.roles import Role, vectors_name
from core.problems import N_, Problem
from core.retrieval.corpora import Corpus
from core.retrieval.dense import DenseIndex
from core.retrieval.fusion import FUSED_FROM, fuse_positions, fused_scores
from core.retrieval.hnsw import QUICK_DEPTH
from core.retrieval.lexical import LexicalIndex
from core.retrieval.ranking import top_k
from core.workspace import Workspace

LEXICAL_AT_ONCE_ROWS = 10_000
"""Up to this many texts the lexical index is built when first asked (about two seconds)."""
_INDEXES_KEPT = 4

Encode = Callable[[Path, list[str], Role | None], NDArray[np.float32]]
"""A model's folder, texts and what they are read as to unit rows, float32 [n, dimension]."""
Tell = Callable[[int], None]
"""Hears how many questions are done; may raise to stop."""


class MissingVectors(Problem):
    what = N_("The corpus {corpus} has not been encoded with {column} yet.")
    do = N_("Start the encoding; it runs in the background and is kept.")


class MissingWordIndex(Problem):
    what = N_("The corpus {corpus} has no word index yet.")
    do = N_("Start the encoding of the corpus; it builds the word index too.")


class ColumnKind(StrEnum):
    """What a column of answers comes from."""

    DENSE = "dense"
    LEXICAL = "lexical"
    FUSED = "fused"


@dataclass(frozen=True)
class Column:
    """One column of answers.

    Attributes:
        name: what people call it; kept as it is and shown in messages.
        kind: a model's vectors, words, or the rankings of both joined.
        model: the model's folder; None for words.
        fingerprint: the model's fingerprint; None for words.
    """

    name: str
    kind: ColumnKind
    model: Path | None = None
    fingerprint: str | None = None

    @classmethod
    def dense(cls, name: str, model: Path, fingerprint: str) -> Column:
        """A column that searches with a model."""
        return cls(name, ColumnKind.DENSE, model, fingerprint)

    @classmethod
    def lexical(cls, name: str = "BM25") -> Column:
        """The column that searches with words."""
        return cls(name, ColumnKind.LEXICAL)

    @classmethod
    def fused(cls, name: str, model: Path, fingerprint: str) -> Column:
        """The column that joins a model's ranking and that of BM25 (reciprocal rank fusion)."""
        return cls(name, ColumnKind.FUSED, model, fingerprint)

    @property
    def key(self) -> str:
        """What it answers with, whatever it is called: two columns with one key answer alike."""
        return f"{self.kind}-{self.fingerprint or 'words'}"

    @property
    def vectors(self) -> str | None:
        """Under which name a corpus keeps what the model has read of it; None for words."""
        if self.model is None or self.fingerprint is None:
            return None
        return vectors_name(self.fingerprint, self.model, "document")

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready form that :meth:`from_json` reads back."""
        model = str(self.model) if self.model is not None else None
        return {
            "name": self.name,
            "kind": self.kind.value,
            "model": model,
            "fingerprint": self.fingerprint,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Column:
        """Read back what :meth:`to_json` wrote."""
        model = Path(data["model"]) if data["model"] is not None else None
        return cls(data["name"], ColumnKind(data["kind"]), model, data["fingerprint"])


class Answers:
    """What a corpus answers through any column; a question is encoded and ranked once by each."""

    def __init__(self, corpus: Corpus, encode: Encode, *, quick: bool = False) -> None:
        """Ask ``corpus``.

        Args:
            corpus: whose texts are searched.
            encode: who encodes the questions.
            quick: models look through the quick index, where there is one, and know no more than
                the first 100 texts then.
        """
        self.corpus = corpus
        self._quick = quick
        self._ask = encode
        self._vectors: dict[tuple[str, str], NDArray[np.float32]] = {}
        self._rankings: dict[tuple[str, int, str], NDArray[np.int64]] = {}

    @classmethod
    def of(cls, workspace: Workspace, corpus: Corpus, *, quick: bool = False) -> Answers:
        """What a corpus answers when the encoder process reads the questions."""
        return cls(corpus, partial(client.encode, workspace), quick=quick)

    def scores(
        self, column: Column, question: str, mask: NDArray[np.bool_] | None = None
    ) -> NDArray[np.floating[Any]]:
        """The score of every text, shape [n]; minus infinity for what is not found.

        Args:
            column: whom to ask.
            question: what.
            mask: which texts may be found, shape [n]; all of them when None.

        Raises:
            MissingVectors, MissingWordIndex: the column cannot answer yet.
            Problem: the encoder cannot load the model.
        """
        if column.kind is ColumnKind.LEXICAL:
            words = _lexical_index(self.corpus).scores(question)
            return _masked(np.where(words > 0, words, np.float32(-np.inf)), mask)
        index = self._index(column)
        vectors = self._encoded(column, index, [question])
        dense = self._dense_scores(column, index, vectors, mask)
        if column.kind is ColumnKind.DENSE:
            return dense
        words = self.scores(Column.lexical(), question, mask)
        return fused_scores(len(dense), top_k(dense, FUSED_FROM), top_k(words, FUSED_FROM))

    def ranked(
        self, column: Column, questions: Sequence[str], k: int, tell: Tell | None = None
    ) -> NDArray[np.int64]:
        """The best positions for each question, shape [m, at most k], -1 where nothing is found.

        Args:
            column: whom to ask.
            questions: what, at least one.
            k: how many answers each.
            tell: hears now and then how many questions are done.

        Raises:
            MissingVectors, MissingWordIndex: the column cannot answer yet.
            Problem: the encoder cannot load the model.
        """
        key = column.key
        new = [one for one in dict.fromkeys(questions) if (key, k, one) not in self._rankings]
        if new:
            found = self._rank(column, new, k, tell or (lambda done: None))
            self._rankings.update(zip(((key, k, one) for one in new), found, strict=True))
            if len(new) == len(questions):
                return found
        return np.stack([self._rankings[key, k, one] for one in questions])

    def _rank(
        self, column: Column, questions: Sequence[str], k: int, tell: Tell
    ) -> NDArray[np.int64]:
        if column.kind is ColumnKind.LEXICAL:
            return self._by_words(questions, k, tell)
        index = self._index(column)
        vectors = self._encoded(column, index, questions, tell)
        if column.kind is ColumnKind.DENSE:
            return index.search(vectors, k)[0]
        dense = index.search(vectors, FUSED_FROM)[0]
        words = self._by_words(questions, FUSED_FROM, tell)
        fused = np.full((len(questions), min(k, len(index))), -1, dtype=np.int64)
        for row, *rankings in zip(fused, dense, words, strict=True):
            best = fuse_positions(*rankings)[: len(row)]
            row[: len(best)] = best
        return fused

    def _dense_scores(
        self,
        column: Column,
        index: DenseIndex,
        vectors: NDArray[np.float32],
        mask: NDArray[np.bool_] | None,
    ) -> NDArray[np.floating[Any]]:
        quick = self.corpus.index(column.vectors or "") if self._quick else None
        if quick is None or quick is index:
            return _masked(index.scores(vectors[0]), mask)
        scores = np.full(len(index), -np.inf, dtype=np.float32)
        found, values = (part[0] for part in quick.search(vectors, QUICK_DEPTH, mask))
        scores[found[found >= 0]] = values[found >= 0]
        return scores

    def _by_words(self, questions: Sequence[str], k: int, tell: Tell) -> NDArray[np.int64]:
        lexical = _lexical_index(self.corpus)
        ranked = np.full((len(questions), min(k, len(lexical))), -1, dtype=np.int64)
        for done, (row, text) in enumerate(zip(ranked, questions, strict=True)):
            tell(done)
            best, _ = lexical.search(text, k)
            row[: len(best)] = best
        return ranked

    def _index(self, column: Column) -> DenseIndex:
        found = self.corpus.dense_index(column.vectors) if column.vectors else None
        if found is None:
            raise MissingVectors(corpus=self.corpus.info.name, column=column.name)
        return found

    def _encoded(
        self, column: Column, index: DenseIndex, texts: Sequence[str], tell: Tell | None = None
    ) -> NDArray[np.float32]:
        """The vectors of the texts, shape [m, d]; only what this model has not read is encoded."""
        assert column.model is not None and column.fingerprint is not None
        model = column.fingerprint
        new = [text for text in dict.fromkeys(texts) if (model, text) not in self._vectors]
        done = 0
        for places in portions(new, pace(column.model)) if new else ():
            if tell is not None:
                tell(done)
            asked = [new[at] for at in places]
            vectors = self._ask(column.model, asked, "query")
            if vectors.shape[1] != index.dimension:
                # The folder holds another model than the one that encoded the corpus.
                raise MissingVectors(corpus=self.corpus.info.name, column=column.name)
            self._vectors.update(zip(((model, text) for text in asked), vectors, strict=True))
            done += len(asked)
        return np.stack([self._vectors[model, text] for text in texts])


def _masked(
    scores: NDArray[np.float32], mask: NDArray[np.bool_] | None
) -> NDArray[np.floating[Any]]:
    return scores if mask is None else np.where(mask, scores, np.float32(-np.inf))


def _lexical_index(corpus: Corpus) -> LexicalIndex:
    if not corpus.lexical_folder.is_dir():
        if corpus.info.rows > LEXICAL_AT_ONCE_ROWS:
            raise MissingWordIndex(corpus=corpus.info.name)
        LexicalIndex.build(corpus.texts()).save(corpus.lexical_folder)
    return _load_lexical(corpus.lexical_folder, corpus.info.content_hash)


@lru_cache(maxsize=_INDEXES_KEPT)
def _load_lexical(folder: Path, content_hash: str) -> LexicalIndex:
    """The loaded index; kept, because reading its vocabulary takes longer than answering."""
    return LexicalIndex.load(folder)
