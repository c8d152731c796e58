"""The verdict: better, worse or unclear, with an interval that a second computation confirms."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import bootstrap

from core.data.shapes import Shape
from core.training.evaluation import Scores, Task, make_task
from core.training.report import ModelScores, Report, judge

QUESTIONS = 60


@pytest.fixture
def task() -> Task:
    frame = pd.DataFrame(
        {
            "anchor": [f"q{i}" for i in range(QUESTIONS)],
            "positive": [f"p{i}" for i in range(QUESTIONS)],
        }
    )
    return make_task(frame, Shape.PAIRS)


def scores(values: np.ndarray) -> Scores:
    return Scores({"ndcg@10": float(values.mean())}, values)


def test_the_interval_equals_scipys_bootstrap(task: Task) -> None:
    random = np.random.default_rng(0)
    before, after = random.uniform(0, 0.6, QUESTIONS), random.uniform(0.2, 0.9, QUESTIONS)
    _, difference, _ = judge(task, scores(before), scores(after), scores(before), seed=1)
    theirs = bootstrap(
        (after - before,), np.mean, method="percentile", random_state=2, n_resamples=9999
    ).confidence_interval
    assert difference["value"] == pytest.approx((after - before).mean())
    assert difference["low"] == pytest.approx(theirs.low, abs=0.01)
    assert difference["high"] == pytest.approx(theirs.high, abs=0.01)


@pytest.mark.parametrize(
    ("change", "verdict", "words"),
    [
        (0.3, "better", "Better than before"),
        (-0.3, "worse", "Keep using what you had"),
        (0.0, "unclear", "within chance"),
    ],
)
def test_the_verdict_follows_the_interval(
    task: Task, change: float, verdict: str, words: str
) -> None:
    random = np.random.default_rng(4)
    before = random.uniform(0.4, 0.6, QUESTIONS)
    after = before + change + random.normal(0, 0.05, QUESTIONS)
    after -= (after - before).mean() - change
    lexical = scores(np.zeros(QUESTIONS))
    said, difference, messages = judge(task, scores(before), scores(after), lexical, seed=1)
    assert said == verdict and len(messages) == 1
    assert words in messages[0].text() and f"{QUESTIONS} held-out" in messages[0].text()
    assert difference["low"] <= difference["value"] <= difference["high"]


def test_it_is_said_when_keyword_search_does_better(task: Task) -> None:
    half, full = scores(np.full(QUESTIONS, 0.5)), scores(np.full(QUESTIONS, 0.9))
    _, _, messages = judge(task, half, half, full, seed=1)
    assert "BM25) still does better on these questions: 0.9" in messages[1].text()


def test_a_report_survives_the_disk(tmp_path: Path) -> None:
    report = Report(
        shape="pairs",
        primary="ndcg@10",
        questions=3,
        held_out_rows=3,
        train_rows=30,
        split={},
        models=[ModelScores("tuned", "Shoes", {"ndcg@10": 0.5})],
        verdict="better",
        difference={"value": 0.1, "low": 0.05, "high": 0.2},
        messages=[],
        training={},
    )
    assert Report.load(tmp_path) is None
    report.save(tmp_path)
    assert Report.load(tmp_path) == report
