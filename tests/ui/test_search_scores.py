"""What is said of a difference and drawn of an interval, from few questions and from more."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core.retrieval.answers import Column
from core.retrieval.question_runs import QuestionRun
from core.retrieval.scoring import PerQuestion, ScoreTable, summarise
from ui.search_many import verdict
from ui.search_scores import scores_chart

COLUMN = Column.lexical()


def result_of(questions: int) -> QuestionRun:
    """Every question won as much: from nothing to the second place."""
    found = {
        "question": [str(number) for number in range(questions)],
        "right": [["a"]] * questions,
        "rank_0": pd.array([60] * questions, dtype="Int32"),
        "rank_1": pd.array([2] * questions, dtype="Int32"),
        "ndcg_0": np.zeros(questions),
        "ndcg_1": np.full(questions, 1 / np.log2(3)),
    }
    return QuestionRun((COLUMN, COLUMN), pd.DataFrame(found), ())


@pytest.mark.parametrize("questions", [1, 2, 9])
def test_a_few_questions_are_too_few_to_tell(questions: int) -> None:
    said = verdict(result_of(questions), 0, 1)
    assert said.startswith(f"Questions won: {questions} ")
    assert "nDCG@10 changes by +0.631." in said
    assert "cannot be told from fewer than 10 questions" in said
    assert "beyond chance" not in said and "interval" not in said


def test_ten_questions_can_tell() -> None:
    said = verdict(result_of(10), 0, 1)
    assert "(95% interval +0.631 to +0.631)" in said
    assert "That is an improvement beyond chance." in said
    assert "That may be chance." in verdict(result_of(10), 0, 0)
    assert "It got worse, and not by chance." in verdict(result_of(10), 1, 0)


@pytest.mark.parametrize(("questions", "drawn"), [(1, False), (2, False), (9, False), (10, True)])
def test_bars_have_intervals_from_ten_questions_on(questions: int, drawn: bool) -> None:
    values = np.linspace(0.2, 0.8, questions)
    scores = summarise(COLUMN, PerQuestion(values, values / 2, values / 4))
    (bar,) = scores_chart(ScoreTable(questions, 10, (scores,)), ["#000000"], "").data
    assert list(bar.y) == [values.mean(), values.mean() / 2, values.mean() / 4]
    assert (bar.error_y.array is not None) is drawn
    if drawn:
        assert scores.mrr_interval is not None
        assert bar.y[1] + bar.error_y.array[1] == pytest.approx(scores.mrr_interval[1])
        assert bar.y[1] - bar.error_y.arrayminus[1] == pytest.approx(scores.mrr_interval[0])
