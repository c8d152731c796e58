"""Cosines against scikit-learn, and the verdict on planted vectors."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics.pairwise import cosine_similarity

from core.inspection.similarity import group_verdict, similarity_matrix
from core.inspection.widgets import Example


def test_the_matrix_equals_scikit_learn() -> None:
    vectors = np.random.default_rng(0).standard_normal((20, 7)).astype(np.float32)
    vectors[5] = 0
    matrix = similarity_matrix(vectors)
    np.testing.assert_allclose(matrix, cosine_similarity(vectors), atol=1e-6)
    assert matrix.max() <= 1
    assert (matrix[5] == 0).all()


def _example(*roles: str) -> Example:
    sentences = tuple(f"s{i}" for i in range(len(roles)))
    return Example("source", sentences, roles, (None,) * len(roles))


def _vectors(*angles: float) -> np.ndarray:
    radians = np.radians(angles)
    return np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32)


EXAMPLES = [
    _example("positive", "negative", "other"),
    _example("other", "positive", "other"),
    _example("other", "other", "positive"),
    _example("other", "other", "other"),
]
# Angles from the source, which stands at 0: the smaller the nearer.
BASE = _vectors(0, 30, 10, 50, 0, 40, 20, 60, 0, 50, 40, 10, 0, 1, 2, 3)
TUNED = _vectors(0, 10, 30, 50, 0, 40, 20, 60, 0, 5, 40, 10, 0, 1, 2, 3)


def test_which_groups_got_better_and_which_worse() -> None:
    verdict = group_verdict(EXAMPLES, BASE, TUNED)
    assert (verdict.groups, verdict.before, verdict.after) == (3, 2, 2)
    assert verdict.improved == (0,)
    assert verdict.worsened == (2,)
    assert verdict.message().text() == (
        "The right answer is nearest to its source in 2 of 3 groups, "
        "before the training and after it."
    )


def test_the_words_of_a_change_and_of_nothing_to_compare() -> None:
    verdict = group_verdict(EXAMPLES[:2], BASE[:8], TUNED[:8])
    assert verdict.message().text() == (
        "The right answer is nearest to its source in 2 of 2 groups after the training; "
        "before it, in 1."
    )
    nothing = group_verdict(EXAMPLES[3:], BASE[12:], TUNED[12:])
    assert nothing.message().text() == "No group has a right answer to compare with others."


def test_a_tie_is_not_first_and_widths_may_differ() -> None:
    tied = _vectors(0, 20, 20, 50)
    wide = np.pad(_vectors(0, 10, 20, 50), ((0, 0), (0, 3)))
    verdict = group_verdict(EXAMPLES[:1], tied, wide)
    assert (verdict.before, verdict.after) == (0, 1)


def test_a_vector_for_every_text_is_needed() -> None:
    with pytest.raises(ValueError, match="one vector for each text"):
        group_verdict(EXAMPLES, BASE[:-1], TUNED)
