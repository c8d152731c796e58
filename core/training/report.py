"""The report of a run: the verdict, the alarms, what each model reached, and what to look at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from core.data.shapes import Shape
from core.files import read_json, write_json
from core.problems import N_, Message
from core.training.alarms import Alarm
from core.training.calibration import Calibration
from core.training.confusables import Confusables
from core.training.evaluation import PRIMARY, Scores
from core.training.hurting import Hurting
from core.training.metrics import spearman
from core.training.questions import OwnQuestions
from core.training.tasks import Task

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
VERDICTS_OF_PAIRS = {
    "better": N_(
        "Better than before: {metric} rose from {before} to {after} "
        "on {questions} held-out pairs (95% interval of the gain: {low} to {high})."
    ),
    "worse": N_(
        "Worse than before: {metric} fell from {before} to {after} "
        "on {questions} held-out pairs (95% interval of the change: {low} to {high}). "
        "Keep using what you had."
    ),
    "unclear": N_(
        "No clear change: {metric} went from {before} to {after} on {questions} held-out "
        "pairs, which is within chance (95% interval of the change: {low} to {high})."
    ),
}
METRIC_LABELS = {"ndcg@10": "nDCG@10", "spearman": "Spearman"}
"""The names of the primary metrics as the field writes them, the same in every language."""


@dataclass(frozen=True)
class ModelScores:
    """One row of the report's table.

    Attributes:
        role: "base", "tuned", "bm25", "fused" (tuned model and BM25 together), or "untrained" (a
            static model before its first step).
        name: as people know it.
        metrics: name to value, higher is better.
        thresholds: the similarities at which the metrics "f1" and "accuracy" are reached.
    """

    role: str
    name: str
    metrics: dict[str, float]
    thresholds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Exam:
    """The scores on a corpus with questions of its own, outside the training table."""

    corpus: str
    name: str
    questions: int
    models: list[ModelScores]


@dataclass(frozen=True)
class Report:
    """What ``report.json`` holds; the parts with a default are not in the reports of old runs.

    Attributes:
        shape: the shape of the table.
        primary: the metric that decides.
        questions: how many held-out questions (or scored pairs) the numbers stand on.
        held_out_rows: how many rows were scored.
        train_rows: how many were trained on.
        split: how the two were parted.
        models: base, tuned model, BM25 and the fusion on the same held-out rows.
        verdict: "better", "worse" or "unclear".
        difference: the change of the primary metric with its 95% interval: value, low, high.
        messages: the verdict in words.
        training: steps, seconds, speed, best step.
        exam: the scores on a corpus of its own.
        dataset: the id of the dataset, for links.
        passages: how many texts every question was searched in.
        distractors: how many of them come from training rows.
        alarms: what went wrong, and what to do.
        calibration: similarities of right and wrong pairs, and the suggested threshold.
        confusables: the test of easily confused texts.
        no_confusables: why there is none.
        own_questions: the user's own questions.
        hurting: the training rows that the model gets most wrong.
    """

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
    dataset: str | None = None
    passages: int | None = None
    distractors: int = 0
    alarms: tuple[Alarm, ...] = ()
    calibration: Calibration | None = None
    confusables: Confusables | None = None
    no_confusables: Message | None = None
    own_questions: OwnQuestions | None = None
    hurting: Hurting | None = None

    def scores(self, role: str) -> ModelScores | None:
        """The row of that role."""
        return next((model for model in self.models if model.role == role), None)

    def opening(self) -> list[Message]:
        """The verdict in words, and in reports of old runs what else had to be said."""
        return [Message.from_json(message) for message in self.messages]

    def sentences(self) -> list[Message]:
        """All that must be said, in reading order: the verdict, each alarm and its advice."""
        alarms = [part for alarm in self.alarms for part in (alarm.what, alarm.do)]
        return [*self.opening(), *alarms]

    def save(self, folder: Path) -> None:
        """Write ``report.json``."""
        data = asdict(self)
        data["alarms"] = [alarm.to_json() for alarm in self.alarms]
        data["no_confusables"] = self.no_confusables and self.no_confusables.to_json()
        write_json(folder / REPORT_FILE, data)

    @classmethod
    def load(cls, folder: Path) -> Report | None:
        """The report of the run in ``folder``; None when it has none yet."""
        try:
            data = read_json(folder / REPORT_FILE)
        except FileNotFoundError:
            return None
        data["models"] = [ModelScores(**model) for model in data["models"]]
        if exam := data["exam"]:
            models = [ModelScores(**model) for model in exam["models"]]
            data["exam"] = Exam(**{**exam, "models": models})
        data["alarms"] = tuple(map(Alarm.from_json, data.get("alarms", ())))
        for name, read in _PARTS.items():
            if data.get(name) is not None:
                data[name] = read(data[name])
        return cls(**data)


_PARTS: dict[str, Callable[[Any], Any]] = {
    "calibration": Calibration.from_json,
    "confusables": Confusables.from_json,
    "no_confusables": Message.from_json,
    "own_questions": OwnQuestions.from_json,
    "hurting": Hurting.from_json,
}


def judge(
    task: Task, before: Scores, after: Scores, seed: int
) -> tuple[str, dict[str, float], Message]:
    """Say whether the tuned model is better, by a bootstrap interval of the difference.

    Questions (or scored pairs) are drawn again with replacement 1,000 times; the interval is the
    middle 95% of the differences (Efron's percentile method).

    Returns:
        "better", "worse" or "unclear"; the difference with its interval; the sentence.
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
    sentences = VERDICTS_OF_PAIRS if task.shape is Shape.SCORED_PAIRS else VERDICTS
    difference = after.metrics[metric] - before.metrics[metric]
    return (
        verdict,
        {"value": difference, "low": low, "high": high},
        Message(sentences[verdict], values),
    )


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
