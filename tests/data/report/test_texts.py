"""Single texts: what is found, what is not, in which rows, and in which words."""

from __future__ import annotations

from core.data.findings import Severity
from core.data.steps import Step
from tests.data.report.made import changed, classes, found, kinds, pairs, scored, triplets

TITLES = pairs()["positive"].tolist()
QUERIES = pairs()["anchor"].tolist()


def test_nothing_is_said_about_good_tables() -> None:
    assert kinds(pairs()) == set()
    assert kinds(triplets()) == set()
    assert kinds(classes()) == set()
    assert kinds(scored()) == {"not_matches"}


def test_blank_texts() -> None:
    frame = pairs(positive=changed(TITLES, at_3="", at_7=" \u3000\u200b"))
    finding = found(frame, "blank_text")
    assert (finding.severity, finding.count) == (Severity.PROBLEM, 2)
    assert finding.rows == (5, 9)
    assert finding.message.text() == "Rows with nothing to read in title: 2."
    assert finding.fix is not None
    assert finding.fix.step == Step("drop_rows", {"rows": [5, 9]})


def test_texts_of_one_character() -> None:
    finding = found(pairs(anchor=changed(QUERIES, at_0="x", at_9="鞋")), "one_character")
    assert finding.rows == (2, 11)
    assert [example.texts[0] for example in finding.examples] == ["x", "鞋"]
    assert "one_character" not in kinds(pairs(anchor=changed(QUERIES, at_0="xy")))


def test_texts_of_nothing_but_signs() -> None:
    finding = found(pairs(anchor=changed(QUERIES, at_4="..", at_5="—！？")), "only_signs")
    assert (finding.count, finding.rows) == (2, (6, 7))
    assert "MultipleNegativesRankingLoss" in finding.effects[0].text()
    assert "only_signs" not in kinds(pairs(anchor=changed(QUERIES, at_4="4.5", at_5="鞋！")))


def test_a_column_with_almost_no_different_texts() -> None:
    finding = found(pairs(anchor=["..", ".", "..."] * 10), "few_distinct_texts")
    assert (finding.severity, finding.count) == (Severity.PROBLEM, 30)
    assert finding.message.text() == (
        "“query” has only 3 different texts in 30 rows, such as “..”."
    )
    assert [example.texts for example in finding.examples] == [("..",), (".",), ("...",)]
    losses = " ".join(effect.text() for effect in finding.effects)
    assert "MultipleNegativesRankingLoss" in losses and "CosineSimilarityLoss" in losses
    assert "few_distinct_texts" not in kinds(pairs(anchor=[str(row % 4) * 9 for row in range(30)]))


def test_very_long_texts_and_texts_like_formulas() -> None:
    frame = pairs(positive=changed(TITLES, at_1="very long " * 501, at_2="=1+1", at_3="@home"))
    assert found(frame, "very_long_text").rows == (3,)
    formulas = found(frame, "formula_start")
    assert (formulas.severity, formulas.rows) == (Severity.INFO, (4, 5))
    assert formulas.effects[0].text().startswith("Nothing for training.")
    short = pairs(positive=changed(TITLES, at_1="very long " * 500, at_2="1=1", at_3="a@home"))
    assert not kinds(short) & {"very_long_text", "formula_start"}


def test_no_fix_is_offered_that_would_take_most_of_the_table() -> None:
    finding = found(pairs(anchor=["..", "—"] * 10 + QUERIES[20:]), "only_signs")
    assert finding.count == 10
    assert finding.fix is not None
    assert found(pairs(anchor=["..", "--"] * 10 + QUERIES[20:]), "only_signs").fix is None
