from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.data.convert import (
    CONVERSIONS,
    NoPairAboveThreshold,
    NothingToGroup,
    conversions_for,
)
from core.data.regroup import NoClassOfTwo, NoMatchAndOther, NothingUnrelated
from core.data.shapes import Shape, shape_of
from core.data.step_kinds import Stepped
from tests.data.frames import frame

KINDS = {kind.name: kind for kind in CONVERSIONS}
TRAIN, HELD = "train", "held_out"


def convert(name: str, table: pd.DataFrame, **params: Any) -> Stepped:
    """The outcome of a conversion, which must leave the table itself as it is."""
    before = table.copy(deep=True)
    done = KINDS[name].apply(table, params)
    pd.testing.assert_frame_equal(table, before)
    assert shape_of(done.frame.columns) is KINDS[name].makes
    assert list(done.frame.columns)[-1] == "row"
    assert done.frame["row"].dtype == np.int32
    assert done.count == len(done.frame)
    assert done.message.text()
    return done


def cells(done: Stepped, *columns: str) -> list[tuple[str, ...]]:
    """The rows of the outcome without their numbers."""
    chosen = list(columns) or [name for name in done.frame if name != "row"]
    return list(done.frame[chosen].itertuples(index=False, name=None))


SCORED = frame(
    anchor=["a", "a", "a", "b", "b", "c", "d"],
    positive=["1", "2", "3", "1", "4", "5", "6"],
    score=[1, 0.2, 0, 0.9, 0.7, 1, 0],
)


def test_pairs_above_a_threshold() -> None:
    done = convert("scored_to_pairs", SCORED)
    assert cells(done) == [("a", "1"), ("b", "1"), ("b", "4"), ("c", "5")]
    assert done.frame["row"].tolist() == [2, 5, 6, 7]
    assert done.message.text() == ("Pairs kept of 7 scored pairs, those with a score from 0.5: 4.")
    assert cells(convert("scored_to_pairs", SCORED, threshold=0.95)) == [("a", "1"), ("c", "5")]
    low = frame(anchor=["a", "a"], positive=["1", "1"], score=[0.6, 0.7])
    assert cells(convert("scored_to_pairs", low)) == [("a", "1")]
    with pytest.raises(NoPairAboveThreshold, match=r"0\.9 or more"):
        convert("scored_to_pairs", low, threshold=0.9)


def test_scored_pairs_to_triplets_join_matches_and_others_of_an_anchor() -> None:
    done = convert("scored_to_triplets", SCORED)
    assert cells(done) == [("a", "1", "2"), ("a", "1", "3")]
    assert done.frame["row"].tolist() == [2, 2]
    assert done.message.text() == "Triplets made of 7 rows: 2. Rows that fit into none: 4."
    assert cells(convert("scored_to_triplets", SCORED, threshold=0.8)) == [
        ("a", "1", "2"),
        ("a", "1", "3"),
        ("b", "1", "4"),
    ]
    assert cells(convert("scored_to_triplets", SCORED, below=0.1)) == [("a", "1", "3")]


def test_scored_pairs_to_triplets_use_every_match_and_every_other() -> None:
    table = frame(
        anchor=["x", "a", "a", "a", "x"],
        positive=["m", "1", "2", "n", "o"],
        score=[1, 1, 1, 0, 0],
    )
    assert cells(convert("scored_to_triplets", table)) == [
        ("x", "m", "o"),
        ("a", "1", "n"),
        ("a", "2", "n"),
    ]


def test_scored_pairs_that_contradict_or_repeat_make_no_wrong_triplet() -> None:
    table = frame(anchor=["a", "a", "a", "a"], positive=["1", "1", "2", "2"], score=[1, 0, 0, 0])
    assert cells(convert("scored_to_triplets", table)) == [("a", "1", "2")]


def test_scored_pairs_to_triplets_stay_on_their_side() -> None:
    table = frame(
        anchor=["a", "a", "b", "b"],
        positive=["1", "2", "1", "2"],
        score=[1, 0, 1, 0],
        split=[TRAIN, HELD, HELD, HELD],
    )
    assert cells(convert("scored_to_triplets", table)) == [("b", "1", "2", HELD)]
    with pytest.raises(NoMatchAndOther):
        convert("scored_to_triplets", table[:2].copy())


def test_pairs_to_triplets_take_negatives_from_other_groups_only() -> None:
    # a-1-b-2 hang together through shared texts, and so do c-3-d; e stands alone.
    table = frame(
        anchor=["a", "b", "b", "c", "d", "e"] * 20, positive=["1", "1", "2", "3", "3", "4"] * 20
    )
    group = {"a": 0, "b": 0, "1": 0, "2": 0, "c": 1, "d": 1, "3": 1, "e": 2, "4": 2}
    done = convert("pairs_to_triplets", table, seed=3)
    assert done.frame[["anchor", "positive", "row"]].equals(table[["anchor", "positive", "row"]])
    for anchor, _, negative in cells(done):
        assert group[anchor] != group[negative]
    # Every text of another group is drawn at some time.
    assert set(done.frame["negative"][done.frame["anchor"] == "a"]) == {"3", "4"}
    assert cells(convert("pairs_to_triplets", table, seed=3)) == cells(done)
    assert cells(convert("pairs_to_triplets", table, seed=4)) != cells(done)


def test_pairs_to_triplets_with_a_split_and_without_a_choice() -> None:
    table = frame(
        anchor=list("abcdef"),
        positive=list("123456"),
        split=[TRAIN, TRAIN, TRAIN, HELD, HELD, HELD],
    )
    for anchor, _, negative, split in cells(convert("pairs_to_triplets", table)):
        assert negative in ("123" if split == TRAIN else "456")
        assert "abcdef".index(anchor) != "123456".index(negative)
    # A side of one group fits nowhere.
    table = frame(anchor=list("aabc"), positive=list("1234"), split=[HELD, HELD, TRAIN, TRAIN])
    done = convert("pairs_to_triplets", table)
    assert cells(done) == [("b", "3", "4", TRAIN), ("c", "4", "3", TRAIN)]
    assert "Rows that fit into none: 2." in done.message.text()
    with pytest.raises(NothingUnrelated):
        convert("pairs_to_triplets", frame(anchor=["a", "a", "b"], positive=["1", "2", "2"]))


CLASSES = frame(
    text=["a1", "a2", "a3", "b1", "b2", "c1", "both", "both", "a1"],
    label=["a", "a", "a", "b", "b", "c", "a", "b", "a"],
)


def test_classes_to_pairs() -> None:
    done = convert("classes_to_pairs", CLASSES)
    pairs = cells(done)
    assert sorted(anchor for anchor, _ in pairs) == ["a1", "a2", "a3", "b1", "b2"]
    assert sorted(positive for _, positive in pairs) == ["a1", "a2", "a3", "b1", "b2"]
    assert all(first[0] == second[0] and first != second for first, second in pairs)
    assert done.frame["row"].tolist() == [2, 3, 4, 5, 6]
    assert done.message.text() == "Pairs made of 9 rows: 5. Rows that fit into none: 4."
    assert cells(convert("classes_to_pairs", CLASSES)) == pairs


def test_classes_to_pairs_are_limited_for_each_class() -> None:
    texts = [f"{label}{n}" for label in "ab" for n in range(50)]
    table = frame(text=texts, label=[text[0] for text in texts])
    done = convert("classes_to_pairs", table, per_class=7, seed=5)
    assert [anchor[0] for anchor, _ in cells(done)] == ["a"] * 7 + ["b"] * 7
    assert cells(convert("classes_to_pairs", table, per_class=7, seed=6)) != cells(done)
    with pytest.raises(NoClassOfTwo):
        convert("classes_to_pairs", frame(text=["x", "y", "y"], label=["1", "2", "2"]))


def test_classes_to_triplets() -> None:
    done = convert("classes_to_triplets", CLASSES)
    triplets = cells(done)
    assert len(triplets) == 5
    for anchor, positive, negative in triplets:
        assert anchor[0] == positive[0] != negative[0]
        assert anchor != positive
        assert negative != "both"
    assert cells(convert("classes_to_triplets", CLASSES)) == triplets
    with pytest.raises(NothingUnrelated):
        convert("classes_to_triplets", frame(text=["x", "y"], label=["1", "1"]))


def test_classes_stay_on_their_side() -> None:
    texts = [f"{label}{n}" for label in "abc" for n in range(10)]
    split = [HELD if text[1] in "01" else TRAIN for text in texts]
    table = frame(text=texts, label=[text[0] for text in texts], split=split)
    side = dict(zip(texts, split, strict=True))
    for row in cells(convert("classes_to_triplets", table)):
        assert {side[text] for text in row[:3]} == {row[3]}


TRIPLETS = frame(
    anchor=["a", "a", "a", "b", "a", "c"],
    positive=["1", "1", "1", "2", "1", "3"],
    negative=["x", "y", "z", "x", "x", "1"],
)
SEVERAL = frame(
    anchor=["a", "b"],
    positive=["1", "2"],
    negative=["x", "x"],
    negative_2=["y", "x"],
    negative_3=["x", "z"],
)


def test_triplets_to_pairs() -> None:
    assert cells(convert("drop_negatives", TRIPLETS)) == [("a", "1"), ("b", "2"), ("c", "3")]
    done = convert("drop_negatives", SEVERAL)
    assert cells(done) == [("a", "1"), ("b", "2")]
    assert done.frame["row"].tolist() == [2, 3]


def test_grouping_negatives_loses_none() -> None:
    done = convert("group_negatives", TRIPLETS)
    assert list(done.frame.columns)[:5] == [
        *("anchor", "positive", "negative", "negative_2", "negative_3")
    ]
    assert cells(done) == [
        ("a", "1", "x", "y", "z"),
        ("b", "2", "x", "x", "x"),
        ("c", "3", "1", "1", "1"),
    ]
    assert done.frame["row"].tolist() == [2, 5, 7]
    assert done.message.text() == "Rows of 3 negatives each, made of 6 triplets: 3."


def test_a_pair_with_more_negatives_gets_several_rows() -> None:
    done = convert("group_negatives", TRIPLETS, negatives=2)
    assert cells(done) == [
        ("a", "1", "x", "y"),
        ("a", "1", "z", "x"),
        ("b", "2", "x", "x"),
        ("c", "3", "1", "1"),
    ]
    many = frame(anchor=["a"] * 12, positive=["1"] * 12, negative=list("abcdefghijkl"))
    assert len(list(convert("group_negatives", many).frame.columns)) == 2 + 5 + 1
    with pytest.raises(NothingToGroup):
        convert(
            "group_negatives", frame(anchor=["a", "b"], positive=["1", "2"], negative=["x", "x"])
        )


def test_grouping_and_unfolding_give_the_triplets_back() -> None:
    for negatives in (2, 3, 4):
        grouped = convert("group_negatives", TRIPLETS, negatives=negatives).frame
        again = convert("unfold_negatives", grouped).frame
        different = TRIPLETS.drop_duplicates(["anchor", "positive", "negative"])
        columns = ["anchor", "positive", "negative"]
        assert set(again[columns].itertuples(index=False, name=None)) == set(
            different[columns].itertuples(index=False, name=None)
        )


def test_grouping_keeps_the_sides_apart() -> None:
    table = frame(
        anchor=["a", "a", "a"],
        positive=["1", "1", "1"],
        negative=["x", "y", "z"],
        split=[TRAIN, TRAIN, HELD],
    )
    assert cells(convert("group_negatives", table)) == [
        ("a", "1", "x", "y", TRAIN),
        ("a", "1", "z", "z", HELD),
    ]


def test_unfolding_negatives() -> None:
    done = convert("unfold_negatives", SEVERAL)
    assert cells(done) == [("a", "1", "x"), ("a", "1", "y"), ("b", "2", "x"), ("b", "2", "z")]
    assert done.frame["row"].tolist() == [2, 2, 3, 3]
    assert done.message.text() == "Triplets made of 2 rows with several negatives: 4."


def test_single_texts() -> None:
    assert [text for (text,) in cells(convert("to_texts", TRIPLETS))] == list("a1xyzb2c3")
    assert [text for (text,) in cells(convert("to_texts", SEVERAL))] == list("a1xyb2z")
    done = convert("to_texts", CLASSES)
    assert list(done.frame.columns) == ["text", "row"]
    assert len(done.frame) == 7


def test_single_texts_of_both_sides_are_held_out() -> None:
    table = frame(anchor=["a", "b"], positive=["1", "1"], split=[TRAIN, HELD])
    assert cells(convert("to_texts", table)) == [("a", TRAIN), ("b", HELD), ("1", HELD)]


def test_triplets_to_scored_pairs() -> None:
    done = convert("triplets_to_scored", TRIPLETS)
    assert cells(done) == [
        ("a", "1", 1.0),
        ("a", "x", 0.0),
        ("a", "y", 0.0),
        ("a", "z", 0.0),
        ("b", "2", 1.0),
        ("b", "x", 0.0),
        ("c", "3", 1.0),
        ("c", "1", 0.0),
    ]
    assert done.frame["score"].dtype == np.float32
    assert len(convert("triplets_to_scored", SEVERAL).frame) == 6


def test_what_matches_anywhere_is_no_non_match() -> None:
    table = frame(anchor=["a", "a"], positive=["1", "2"], negative=["2", "3"])
    assert cells(convert("triplets_to_scored", table)) == [
        ("a", "1", 1.0),
        ("a", "2", 1.0),
        ("a", "3", 0.0),
    ]


def test_every_shape_is_offered_what_fits() -> None:
    offered = {shape: [kind.name for kind in conversions_for(shape)] for shape in Shape}
    assert offered == {
        Shape.PAIRS: ["pairs_to_triplets", "structured_negatives", "to_texts"],
        Shape.SCORED_PAIRS: ["scored_to_pairs", "scored_to_triplets", "to_texts"],
        Shape.TRIPLETS: ["drop_negatives", "group_negatives", "triplets_to_scored", "to_texts"],
        Shape.SEVERAL_NEGATIVES: [
            *("drop_negatives", "unfold_negatives", "triplets_to_scored", "to_texts")
        ],
        Shape.CLASSES: ["classes_to_pairs", "classes_to_triplets", "to_texts"],
        Shape.TEXTS: [],
    }
    assert all(kind.makes not in kind.shapes for kind in CONVERSIONS)


def test_the_losses_that_conversions_name_can_learn_from_what_they_make() -> None:
    from core.training.losses.registry import LOSSES

    for kind in CONVERSIONS:
        words = set(kind.help.replace(",", " ").replace(".", " ").replace(":", " ").split())
        named = [LOSSES[word] for word in words if word.endswith("Loss")]
        assert named or kind.name == "to_texts"
        assert all(kind.makes in loss.shapes for loss in named), kind.name
