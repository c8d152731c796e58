"""Reciprocal rank fusion equals its formula, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from core.retrieval.fusion import FUSED_FROM, fuse, fuse_positions, fused_scores
from core.retrieval.ranking import top_k
from core.workspace import PROJECT_ROOT


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
    assert fused_scores(20, *orders) == pytest.approx(expected)


def test_where_the_two_differ_is_told_in_the_page_of_search() -> None:
    """Equal scores: all get the last of their places in figures, each its own place in a list."""
    scores = np.array([1.0, 0.5, 0.5])
    assert fuse(scores) == pytest.approx([1 / 61, 1 / 63, 1 / 63])
    assert fused_scores(3, top_k(scores, 3)) == pytest.approx([1 / 61, 1 / 62, 1 / 63])
    page = (PROJECT_ROOT / "docs" / "search.md").read_text(encoding="utf-8")
    assert "equal scores all get the last of their" in page
    assert f"first {FUSED_FROM:,} of each" in page


def test_positions_that_stand_for_nothing_are_passed_over() -> None:
    assert fuse_positions(np.array([4, -1, -1]), np.array([2, 4])).tolist() == [4, 2]
