"""Asking a corpus: models and the lexical index side by side, for one question or for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.encoder import client
from core.problems import N_, Problem
from core.retrieval.corpora import ID, TEXT, Corpus, Question, load_corpus
from core.retrieval.dense import DenseIndex
from core.retrieval.lexical import LexicalIndex
from core.retrieval.metrics import (
    bootstrap_interval,
    hit_table,
    ndcg_at_k,
    recall_at_k,
    reciprocal_rank,
)
from core.retrieval.ranking import rank_of, top_k
from core.workspace import Workspace

LEXICAL_AT_ONCE_ROWS = 10_000
"""Up to this many texts the lexical index is built when first asked (about two seconds)."""
_INDEXES_KEPT = 4

Encode = Callable[[Path, list[str]], NDArray[np.float32]]
"""A model's folder and texts to unit rows, float32 [n, dimension]."""


class EmptyQuestion(Problem):
    what = N_("The question is empty.")
    do = N_("Type a question, or choose one of the examples.")


class NoColumns(Problem):
    what = N_("There is nothing to search with.")
    do = N_("Choose at least one model, or BM25.")


class NoJudgedQuestions(Problem):
    what = N_("The corpus {name} has no questions with known right answers.")
    do = N_("Add questions with the ids of their right answers, or choose another corpus.")


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


@dataclass(frozen=True)
class Column:
    """One column of answers.

    Attributes:
        name: what people call it; kept as it is and shown in messages.
        kind: a model's vectors, or words.
        model: the model's folder; None for words.
        fingerprint: the model's fingerprint, under which the vectors are kept; None for words.
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


@dataclass(frozen=True)
class Hit:
    """One answer.

    Attributes:
        id: the text's id in the corpus.
        fields: the further columns of its row.
        score: cosine or BM25; only comparable within a column.
        rank: from 1.
        base_rank: its rank in the first column; None when that column does not find it at all
            (no word in common) or has no answer itself.
    """

    id: str
    text: str
    fields: Mapping[str, str]
    score: float
    rank: int
    base_rank: int | None

    @property
    def change(self) -> int | None:
        """How many ranks higher than in the first column (negative: lower); None when unknown."""
        return None if self.base_rank is None else self.base_rank - self.rank


@dataclass(frozen=True)
class ColumnHits:
    """What one column answers.

    Attributes:
        hits: best first; BM25 may have fewer than asked for.
        shared: how many of them are among the first column's hits; None when that has no answer.
        problem: why there are no hits, e.g. :class:`MissingVectors`; the others still answer.
    """

    column: Column
    hits: tuple[Hit, ...]
    shared: int | None
    problem: Problem | None = None


@dataclass(frozen=True)
class SideBySide:
    """The answers to one question; the first column is what the others are compared with."""

    question: str
    columns: tuple[ColumnHits, ...]


@dataclass(frozen=True)
class ColumnScores:
    """How well one column answers the corpus's own questions: means over them, from 0 to 1.

    Attributes:
        ndcg_interval: the 95% bootstrap interval of the mean nDCG.
        problem: why there are no figures (then all of them are None).
    """

    column: Column
    ndcg: float | None = None
    mrr: float | None = None
    recall: float | None = None
    ndcg_interval: tuple[float, float] | None = None
    problem: Problem | None = None


@dataclass(frozen=True)
class ScoreTable:
    """The figures of all columns over the same ``questions`` questions, counted at rank ``k``."""

    questions: int
    k: int
    columns: tuple[ColumnScores, ...]


def search(
    workspace: Workspace,
    corpus_id: str,
    question: str,
    columns: Sequence[Column],
    k: int = 10,
) -> SideBySide:
    """Ask every column the same question.

    A column that cannot answer says why in its ``problem``; the others answer all the same.

    Args:
        workspace: where the corpus is.
        corpus_id: which corpus.
        question: as it was typed; of any length.
        columns: whom to ask; the first one is what the others are compared with.
        k: how many answers each.

    Raises:
        EmptyQuestion: there is nothing but spaces.
        NoColumns: nobody to ask.
        UnknownItem: the corpus does not exist.
        CorpusDamaged: its files cannot be read.
    """
    question = question.strip()
    if not question:
        raise EmptyQuestion
    if not columns:
        raise NoColumns
    corpus = load_corpus(workspace, corpus_id)
    encode = partial(client.encode, workspace)
    answers: list[NDArray[np.float32] | Problem] = []
    for column in columns:
        try:
            answers.append(_score_all(corpus, column, question, encode))
        except Problem as problem:
            answers.append(problem)
    base = None if isinstance(answers[0], Problem) else answers[0]
    base_top = None if base is None else set(top_k(base, k).tolist())
    results = []
    for column, answer in zip(columns, answers, strict=True):
        if isinstance(answer, Problem):
            results.append(ColumnHits(column, (), None, answer))
            continue
        best = top_k(answer, k)
        shared = None if base_top is None else len(base_top.intersection(best.tolist()))
        results.append(ColumnHits(column, _hits(corpus, answer, best, base), shared))
    return SideBySide(question, tuple(results))


def score_questions(
    workspace: Workspace,
    corpus_id: str,
    columns: Sequence[Column],
    k: int = 10,
    encode: Encode | None = None,
) -> ScoreTable:
    """Score every column on the corpus's own questions whose right answers are known.

    Each model encodes all the questions in one call.

    Args:
        workspace: where the corpus is.
        corpus_id: which corpus.
        columns: whom to score.
        k: how many answers count.
        encode: who encodes the questions; the encoder process when None.

    Raises:
        NoColumns: nobody to score.
        NoJudgedQuestions: the corpus has no question with a known right answer.
        UnknownItem: the corpus does not exist.
        CorpusDamaged: its files cannot be read.
    """
    if not columns:
        raise NoColumns
    encode = encode or partial(client.encode, workspace)
    corpus = load_corpus(workspace, corpus_id)
    judged = corpus.info.judged
    if not judged:
        raise NoJudgedQuestions(name=corpus.info.name)
    place = {id: position for position, id in enumerate(corpus.ids())}
    relevant = [{place[id] for id in question.relevant} for question in judged]
    counts = np.array([len(right) for right in relevant], dtype=np.int64)
    scores = []
    for column in columns:
        try:
            ranked = _rank_questions(corpus, column, judged, k, encode)
        except Problem as problem:
            scores.append(ColumnScores(column, problem=problem))
            continue
        hits = hit_table(ranked, relevant)
        ndcg = ndcg_at_k(hits, counts, k)
        scores.append(
            ColumnScores(
                column,
                ndcg=float(ndcg.mean()),
                mrr=float(reciprocal_rank(hits, k).mean()),
                recall=float(recall_at_k(hits, counts, k).mean()),
                ndcg_interval=bootstrap_interval(ndcg),
            )
        )
    return ScoreTable(len(judged), k, tuple(scores))


def _score_all(
    corpus: Corpus, column: Column, question: str, encode: Encode
) -> NDArray[np.float32]:
    """The score of every text of the corpus, shape [n]; minus infinity where it is not found."""
    if column.kind is ColumnKind.LEXICAL:
        scores = _lexical_index(corpus).scores(question)
        return np.where(scores > 0, scores, np.float32(-np.inf))
    index = _dense_index(corpus, column)
    vectors = _encode(corpus, column, index, [question], encode)
    return index.scores(vectors[0])


def _rank_questions(
    corpus: Corpus,
    column: Column,
    questions: Sequence[Question],
    k: int,
    encode: Encode,
) -> NDArray[np.int64]:
    """The best positions for each question, shape [m, at most k], -1 where nothing is found."""
    texts = [question.question for question in questions]
    if column.kind is ColumnKind.DENSE:
        index = _dense_index(corpus, column)
        return index.search(_encode(corpus, column, index, texts, encode), k)[0]
    lexical = _lexical_index(corpus)
    ranked = np.full((len(texts), min(k, len(lexical))), -1, dtype=np.int64)
    for row, text in zip(ranked, texts, strict=True):
        best, _ = lexical.search(text, k)
        row[: len(best)] = best
    return ranked


def _dense_index(corpus: Corpus, column: Column) -> DenseIndex:
    index = corpus.dense_index(column.fingerprint) if column.fingerprint else None
    if index is None:
        raise MissingVectors(corpus=corpus.info.name, column=column.name)
    return index


def _encode(
    corpus: Corpus,
    column: Column,
    index: DenseIndex,
    texts: list[str],
    encode: Encode,
) -> NDArray[np.float32]:
    assert column.model is not None
    vectors = encode(column.model, texts)
    if vectors.shape[1] != index.dimension:
        # The folder holds another model than the one that encoded the corpus.
        raise MissingVectors(corpus=corpus.info.name, column=column.name)
    return vectors


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


def _hits(
    corpus: Corpus,
    scores: NDArray[np.float32],
    best: NDArray[np.int64],
    base: NDArray[np.float32] | None,
) -> tuple[Hit, ...]:
    hits = []
    positions = best.tolist()
    for rank, (position, row) in enumerate(
        zip(positions, corpus.rows(positions), strict=True), start=1
    ):
        hits.append(
            Hit(
                id=row.pop(ID),
                text=row.pop(TEXT),
                fields=row,
                score=float(scores[position]),
                rank=rank,
                base_rank=None if base is None else rank_of(base, position),
            )
        )
    return tuple(hits)
