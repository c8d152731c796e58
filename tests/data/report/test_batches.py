"""False wrong answers inside a batch, against counting them."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

from core.data.findings import Severity
from core.data.report.batches import met_share, sharing_rows
from core.data.report.view import TableView
from tests.data.report.made import changed, found, kinds, pairs, scored

TITLES = pairs()["positive"].tolist()
QUERIES = pairs()["anchor"].tolist()


def test_rows_that_share_a_question_or_an_answer_are_counted() -> None:
    frame = pairs(
        anchor=changed(QUERIES, at_1=QUERIES[0], at_9=QUERIES[8]),
        positive=changed(TITLES, at_2=TITLES[1], at_9=TITLES[8]),
    )
    expected = [
        sum(
            place != other and (left.anchor == right.anchor or left.positive == right.positive)
            for other, right in enumerate(frame.itertuples())
        )
        for place, left in enumerate(frame.itertuples())
    ]
    assert sharing_rows(TableView(frame, {})).tolist() == expected
    finding = found(frame, "repeated_texts")
    assert finding.count == sum(count > 0 for count in expected)
    assert finding.rows[0] == 3, "the row that shares most comes first"


@pytest.mark.parametrize("batch", [2, 5, 30, 64])
def test_the_share_is_that_of_combinatorics(batch: int) -> None:
    others = np.array([0] * 10 + [1] * 8 + [11] * 12)
    drawn = min(batch, 30) - 1
    chances = [1 - comb(29 - n, drawn) / comb(29, drawn) for n in others.tolist()]
    assert met_share(others, batch) == pytest.approx(sum(chances) / 30)


def test_the_sentence_tells_of_three_batch_sizes_and_of_no_duplicates() -> None:
    frame = pairs(positive=[TITLES[row // 2] for row in range(30)])
    finding = found(frame, "repeated_texts")
    effects = [effect.text() for effect in finding.effects]
    # A batch of at least 30 rows is the whole table, in which every row meets its twin.
    assert "about 30.0 of 32 rows, 30.0 of 64 and 30.0 of 256" in effects[0]
    assert "no_duplicates" in effects[1]
    assert finding.severity is Severity.WARNING


def test_one_text_in_every_row_shrinks_the_batches() -> None:
    finding = found(pairs(anchor=[QUERIES[0]] * 15 + QUERIES[15:]), "repeated_texts")
    shrinking = finding.effects[2].text()
    assert "one text stands in 15 rows" in shrinking
    assert "batches can hold 2 rows on average" in shrinking


def test_scored_pairs_and_different_texts_are_not_concerned() -> None:
    assert "repeated_texts" not in kinds(pairs())
    assert "repeated_texts" not in kinds(scored(positive=[TITLES[row // 2] for row in range(30)]))
