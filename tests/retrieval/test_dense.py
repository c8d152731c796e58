"""Exact search against a full sort of the full product."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.retrieval import dense
from core.retrieval.dense import DenseIndex


def _units(n: int, d: int, seed: int) -> np.ndarray:
    rows = np.random.default_rng(seed).standard_normal((n, d)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture(params=[2**30, 2_000], ids=["one block", "many blocks"])
def _block_bytes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dense, "_BLOCK_BYTES", request.param)
    monkeypatch.setattr(dense, "_QUERIES_AT_ONCE", 16)


@pytest.mark.usefixtures("_block_bytes")
def test_the_same_as_a_full_sort_on_disk(tmp_path: Path) -> None:
    vectors, queries = _units(500, 24, 1), _units(40, 24, 2)
    np.save(tmp_path / "v.npy", vectors)
    index = DenseIndex.open(tmp_path / "v.npy")
    assert isinstance(index.vectors, np.memmap)
    indices, scores = index.search(queries, 10)
    products = queries.astype(np.float64) @ vectors.T.astype(np.float64)
    expected = np.argsort(-products, axis=1)[:, :10]
    np.testing.assert_array_equal(indices, expected)
    np.testing.assert_allclose(scores, np.take_along_axis(products, expected, 1), atol=1e-6)
    np.testing.assert_allclose(index.scores(queries[3]), products[3], atol=1e-6)


@pytest.mark.usefixtures("_block_bytes")
def test_only_rows_of_the_mask_are_found() -> None:
    vectors, queries = _units(300, 8, 3), _units(5, 8, 4)
    mask = np.zeros(300, dtype=bool)
    mask[[7, 200, 299]] = True
    indices, scores = DenseIndex(vectors).search(queries, 5, mask)
    assert indices.shape == (5, 5)
    assert all(set(row[:3]) == {7, 200, 299} for row in indices.tolist())
    assert (indices[:, 3:] == -1).all()
    assert np.isneginf(scores[:, 3:]).all()


@pytest.mark.usefixtures("_block_bytes")
@pytest.mark.parametrize("share", [0.02, 0.6, 0.0, 1.0])
def test_one_question_is_answered_as_many_are(share: float) -> None:
    vectors, queries = _units(400, 12, 9), _units(20, 12, 10)
    mask = np.random.default_rng(11).random(400) < share
    index = DenseIndex(vectors)
    for allowed in (mask, None):
        rows, scores = index.search(queries, 7, allowed)
        for at in range(len(queries)):
            one_row, one_score = index.search(queries[at : at + 1], 7, allowed)
            np.testing.assert_array_equal(one_row[0], rows[at])
            np.testing.assert_allclose(one_score[0], scores[at], atol=1e-6)


@pytest.mark.usefixtures("_block_bytes")
def test_equal_scores_keep_the_order_of_the_rows() -> None:
    # Products of these are exact, whatever order they are summed in.
    vectors = np.tile(np.eye(3, 4, dtype=np.float32), (50, 1))
    indices, _ = DenseIndex(vectors).search(vectors[:1], 20)
    assert indices[0].tolist() == list(range(0, 60, 3))


def test_nan_rows_and_questions_find_nothing() -> None:
    vectors = _units(6, 4, 6)
    vectors[2] = np.nan
    queries = np.concatenate([vectors[:1], np.full((1, 4), np.nan, np.float32)])
    indices, scores = DenseIndex(vectors).search(queries, 6)
    assert sorted(indices[0, :5].tolist()) == [0, 1, 3, 4, 5]
    assert indices[0, 5] == -1
    assert (indices[1] == -1).all()
    assert not np.isnan(scores).any()


def test_one_row_and_more_asked_than_there_is() -> None:
    indices, scores = DenseIndex(_units(1, 4, 7)).search(_units(2, 4, 7), 10)
    assert indices.tolist() == [[0], [0]]
    assert scores.shape == (2, 1)


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    index = DenseIndex(_units(5, 4, 8))
    with pytest.raises(ValueError, match="do not fit width 4"):
        index.search(_units(1, 3, 8), 1)
    with pytest.raises(ValueError, match="does not fit 5 rows"):
        index.search(_units(1, 4, 8), 1, np.ones(4, dtype=bool))
    np.save(tmp_path / "d.npy", np.zeros((2, 2)))
    with pytest.raises(ValueError, match="float64, not float32"):
        DenseIndex.open(tmp_path / "d.npy")
