"""The report of a run: what base, tuned model and BM25 reached, and the verdict."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from core.data.shapes import Shape
from core.files import read_json, write_json
from core.problems import N_, Message
from core.training.evaluation import PRIMARY, Scores, Task, spearman

REPORT_FILE = "report.json"
_RESAMPLES = 1000

VERDICTS = {
    "better": N_(
        "Better than before: {metric} rose from {before} to {after} "
        "on {questions} held-out questions (95% interval of the gain: {low} to {high})."
    ),
    "worse": N_(
        "Worse than before: {metric} fell from {before} to {after} "
        "on {questions} held-out questions (95% interval of the change: {low} to {high}). "
        "Keep using what you had."
    ),
    "unclear": N_(
        "No clear change: {metric} went from {before} to {after} on {questions} held-out "
        "questions, which is within chance (95% interval of the change: {low} to {high})."
    ),
}
BM25_AHEAD = N_("A plain keyword search (BM25) still does better on these questions: {bm25}.")


@dataclass(frozen=True)
class ModelScores:
    """One row of the report's table.

    Attributes:
        role: "base", "tuned", "bm25", or "untrained" (a static model before its first step).
        name: as people know it.
        metrics: name to value, higher is better.
    """

    role: str
    name: str
    metrics: dict[str, float]


@dataclass(frozen=True)
class Exam:
    """The scores on a corpus with questions of its own, outside the training table."""

    corpus: str
    name: str
    questions: int
    models: list[ModelScores]


@dataclass(frozen=True)
class Report:
    """What ``report.json`` holds."""

    shape: str
    primary: str
    questions: int
    held_out_rows: int
    train_rows: int
    split: dict[str, Any]
    models: list[ModelScores]
    verdict: str
    difference: dict[str, float]
    messages: list[dict[str, Any]]
    training: dict[str, Any]
    exam: Exam | None = None
    version: int = field(default=1)

    def scores(self, role: str) -> ModelScores | None:
        """The row of that role."""
        return next((model for model in self.models if model.role == role), None)

    def sentences(self) -> list[Message]:
        """The verdict and what else must be said, in reading order."""
        return [Message.from_json(message) for message in self.messages]

    def save(self, folder: Path) -> None:
        """Write ``report.json``."""
        write_json(folder / REPORT_FILE, asdict(self))

    @classmethod
    def load(cls, folder: Path) -> Report | None:
        """The report of the run in ``folder``; None when it has none yet."""
        try:
            data = read_json(folder / REPORT_FILE)
        except FileNotFoundError:
            return None
        models = [ModelScores(**model) for model in data.pop("models")]
        exam = data.pop("exam")
        if exam:
            exam = Exam(**{**exam, "models": [ModelScores(**model) for model in exam["models"]]})
        return cls(**data, models=models, exam=exam)


def judge(
    task: Task, before: Scores, after: Scores, lexical: Scores, seed: int
) -> tuple[str, dict[str, float], list[Message]]:
    """Say whether the tuned model is better, by a bootstrap interval of the difference.

    Questions (or scored pairs) are drawn again with replacement 1,000 times; the interval is the
    middle 95% of the differences (Efron's percentile method).

    Returns:
        "better", "worse" or "unclear"; the difference with its interval; the sentences.
    """
    metric = PRIMARY[task.shape]
    low, high = _interval(task, before, after, seed)
    verdict = "better" if low > 0 else "worse" if high < 0 else "unclear"
    values = {
        "metric": METRIC_LABELS[metric],
        "before": round(before.metrics[metric], 3),
        "after": round(after.metrics[metric], 3),
        "questions": task.size,
        "low": round(low, 3),
        "high": round(high, 3),
    }
    messages = [Message(VERDICTS[verdict], values)]
    if lexical.metrics[metric] > after.metrics[metric]:
        messages.append(Message(BM25_AHEAD, {"bm25": round(lexical.metrics[metric], 3)}))
    difference = after.metrics[metric] - before.metrics[metric]
    return verdict, {"value": difference, "low": low, "high": high}, messages


METRIC_LABELS = {"ndcg@10": "nDCG@10", "spearman": "Spearman"}
"""The names of the primary metrics as the field writes them, the same in every language."""


def _interval(task: Task, before: Scores, after: Scores, seed: int) -> tuple[float, float]:
    random = np.random.default_rng(seed)
    size = len(before.per_question)
    draws = random.integers(0, size, size=(_RESAMPLES, size))
    if task.shape is Shape.SCORED_PAIRS:
        assert task.scores is not None
        wanted = task.scores[draws]
        differences = spearman(after.per_question[draws], wanted) - spearman(
            before.per_question[draws], wanted
        )
    else:
        differences = (after.per_question - before.per_question)[draws].mean(axis=1)
    low, high = np.percentile(differences, [2.5, 97.5])
    return float(low), float(high)
