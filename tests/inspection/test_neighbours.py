"""Exact neighbours against scikit-learn, overlap and ranks against counting by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from core.inspection import neighbours
from core.inspection.neighbours import compare_neighbours, exact_neighbours, nearest_to, overlap


def _normal(n: int, d: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, d)).astype(np.float32)


def _units(n: int, d: int, seed: int) -> np.ndarray:
    rows = _normal(n, d, seed)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_neighbours_equal_scikit_learns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "ROWS_AT_ONCE", 37)
    vectors = _normal(200, 12, 10)
    indices, distances = exact_neighbours(vectors, 9)
    expected_distances, expected = NearestNeighbors(n_neighbors=9).fit(vectors).kneighbors(vectors)
    np.testing.assert_array_equal(indices, expected)
    np.testing.assert_allclose(distances, expected_distances, atol=1e-5)


def test_a_row_is_its_own_first_neighbour_also_among_copies() -> None:
    vectors = np.repeat(_normal(5, 6, 11), 4, axis=0)
    indices, distances = exact_neighbours(vectors, 5)
    assert indices[:, 0].tolist() == list(range(20))
    assert (distances[:, :4] == 0).all()
    assert (indices[:, :4] // 4 == np.arange(20)[:, None] // 4).all()
    assert (distances[:, 4] > 0).all()


@pytest.mark.parametrize("k", [0, 4])
def test_neighbours_that_do_not_exist_are_refused(k: int) -> None:
    with pytest.raises(ValueError, match="among 3 rows"):
        exact_neighbours(_normal(3, 4, 0), k)


def test_neighbours_among_many_groups_of_columns_are_exact_too() -> None:
    vectors = _units(1501, 24, 30)
    indices, distances = exact_neighbours(vectors, 12)
    model = NearestNeighbors(n_neighbors=12, algorithm="brute").fit(vectors)
    expected_distances, expected = model.kneighbors(vectors)
    np.testing.assert_allclose(distances[:, 1:], expected_distances[:, 1:], atol=1e-4)
    assert (np.sort(indices, axis=1) == np.sort(expected, axis=1)).mean() > 0.999


def test_a_stop_is_heard_between_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "ROWS_AT_ONCE", 10)
    seen = []

    def check(done: int) -> None:
        seen.append(done)
        if done == 20:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        exact_neighbours(_normal(50, 4, 0), 3, check)
    assert seen == [0, 10, 20]


def test_the_overlap_is_the_jaccard_index() -> None:
    before, after = (
        exact_neighbours(_units(60, 8, 1), 6)[0],
        exact_neighbours(_units(60, 8, 2), 6)[0],
    )
    wanted = [
        len(set(one) & set(other)) / len(set(one) | set(other))
        for one, other in zip(before[:, 1:].tolist(), after[:, 1:].tolist(), strict=True)
    ]
    np.testing.assert_allclose(overlap(before[:, 1:], after[:, 1:]), wanted, atol=1e-6)
    assert overlap(before, before).tolist() == [1.0] * 60
    assert overlap(before[:, :0], after[:, :0]).tolist() == [1.0] * 60


def test_neighbours_of_a_text_with_their_places_under_both_models() -> None:
    base, tuned = _units(40, 6, 3), _units(40, 9, 4)
    found = compare_neighbours(base, tuned, 7, 5)
    for one in found:
        assert one.item != 7
        for vectors, rank, cosine in (
            (base, one.rank_before, one.cosine_before),
            (tuned, one.rank_after, one.cosine_after),
        ):
            cosines = vectors @ vectors[7]
            assert cosine == pytest.approx(cosines[one.item], abs=1e-6)
            nearer = np.flatnonzero(cosines > cosines[one.item])
            assert rank == 1 + len(set(nearer.tolist()) - {7})
    assert [one.rank_after for one in found] == sorted(one.rank_after for one in found)
    assert {one.rank_before for one in found} >= {1, 2, 3, 4, 5}
    assert {one.rank_after for one in found} >= {1, 2, 3, 4, 5}
    assert all(min(one.rank_before, one.rank_after) <= 5 for one in found)
    assert compare_neighbours(base[:1], tuned[:1], 0, 5) == []


def test_the_nearest_to_a_query() -> None:
    vectors = _units(50, 7, 5)
    assert nearest_to(vectors, vectors[9], 3)[0] == 9
    assert nearest_to(vectors, vectors[9], 80) == np.argsort(-(vectors @ vectors[9])).tolist()
