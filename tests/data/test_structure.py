"""Tables that say which thing and which property: found where they are, and their negatives."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from core.data.convert import CONVERSIONS, conversions_for
from core.data.prepare import apply_steps
from core.data.shapes import ANCHOR, HELD_OUT, NEGATIVE, POSITIVE, SPLIT, TRAIN, Shape
from core.data.steps import Step
from core.data.structure import (
    NegativesDoNotFit,
    NoStructure,
    add_structured_negatives,
    find_structure,
    fold,
    reading_limit,
    shape_with,
)
from core.workspace import PROJECT_ROOT

THINGS = [
    f"{first}{last}" for first in "云海山川星月" for last in ("锅", "灯", "椅", "伞", "壶", "笔")
]
ASKED = {"的价格": "{}多少钱？", "的颜色": "{}有什么颜色？", "的材质": "{}是什么做的？"}
SECOND = {"的价格": "买{}要花多少？", "的颜色": "{}是红的吗？", "的材质": "{}的料子是什么？"}


def grid() -> pd.DataFrame:
    """36 things, three properties, one wording a property and row; no value twice for a thing."""
    rows = [
        {ANCHOR: words.format(thing), POSITIVE: f"{thing}{key}：{key[1:]}{number}"}
        for number, thing in enumerate(THINGS)
        for key, words in ASKED.items()
    ]
    return pd.DataFrame(rows)


def about(text: str) -> tuple[str, str]:
    thing, key = text.split("：")[0].split("的")
    return thing, key


def test_things_and_properties_are_found_by_what_stands_beside_them() -> None:
    structure = find_structure(grid())
    assert structure is not None
    assert sorted(structure.property_names) == sorted(ASKED)
    assert sorted(structure.thing_names) == sorted(THINGS)
    assert (structure.things >= 0).all()


def test_the_property_may_stand_first() -> None:
    frame = grid()
    frame[POSITIVE] = [
        f"{key} of {thing}: {number}"
        for number, (thing, key) in enumerate(map(about, frame[POSITIVE]))
    ]
    structure = find_structure(frame)
    assert structure is not None
    assert sorted(structure.property_names) == ["价格 of", "材质 of", "颜色 of"]
    assert sorted(structure.thing_names) == sorted(THINGS)


@pytest.mark.parametrize("table", ["product_triplets.csv", "drug_pairs.csv"])
def test_tables_that_do_not_say_what_they_are_about_have_none(table: str) -> None:
    frame = pd.read_csv(PROJECT_ROOT / "sample_data" / table, dtype=str)
    frame.columns = [ANCHOR, POSITIVE, *frame.columns[2:]]
    assert find_structure(frame) is None
    with pytest.raises(NoStructure):
        add_structured_negatives(frame)


def test_the_drug_sample_has_twenty_properties() -> None:
    frame = pd.read_csv(PROJECT_ROOT / "sample_data" / "drug_questions.csv", dtype=str)[:4000]
    frame.columns = [ANCHOR, POSITIVE, NEGATIVE]
    structure = find_structure(frame)
    assert structure is not None
    assert len(structure.property_names) == 20
    names = [structure.thing_names[at] for at in structure.things]
    named = [fold(text).partition("：")[0] for text in frame[POSITIVE]]
    assert all(head.startswith(name) for head, name in zip(named, names, strict=True))


def test_negatives_take_turns_and_are_never_right() -> None:
    frame = grid()
    made = add_structured_negatives(frame, 2, seed=3)
    for row in made.itertuples(index=False):
        thing, key = about(str(row.positive))
        other_property, other_thing = about(str(row.negative)), about(str(row.negative_2))
        assert other_property[0] == thing and other_property[1] != key
        assert other_thing[1] == key and other_thing[0] != thing
    assert made.equals(add_structured_negatives(frame, 2, seed=3))
    assert not made.equals(add_structured_negatives(frame, 2, seed=4))


def test_no_negative_twice_in_a_row_and_more_than_there_are_of_a_kind() -> None:
    made = add_structured_negatives(grid(), 6)
    negatives = made[[name for name in made if name.startswith(NEGATIVE)]]
    assert negatives.shape[1] == 6
    assert (negatives.nunique(axis=1) == 6).all()
    assert not (negatives.to_numpy() == made[[POSITIVE]].to_numpy()).any()


def test_what_answers_the_same_question_or_says_the_same_is_no_negative() -> None:
    frame = grid()
    # The same question has two answers, and two properties of a thing say the same.
    frame.loc[1, ANCHOR] = frame.loc[0, ANCHOR]
    frame.loc[5, POSITIVE] = frame.loc[5, POSITIVE].split("：")[0] + "：同样"
    frame.loc[4, POSITIVE] = frame.loc[4, POSITIVE].split("：")[0] + "：同样"
    for seed in range(5):
        made = add_structured_negatives(frame, 1, seed)
        assert made.loc[0, NEGATIVE] == frame.loc[2, POSITIVE]
        assert made.loc[4, NEGATIVE] == frame.loc[3, POSITIVE]


def test_properties_that_the_same_words_ask_for_are_not_set_against_each_other() -> None:
    frame = grid()
    words = frame[ANCHOR].to_numpy(object)
    for at, (thing, key) in enumerate(map(about, frame[POSITIVE])):
        if key in ("价格", "颜色") and at % 2:
            words[at] = f"{thing}怎么样？"
    made = add_structured_negatives(frame.assign(anchor=words), 1)
    pairs = {
        (about(p)[1], about(n)[1]) for p, n in zip(made[POSITIVE], made[NEGATIVE], strict=True)
    }
    assert not pairs & {("价格", "颜色"), ("颜色", "价格")}
    assert pairs >= {("价格", "材质"), ("颜色", "材质")}


def test_rows_keep_the_negatives_they_have() -> None:
    frame = grid().assign(negative="别的")
    made = add_structured_negatives(frame, 1)
    assert list(made) == [ANCHOR, POSITIVE, NEGATIVE, "negative_2"]
    assert (made[NEGATIVE] == "别的").all()


def test_negatives_of_a_few_rows_may_come_from_a_larger_table() -> None:
    frame = grid()
    few = frame[:2].reset_index(drop=True)
    made = add_structured_negatives(few, 2, among=frame)
    assert len(made) == 2
    assert set(made[NEGATIVE]) | set(made["negative_2"]) <= set(frame[POSITIVE])


def test_as_a_conversion_each_side_of_a_split_stays_by_itself() -> None:
    frame = grid().assign(split=TRAIN)
    frame.loc[60:, SPLIT] = HELD_OUT
    prepared = apply_steps(frame, [Step("structured_negatives")])
    assert prepared.shape is Shape.SEVERAL_NEGATIVES
    for side in (TRAIN, HELD_OUT):
        made = prepared.frame[prepared.frame[SPLIT] == side]
        own = set(frame[frame[SPLIT] == side][POSITIVE])
        assert set(made[NEGATIVE]) | set(made["negative_2"]) <= own
    told = prepared.applied[0].message.params
    assert (told["things"], told["count"], told["negatives"]) == (36, 3, 3)
    assert "structured_negatives" in {kind.name for kind in conversions_for(Shape.PAIRS)}
    assert all(kind.makes is not None for kind in CONVERSIONS)


def test_what_shape_comes_out() -> None:
    assert shape_with(Shape.PAIRS, 0) is Shape.PAIRS
    assert shape_with(Shape.PAIRS, 1) is Shape.TRIPLETS
    assert shape_with(Shape.PAIRS, 2) is Shape.SEVERAL_NEGATIVES
    assert shape_with(Shape.TRIPLETS, 1) is Shape.SEVERAL_NEGATIVES
    assert shape_with(Shape.CLASSES, 0) is Shape.CLASSES
    with pytest.raises(NegativesDoNotFit):
        shape_with(Shape.CLASSES, 1)


def test_questions_about_thing_and_property_need_the_heads_only() -> None:
    frame = grid()
    structure = find_structure(frame)
    assert structure is not None
    heads = [len(text.split("：")[0]) + 1 for text in frame[POSITIVE]]
    questions = [len(text) for text in frame[ANCHOR]]
    limit = reading_limit(frame, structure)
    assert limit == math.ceil(max(np.quantile(heads, 0.95), np.quantile(questions, 0.9)))
    # What stands behind the colon does not count.
    frame[POSITIVE] += "，还有很多别的话" * 20
    assert reading_limit(frame, structure) == limit


def test_questions_in_words_of_their_own_need_all_of_an_answer() -> None:
    frame = grid()
    frame[ANCHOR] += [f"，第{number}问" for number in range(len(frame))]
    structure = find_structure(frame)
    assert structure is not None
    assert reading_limit(frame, structure) is None


def test_a_latin_word_counts_once() -> None:
    frame = grid()
    structure = find_structure(frame)
    limit = reading_limit(frame, structure) if structure else None
    for column in (ANCHOR, POSITIVE):
        frame[column] = [
            text.replace(thing, f"{thing}Extended")
            for text, (thing, _) in zip(frame[column], map(about, grid()[POSITIVE]), strict=True)
        ]
    longer = find_structure(frame)
    assert longer is not None and limit is not None
    assert reading_limit(frame, longer) == limit + 1
