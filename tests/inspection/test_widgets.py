"""Examples drawn from held-out rows: right roles, different texts, repeatable."""

from __future__ import annotations

import pandas as pd
import pytest

from core.data.shapes import Shape
from core.inspection.widgets import choose_examples, example_texts


def _triplets(n: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "anchor": [f"寻找商品{i}" for i in range(n)],
            "positive": [f"商品{i}" for i in range(n)],
            "negative": [f"商品{(i + n // 2) % n}" for i in range(n)],
        }
    )


def test_triplets_give_five_groups_with_one_of_each_role() -> None:
    frame = _triplets(60)
    held_out = range(0, 60, 3)
    groups = choose_examples(frame, Shape.TRIPLETS, list(held_out), seed=1)
    assert len(groups) == 5
    held_texts = set(frame.iloc[list(held_out)].to_numpy().ravel())
    rows = frame.set_index("anchor")
    for group in groups:
        assert sorted(group.roles) == ["negative", "other", "positive"]
        assert len(set(group.texts)) == 4
        assert set(group.texts) <= held_texts
        by_role = dict(zip(group.roles, group.sentences, strict=True))
        assert by_role["positive"] == rows.loc[group.source, "positive"]
        assert by_role["negative"] == rows.loc[group.source, "negative"]
        assert group.scores == (None, None, None)
    assert len({group.source for group in groups}) == 5
    assert example_texts(groups)[:4] == list(groups[0].texts)
    assert len(example_texts(groups)) == 20


def test_the_right_answer_is_not_always_in_the_same_place() -> None:
    places = {
        group.roles.index("positive")
        for seed in range(5)
        for group in choose_examples(_triplets(40), Shape.TRIPLETS, list(range(40)), seed)
    }
    assert places == {0, 1, 2}


def test_the_seed_decides() -> None:
    frame, rows = _triplets(40), list(range(40))
    draw = choose_examples(frame, Shape.TRIPLETS, rows, seed=4)
    assert draw == choose_examples(frame, Shape.TRIPLETS, rows, seed=4)
    assert draw != choose_examples(frame, Shape.TRIPLETS, rows, seed=5)


def test_pairs_never_show_another_right_answer_as_other() -> None:
    """Half of the rows ask the same thing, so most other texts are right answers to it."""
    frame = pd.DataFrame(
        {
            "anchor": ["same"] * 6 + ["b", "c"],
            "positive": [f"p{i}" for i in range(6)] + ["pb", "pc"],
        }
    )
    for seed in range(20):
        groups = choose_examples(frame, Shape.PAIRS, list(range(8)), seed)
        assert sorted(group.source for group in groups) == ["b", "c", "same"]
        for group in groups:
            assert sorted(group.roles) == ["other", "other", "positive"]
            if group.source == "same":
                others = {
                    text
                    for text, role in zip(group.sentences, group.roles, strict=True)
                    if role == "other"
                }
                assert others == {"pb", "pc"}


def test_scored_pairs_use_their_scores() -> None:
    frame = pd.DataFrame(
        {
            "anchor": ["甲的规格", "甲的规格", "乙的规格", "丙的规格", "丁的规格"],
            "positive": ["甲：1片", "乙：2片", "乙：2片", "丙：3片", "丁：4片"],
            "score": [1.0, 0.0, 0.5, 0.49, 0.0],
        }
    )
    groups = choose_examples(frame, Shape.SCORED_PAIRS, list(range(5)), seed=0)
    by_source = {group.source: group for group in groups}
    # Only the first and third rows are right answers (0.5 counts, 0.49 does not).
    assert set(by_source) == {"甲的规格", "乙的规格"}
    first = by_source["甲的规格"]
    assert dict(zip(first.sentences, first.roles, strict=True))["甲：1片"] == "positive"
    assert dict(zip(first.sentences, first.roles, strict=True))["乙：2片"] == "negative"
    scores = dict(zip(first.sentences, first.scores, strict=True))
    assert scores["甲：1片"] == 1.0
    assert scores["乙：2片"] == 0.0
    second = by_source["乙的规格"]
    assert sorted(second.roles) == ["other", "other", "positive"]
    assert second.scores[second.roles.index("positive")] == 0.5


@pytest.mark.parametrize("rows", [[], [0], [0, 1]])
def test_too_few_texts_give_no_group(rows: list[int]) -> None:
    frame = pd.DataFrame({"anchor": ["a", "b", "c"], "positive": ["x", "y", "z"]})
    assert choose_examples(frame, Shape.PAIRS, rows, seed=0) == []


def test_fewer_sources_give_fewer_groups_and_equal_texts_do_not_repeat() -> None:
    frame = pd.DataFrame(
        {
            "anchor": ["a", "a", "b", "b", "x"],
            "positive": ["x", "x", "y", "y", "z"],
            "negative": ["y", "a", "x", "b", "x"],
        }
    )
    groups = choose_examples(frame, Shape.TRIPLETS, list(range(5)), seed=2)
    assert 1 <= len(groups) <= 3
    for group in groups:
        assert len(set(group.texts)) == 4
