"""Scores of models on held-out rows, with BM25 and the fusion of both beside them.

Everything is computed from one table of similarities, a row for each question and a column for each
passage, so that the base, the tuned model and the word search are judged by the same code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.data.shapes import MATCH_SCORE, Shape
from core.problems import N_, Problem
from core.retrieval.fusion import fuse
from core.retrieval.lexical import LexicalIndex
from core.training import metrics
from core.training.tasks import Task, make_task

__all__ = [
    "METRIC_NAMES",
    "PRIMARY",
    "Encode",
    "NotNumbers",
    "Scores",
    "Task",
    "dense_table",
    "lexical_table",
    "make_task",
    "score_fusion",
    "score_lexical",
    "score_model",
    "score_table",
]

Encode = Callable[[Sequence[str]], np.ndarray]
"""Texts to unit rows, float32 [n, dimension]."""

PRIMARY = {
    Shape.PAIRS: "ndcg@10",
    Shape.TRIPLETS: "ndcg@10",
    Shape.SEVERAL_NEGATIVES: "ndcg@10",
    Shape.SCORED_PAIRS: "spearman",
    Shape.CLASSES: "ndcg@10",
}
"""The metric that decides, by the shape of the table."""

METRIC_NAMES = {
    "ndcg@10": N_("nDCG@10"),
    "mrr@10": N_("MRR@10"),
    "recall@10": N_("Recall@10"),
    "map@100": N_("MAP@100"),
    "triplet_accuracy": N_("Right one closer than wrong one"),
    "rerank_map": N_("MAP among a row's own texts"),
    "rerank_ndcg@10": N_("nDCG@10 among a row's own texts"),
    "spearman": N_("Spearman correlation"),
    "pearson": N_("Pearson correlation"),
    "average_precision": N_("Average precision"),
    "f1": N_("Best F1"),
    "accuracy": N_("Best accuracy"),
}


class NotNumbers(Problem):
    what = N_("The model's vectors are not numbers: it has come apart.")
    do = N_(
        "Lower the learning rate by a factor of ten and start again. When this happens before the "
        "first step, the base itself is damaged: choose another one."
    )


@dataclass(frozen=True)
class Scores:
    """What one model reached.

    Attributes:
        metrics: name to value, higher is better.
        per_question: the primary metric for each question (or the predicted score of each pair for
            scored pairs), in the order of the held-out rows; for intervals of differences.
        thresholds: for scored pairs, the similarity at which "f1" and "accuracy" are reached.
    """

    metrics: dict[str, float]
    per_question: np.ndarray
    thresholds: dict[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready form that :meth:`from_json` reads back."""
        return {
            "metrics": self.metrics,
            "per_question": self.per_question.tolist(),
            "thresholds": self.thresholds,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Scores:
        """Read back what :meth:`to_json` wrote."""
        each = np.array(data["per_question"], dtype=np.float64)
        return cls(data["metrics"], each, data.get("thresholds", {}))


def score_model(task: Task, encode: Encode, encode_questions: Encode | None = None) -> Scores:
    """Score a model by the vectors that it gives.

    Args:
        task: what to score on.
        encode: the model, for passages.
        encode_questions: the model for questions, where it reads them in another way.
    """
    questions = (encode_questions or encode)(task.questions)
    return score_table(task, dense_table(task, questions, encode(task.passages)))


def score_lexical(task: Task) -> Scores:
    """Score BM25 on character 1- and 2-grams over the same passages."""
    return score_table(task, lexical_table(task))


def score_fusion(task: Task, *tables: np.ndarray) -> Scores:
    """Score the reciprocal rank fusion of several tables.

    Passages are fused for each question; scored pairs, which are not searched, all at once.
    """
    if task.pairs is None:
        return score_table(task, fuse(*tables))
    asked, answered = task.pairs.T
    fused = fuse(*(table[asked, answered] for table in tables))
    return _score_pairs(task, np.where(np.isfinite(fused), fused, 0.0))


def dense_table(task: Task, questions: np.ndarray, passages: np.ndarray) -> np.ndarray:
    """Cosine similarities [questions, passages] of unit rows; a text is no answer to itself.

    Raises:
        NotNumbers: a vector holds something else, which would be ranked first by every comparison.
    """
    table = questions @ passages.T
    if not np.isfinite(table).all():
        raise NotNumbers
    return _without_own(task, table)


def lexical_table(task: Task) -> np.ndarray:
    """BM25 scores [questions, passages]; minus infinity where no word is shared."""
    index = LexicalIndex.build(task.passages)
    table = np.stack([index.scores(question) for question in task.questions])
    return _without_own(task, np.where(table > 0, table, np.float32(-np.inf)))


def score_table(task: Task, table: np.ndarray) -> Scores:
    """Score similarities [questions, passages], minus infinity where a passage is not found."""
    if task.pairs is not None:
        predicted = table[task.pairs[:, 0], task.pairs[:, 1]].astype(np.float64)
        return _score_pairs(task, np.where(np.isfinite(predicted), predicted, 0.0))
    ranks = [
        metrics.relevant_ranks(row, right) for row, right in zip(table, task.relevant, strict=True)
    ]
    per_question = np.array([metrics.ndcg(row) for row in ranks])
    values = {
        "ndcg@10": float(per_question.mean()),
        "mrr@10": float(np.mean([metrics.reciprocal_rank(row) for row in ranks])),
        "recall@10": float(np.mean([metrics.recall(row) for row in ranks])),
        "map@100": float(np.mean([metrics.ranked_precision(row) for row in ranks])),
    }
    return Scores(values | _score_negatives(task, table), per_question)


def _score_negatives(task: Task, table: np.ndarray) -> dict[str, float]:
    """What the rows' own negatives tell: triplet accuracy, and with several of them reranking."""
    if task.triplets is None:
        return {}
    asked, right, wrong = task.triplets.T
    beaten = table[asked, right] > table[asked, wrong]
    values = {"triplet_accuracy": float(beaten.mean())}
    if task.negatives > 1:
        # The right one's rank among its row's texts; equally similar ones stand before it.
        ranks = 1 + (~beaten).reshape(task.negatives, -1).sum(axis=0)
        values["rerank_map"] = float(np.mean(1 / ranks))
        gains = np.where(ranks <= metrics.CUT_OFF, 1 / np.log2(ranks + 1), 0.0)
        values[f"rerank_ndcg@{metrics.CUT_OFF}"] = float(gains.mean())
    return values


def _score_pairs(task: Task, predicted: np.ndarray) -> Scores:
    assert task.scores is not None
    values = {
        "spearman": float(metrics.spearman(predicted, task.scores)),
        "pearson": float(metrics.pearson(predicted, task.scores)),
    }
    thresholds = {}
    matches = task.scores >= MATCH_SCORE
    if 0 < matches.sum() < len(matches):
        values["average_precision"] = metrics.average_precision(predicted, matches)
        cut = metrics.best_f1(predicted, matches)
        values["f1"], thresholds["f1"] = cut.f1, cut.threshold
        values["accuracy"], thresholds["accuracy"] = metrics.best_accuracy(predicted, matches)
    return Scores(values, predicted, thresholds)


def _without_own(task: Task, table: np.ndarray) -> np.ndarray:
    if task.own is not None:
        table[np.arange(len(task.own)), task.own] = -np.inf
    return table
