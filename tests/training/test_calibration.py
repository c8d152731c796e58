"""Distributions and thresholds equal scikit-learn's and a plain search over all thresholds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score, precision_score, recall_score

from core.data.shapes import Shape
from core.training.alarms import similarity_alarms
from core.training.calibration import calibrate
from core.training.evaluation import dense_table, make_task
from tests.training.test_evaluation import planted


def triplet_frame(rows: int = 50) -> pd.DataFrame:
    random = np.random.default_rng(4)
    return pd.DataFrame(
        {
            "anchor": [f"问题{number}" for number in range(rows)],
            "positive": [f"答案{number}" for number in random.integers(0, 30, rows)],
            "negative": [f"错误{number}" for number in random.integers(0, 30, rows)],
        }
    )


def test_the_threshold_has_the_best_f1_and_scikit_learns_precision_and_recall() -> None:
    task = make_task(triplet_frame(), Shape.TRIPLETS)
    before = dense_table(task, planted(task.questions), planted(task.passages))
    after = np.random.default_rng(9).uniform(-0.3, 1, before.shape)
    found = calibrate(task, before, after, seed=1)
    assert found is not None and not found.from_others
    assert task.triplets is not None
    right, wrong = task.matching(), np.unique(task.triplets[:, [0, 2]], axis=0)
    assert (found.rights, found.wrongs) == (len(right), len(wrong))
    pairs = np.concatenate([right, wrong])
    truth = np.arange(len(pairs)) < len(right)
    for table, side in ((before, found.before), (after, found.after)):
        similarity = table[pairs[:, 0], pairs[:, 1]]
        called = similarity >= side.cut.threshold
        assert side.cut.precision == pytest.approx(precision_score(truth, called))
        assert side.cut.recall == pytest.approx(recall_score(truth, called))
        best = max(f1_score(truth, similarity >= value) for value in similarity)
        assert side.cut.f1 == pytest.approx(best)
        counts, _ = np.histogram(similarity[truth], bins=np.linspace(-1, 1, 41))
        assert list(side.right) == counts.tolist()
        assert side.right_median == pytest.approx(np.median(similarity[truth]))
        assert side.wrong_median == pytest.approx(np.median(similarity[~truth]))
    called = after[pairs[:, 0], pairs[:, 1]] >= found.before.cut.threshold
    assert found.old_cut_after.precision == pytest.approx(precision_score(truth, called))
    assert found.old_cut_after.recall == pytest.approx(recall_score(truth, called))


def test_pairs_without_wrong_ones_borrow_other_rows_answers() -> None:
    frame = triplet_frame()[["anchor", "positive"]]
    task = make_task(frame, Shape.PAIRS)
    table = dense_table(task, planted(task.questions), planted(task.passages))
    # With every right pair at 1 and all else below, nothing wrong may be drawn that is right.
    for question, right in enumerate(task.relevant):
        table[question, right] = 1.0
    found = calibrate(task, table, table, seed=1)
    assert found is not None and found.from_others
    assert found.wrongs == found.rights == len(frame.drop_duplicates())
    assert found.after.wrong[-1] == 0 and found.after.right[-1] == found.rights
    assert (found.after.cut.precision, found.after.cut.recall) == (1.0, 1.0)


def test_scored_pairs_are_right_from_one_half_on() -> None:
    frame = triplet_frame()[["anchor", "positive"]].assign(score=[0.0, 0.5, 1.0, 0.49, 0.9] * 10)
    task = make_task(frame, Shape.SCORED_PAIRS)
    table = dense_table(task, planted(task.questions), planted(task.passages))
    found = calibrate(task, table, table, seed=1)
    assert found is not None and (found.rights, found.wrongs) == (30, 20)


def test_with_nothing_wrong_there_is_nothing_to_tell() -> None:
    frame = pd.DataFrame({"anchor": ["a", "b"], "positive": ["x", "x"]})
    task = make_task(frame, Shape.PAIRS)
    assert calibrate(task, np.ones((2, 1)), np.ones((2, 1)), seed=1) is None
    assert similarity_alarms(None) == []


@pytest.mark.parametrize(("shift", "alarmed"), [(0.0, False), (20.0, True)])
def test_collapse_is_seen_when_everything_points_one_way(shift: float, alarmed: bool) -> None:
    task = make_task(triplet_frame(), Shape.TRIPLETS)

    def encode(texts: list[str]) -> np.ndarray:
        vectors = planted(texts) + shift
        unit: np.ndarray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit

    table = dense_table(task, encode(task.questions), encode(task.passages))
    alarms = similarity_alarms(calibrate(task, table, table, seed=1))
    assert [alarm.kind for alarm in alarms] == (["collapse"] if alarmed else [])
