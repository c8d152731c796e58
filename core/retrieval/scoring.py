"""How well columns answer questions whose right answers are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.problems import N_, Problem
from core.retrieval.answers import Answers, Column, Encode
from core.retrieval.corpora import Question, load_corpus
from core.retrieval.metrics import (
    bootstrap_interval,
    hit_table,
    ndcg_at_k,
    recall_at_k,
    reciprocal_rank,
)
from core.retrieval.search import NoColumns
from core.workspace import Workspace

Interval = tuple[float, float]


class NoJudgedQuestions(Problem):
    what = N_("There are no questions with known right answers for {name}.")
    do = N_("Add questions with the ids of their right answers, or choose other texts.")


@dataclass(frozen=True)
class ColumnScores:
    """How well one column answers: means over the questions, from 0 to 1.

    Attributes:
        ndcg_interval: the 95% bootstrap interval of the mean nDCG, None where there are too few
            questions to tell; the others likewise.
        problem: why there are no figures (then all of them are None).
    """

    column: Column
    ndcg: float | None = None
    mrr: float | None = None
    recall: float | None = None
    ndcg_interval: Interval | None = None
    mrr_interval: Interval | None = None
    recall_interval: Interval | None = None
    problem: Problem | None = None


@dataclass(frozen=True)
class ScoreTable:
    """The figures of all columns over the same ``questions`` questions, counted at rank ``k``."""

    questions: int
    k: int
    columns: tuple[ColumnScores, ...]


@dataclass(frozen=True)
class PerQuestion:
    """The figures of single questions, each of shape [m]."""

    ndcg: NDArray[np.float64]
    mrr: NDArray[np.float64]
    recall: NDArray[np.float64]


def measure(hits: NDArray[np.bool_], counts: NDArray[np.int64], k: int) -> PerQuestion:
    """Figures of single questions; see :mod:`core.retrieval.metrics` for the arguments.

    Raises:
        ValueError: a question has no right answer.
    """
    return PerQuestion(
        ndcg_at_k(hits, counts, k), reciprocal_rank(hits, k), recall_at_k(hits, counts, k)
    )


def summarise(column: Column, figures: PerQuestion) -> ColumnScores:
    """Means over at least one question, with their 95% bootstrap intervals from ten on."""
    return ColumnScores(
        column,
        ndcg=float(figures.ndcg.mean()),
        mrr=float(figures.mrr.mean()),
        recall=float(figures.recall.mean()),
        ndcg_interval=bootstrap_interval(figures.ndcg),
        mrr_interval=bootstrap_interval(figures.mrr),
        recall_interval=bootstrap_interval(figures.recall),
    )


def score_questions(
    workspace: Workspace,
    corpus_id: str,
    columns: Sequence[Column],
    k: int = 10,
    encode: Encode | None = None,
    questions: Sequence[Question] | None = None,
    answers: Answers | None = None,
) -> ScoreTable:
    """Score every column on questions of a corpus whose right answers are known.

    Args:
        workspace: where the corpus is.
        corpus_id: which corpus.
        columns: whom to score.
        k: how many answers count.
        encode: who encodes the questions; the encoder process when None.
        questions: which questions, each with the ids of its right answers; the corpus's own when
            None.
        answers: of an earlier call, so that no question is encoded or ranked twice.

    Raises:
        NoColumns: nobody to score.
        NoJudgedQuestions: there is no question with a known right answer.
        UnknownItem: the corpus does not exist.
        CorpusDamaged: its files cannot be read.
    """
    if not columns:
        raise NoColumns
    corpus = load_corpus(workspace, corpus_id)
    asked = corpus.info.judged if questions is None else questions
    if not asked:
        raise NoJudgedQuestions(name=corpus.info.name)
    if answers is None:
        answers = Answers(corpus, encode) if encode else Answers.of(workspace, corpus)
    place = corpus.places(id for question in asked for id in question.relevant)
    relevant = [{place[id] for id in question.relevant} for question in asked]
    counts = np.array([len(right) for right in relevant], dtype=np.int64)
    texts = [question.question for question in asked]
    scores = []
    for column in columns:
        try:
            hits = hit_table(answers.ranked(column, texts, k), relevant)
        except Problem as problem:
            scores.append(ColumnScores(column, problem=problem))
            continue
        scores.append(summarise(column, measure(hits, counts, k)))
    return ScoreTable(len(asked), k, tuple(scores))
