"""Held-out rows made ready for scoring: questions, the texts to find among, what is right."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from core.data.shapes import MATCH_SCORE, Shape, is_negative

DISTRACTORS = 300
"""The most training answers that are put among the held-out ones, so that finding is not easy."""
WATCHED_ROWS = 200
"""The most held-out rows that are scored again and again while a transformer trains."""


@dataclass(frozen=True)
class Task:
    """Held-out rows made ready for scoring.

    Attributes:
        questions: distinct anchors.
        passages: distinct positives and negatives, then distractors: the texts that are searched.
        relevant: for each question, the indices of its right passages.
        triplets: rows of (question, positive, negative) indices, or None; with several negatives
            all rows with their first one, then all rows with their second one, and so on.
        pairs: rows of (question, passage) indices with their scores, for scored pairs.
        own: for texts with a class, the passage that is the question itself: not an answer to it.
        negatives: how many negatives each row has.
        distractors: how many of the passages come from training rows.
    """

    shape: Shape
    questions: list[str]
    passages: list[str]
    relevant: list[np.ndarray]
    triplets: np.ndarray | None
    pairs: np.ndarray | None
    scores: np.ndarray | None
    own: np.ndarray | None = None
    negatives: int = 0
    distractors: int = 0

    @property
    def size(self) -> int:
        """How many questions (or scored pairs) the numbers stand on."""
        return len(self.pairs) if self.pairs is not None else len(self.questions)

    def matching(self) -> np.ndarray:
        """The (question, passage) pairs that are right, shape [m, 2]; from 0.5 on when scored."""
        if self.pairs is not None:
            assert self.scores is not None
            return np.unique(self.pairs[self.scores >= MATCH_SCORE], axis=0)
        counts = [len(right) for right in self.relevant]
        asked = np.repeat(np.arange(len(self.questions)), counts)
        return np.stack([asked, np.concatenate(self.relevant)], axis=1)


def make_task(
    frame: pd.DataFrame, shape: Shape, train: pd.DataFrame | None = None, seed: int = 0
) -> Task:
    """Prepare held-out rows of a dataset that has this shape.

    Questions are the anchors, passages the positives and negatives.  For texts with a class every
    text asks for the others of its class.

    Args:
        frame: the held-out rows.
        shape: the dataset's shape.
        train: the training rows; up to 300 of their answers become distractors, drawn by ``seed``.
            Not for scored pairs, which are not searched, nor for classes, whose training texts
            would be right answers too.
        seed: makes the draw repeatable.
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
    task = Task(shape, questions, passages, relevant, triplets, None, None, None, len(negatives))
    if train is None:
        return task
    added = _draw_distractors(task, train, seed)
    return replace(task, passages=[*passages, *added], distractors=len(added))


def watched(frame: pd.DataFrame, seed: int, rows: int = WATCHED_ROWS) -> pd.DataFrame:
    """At most ``rows`` of the held-out rows, always the same, in their order."""
    if len(frame) <= rows:
        return frame
    chosen = np.random.default_rng(seed).choice(len(frame), rows, replace=False)
    return frame.iloc[np.sort(chosen)].reset_index(drop=True)


def fingerprint(*texts: Sequence[str]) -> str:
    """16 hexadecimal digits over lists of texts: the same for the same texts in the same order."""
    content = json.dumps([list(part) for part in texts], ensure_ascii=False)
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _draw_distractors(task: Task, train: pd.DataFrame, seed: int) -> list[str]:
    # A training row with the same anchor may hold a right answer to a held-out question.
    others = train.loc[~train["anchor"].isin(task.questions), "positive"]
    pool = pd.Series(others.unique())
    pool = pool[~pool.isin(task.passages)]
    draw = np.random.default_rng(seed).permutation(len(pool))[:DISTRACTORS]
    return [str(text) for text in pool.iloc[np.sort(draw)]]


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


def _distinct(texts: pd.Series) -> tuple[list[str], np.ndarray]:
    codes, values = pd.factorize(texts)
    return [str(value) for value in values], np.asarray(codes, dtype=np.int64)
