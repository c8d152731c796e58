"""Ranking figures against scikit-learn and against sums worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import ndcg_score

from core.retrieval.metrics import (
    bootstrap_interval,
    hit_table,
    ndcg_at_k,
    recall_at_k,
    reciprocal_rank,
)


def test_ndcg_equals_scikit_learn() -> None:
    generator = np.random.default_rng(0)
    scores = generator.standard_normal((200, 30))
    truth = generator.random((200, 30)) < generator.random((200, 1)) * 0.8
    truth[np.arange(200), generator.integers(0, 30, 200)] = True
    ranked = np.argsort(-scores, axis=1)
    hits = hit_table(ranked, [set(np.flatnonzero(row)) for row in truth])
    for k in (1, 5, 10, 30):
        ours = ndcg_at_k(hits, truth.sum(axis=1), k)
        theirs = [
            ndcg_score(row[None].astype(int), score[None], k=k)
            for row, score in zip(truth, scores, strict=True)
        ]
        np.testing.assert_allclose(ours, theirs, atol=1e-12)


def test_small_numbers_by_hand() -> None:
    ranked = np.array([[4, 7, 1], [5, 6, 2], [9, -1, -1]])
    relevant = [{7, 1}, {3}, {9, 8, 7, 6}]
    hits = hit_table(ranked, relevant)
    assert hits.tolist() == [[False, True, True], [False] * 3, [True, False, False]]
    counts = np.array([2, 1, 4])
    ideal_two = 1 + 1 / math.log2(3)
    ideal_three = ideal_two + 0.5
    expected = [(1 / math.log2(3) + 0.5) / ideal_two, 0.0, 1 / ideal_three]
    np.testing.assert_allclose(ndcg_at_k(hits, counts, 3), expected)
    np.testing.assert_allclose(reciprocal_rank(hits, 3), [0.5, 0, 1])
    np.testing.assert_allclose(reciprocal_rank(hits, 1), [0, 0, 1])
    np.testing.assert_allclose(recall_at_k(hits, counts, 3), [1, 0, 0.25])


def test_fewer_answers_than_k() -> None:
    """A corpus of one row is ranked at 10 all the same."""
    hits = np.array([[True], [False]])
    counts = np.array([1, 1])
    assert ndcg_at_k(hits, counts, 10).tolist() == [1, 0]
    assert recall_at_k(hits, counts, 10).tolist() == [1, 0]
    assert reciprocal_rank(np.zeros((2, 0), dtype=bool), 10).tolist() == [0, 0]


def test_a_question_without_right_answers_has_no_figure() -> None:
    hits = np.zeros((1, 10), dtype=bool)
    for metric in (ndcg_at_k, recall_at_k):
        with pytest.raises(ValueError, match="at least one right answer"):
            metric(hits, np.array([0]), 10)


def test_interval_covers_the_mean_as_the_normal_one_does() -> None:
    values = np.random.default_rng(1).normal(0.6, 0.2, 400)
    interval = bootstrap_interval(values, seed=3)
    assert interval is not None
    low, high = interval
    half = 1.96 * values.std() / math.sqrt(400)
    assert low == pytest.approx(values.mean() - half, abs=0.003)
    assert high == pytest.approx(values.mean() + half, abs=0.003)
    assert bootstrap_interval(values, seed=3) == (low, high)
    with pytest.raises(ValueError, match="at least one value"):
        bootstrap_interval(np.array([]))


@pytest.mark.parametrize("questions", [1, 2, 9])
def test_of_a_few_values_there_is_no_interval(questions: int) -> None:
    assert bootstrap_interval(np.full(questions, 0.37)) is None
    assert bootstrap_interval(np.linspace(0.1, 0.9, questions)) is None


def test_of_ten_values_there_is_an_interval() -> None:
    interval = bootstrap_interval(np.linspace(0.1, 0.9, 10))
    assert interval is not None
    assert 0.3 < interval[0] < 0.5 < interval[1] < 0.7
