from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.data.fixes import FIXES, NothingSplit, UnknownChoice
from core.data.step_kinds import Stepped
from tests.data.frames import frame

KINDS = {kind.name: kind for kind in FIXES}


def fix(name: str, table: pd.DataFrame, **params: Any) -> Stepped:
    """The outcome of a fix, which must leave the table itself as it is."""
    before = table.copy(deep=True)
    done = KINDS[name].apply(table, params)
    pd.testing.assert_frame_equal(table, before)
    assert list(done.frame.columns) == list(table.columns)
    assert done.message.text()
    return done


def rows(done: Stepped) -> list[int]:
    return done.frame["row"].tolist()


def test_repair_text_mends_every_column() -> None:
    broken = "今天天气很好".encode().decode("latin-1")
    lossy = "我想买一个羽毛球拍".encode().decode("cp1254", "ignore")
    done = fix("repair_text", frame(anchor=["fine", broken, "été"], positive=["x", "y", lossy]))
    assert done.frame["anchor"].tolist() == ["fine", "今天天气很好", "été"]
    assert done.frame["positive"].tolist() == ["x", "y", "我想买一个羽毛��"]
    assert done.count == 2
    assert done.message.text() == (
        "Rows with repaired characters: 2. Characters lost and marked �: 2."
    )


def test_drop_broken() -> None:
    done = fix("drop_broken", frame(anchor=["a", "b�", "c"], positive=["�", "y", "z"]))
    assert (rows(done), done.count) == ([4], 2)
    assert fix("drop_broken", frame(text=["a", "�", "c"])).count == 1


def test_drop_one_character() -> None:
    table = frame(anchor=["ab", "b", "cd"], positive=["xy", "yz", "药"], negative=["12", "34", "5"])
    done = fix("drop_one_character", table)
    assert (rows(done), done.count) == ([2], 2)


@pytest.mark.parametrize(
    ("columns", "kept"),
    [
        ({"anchor": ["a", "b"], "positive": ["a", "c"]}, [3]),
        ({"anchor": ["a", "b"], "positive": ["x", "y"], "negative": ["x", "z"]}, [3]),
        ({"anchor": ["a", "b"], "positive": ["x", "y"], "negative": ["z", "b"]}, [2]),
        (
            {
                "anchor": ["a", "b", "c"],
                "positive": ["x", "y", "z"],
                "negative": ["1", "2", "3"],
                "negative_2": ["1", "y", "4"],
            },
            [2, 4],
        ),
    ],
)
def test_drop_identical(columns: dict[str, list[str]], kept: list[int]) -> None:
    assert rows(fix("drop_identical", frame(**columns))) == kept


def test_drop_duplicate_rows_keeps_the_first() -> None:
    pairs = frame(anchor=["a", "a", "a", "b"], positive=["x", "y", "x", "x"])
    assert rows(fix("drop_duplicate_rows", pairs)) == [2, 3, 5]
    scored = frame(anchor=["a", "a", "a"], positive=["x", "x", "x"], score=[1, 0, 1])
    assert rows(fix("drop_duplicate_rows", scored)) == [2, 3]
    split = frame(text=["a", "a", "b"], split=["train", "held_out", "train"])
    assert rows(fix("drop_duplicate_rows", split)) == [2, 4]


@pytest.mark.parametrize("name", ["drop_rows", "drop_near_duplicates"])
def test_dropping_rows_by_number(name: str) -> None:
    table = frame(text=list("abcde"))
    done = fix(name, table, rows=[3, 6, 99])
    assert (rows(done), done.count) == ([2, 4, 5], 2)
    assert fix(name, table, rows=[]).count == 0


def test_resolving_scores() -> None:
    table = frame(
        anchor=["a", "a", "b", "a", "c", "c"],
        positive=["x", "x", "x", "x", "y", "y"],
        score=[1, 0, 0.3, 0.5, 0.7, 0.7],
    )
    mean = fix("resolve_conflicts", table)
    assert rows(mean) == [2, 4, 6, 7]
    assert mean.frame["score"].tolist() == pytest.approx([0.5, 0.3, 0.7, 0.7])
    assert mean.frame["score"].dtype == np.float32
    assert mean.message.text() == (
        "Pairs with different scores got their mean score: 1 pairs in 3 rows."
    )
    assert rows(fix("resolve_conflicts", table, how="drop")) == [4, 6, 7]
    with pytest.raises(UnknownChoice, match="how = majority"):
        fix("resolve_conflicts", table, how="majority")


def test_resolving_classes() -> None:
    table = frame(
        text=["a", "a", "a", "b", "b", "c", "c"], label=["1", "2", "1", "2", "1", "3", "3"]
    )
    done = fix("resolve_conflicts", table)
    assert rows(done) == [2, 4, 5, 7, 8]
    assert done.count == 2
    assert rows(fix("resolve_conflicts", table, how="drop")) == [7, 8]
    with pytest.raises(UnknownChoice, match="majority, drop"):
        fix("resolve_conflicts", table, how="mean")


def test_personal_data_is_masked_or_left_out() -> None:
    table = frame(
        anchor=["call 13912345678", "plain", "x"], positive=["me", "a@example.com", "2026"]
    )
    masked = fix("mask_personal", table)
    assert masked.frame["anchor"].tolist() == ["call [MOBILE]", "plain", "x"]
    assert masked.frame["positive"].tolist() == ["me", "[EMAIL]", "2026"]
    assert masked.count == 2
    dropped = fix("drop_personal", table)
    assert (rows(dropped), dropped.count) == ([4], 2)


TRAIN, HELD = "train", "held_out"


def test_leaks_leave_the_training_side() -> None:
    table = frame(
        anchor=["a", "b", "c", "d", "a"],
        positive=["1", "2", "3", "a", "9"],
        split=[TRAIN, TRAIN, TRAIN, TRAIN, HELD],
    )
    done = fix("drop_leaks", table)
    assert (rows(done), done.count) == ([3, 4, 6], 2)
    crossed = frame(anchor=["a", "b"], positive=["1", "2"], split=[TRAIN, HELD])
    assert fix("drop_leaks", crossed).count == 0


def test_negatives_and_low_scores_are_no_leaks() -> None:
    triplets = frame(
        anchor=["a", "b"], positive=["1", "2"], negative=["2", "1"], split=[TRAIN, HELD]
    )
    assert fix("drop_leaks", triplets).count == 0
    scored = frame(
        anchor=["a", "b", "c", "d"],
        positive=["1", "2", "1", "2"],
        score=[0.1, 0.9, 0.9, 0.9],
        split=[TRAIN, TRAIN, HELD, HELD],
    )
    assert rows(fix("drop_leaks", scored)) == [2, 4, 5]


def test_leaks_of_single_texts_and_without_a_split() -> None:
    classes = frame(text=["a", "b", "a"], label=["1", "2", "1"], split=[TRAIN, TRAIN, HELD])
    assert rows(fix("drop_leaks", classes)) == [3, 4]
    with pytest.raises(NothingSplit):
        fix("drop_leaks", frame(text=["a", "b"]))


@pytest.mark.parametrize(
    ("text", "tidy"),
    [
        ("a  b", "a b"),
        ("a\n\tb", "a b"),
        ("a\u3000b\xa0c", "a b c"),
        ("a\x00b\x07", "a b"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("soft\xadhyphen", "softhyphen"),
        (" edge ", " edge "),
        ("plain text", "plain text"),
        ("å\x8a ", "å\x8a "),
    ],
)
def test_spaces_are_tidied_up(text: str, tidy: str) -> None:
    done = fix("collapse_spaces", frame(text=["x y", text]))
    assert done.frame["text"].tolist() == ["x y", tidy]
    assert done.count == (text != tidy)


def test_tidying_makes_no_cell_blank() -> None:
    done = fix("collapse_spaces", frame(text=["\u200b", "a  b"]))
    assert done.frame["text"].tolist() == ["\u200b", "a b"]
    assert done.count == 1


def test_balancing_keeps_the_smaller_side_whole() -> None:
    table = frame(
        anchor=[f"a{n}" for n in range(50)],
        positive=["p"] * 50,
        score=[1] * 5 + [0] * 45,
    )
    done = fix("balance_scores", table, most=2, seed=1)
    assert (done.frame["score"] == 1).sum() == 5
    assert (done.frame["score"] == 0).sum() == 10
    assert done.count == 35
    assert rows(done) == sorted(rows(done))
    assert rows(fix("balance_scores", table, most=2, seed=1)) == rows(done)
    assert rows(fix("balance_scores", table, most=2, seed=2)) != rows(done)
    assert fix("balance_scores", table, most=9).count == 0
    assert fix("balance_scores", table[:5].copy()).count == 0


def test_rare_classes_are_left_out() -> None:
    table = frame(text=["a", "b", "c", "c", "d"], label=["1", "1", "2", "2", "3"])
    done = fix("drop_rare_classes", table)
    assert rows(done) == [2, 3]
    assert done.message.text() == "Rows of classes with fewer than 2 texts were left out: 3."
    assert len(fix("drop_rare_classes", table, least=3).frame) == 0
