import numpy as np
import pandas as pd
import pytest

from core.data.check import (
    ColumnMissing,
    ColumnUsedTwice,
    NegativeAndScore,
    ScoreNotNumber,
    ScoreOnOtherScale,
    ScoreOutOfRange,
    TooFewRows,
    check_mapping,
)
from core.data.read import read_table
from core.data.shapes import Mapping

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
        check_mapping(table(s=["0.5", *["yes", "no"] * 9, "yes"]), SCORED)
    assert caught.value.message().text() == (
        "The score column “s” holds something else than numbers in 19 rows: “yes” in row 3, "
        "and so on (rows 3, 4, 5, 6, 7, …)."
    )


@pytest.mark.parametrize(
    ("value", "top"), [("2", 2.0), ("3", 5.0), ("4.5", 5.0), ("8", 10.0), ("85", 100.0)]
)
def test_scores_on_another_scale_are_rescaled_only_when_confirmed(value: str, top: float) -> None:
    frame = table(s=["0", "1", value] * 6 + ["0", "1"])
    with pytest.raises(ScoreOnOtherScale) as caught:
        check_mapping(frame, SCORED)
    assert caught.value.params["top"] == top
    assert f"divided by {top:g}" in caught.value.advice().text()
    assert "rows 4, 7, 10, 13, 16, …" in caught.value.message().text()

    checked = check_mapping(frame, SCORED, rescale=True)
    assert checked.frame["score"].max() == pytest.approx(float(value) / top)
    assert [finding.kind for finding in checked.findings] == ["rescaled"]
    assert (
        checked.findings[0].message.text() == f"Scores from 0 to {top:g} were divided by {top:g}."
    )


def test_rescale_leaves_scores_from_0_to_1_alone() -> None:
    checked = check_mapping(table(), SCORED, rescale=True)
    assert checked.frame["score"].max() == 1.0
    assert checked.findings == ()


@pytest.mark.parametrize("value", ["-0.2", "250"])
def test_refuses_scores_out_of_every_range(value: str) -> None:
    with pytest.raises(ScoreOutOfRange) as caught:
        check_mapping(table(s={6: value}), SCORED, rescale=True)
    assert caught.value.params["rows"] == "6"
    assert "(score − " in caught.value.advice().text()


def test_refuses_mappings_that_do_not_fit() -> None:
    with pytest.raises(ColumnMissing, match=r"no column named “title”.*q, a, n, s"):
        check_mapping(table(), Mapping("q", "title"))
    with pytest.raises(ColumnUsedTwice, match="“q” is chosen twice"):
        check_mapping(table(), Mapping("q", "q"))
    with pytest.raises(NegativeAndScore, match=r"“n”.*“s”"):
        check_mapping(table(), Mapping("q", "a", ("n",), "s"))


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


def test_warns_of_an_anchor_that_is_always_the_same() -> None:
    finding, *others = check_mapping(table(q=[".."] * ROWS), Mapping("q", "a")).findings
    assert others == []
    assert (finding.kind, finding.severity, finding.count) == ("constant_anchor", "warning", ROWS)
    assert "“q” has only 1 different texts in 20 rows, such as “..”" in finding.message.text()


def test_warns_of_identical_columns_and_of_identical_cells() -> None:
    same = [f"text {n}" for n in range(ROWS)]
    (finding,) = check_mapping(table(q=same, a=same), Mapping("q", "a")).findings
    assert (finding.kind, finding.count) == ("identical_columns", ROWS)

    frame = table(n={4: "answer 2", 7: " answer 5"})
    (finding,) = check_mapping(frame, Mapping("q", "a", ("n",))).findings
    assert (finding.kind, finding.count, finding.rows) == ("same_text", 2, (4, 7))
    assert "“a” and “n”: 2 of 20" in finding.message.text()


def test_warns_of_repeated_rows() -> None:
    frame = table(q={8: "question 0", 9: "question 0"}, a={8: "answer 0", 9: "another"})
    (finding,) = check_mapping(frame, Mapping("q", "a")).findings
    assert (finding.kind, finding.rows) == ("duplicate_rows", (8,))


def test_warns_of_a_constant_score() -> None:
    (finding,) = check_mapping(table(s=["1"] * ROWS), SCORED).findings
    assert finding.kind == "constant_score"
    assert "the same score, 1:" in finding.message.text()
