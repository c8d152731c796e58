import json

import numpy as np
import pandas as pd
import pytest

from core.data.check import (
    ColumnMissing,
    ColumnUsedTwice,
    LabelWithoutText,
    NegativeAndScore,
    ScoreNotNumber,
    ScoreOnOtherScale,
    ScoreOutOfRange,
    SplitOneSided,
    SplitValueUnknown,
    TextAndPair,
    TooFewRows,
    check_mapping,
)
from core.data.mojibake import repair
from core.data.prepare import apply_steps
from core.data.read import read_table
from core.data.shapes import Mapping, MappingIncomplete

ROWS = 20
SCORED = Mapping("q", "a", score="s")


def table(rows: int = ROWS, **changed: dict[int, str] | list[str]) -> pd.DataFrame:
    """A good table q, a, n, s from row 2 on; ``changed`` replaces cells by row number, or all."""
    cells = {
        "q": [f"question {n}" for n in range(rows)],
        "a": [f"answer {n}" for n in range(rows)],
        "n": [f"wrong {n}" for n in range(rows)],
        "s": [f"{n % 5 / 4}" for n in range(rows)],
    }
    for name, change in changed.items():
        if isinstance(change, list):
            cells[name] = change
        else:
            for row, cell in change.items():
                cells[name][row - 2] = cell
    return pd.DataFrame(cells, index=pd.RangeIndex(2, rows + 2, name="row"), dtype="str")


def test_pairs_come_out_in_training_order_with_row_numbers() -> None:
    checked = check_mapping(table(), Mapping("a", "q"))
    assert list(checked.frame.columns) == ["anchor", "positive", "row"]
    assert checked.frame.iloc[0].tolist() == ["answer 0", "question 0", 2]
    assert checked.frame["row"].dtype == np.int32
    assert checked.frame.index.tolist() == list(range(ROWS))
    assert (checked.left_out, checked.findings, checked.rows_before) == ((), (), ROWS)


def test_triplets_and_scored_pairs() -> None:
    triplets = check_mapping(table(), Mapping("q", "a", negatives=("n",))).frame
    assert list(triplets.columns) == ["anchor", "positive", "negative", "row"]
    scored = check_mapping(table(s={3: " 1e-1 "}), SCORED).frame
    assert list(scored.columns) == ["anchor", "positive", "score", "row"]
    assert scored["score"].dtype == np.float32
    assert scored["score"].tolist()[:4] == pytest.approx([0.0, 0.1, 0.5, 0.75])


def test_texts_are_stripped_of_blanks_that_nobody_sees() -> None:
    checked = check_mapping(
        table(q={2: "\u3000问题\u200b\n"}, a={2: "\ufeff NA\xa0"}), Mapping("q", "a")
    )
    assert checked.frame.iloc[0].tolist() == ["问题", "NA", 2]


def test_rows_with_blank_cells_are_left_out_and_named() -> None:
    frame = table(q={4: "", 9: " \u3000"}, a={9: "", 11: "\u200b"})
    checked = check_mapping(frame, Mapping("q", "a"))
    assert [(f.kind, f.message.text(), f.count, f.rows) for f in checked.left_out] == [
        ("blank_cell", "Rows with a blank cell in “q”: 2.", 2, (4, 9)),
        ("blank_cell", "Rows with a blank cell in “a”: 1.", 1, (11,)),
    ]
    assert len(checked.frame) == ROWS - 3
    assert not set(checked.frame["row"]) & {4, 9, 11}
    assert checked.rows_before == ROWS


def test_row_numbers_survive_reading_and_checking() -> None:
    lines = ["q,a", "x,y,z", *(f"question {n},answer {n}" for n in range(12))]
    frame = read_table("\n".join(lines).encode(), "t.csv").frame
    assert check_mapping(frame, Mapping("q", "a")).frame["row"].tolist() == list(range(3, 15))


def test_a_few_scores_in_words_are_left_out() -> None:
    checked = check_mapping(table(s={5: "high", 6: "nan", 7: "", 8: "inf"}), SCORED)
    assert [(f.kind, f.count, f.rows) for f in checked.left_out] == [
        ("blank_cell", 1, (7,)),
        ("score_not_number", 3, (5, 6, 8)),
    ]
    assert "such as “high”" in checked.left_out[1].message.text()


def test_refuses_a_score_column_of_words() -> None:
    with pytest.raises(ScoreNotNumber) as caught:
        check_mapping(table(s=["0.5", *["high", "low"] * 9, "high"]), SCORED)
    assert caught.value.message().text() == (
        "The score column “s” holds neither numbers nor words such as yes and no in 19 rows: "
        "“high” in row 3, and so on (rows 3, 4, 5, 6, 7, …)."
    )


@pytest.mark.parametrize(
    ("cells", "becomes", "scores"),
    [
        (["0", "1", "2"], "0 → 0, 1 → 0.5, 2 → 1", [0, 0.5, 1]),
        (["0", "1", "3"], "0 → 0, 2.5 → 0.5, 5 → 1", [0, 0.2, 0.6]),
        (["0", "1", "4.5"], "0 → 0, 2.5 → 0.5, 5 → 1", [0, 0.2, 0.9]),
        (["0", "1", "8"], "0 → 0, 5 → 0.5, 10 → 1", [0, 0.1, 0.8]),
        (["0", "1", "85"], "0% → 0, 50% → 0.5, 100% → 1", [0, 0.01, 0.85]),
        (["20%", "5 %", "100％"], "0% → 0, 50% → 0.5, 100% → 1", [0.2, 0.05, 1]),
        (["yes", "no", "YES"], "yes → 1, no → 0", [1, 0, 1]),
        (["不相似", "相似", "不相似"], "相似 → 1, 不相似 → 0", [0, 1, 0]),
        (["-1", "0", "1"], "-1 → 0, 0 → 0.5, 1 → 1", [0, 0.5, 1]),
    ],
)
def test_scores_on_another_scale_are_changed_only_when_confirmed(
    cells: list[str], becomes: str, scores: list[float]
) -> None:
    frame = table(s=cells * 6 + cells[:2])
    with pytest.raises(ScoreOnOtherScale) as caught:
        check_mapping(frame, SCORED)
    assert caught.value.params["becomes"] == caught.value.scale.becomes == becomes
    assert becomes in caught.value.advice().text()
    json.dumps(caught.value.to_json())

    checked = check_mapping(frame, SCORED, rescale=True)
    assert checked.frame["score"].tolist()[:3] == pytest.approx(scores)
    assert checked.frame["score"].dtype == np.float32
    assert checked.scale == caught.value.scale
    assert [finding.message.text() for finding in checked.findings] == [
        f"Scores were changed to go from 0 (unrelated) to 1 (same): {becomes}."
    ]


def test_the_refusal_shows_a_cell_that_is_not_from_0_to_1() -> None:
    with pytest.raises(ScoreOnOtherScale, match="“4” in row 5, and so on"):
        check_mapping(table(s=["0", "1", "0", "4"] * 5), SCORED)


def test_labels_of_inference_count_down() -> None:
    frame = table(s=["0", "1", "2", "-1"] * 5).rename(columns={"q": "premise", "a": "hypothesis"})
    mapping = Mapping("premise", "hypothesis", score="s")
    with pytest.raises(ScoreOnOtherScale, match=r"0 → 1, 1 → 0\.5, 2 → 0"):
        check_mapping(frame, mapping)
    checked = check_mapping(frame, mapping, rescale=True)
    assert checked.frame["score"].tolist() == [1.0, 0.5, 0.0] * 5
    assert [(f.kind, f.count, f.rows[:2]) for f in checked.left_out] == [
        ("score_not_number", 5, (5, 9))
    ]


@pytest.mark.parametrize(
    "cells", [["0,25", "1"], ["０．２５", "１"], ["0.25", "1.0"], ["2.5/10", "10/10"]]
)
def test_scores_from_0_to_1_need_no_confirmation_however_they_are_written(
    cells: list[str],
) -> None:
    checked = check_mapping(table(s=cells * 10), SCORED)
    assert checked.frame["score"].tolist() == pytest.approx([0.25, 1.0] * 10)
    assert checked.findings == ()
    assert checked.scale is not None and checked.scale.is_unit


def test_rescale_leaves_scores_from_0_to_1_alone() -> None:
    checked = check_mapping(table(), SCORED, rescale=True)
    assert checked.frame["score"].max() == 1.0
    assert checked.findings == ()


@pytest.mark.parametrize("value", ["-2", "250", "1000000"])
def test_refuses_scores_out_of_every_range(value: str) -> None:
    with pytest.raises(ScoreOutOfRange) as caught:
        check_mapping(table(s={6: value}), SCORED, rescale=True)
    assert caught.value.params["rows"] == "6"
    assert "(score − " in caught.value.advice().text()


def test_refuses_grades_of_1_and_2_that_may_mean_either() -> None:
    with pytest.raises(ScoreOutOfRange, match="goes from 1 to 2"):
        check_mapping(table(s=["1", "2"] * 10), SCORED, rescale=True)


def with_negatives(*columns: list[str]) -> tuple[pd.DataFrame, Mapping]:
    """The good table with columns n1, n2, … of negatives, and its mapping."""
    frame = table()
    for place, cells in enumerate(columns, start=1):
        frame[f"n{place}"] = pd.Series((cells * ROWS)[:ROWS], frame.index, dtype="str")
    names = tuple(f"n{place}" for place in range(1, len(columns) + 1))
    return frame, Mapping("q", "a", names)


def test_several_negatives_that_are_all_there() -> None:
    checked = check_mapping(*with_negatives(["x"], ["y"], ["z"]))
    assert list(checked.frame.columns) == [
        *("anchor", "positive", "negative", "negative_2", "negative_3", "row"),
    ]
    assert checked.frame.iloc[0, 2:5].tolist() == ["x", "y", "z"]
    assert (checked.left_out, checked.findings) == ((), ())


@pytest.mark.parametrize(
    ("cells", "filled"),
    [
        (("x", "", "z"), ["x", "z", "x"]),
        (("", "", "z"), ["z", "z", "z"]),
        (("\u200b", "y", " "), ["y", "y", "y"]),
    ],
)
def test_missing_negatives_are_filled_with_the_row_s_own(
    cells: tuple[str, ...], filled: list[str]
) -> None:
    frame, mapping = with_negatives(*([cell, "all", "all"] for cell in cells))
    checked = check_mapping(frame, mapping)
    assert checked.frame.iloc[0, 2:5].tolist() == filled
    assert checked.frame.iloc[1, 2:5].tolist() == ["all"] * 3
    (finding,) = checked.findings
    assert (finding.kind, finding.count, finding.rows[:2]) == ("negatives_repeated", 7, (2, 5))
    assert finding.fix is not None
    triplets = apply_steps(checked.frame, [finding.fix.step]).frame
    assert triplets[triplets["row"] == 2]["negative"].tolist() == [
        cell for cell in cells if cell.strip(" \u200b")
    ]


def test_rows_without_any_negative_are_left_out() -> None:
    checked = check_mapping(*with_negatives(["", "x"], [" ", "y"]))
    (finding,) = checked.left_out
    assert finding.message.text() == "Rows without any negative in “n1, n2”: 10."
    assert finding.rows[:3] == (2, 4, 6)
    assert checked.frame["row"].tolist() == list(range(3, 22, 2))


def test_classes_and_single_texts() -> None:
    classes = check_mapping(table(n={5: ""}), Mapping(text="q", label="n"))
    assert list(classes.frame.columns) == ["text", "label", "row"]
    assert classes.frame.iloc[0].tolist() == ["question 0", "wrong 0", 2]
    assert [finding.rows for finding in classes.left_out] == [(5,)]
    singles = check_mapping(table(), Mapping(text="a")).frame
    assert list(singles.columns) == ["text", "row"]
    assert singles["text"].iloc[3] == "answer 3"


@pytest.mark.parametrize(
    "words",
    [
        ("train", "test"),
        ("Training", "DEV"),
        ("训练集", "测试集"),
        ("训练", "验证"),
        ("train", "validation"),
        ("TRAIN", "held-out"),
    ],
)
def test_split_columns_say_what_is_held_out(words: tuple[str, str]) -> None:
    frame = table(s=[words[0], f" {words[1]} "] * 10)
    checked = check_mapping(frame, Mapping("q", "a", split="s")).frame
    assert list(checked.columns) == ["anchor", "positive", "split", "row"]
    assert checked["split"].tolist() == ["train", "held_out"] * 10


def test_validation_and_test_rows_are_all_held_out() -> None:
    frame = table(s=["train", "test", "dev", "valid"] * 5)
    checked = check_mapping(frame, Mapping(text="q", split="s")).frame
    assert checked["split"].value_counts().to_dict() == {"held_out": 15, "train": 5}


def test_refuses_split_columns_that_do_not_say_it() -> None:
    with pytest.raises(SplitValueUnknown) as caught:
        check_mapping(table(s=["train", "test", "fold 3", "7"] * 5), Mapping("q", "a", split="s"))
    assert caught.value.message().text() == (
        "The split column “s” says “fold 3” in row 4, which means neither training nor held out; "
        "so do 10 rows (rows 4, 5, 8, 9, 12, …)."
    )
    with pytest.raises(SplitOneSided, match="all 20 usable rows on one side: training"):
        check_mapping(table(s=["train"] * 20), Mapping("q", "a", split="s"))
    with pytest.raises(SplitOneSided, match="held out"):
        check_mapping(table(s=["test", "dev"] * 10), Mapping("q", "a", split="s"))


def test_rows_with_a_blank_split_are_left_out() -> None:
    frame = table(s=["train", "test"] * 9 + ["", "train"])
    checked = check_mapping(frame, Mapping("q", "a", split="s"))
    assert [finding.rows for finding in checked.left_out] == [(20,)]


@pytest.mark.parametrize("text", ["室内", "添加", "有无"])
def test_stripping_leaves_the_last_byte_of_mojibake(text: str) -> None:
    broken = text.encode().decode("latin-1")
    assert broken[-1] in "\x85\xa0"
    checked = check_mapping(table(q={2: f" {broken}", 3: "déjà\xa0"}), Mapping("q", "a"))
    assert repair(checked.frame["anchor"].iloc[0]) == text
    assert checked.frame["anchor"].iloc[1] == "déjà"


def test_refuses_mappings_that_do_not_fit() -> None:
    with pytest.raises(ColumnMissing, match=r"no column named “title”.*q, a, n, s"):
        check_mapping(table(), Mapping("q", "title"))
    with pytest.raises(ColumnUsedTwice, match="“q” is chosen twice"):
        check_mapping(table(), Mapping("q", "q"))
    with pytest.raises(NegativeAndScore, match=r"“n”.*“s”"):
        check_mapping(table(), Mapping("q", "a", ("n",), "s"))
    with pytest.raises(TextAndPair, match="“q” is chosen as single text, and “a” as positive"):
        check_mapping(table(), Mapping(text="q", positive="a"))
    with pytest.raises(LabelWithoutText, match="“n” is chosen as class"):
        check_mapping(table(), Mapping("q", "a", label="n"))
    with pytest.raises(MappingIncomplete):
        check_mapping(table(), Mapping("q"))
    with pytest.raises(ColumnUsedTwice, match="“n” is chosen twice"):
        check_mapping(table(), Mapping("q", "a", ("n", "n")))


def test_refuses_too_few_usable_rows() -> None:
    with pytest.raises(TooFewRows) as caught:
        check_mapping(table(rows=11, a={3: "", 12: " "}), Mapping("q", "a"))
    assert caught.value.message().text() == (
        "Only 9 of 11 rows can be used; training needs at least 10. Rows left out: 3, 12."
    )
    assert len(check_mapping(table(rows=10), Mapping("q", "a")).frame) == 10


def test_refuses_a_table_of_blanks() -> None:
    with pytest.raises(TooFewRows, match="Only 0 of 20"):
        check_mapping(table(s=[""] * ROWS), SCORED)
