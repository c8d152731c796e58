"""Scores of a model on held-out rows, computed from vectors alone, with BM25 beside them.

The same functions score the base before training, the tuned model afterwards and the lexical
baseline, so that the numbers can be compared.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.data.shapes import Shape, is_negative
from core.problems import N_
from core.retrieval.lexical import LexicalIndex

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
    "triplet_accuracy": N_("Right one closer than wrong one"),
    "spearman": N_("Spearman correlation"),
    "average_precision": N_("Average precision"),
}


@dataclass(frozen=True)
class Scores:
    """What one model reached.

    Attributes:
        metrics: name to value, higher is better.
        per_question: the primary metric for each question (or the predicted score of each pair for
            scored pairs), in the order of the held-out rows; for intervals of differences.
    """

    metrics: dict[str, float]
    per_question: np.ndarray


@dataclass(frozen=True)
class Task:
    """Held-out rows made ready for scoring.

    Attributes:
        questions: distinct anchors.
        passages: distinct positives and negatives, the texts that are searched.
        relevant: for each question, the indices of its right passages.
        triplets: rows of (question, positive, negative) indices, or None.
        pairs: rows of (question, passage) indices with their scores, for scored pairs.
        own: for texts with a class, the passage that is the question itself: not an answer to it.
    """

    shape: Shape
    questions: list[str]
    passages: list[str]
    relevant: list[np.ndarray]
    triplets: np.ndarray | None
    pairs: np.ndarray | None
    scores: np.ndarray | None
    own: np.ndarray | None = None

    @property
    def size(self) -> int:
        """How many questions (or scored pairs) the numbers stand on."""
        return len(self.pairs) if self.pairs is not None else len(self.questions)


def make_task(frame: pd.DataFrame, shape: Shape) -> Task:
    """Prepare held-out rows of a dataset that has this shape.

    Questions are the anchors, passages the positives and negatives.  For texts with a class every
    text asks for the others of its class.
    """
    if shape is Shape.CLASSES:
        return _class_task(frame)
    questions, anchor_codes = _distinct(frame["anchor"])
    if shape is Shape.SCORED_PAIRS:
        passages, codes = _distinct(frame["positive"])
        pairs = np.stack([anchor_codes, codes], axis=1)
        scores = frame["score"].to_numpy(dtype=np.float64)
        return Task(shape, questions, passages, [], None, pairs, scores)
    negatives = [name for name in map(str, frame.columns) if is_negative(name)]
    texts = [frame["positive"], *(frame[name] for name in negatives)]
    passages, codes = _distinct(pd.concat(texts, ignore_index=True))
    positive_codes = codes[: len(frame)]
    relevant = [np.array([], dtype=np.int64)] * len(questions)
    for code, group in pd.Series(positive_codes).groupby(anchor_codes):
        relevant[int(str(code))] = np.unique(group.to_numpy())
    triplets = None
    if negatives:
        times = len(negatives)
        triplets = np.stack(
            [
                np.tile(anchor_codes, times),
                np.tile(positive_codes, times),
                codes[len(frame) :],
            ],
            axis=1,
        )
    return Task(shape, questions, passages, relevant, triplets, None, None)


def _class_task(frame: pd.DataFrame) -> Task:
    texts, codes = _distinct(frame["text"])
    labels = pd.factorize(frame["label"])[0]
    members = [np.unique(codes[labels == label]) for label in range(labels.max() + 1)]
    of_text: list[list[np.ndarray]] = [[] for _ in texts]
    for label, group in enumerate(members):
        for code in np.unique(codes[labels == label]):
            of_text[code].append(group)
    others = [np.setdiff1d(np.concatenate(groups), [code]) for code, groups in enumerate(of_text)]
    asking = np.array([code for code, right in enumerate(others) if len(right)], dtype=np.int64)
    return Task(
        Shape.CLASSES,
        [texts[code] for code in asking],
        texts,
        [others[code] for code in asking],
        None,
        None,
        None,
        own=asking,
    )


def score_model(task: Task, encode: Encode) -> Scores:
    """Score a model by the vectors that it gives."""
    questions = encode(task.questions)
    passages = encode(task.passages)
    if task.pairs is not None:
        predicted = np.einsum("ij,ij->i", questions[task.pairs[:, 0]], passages[task.pairs[:, 1]])
        return _score_pairs(task, predicted)
    accuracy = None
    if task.triplets is not None:
        anchor, positive, negative = (task.triplets[:, column] for column in range(3))
        right = np.einsum("ij,ij->i", questions[anchor], passages[positive])
        wrong = np.einsum("ij,ij->i", questions[anchor], passages[negative])
        accuracy = float(np.mean(right > wrong))
    block = max(1, 20_000_000 // max(1, len(passages)))
    ranks: list[np.ndarray] = []
    for start in range(0, len(questions), block):
        similarity = questions[start : start + block] @ passages.T
        if task.own is not None:
            own = task.own[start : start + block]
            similarity[np.arange(len(own)), own] = -np.inf
        ranks.extend(
            _relevant_ranks(row, relevant)
            for row, relevant in zip(similarity, task.relevant[start : start + block], strict=True)
        )
    return _score_ranks(ranks, accuracy)


def score_lexical(task: Task) -> Scores:
    """Score BM25 on character 1- and 2-grams over the same passages."""
    index = LexicalIndex.build(task.passages)
    rows = [index.scores(question) for question in task.questions]
    if task.own is not None:
        for row, own in zip(rows, task.own, strict=True):
            row[own] = -np.inf
    if task.pairs is not None:
        predicted = np.array([rows[question][passage] for question, passage in task.pairs])
        return _score_pairs(task, predicted)
    accuracy = None
    if task.triplets is not None:
        accuracy = float(
            np.mean([rows[a][right] > rows[a][wrong] for a, right, wrong in task.triplets])
        )
    ranks = [
        _relevant_ranks(np.where(row > 0, row, -np.inf), relevant)
        for row, relevant in zip(rows, task.relevant, strict=True)
    ]
    return _score_ranks(ranks, accuracy)


def spearman(predicted: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Spearman's rank correlation along the last axis, with average ranks for ties.

    0 where either side is constant.  One number for two vectors, one a row for two matrices.
    """
    # Imported here because the web server, which imports this module, correlates nothing.
    from scipy.stats import rankdata

    a = rankdata(predicted, axis=-1)
    b = rankdata(wanted, axis=-1)
    a -= a.mean(axis=-1, keepdims=True)
    b -= b.mean(axis=-1, keepdims=True)
    norm = np.sqrt((a * a).sum(axis=-1) * (b * b).sum(axis=-1))
    return np.divide((a * b).sum(axis=-1), norm, out=np.zeros_like(norm), where=norm > 0)


def _distinct(texts: pd.Series) -> tuple[list[str], np.ndarray]:
    codes, values = pd.factorize(texts)
    return [str(value) for value in values], np.asarray(codes, dtype=np.int64)


def _relevant_ranks(scores: np.ndarray, relevant: np.ndarray) -> np.ndarray:
    """The ranks (from 1) of the right passages; ties count against them, unscored ones are last."""
    ranks = [
        np.inf if np.isneginf(scores[index]) else _pessimistic_rank(scores, int(index), relevant)
        for index in relevant
    ]
    return np.sort(np.array(ranks, dtype=np.float64))


def _pessimistic_rank(scores: np.ndarray, index: int, relevant: np.ndarray) -> float:
    higher_or_equal = int(np.count_nonzero(scores >= scores[index]))
    # Right passages that tie with this one share the places among themselves.
    equal_relevant = relevant[scores[relevant] == scores[index]]
    return higher_or_equal - len(equal_relevant) + 1 + int(np.count_nonzero(equal_relevant < index))


def _score_ranks(ranks: list[np.ndarray], accuracy: float | None) -> Scores:
    ndcg = np.array([_ndcg(row) for row in ranks])
    metrics = {
        "ndcg@10": float(ndcg.mean()),
        "mrr@10": float(np.mean([1 / row[0] if row[0] <= 10 else 0.0 for row in ranks])),
        "recall@10": float(np.mean([np.mean(row <= 10) for row in ranks])),
    }
    if accuracy is not None:
        metrics["triplet_accuracy"] = accuracy
    return Scores(metrics, ndcg)


def _ndcg(ranks: np.ndarray) -> float:
    gain = float(np.sum(1 / np.log2(ranks[ranks <= 10] + 1)))
    ideal = float(np.sum(1 / np.log2(np.arange(1, min(len(ranks), 10) + 1) + 1)))
    return gain / ideal


def _score_pairs(task: Task, predicted: np.ndarray) -> Scores:
    assert task.scores is not None
    metrics = {"spearman": float(spearman(predicted, task.scores))}
    matches = task.scores >= 0.5
    if 0 < matches.sum() < len(matches):
        metrics["average_precision"] = _average_precision(predicted, matches)
    return Scores(metrics, predicted)


def _average_precision(predicted: np.ndarray, matches: np.ndarray) -> float:
    """Mean precision at each match, tied predictions taken as one step."""
    values, inverse = np.unique(-predicted, return_inverse=True)
    found = np.cumsum(np.bincount(inverse, weights=matches, minlength=len(values)))
    seen = np.cumsum(np.bincount(inverse, minlength=len(values)))
    steps = np.diff(found, prepend=0.0)
    return float(np.sum(steps * found / seen) / matches.sum())
