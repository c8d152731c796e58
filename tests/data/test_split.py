import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data.shapes import Shape
from core.data.split import Split, SplitBy, split_rows


def frame(
    anchors: list[str], positives: list[str], scores: list[float] | None = None
) -> pd.DataFrame:
    columns: dict[str, object] = {"anchor": anchors, "positive": positives}
    if scores is not None:
        columns["score"] = np.array(scores, dtype=np.float32)
    return pd.DataFrame(columns)


def distinct(rows: int) -> pd.DataFrame:
    return frame([f"q{n}" for n in range(rows)], [f"a{n}" for n in range(rows)])


def matching_texts(table: pd.DataFrame, rows: np.ndarray) -> set[str]:
    part = table.iloc[rows]
    matches = part[part["score"] >= 0.5] if "score" in part else part
    return set(part["anchor"]) | set(matches["positive"])


def assert_is_partition(split: Split, rows: int) -> None:
    assert sorted([*split.train, *split.held_out]) == list(range(rows))
    assert (np.diff(split.train) > 0).all()
    assert (np.diff(split.held_out) > 0).all()


texts = st.integers(0, 60).map("t{}".format)


@given(
    rows=st.lists(st.tuples(texts, texts, st.floats(0, 1, width=32)), min_size=2, max_size=120),
    share=st.floats(0.05, 0.5),
    seed=st.integers(0, 3),
    scored=st.booleans(),
)
def test_no_text_crosses_the_border(
    rows: list[tuple[str, str, float]], share: float, seed: int, scored: bool
) -> None:
    anchors, positives, scores = (list(column) for column in zip(*rows, strict=True))
    table = frame(anchors, positives, scores if scored else None)
    shape = Shape.SCORED_PAIRS if scored else Shape.PAIRS
    split = split_rows(table, shape, share, seed)
    assert_is_partition(split, len(rows))
    assert len(split.train) > 0
    train, held = table.iloc[split.train], table.iloc[split.held_out]
    if split.by is not SplitBy.ROW:
        assert not set(train["anchor"]) & set(held["anchor"])
    if split.by is SplitBy.GROUP:
        assert not matching_texts(table, split.train) & matching_texts(table, split.held_out)
        assert split.leaked == 0


@pytest.mark.parametrize(
    ("rows", "share", "held_out"), [(1000, 0.1, 100), (60, 0.1, 10), (20, 0.1, 4)]
)
def test_the_share_is_met(rows: int, share: float, held_out: int) -> None:
    split = split_rows(distinct(rows), Shape.PAIRS, share, 1)
    assert_is_partition(split, rows)
    assert len(split.held_out) == held_out
    assert split.by is SplitBy.GROUP


def test_groups_of_uneven_size_come_near_the_share() -> None:
    random = np.random.default_rng(5)
    anchors = [f"q{n}" for n, size in enumerate(random.integers(1, 40, 200)) for _ in range(size)]
    table = frame(anchors, [f"a{n}" for n in range(len(anchors))])
    for seed in range(5):
        split = split_rows(table, Shape.TRIPLETS, 0.1, seed)
        assert split.by is SplitBy.GROUP
        assert abs(len(split.held_out) - 0.1 * len(table)) <= 3


def test_the_seed_decides() -> None:
    table = distinct(500)
    first, same, other = (split_rows(table, Shape.PAIRS, 0.1, seed) for seed in (1, 1, 2))
    assert first.held_out.tolist() == same.held_out.tolist()
    assert first.held_out.tolist() != other.held_out.tolist()


def test_a_text_that_is_anchor_here_and_match_there_does_not_cross() -> None:
    anchors = [text for n in range(100) for text in (f"x{n}", f"y{n}")]
    positives = [text for n in range(100) for text in (f"y{n}", f"z{n}")]
    split = split_rows(frame(anchors, positives), Shape.PAIRS, 0.2, 0)
    assert split.by is SplitBy.GROUP
    assert set(split.held_out // 2).isdisjoint(split.train // 2)


def test_rows_scored_low_do_not_link_their_texts() -> None:
    anchors = [f"q{n // 2}" for n in range(400)]
    positives = [f"a{n // 2}" if n % 2 == 0 else "the same distractor" for n in range(400)]
    split = split_rows(frame(anchors, positives, [1.0, 0.0] * 200), Shape.SCORED_PAIRS, 0.1, 0)
    assert split.by is SplitBy.GROUP
    assert len(split.held_out) == 40


def test_a_group_too_large_to_hold_out_is_split_by_anchor_and_said() -> None:
    table = frame([f"q{n}" for n in range(200)], [f"a{n % 7}" for n in range(200)])
    split = split_rows(table, Shape.PAIRS, 0.1, 0)
    assert split.by is SplitBy.ANCHOR
    assert len(split.held_out) == 20
    both = set(table.iloc[split.train]["positive"]) & set(table.iloc[split.held_out]["positive"])
    assert split.leaked == len(both) == 7
    text = split.message.text()
    assert "20 of 200 rows are held out, by anchor: 29 rows are linked" in text
    assert "on both sides: 7." in text


def test_a_single_anchor_is_split_by_row_and_said() -> None:
    table = frame([".."] * 100, [f"a{n}" for n in range(100)])
    split = split_rows(table, Shape.PAIRS, 0.2, 0)
    assert (split.by, len(split.held_out), split.leaked) == (SplitBy.ROW, 20, 0)
    assert "100 rows have the same anchor" in split.message.text()


def test_scored_pairs_keep_their_share_of_matches() -> None:
    random = np.random.default_rng(0)
    rows = 2000
    scores = (random.random(rows) < 0.16).astype(float).tolist()
    table = frame([f"q{n}" for n in range(rows)], [f"a{n}" for n in range(rows)], scores)
    for seed in range(5):
        held = split_rows(table, Shape.SCORED_PAIRS, 0.05, seed).held_out
        assert len(held) == 100
        assert table.iloc[held]["score"].mean() == pytest.approx(np.mean(scores), abs=0.011)


def test_the_message_gives_the_counts() -> None:
    split = split_rows(distinct(2000), Shape.PAIRS, 0.1, 0)
    assert split.message.text() == (
        "200 of 2,000 rows are held out. No anchor and no matching text is on both sides."
    )


@pytest.mark.parametrize(("rows", "share"), [(10, 0.0), (10, 1.0), (1, 0.5)])
def test_impossible_requests_are_errors(rows: int, share: float) -> None:
    with pytest.raises(ValueError, match="cannot hold out"):
        split_rows(distinct(rows), Shape.PAIRS, share, 0)
