"""Distributions and thresholds equal scikit-learn's and a plain search over all thresholds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score, precision_score, recall_score

from core.data.shapes import Shape
from core.training.alarms import similarity_alarms
from core.training.calibration import Calibration, calibrate
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


def test_for_matching_every_question_takes_the_best_of_all_answers() -> None:
    frame = triplet_frame()[["anchor", "positive"]]
    task = make_task(frame, Shape.PAIRS)
    random = np.random.default_rng(5)
    before = random.uniform(-0.2, 0.7, (len(task.questions), len(task.passages)))
    after = before.copy()
    for question, right in enumerate(task.relevant):
        after[question, right] += 0.4
    found = calibrate(task, before, after, seed=1)
    assert found is not None and found.search is not None
    assert (found.search.questions, found.search.answers) == after.shape
    for table, cut in ((before, found.search.before), (after, found.search.after)):
        taken, hits = [], []
        for question, right in enumerate(task.relevant):
            # With its answers and without them: then whatever is taken is wrong.
            for places in (range(table.shape[1]), set(range(table.shape[1])) - set(right.tolist())):
                best = max(places, key=table[question].__getitem__)
                taken.append(table[question, best])
                hits.append(best in right)
        similarity, truth = np.array(taken), np.array(hits)
        called = similarity >= cut.threshold
        assert cut.precision == pytest.approx(truth[called].mean())
        assert cut.recall == pytest.approx(truth[called].sum() / len(task.questions))
        best = max(
            2
            * truth[similarity >= value].sum()
            / ((similarity >= value).sum() + len(task.questions))
            for value in similarity
        )
        assert cut.f1 == pytest.approx(best)
    # The threshold of one wrong answer for each right one promises more than it keeps here.
    assert truth[similarity >= found.after.cut.threshold].mean() < found.after.cut.precision
    assert Calibration.from_json(found.to_json()) == found
    old = {name: value for name, value in found.to_json().items() if name != "search"}
    assert Calibration.from_json(old).search is None


def test_a_question_is_not_its_own_answer() -> None:
    frame = pd.DataFrame({"text": ["a", "b", "c", "d"], "label": ["x", "x", "y", "y"]})
    task = make_task(frame, Shape.CLASSES)
    table = np.full((len(task.questions), len(task.passages)), 0.1)
    for question, right in enumerate(task.relevant):
        table[question, right] = 0.6
    assert task.own is not None
    table[np.arange(len(table)), task.own] = 1.0
    found = calibrate(task, table, table, seed=1)
    assert found is not None and found.search is not None
    cut = found.search.after
    assert (cut.precision, cut.recall) == (1.0, 1.0) and 0.1 < cut.threshold < 0.6


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
