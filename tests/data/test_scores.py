import json

import numpy as np
import pandas as pd
import pytest

from core.data.scores import Scale, ScaleKind, detect_scale, score_numbers


def cells(*values: str) -> pd.Series:
    return pd.Series(values, dtype="str")


@pytest.mark.parametrize(
    ("values", "kind", "scores"),
    [
        (("0", "1", "0.5"), "unit", (0, 1, 0.5)),
        (("1", "1"), "unit", (1, 1)),
        (("1e-1", " 0.3 ", ".5"), "unit", (0.1, 0.3, 0.5)),
        (("0,85", "0,2", "1"), "unit", (0.85, 0.2, 1)),
        (("０．５", "１", "０"), "unit", (0.5, 1, 0)),
        (("4/5", "5/5", "0/5"), "unit", (0.8, 1, 0)),
        (("0", "1", "2"), "grades", (0, 0.5, 1)),
        (("0", "1", "2", "3"), "grades", (0, 1 / 3, 2 / 3, 1)),
        (("4", "1", "2", "3", "0"), "grades", (1, 0.25, 0.5, 0.75, 0)),
        (("0.0", "2.0", "1.0"), "grades", (0, 1, 0.5)),
        (("0", "5", "2.5"), "five", (0, 1, 0.5)),
        (("0.2", "3.8"), "five", (0.04, 0.76)),
        (("0", "3", "1"), "five", (0, 0.6, 0.2)),
        (("4.5分", "2分", "0分"), "five", (0.9, 0.4, 0)),
        (("0", "10", "7.5"), "ten", (0, 1, 0.75)),
        (("6", "9", "0"), "ten", (0.6, 0.9, 0)),
        (("0", "100", "85"), "percent", (0, 1, 0.85)),
        (("85%", "20 %", "7,5%"), "percent", (0.85, 0.2, 0.075)),
        (("８５％", "0%", "100%"), "percent", (0.85, 0, 1)),
        (("0.5%", "1%", "0%"), "percent", (0.005, 0.01, 0)),
        (("1", "2", "3", "4", "5"), "from_one", (0, 0.25, 0.5, 0.75, 1)),
        (("1", "3", "2"), "from_one", (0, 1, 0.5)),
        (("1.0", "5.0", "3.5"), "from_one", (0, 1, 0.625)),
        (("-1", "1", "0"), "cosine", (0, 1, 0.5)),
        (("-0.75", "0.5"), "cosine", (0.125, 0.75)),
        (("−1", "+1"), "cosine", (0, 1)),
        (("-0.02", "0.9", "0.4"), "unit_and_below", (0, 0.9, 0.4)),
    ],
)
def test_numbers(values: tuple[str, ...], kind: str, scores: tuple[float, ...]) -> None:
    scale = detect_scale(cells(*values))
    assert scale is not None
    assert scale.kind == kind
    applied = scale.apply(cells(*values))
    assert applied.dtype == np.float32
    assert applied.tolist() == pytest.approx(scores)


@pytest.mark.parametrize(
    "values",
    [
        ("yes", "no"),
        ("Y", "n"),
        ("TRUE", "FALSE"),
        ("match", "no match"),
        ("Matched", "not_matched"),
        ("similar", "Different"),
        ("duplicate", "not duplicate"),
        ("relevant", "irrelevant"),
        ("entailment", "contradiction"),
        ("entailment", "not_entailment"),
        ("是", "否"),
        ("相似", "不相似"),
        ("匹配", "不匹配"),
        ("相关", "不相关"),
        ("对", "错"),
        ("正例", "负例"),
        ("√", "×"),
        ("蕴含", "矛盾"),
    ],
)
def test_words(values: tuple[str, str]) -> None:
    scale = detect_scale(cells(*values, values[0]))
    assert scale is not None
    assert scale.kind is ScaleKind.YES_NO
    assert scale.apply(cells(*values, f" {values[0]} ", "?")).tolist()[:3] == [1, 0, 1]
    assert np.isnan(scale.apply(cells("?")).iloc[0])
    assert f"{values[0]} → 1, {values[1]} → 0" in scale.sentence.text()


@pytest.mark.parametrize(
    ("half", "others"),
    [
        ("neutral", ("entailment", "contradiction")),
        ("中立", ("蕴含", "矛盾")),
        ("partial", ("yes", "no")),
    ],
)
def test_words_in_between(half: str, others: tuple[str, str]) -> None:
    scale = detect_scale(cells(half, *others))
    assert scale is not None
    assert scale.apply(cells(half, *others)).tolist() == [0.5, 1, 0]


@pytest.mark.parametrize(
    "values",
    [
        ("red", "green", "blue"),
        ("high", "low"),
        ("250", "1"),
        ("-2", "1"),
        ("1", "2"),
        ("85%", "120%"),
        ("-5%", "20%"),
        ("", " "),
        ("nan", "inf"),
        ("1", "red"),
        ("2026-01-01", "2026-01-02"),
        ("1,000", "2,000,000"),
    ],
)
def test_what_is_on_no_usual_scale(values: tuple[str, ...]) -> None:
    assert detect_scale(cells(*values)) is None


def test_a_few_odd_cells_do_not_matter() -> None:
    values = cells("0", "5", "2.5", "unknown", "", "4", "nan")
    scale = detect_scale(values)
    assert scale is not None
    assert scale.kind is ScaleKind.FIVE
    applied = scale.apply(values)
    assert applied[:3].tolist() == [0, 1, 0.5]
    assert applied[[3, 4, 6]].isna().all()


def test_cells_without_a_percent_sign_among_percentages() -> None:
    assert score_numbers(cells("85%", "20", "7")).tolist() == [85, 20, 7]
    unclear = score_numbers(cells("85%", "1", "0.5", "0"))
    assert unclear[[0, 3]].tolist() == [85, 0]
    assert unclear[[1, 2]].isna().all()


@pytest.mark.parametrize(
    "beside", [("premise", "hypothesis"), ("Premise text", "the hypothesis"), ("前提", "假设")]
)
def test_labels_of_inference_beside_premise_and_hypothesis(beside: tuple[str, str]) -> None:
    labels = cells("0", "1", "2", "-1")
    scale = detect_scale(labels, beside)
    assert scale is not None
    assert scale.kind is ScaleKind.INFERENCE
    applied = scale.apply(labels)
    assert applied[:3].tolist() == [1, 0.5, 0]
    assert np.isnan(applied[3])
    # Two labels only, or other columns, are an ordinary scale.
    assert detect_scale(cells("0", "1"), beside) == Scale(ScaleKind.UNIT)
    other = detect_scale(cells("0", "1", "2"), ("query", "title"))
    assert other is not None
    assert other.kind is ScaleKind.GRADES


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (("0", "1"), "Scores go from 0 to 1 and stay as they are."),
        (
            ("0", "5"),
            "Scores go from 0 to 5; they will be divided by 5: 0 → 0, 2.5 → 0.5, 5 → 1.",
        ),
        (
            ("5%", "9%"),
            "Scores are percentages; they will be divided by 100: 0% → 0, 50% → 0.5, 100% → 1.",
        ),
        (
            ("是", "否"),
            "Scores are words; they will become numbers: 是 → 1, 否 → 0.",
        ),
    ],
)
def test_the_sentence_shows_the_change(values: tuple[str, ...], sentence: str) -> None:
    scale = detect_scale(cells(*values))
    assert scale is not None
    assert scale.sentence.text() == sentence


@pytest.mark.parametrize("values", [("0", "1"), ("1", "2", "3"), ("yes", "No"), ("-0.1", "1")])
def test_scales_survive_json(values: tuple[str, ...]) -> None:
    scale = detect_scale(cells(*values))
    assert scale is not None
    again = Scale.from_json(json.loads(json.dumps(scale.to_json())))
    assert again == scale
    assert again.apply(cells(*values)).equals(scale.apply(cells(*values)))
