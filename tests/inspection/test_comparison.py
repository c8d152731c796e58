"""What a finished run gives to compare: the places of its right answers."""

from __future__ import annotations

import numpy as np
import pytest

from core.inspection.comparison import answer_places
from core.inspection.similarity import group_verdict
from core.inspection.widgets import NEGATIVE, OTHER, POSITIVE, Example


def example(roles: tuple[str, ...]) -> Example:
    return Example("source", tuple(roles), roles, (None,) * len(roles))


def at_angles(*degrees: float) -> np.ndarray:
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def test_where_right_answers_stand() -> None:
    groups = [example((NEGATIVE, POSITIVE, OTHER)), example((POSITIVE, OTHER, OTHER))]
    vectors = np.concatenate([at_angles(0, 60, 30, 10), at_angles(0, 20, 40, 80)])
    first, second = answer_places(groups, vectors)
    assert first is not None and second is not None
    assert (first.rank, second.rank) == (2, 1)
    assert first.score == pytest.approx(np.cos(np.radians(30)), abs=1e-6)


def test_a_tie_counts_against_the_right_answer_as_in_the_verdict() -> None:
    groups = [example((POSITIVE, OTHER, OTHER))]
    vectors = at_angles(0, 30, 30, 80)
    (place,) = answer_places(groups, vectors)
    assert place is not None and place.rank == 2
    assert group_verdict(groups, vectors, vectors).after == 0


def test_of_several_right_answers_the_nearest_counts_and_without_one_there_is_no_place() -> None:
    vectors = at_angles(0, 70, 20, 40)
    (place,) = answer_places([example((POSITIVE, POSITIVE, OTHER))], vectors)
    assert place is not None and place.rank == 1
    assert answer_places([example((OTHER, OTHER, NEGATIVE))], vectors) == [None]


def test_vectors_must_fit_the_texts() -> None:
    with pytest.raises(ValueError, match="one vector for each text"):
        answer_places([example((POSITIVE, OTHER, OTHER))], at_angles(0, 1))
