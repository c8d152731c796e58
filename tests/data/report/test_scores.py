"""Scores and classes."""

from __future__ import annotations

import numpy as np
import pytest

from core.data.findings import Severity
from core.data.steps import Step
from tests.data.report.made import changed, classes, found, kinds, pairs, report, scored

TITLES = pairs()["positive"].tolist()
QUERIES = pairs()["anchor"].tolist()


def test_the_same_pair_with_different_scores() -> None:
    frame = scored(
        anchor=changed(QUERIES, at_8=QUERIES[1]), positive=changed(TITLES, at_8=TITLES[1])
    )
    finding = found(frame, "conflicting_scores")
    assert (finding.count, finding.rows) == (2, (3, 10))
    assert [example.texts[2] for example in finding.examples] == ["1", "0"]
    assert finding.fix is not None
    assert finding.fix.step == Step("resolve_conflicts", {"how": "mean"})
    agreeing = scored(
        anchor=changed(QUERIES, at_7=QUERIES[1]), positive=changed(TITLES, at_7=TITLES[1])
    )
    assert "conflicting_scores" not in kinds(agreeing)


def test_a_constant_score() -> None:
    finding = found(scored(score=[0.8] * 30), "constant_score")
    assert finding.severity is Severity.PROBLEM
    assert finding.message.text() == "Every row has the same score, 0.8."
    assert not kinds(scored(score=[0.8] * 30)) & {"unbalanced_score", "not_matches"}


@pytest.mark.parametrize("rare", [0.0, 1.0])
def test_a_lopsided_score(rare: float) -> None:
    frame = scored(score=[1 - rare] * 29 + [rare])
    finding = found(frame, "unbalanced_score")
    assert finding.rows == (31,)
    share = "96.7%" if rare == 0 else "3.3%"
    assert f"({share}) count as matches" in finding.message.text()
    assert "unbalanced_score" not in kinds(scored(score=[1 - rare] * 28 + [rare] * 2))


def test_pairs_that_do_not_belong_together() -> None:
    finding = found(scored(), "not_matches")
    assert (finding.severity, finding.count) == (Severity.INFO, 15)
    assert "MultipleNegativesRankingLoss takes every row for a match" in finding.effects[0].text()
    assert "not_matches" not in kinds(scored(score=np.linspace(0.5, 1, 30)))


def test_score_statistics() -> None:
    scores = report(scored(score=np.linspace(0, 1, 30))).scores
    assert scores is not None
    assert (scores.minimum, scores.mean, scores.maximum, scores.matches) == (0.0, 0.5, 1.0, 15)
    assert sum(scores.histogram.counts) == 30
    assert len(scores.histogram.edges) == len(scores.histogram.counts) + 1 == 21
    assert report(pairs()).scores is None


def test_the_same_text_in_two_classes() -> None:
    texts = classes()["text"].tolist()
    frame = classes(text=changed(texts, at_1=texts[0], at_3=texts[0]))
    finding = found(frame, "conflicting_classes")
    assert (finding.count, finding.rows) == (3, (2, 3, 5))
    assert finding.fix is not None
    assert finding.fix.step.params == {"how": "majority"}
    assert "conflicting_classes" not in kinds(classes(text=changed(texts, at_3=texts[0])))


def test_one_class_only() -> None:
    finding = found(classes(label=["shoes"] * 30), "one_class")
    assert finding.severity is Severity.PROBLEM
    assert finding.message.text() == "Every text is in the same class, “shoes”."


def test_classes_with_one_text() -> None:
    labels = classes()["label"].tolist()
    frame = classes(label=changed(labels, at_0="hats", at_9="bags"))
    finding = found(frame, "single_text_classes")
    assert finding.message.text() == "Classes with only one text: 2 of 5."
    assert finding.rows == (2, 11)
    assert "single_text_classes" not in kinds(
        classes(label=changed(labels, at_0="hats", at_9="hats"))
    )


def test_classes_of_very_different_sizes() -> None:
    frame = classes(label=["shoes"] * 26 + ["tools", "home"] * 2)
    finding = found(frame, "unbalanced_classes")
    assert finding.count == 26
    assert "“shoes” has 26 texts (86.7% of the rows)" in finding.message.text()
    assert "unbalanced_classes" not in kinds(classes(label=["a"] * 20 + ["b"] * 10))


def test_class_statistics() -> None:
    stats = report(classes(label=["shoes"] * 20 + ["tools"] * 9 + ["home"])).classes
    assert stats is not None
    assert (stats.classes, stats.smallest, stats.median, stats.single) == (3, 1, 9.0, 1)
    assert stats.largest == (("shoes", 20), ("tools", 9), ("home", 1))
