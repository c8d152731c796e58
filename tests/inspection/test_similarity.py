"""Cosines and ranks against scikit-learn, and the verdict on planted vectors."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics.pairwise import cosine_similarity

from core.inspection.sheet import Asked, sheet_of_examples, sheet_of_rows
from core.inspection.similarity import neighbour, places, similarity_matrix, verdict
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


def judged(examples: list[Example], base: np.ndarray, tuned: np.ndarray):
    questions = sheet_of_examples(examples).questions
    return verdict(places(questions, base), places(questions, tuned))


def test_which_groups_got_better_and_which_worse() -> None:
    found = judged(EXAMPLES, BASE, TUNED)
    assert (found.groups, found.before, found.after) == (3, 2, 2)
    assert found.improved == (0,)
    assert found.worsened == (2,)
    assert found.message().text() == (
        "The right answer is nearest to its source in 2 of 3 groups, "
        "before the training and after it."
    )


def test_the_words_of_a_change_and_of_nothing_to_compare() -> None:
    assert judged(EXAMPLES[:2], BASE[:8], TUNED[:8]).message().text() == (
        "The right answer is nearest to its source in 2 of 2 groups after the training; "
        "before it, in 1."
    )
    nothing = judged(EXAMPLES[3:], BASE[12:], TUNED[12:])
    assert nothing.message().text() == "No group has a right answer to compare with others."


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (
            Asked.ROW,
            "The right answer is nearest for 2 of 2 texts after the training; before it, for 1.",
        ),
        (
            Asked.CLASS,
            "A text of the same class is nearest for 2 of 2 texts after the training; before it, "
            "for 1.",
        ),
    ],
)
def test_rows_and_classes_are_not_called_groups(asked: Asked, words: str) -> None:
    questions = sheet_of_examples(EXAMPLES[:2]).questions
    before, after = places(questions, BASE[:8]), places(questions, TUNED[:8])
    assert verdict(before, after, asked).message().text() == words
    assert "group" not in verdict(before, before, asked).message().text()
    assert "group" not in verdict([], [], asked).message().text()


def test_texts_of_a_class_look_for_one_another() -> None:
    labels = np.arange(60) % 3
    frame = pd.DataFrame({"text": [f"t{at}" for at in range(60)], "label": labels})
    vectors = np.random.default_rng(3).standard_normal((60, 5)).astype(np.float32)
    cosines = cosine_similarity(vectors)
    np.fill_diagonal(cosines, -2)
    for at, place in enumerate(places(sheet_of_rows(frame).questions, vectors)):
        order = np.argsort(-cosines[at])
        assert place.rank == 1 + int((labels[order] == labels[at]).argmax())
        assert (place.wrong, place.score) == (
            40,
            pytest.approx(cosines[at][labels == labels[at]].max(), abs=1e-6),
        )


def test_a_tie_is_not_first_and_widths_may_differ() -> None:
    tied = _vectors(0, 20, -20, 60)
    wide = np.pad(_vectors(0, 10, 30, 60), ((0, 0), (0, 3)))
    found = judged(EXAMPLES[:1], tied, wide)
    assert (found.before, found.after) == (0, 1)


def test_a_question_without_wrong_texts_counts_for_nothing() -> None:
    assert judged([_example("positive")], _vectors(0, 10), _vectors(0, 90)).groups == 0


def test_where_the_best_of_several_right_answers_stands() -> None:
    (question,) = sheet_of_examples([_example("positive", "positive", "other")]).questions
    (place,) = places([question], _vectors(0, 40, 20, 30))
    assert (place.rank, place.wrong) == (1, 1)
    assert place.score == pytest.approx(np.cos(np.radians(20)), abs=1e-6)


def test_many_questions_with_shared_answers_stand_where_sorting_puts_them() -> None:
    frame = pd.DataFrame(
        {
            "anchor": [f"q{at}" for at in range(300)],
            "positive": [f"a{at % 90}" for at in range(300)],
        }
    )
    frame.loc[299, "anchor"] = "q0"
    sheet = sheet_of_rows(frame)
    vectors = np.random.default_rng(2).standard_normal((len(sheet), 6)).astype(np.float32)
    cosines = cosine_similarity(vectors)
    found = places(sheet.questions, vectors)
    assert len(found) == 299
    for question, place in zip(sheet.questions, found, strict=True):
        row = cosines[question.source]
        answers = [at for at in range(len(sheet)) if sheet.texts[at].startswith("a")]
        nearest_first = sorted(answers, key=lambda at: -row[at])
        assert place.rank == 1 + min(nearest_first.index(at) for at in question.right)
        assert place.wrong == 90 - len(question.right)


def test_ranks_are_those_of_a_sorted_list_of_neighbours() -> None:
    vectors = np.random.default_rng(1).standard_normal((30, 5)).astype(np.float32)
    cosines = cosine_similarity(vectors)
    for one, other in ((3, 17), (0, 29), (12, 4)):
        found = neighbour(vectors, one, other)
        assert found.score == pytest.approx(cosines[one, other], abs=1e-6)
        assert found.others == 29
        for rank, here, there in ((found.rank, one, other), (found.rank_back, other, one)):
            nearest_first = [at for at in np.argsort(-cosines[here]) if at != here]
            assert nearest_first.index(there) + 1 == rank


def test_identical_texts_share_a_rank_and_a_text_is_not_its_own_neighbour() -> None:
    vectors = _vectors(0, 25, 25, 60)
    assert neighbour(vectors, 0, 1).rank == neighbour(vectors, 0, 2).rank == 1
    assert neighbour(vectors, 0, 3).rank == 3
    same = neighbour(vectors, 2, 2)
    assert (same.rank, same.rank_back) == (0, 0)
    assert same.score == pytest.approx(1)
