"""The order of equal and unusable scores."""

from __future__ import annotations

import numpy as np
import pytest

from core.retrieval.ranking import rank_of, top_k


@pytest.mark.parametrize("k", [1, 3, 17, 200, 500])
def test_the_same_as_a_stable_sort(k: int) -> None:
    # Whole numbers make many ties, also across the k-th place.
    scores = np.random.default_rng(k).integers(0, 20, 200).astype(np.float32)
    assert top_k(scores, k).tolist() == np.argsort(-scores, kind="stable")[:k].tolist()


def test_nan_and_minus_infinity_never_win() -> None:
    scores = np.array([np.nan, 0.5, -np.inf, -2.0, np.nan], dtype=np.float32)
    assert top_k(scores, 4).tolist() == [1, 3]
    assert top_k(scores, 5).tolist() == [1, 3]


@pytest.mark.parametrize("k", [0, -3])
def test_nothing_asked_nothing_given(k: int) -> None:
    assert top_k(np.ones(4, dtype=np.float32), k).size == 0


def test_rank_agrees_with_the_order() -> None:
    scores = np.random.default_rng(0).integers(0, 9, 60).astype(np.float32)
    scores[[4, 40]] = [np.nan, -np.inf]
    order = top_k(scores, 60).tolist()
    assert [rank_of(scores, position) for position in order] == list(range(1, 59))
    assert rank_of(scores, 4) is None
    assert rank_of(scores, 40) is None
