"""Orders of rows: like beside like, groups together, and every text exactly once."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering

from core.inspection.ordering import EXACT_TEXTS, cluster_order, group_order
from core.inspection.similarity import unit_rows


def clouds(each: int, count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """``count`` tight clouds of unit vectors, shuffled; the rows and which cloud each is of."""
    random = np.random.default_rng(seed)
    middles = random.standard_normal((count, 24))
    labels = random.permutation(np.repeat(np.arange(count), each))
    rows = middles[labels] + 0.05 * random.standard_normal((len(labels), 24))
    return unit_rows(rows.astype(np.float32)), labels


def breaks(labels: np.ndarray) -> int:
    return int((labels[1:] != labels[:-1]).sum())


def test_few_texts_stand_as_scipy_orders_them() -> None:
    vectors, labels = clouds(6, 5)
    distances = np.maximum(1 - (vectors @ vectors.T).astype(float)[np.triu_indices(30, 1)], 0)
    wanted = leaves_list(optimal_leaf_ordering(linkage(distances, "average"), distances))
    order = cluster_order(vectors * 3)
    np.testing.assert_array_equal(order, wanted)
    assert breaks(labels[order]) == 4


def test_thousands_stand_with_their_like_and_each_once() -> None:
    vectors, labels = clouds(200, 8)
    assert len(vectors) > EXACT_TEXTS
    order = cluster_order(vectors)
    assert sorted(order.tolist()) == list(range(1600))
    # By chance seven in eight neighbours would be of another cloud.
    assert breaks(labels[order]) < 40


@pytest.mark.parametrize("count", [1, 2, 3, EXACT_TEXTS + 1])
def test_texts_that_are_all_the_same_can_be_ordered(count: int) -> None:
    order = cluster_order(np.ones((count, 4), dtype=np.float32))
    assert sorted(order.tolist()) == list(range(count))


def test_a_vector_of_zeros_is_no_stumbling_block() -> None:
    assert len(cluster_order(np.zeros((5, 3), dtype=np.float32))) == 5


def test_groups_come_together_in_their_own_order() -> None:
    assert group_order((1, 0, 1, 0, 2)).tolist() == [1, 3, 0, 2, 4]
