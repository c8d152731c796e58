"""Rows against themselves and each other."""

from __future__ import annotations

import pandas as pd

from core.data.findings import Severity
from tests.data.report.made import changed, found, kinds, pairs, scored, triplets

TITLES = pairs()["positive"].tolist()
QUERIES = pairs()["anchor"].tolist()


def test_two_identical_columns() -> None:
    finding = found(pairs(positive=QUERIES), "identical_columns")
    assert (finding.severity, finding.count) == (Severity.PROBLEM, 30)
    assert finding.message.text() == "“query” and “title” hold the same text in every row."
    assert "same_text" not in kinds(pairs(positive=QUERIES))


def test_some_rows_with_the_same_text_twice() -> None:
    finding = found(pairs(positive=changed(TITLES, at_2=QUERIES[2])), "same_text")
    assert finding.rows == (4,)
    assert finding.message.text() == (
        "Rows with the same text in “query” and “title”: 1 of 30 (3.3%)."
    )
    assert "identical_columns" not in kinds(pairs(positive=changed(TITLES, at_2=QUERIES[2])))


def test_the_same_text_with_a_low_score_cannot_be_learned() -> None:
    titles = changed(TITLES, at_2=QUERIES[2], at_3=QUERIES[3])
    both = found(scored(positive=titles), "same_text")
    assert both.effects[1].text().startswith("Some of them have a low score.")
    matches = scored(positive=changed(TITLES, at_3=QUERIES[3]))
    assert len(found(matches, "same_text").effects) == 1


def test_wrong_answers_that_are_the_question_or_the_right_answer() -> None:
    wrong = triplets()["negative"].tolist()
    frame = triplets(negative=changed(wrong, at_0=QUERIES[0], at_1=TITLES[1]))
    assert found(frame, "anchor_is_negative").rows == (2,)
    assert found(frame, "positive_is_negative").rows == (3,)
    assert "TripletLoss" in found(frame, "anchor_is_negative").effects[0].text()
    assert "match_and_negative" not in kinds(frame)


def test_a_right_answer_in_one_row_that_is_wrong_in_another() -> None:
    wrong = triplets()["negative"].tolist()
    frame = triplets(
        anchor=changed(QUERIES, at_1=QUERIES[0]), negative=changed(wrong, at_1=TITLES[0])
    )
    finding = found(frame, "match_and_negative")
    assert finding.rows == (3,)
    # Somebody else's right answer is a fair wrong one.
    assert "match_and_negative" not in kinds(triplets(negative=changed(wrong, at_1=TITLES[0])))


def test_several_negatives_that_are_the_same() -> None:
    wrong = triplets()["negative"].tolist()
    frame = triplets(negative_2=changed(wrong[::-1], at_4=wrong[4]))
    assert found(frame, "repeated_negative").rows == (6,)
    assert "repeated_negative" not in kinds(triplets(negative_2=wrong[::-1]))


def test_repeated_rows_are_equal_in_every_column() -> None:
    frame = scored(
        anchor=changed(QUERIES, at_5=QUERIES[3], at_6=QUERIES[3]),
        positive=changed(TITLES, at_5=TITLES[3], at_6=TITLES[3]),
    )
    finding = found(frame, "duplicate_rows")
    # Row 6 says the same with another score: that is a contradiction, not a copy.
    assert (finding.count, finding.rows) == (1, (7,))
    expected = frame.drop(columns="row").duplicated()
    assert finding.count == int(expected.sum())
    assert "duplicate_rows" not in kinds(pairs())


def test_copies_across_a_split_are_copies() -> None:
    frame = pairs(
        anchor=changed(QUERIES, at_9=QUERIES[0]), positive=changed(TITLES, at_9=TITLES[0])
    )
    frame["split"] = pd.Series(["train"] * 5 + ["held_out"] * 25, dtype="str")
    assert found(frame, "duplicate_rows").rows == (11,)
