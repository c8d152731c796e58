"""Leakage between the two sides of a table's own split."""

from __future__ import annotations

import pandas as pd

from core.data.findings import Severity
from tests.data.report.made import changed, classes, found, kinds, pairs, scored, triplets

TITLES = pairs()["positive"].tolist()
QUERIES = pairs()["anchor"].tolist()
LONG = "looking for a pair of waterproof winter boots in size forty-two"


def divided(frame: pd.DataFrame, held_out: int = 5) -> pd.DataFrame:
    """``frame`` with its last rows held out."""
    parts = ["train"] * (len(frame) - held_out) + ["held_out"] * held_out
    return frame.assign(split=pd.Series(parts, dtype="str"))


def test_a_clean_split_and_none_at_all() -> None:
    assert kinds(divided(pairs())) == set()
    repeated = pairs(anchor=changed(QUERIES, at_29=QUERIES[0]))
    assert "leaked_texts" not in kinds(repeated)


def test_questions_and_answers_on_both_sides() -> None:
    frame = divided(
        pairs(anchor=changed(QUERIES, at_29=QUERIES[0]), positive=changed(TITLES, at_28=TITLES[1]))
    )
    finding = found(frame, "leaked_texts")
    assert (finding.severity, finding.rows) == (Severity.PROBLEM, (30, 31))
    assert finding.message.text() == (
        "Held-out rows with a text that the model is trained on: 2 of 5 (40.0%)."
    )
    assert finding.fix is not None and finding.fix.step.kind == "drop_leaks"


def test_a_text_that_changes_its_role_leaks_too() -> None:
    assert (
        found(divided(pairs(anchor=changed(QUERIES, at_29=TITLES[0]))), "leaked_texts").count == 1
    )


def test_negatives_and_answers_that_do_not_match_may_recur() -> None:
    wrong = triplets()["negative"].tolist()
    assert "leaked_texts" not in kinds(divided(triplets(negative=changed(wrong, at_29=wrong[0]))))
    # Row 2 has the score 0: its title is no match there.
    titles = changed(TITLES, at_29=TITLES[0])
    assert "leaked_texts" not in kinds(divided(scored(positive=titles)))
    titles = changed(TITLES, at_29=TITLES[1])
    assert found(divided(scored(positive=titles)), "leaked_texts").rows == (31,)


def test_classes_leak_by_their_texts() -> None:
    texts = classes()["text"].tolist()
    assert found(divided(classes(text=changed(texts, at_29=texts[0]))), "leaked_texts").rows == (
        31,
    )


def test_questions_that_are_nearly_the_same() -> None:
    frame = divided(pairs(anchor=changed(QUERIES, at_0=LONG, at_29=LONG.upper() + "?")))
    finding = found(frame, "nearly_leaked_texts")
    assert (finding.severity, finding.rows) == (Severity.WARNING, (31,))
    assert "whose “query” is nearly the same" in finding.message.text()
    same_side = divided(pairs(anchor=changed(QUERIES, at_0=LONG, at_1=LONG + "?")))
    assert "nearly_leaked_texts" not in kinds(same_side)
