"""Nearest rows and near pairs, beside what numpy computes all at once."""

from __future__ import annotations

import numpy as np
import pytest

from core.matching import blocks
from core.matching.blocks import near_pairs, nearest


class InMemory:
    def __init__(self, rows: np.ndarray) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, places: np.ndarray) -> np.ndarray:
        return self.rows[places]


def units(count: int, seed: int, width: int = 8) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(count, width)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def silent(share: float) -> None:
    assert 0 <= share <= 1


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "_QUERIES", 7)
    monkeypatch.setattr(blocks, "_ROWS", 11)
    monkeypatch.setattr(blocks, "_PAIR_ROWS", 9)


def by_hand(scores: np.ndarray, k: int) -> np.ndarray:
    """The k best columns of each row; a stable sort keeps the earlier one of equals first."""
    return np.argsort(-scores, axis=1, kind="stable")[:, :k]


@pytest.mark.parametrize(("left", "right", "k"), [(20, 50, 3), (5, 4, 10), (1, 1, 1), (30, 12, 11)])
def test_the_nearest_are_those_of_the_whole_table_of_scores(left: int, right: int, k: int) -> None:
    one, other = units(left, 1), units(right, 2)
    places, scores = nearest(InMemory(one), InMemory(other), k, silent)
    wanted = by_hand(one @ other.T, k)
    width = min(k, right)
    np.testing.assert_array_equal(places[:, :width], wanted)
    np.testing.assert_allclose(
        scores[:, :width], np.take_along_axis(one @ other.T, wanted, axis=1), atol=1e-6
    )
    assert (places[:, width:] == -1).all() and np.isneginf(scores[:, width:]).all()


def test_of_equal_rows_the_earlier_ones_win() -> None:
    rows = np.repeat(units(1, 3), 40, axis=0)
    places, _ = nearest(InMemory(rows[:2]), InMemory(rows), 5, silent)
    assert places.tolist() == [[0, 1, 2, 3, 4]] * 2


def test_only_the_given_rows_look_and_are_found() -> None:
    one, other = units(20, 4), units(60, 5)
    ours, theirs = np.array([3, 8, 19]), np.arange(1, 60, 3)
    places, _ = nearest(InMemory(one), InMemory(other), 4, silent, ours, theirs)
    np.testing.assert_array_equal(places, theirs[by_hand(one[ours] @ other[theirs].T, 4)])


def test_rows_without_numbers_are_never_found() -> None:
    one, other = units(3, 6), units(15, 7)
    other[[0, 5, 14]] = np.nan
    places, scores = nearest(InMemory(one), InMemory(other), 15, silent)
    assert not set(places.ravel().tolist()) & {0, 5, 14}
    assert (np.isfinite(scores).sum(axis=1) == 12).all()


@pytest.mark.parametrize("count", [1, 9, 40])
def test_near_pairs_are_those_of_the_whole_table_of_scores(count: int) -> None:
    rows = units(count, 8)
    scores = rows @ rows.T
    first, second = np.nonzero(np.triu(scores >= 0.3, k=1))
    found = near_pairs(InMemory(rows), 0.3, 10_000, silent)
    np.testing.assert_array_equal(found.first, first)
    np.testing.assert_array_equal(found.second, second)
    np.testing.assert_allclose(found.scores, scores[first, second], atol=2e-6)
    assert found.floor == 0.3


def test_too_many_pairs_leave_the_most_alike_and_say_from_where_on_they_are_all_there() -> None:
    rows = units(60, 9)
    every = near_pairs(InMemory(rows), -1.0, 10_000, silent)
    found = near_pairs(InMemory(rows), -1.0, 50, silent)
    best = np.sort(every.scores)[-50:]
    np.testing.assert_allclose(np.sort(found.scores), best, atol=2e-6)
    assert found.floor == pytest.approx(best[0], abs=2e-6)


def test_equal_texts_without_end_do_not_fill_the_memory() -> None:
    rows = np.repeat(units(1, 3), 100, axis=0)
    found = near_pairs(InMemory(rows), 0.5, 200, silent)
    assert len(found.scores) == 200
