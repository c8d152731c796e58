"""The verdict: better, worse or unclear, with an interval that a second computation confirms."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import bootstrap

from core.data.shapes import Shape
from core.files import write_json
from core.problems import Message
from core.training.alarms import Alarm
from core.training.calibration import Calibration, Distribution
from core.training.confusables import Confusables, Mistake, Outcome
from core.training.evaluation import Scores, Task, make_task
from core.training.hurting import Hurting, HurtingRow
from core.training.metrics import Cut, spearman
from core.training.questions import Answers, Asked, OwnQuestions
from core.training.report import Exam, ModelScores, Report, judge

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
    _, difference, _ = judge(task, scores(before), scores(after), seed=1)
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
    said, difference, sentence = judge(task, scores(before), scores(after), seed=1)
    assert said == verdict
    assert words in sentence.text() and f"{QUESTIONS} held-out questions" in sentence.text()
    assert difference["low"] <= difference["value"] <= difference["high"]


def test_for_scored_pairs_the_sentence_speaks_of_pairs() -> None:
    random = np.random.default_rng(2)
    frame = pd.DataFrame(
        {
            "anchor": [f"a{i}" for i in range(40)],
            "positive": [f"b{i}" for i in range(40)],
            "score": random.uniform(0, 1, 40),
        }
    )
    wanted = frame["score"].to_numpy()
    noise, close = random.uniform(0, 1, 40), wanted + random.normal(0, 0.01, 40)
    before, after = (
        Scores({"spearman": float(spearman(values, wanted))}, values) for values in (noise, close)
    )
    verdict, _, sentence = judge(make_task(frame, Shape.SCORED_PAIRS), before, after, seed=1)
    assert verdict == "better" and "40 held-out pairs" in sentence.text()


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


def test_all_parts_of_a_report_survive_the_disk(tmp_path: Path) -> None:
    cut = Cut(0.5, 0.8, 0.7, 0.9)
    side = Distribution((1, 2), (3, 0), 0.7, 0.2, cut)
    report = Report(
        shape="pairs",
        primary="ndcg@10",
        questions=3,
        held_out_rows=3,
        train_rows=30,
        split={},
        models=[ModelScores("tuned", "Shoes", {"f1": 0.5}, {"f1": 0.3})],
        verdict="worse",
        difference={},
        messages=[Message("Bad.").to_json()],
        training={},
        exam=Exam("id", "Corpus", 3, [ModelScores("base", "Base", {"ndcg@10": 0.1})]),
        dataset="shoes",
        passages=20,
        distractors=4,
        alarms=(Alarm("flat", Message("Flat at {x}.", {"x": 1}), Message("Do this."), "error"),),
        calibration=Calibration(True, 3, 4, side, side, cut),
        confusables=Confusables(
            (Outcome("", 12, 0.1, 0.2, 0.3),), (Mistake("q", "right", "wrong"),)
        ),
        no_confusables=Message("Not {n}.", {"n": 2}),
        own_questions=OwnQuestions(
            None, 20, (Asked("q", "x", Answers(("a",), (0.5,), 1), Answers((), (), None)),)
        ),
        hurting=Hurting(30, 1, (HurtingRow(7, 1.2, {"anchor": "q"}, "other"),)),
    )
    report.save(tmp_path)
    assert Report.load(tmp_path) == report
    assert [one.text() for one in report.sentences()] == ["Bad.", "Flat at 1.", "Do this."]


def test_the_report_of_an_old_run_can_still_be_read(tmp_path: Path) -> None:
    old = {
        "shape": "pairs",
        "primary": "ndcg@10",
        "questions": 3,
        "held_out_rows": 3,
        "train_rows": 30,
        "split": {},
        "models": [{"role": "tuned", "name": "Shoes", "metrics": {"ndcg@10": 0.5}}],
        "verdict": "better",
        "difference": {},
        "messages": [{"template": "Better.", "params": {}}, {"template": "But.", "params": {}}],
        "training": {},
        "exam": None,
        "version": 1,
    }
    write_json(tmp_path / "report.json", old)
    report = Report.load(tmp_path)
    assert report is not None and report.alarms == () and report.calibration is None
    assert [one.text() for one in report.opening()] == ["Better.", "But."]
