"""Reciprocal rank fusion equals its formula, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from core.retrieval.fusion import fuse, fuse_positions


def test_the_fusion_of_two_tables_is_the_sum_of_reciprocal_ranks() -> None:
    random = np.random.default_rng(3)
    one, other = random.normal(size=(2, 7, 12))
    fused = fuse(one, other)
    for row in range(7):
        for place in range(12):
            ranks = [1 + int((table[row] > table[row, place]).sum()) for table in (one, other)]
            assert fused[row, place] == pytest.approx(sum(1 / (60 + rank) for rank in ranks))


def test_what_one_ranking_does_not_find_earns_nothing_there() -> None:
    fused = fuse(np.array([0.9, 0.5, -np.inf]), np.array([-np.inf, 4.0, -np.inf]))
    assert fused == pytest.approx([1 / 61, 1 / 62 + 1 / 61, -np.inf])


def test_equal_scores_get_the_last_of_their_places() -> None:
    assert fuse(np.array([0.0, 0.0, 0.0, 1.0])) == pytest.approx([1 / 64] * 3 + [1 / 61])


def test_positions_are_fused_as_scores_are() -> None:
    random = np.random.default_rng(5)
    tables = random.normal(size=(2, 20))
    orders = [np.argsort(-table) for table in tables]
    expected = fuse(*tables)
    found = fuse_positions(*orders)
    assert sorted(found) == list(range(20))
    assert expected[found] == pytest.approx(np.sort(expected)[::-1])


def test_positions_that_stand_for_nothing_are_passed_over() -> None:
    assert fuse_positions(np.array([4, -1, -1]), np.array([2, 4])).tolist() == [4, 2]
