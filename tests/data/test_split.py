import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.reading.rows import ROW
from core.data.shapes import HELD_OUT, SPLIT, TRAIN, Shape
from core.data.split import (
    HeldOutHasOtherColumns,
    LeakedText,
    OneSideEmpty,
    Side,
    Split,
    SplitBy,
    SplitGivenTwice,
    append_held_out,
    split_rows,
)
from core.data.split_steps import (
    SPLIT_STEPS,
    NoSplitColumn,
    SplitShareWrong,
    drop_split,
    fix_split,
)


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


# The first split of a process imports scipy, which takes longer than a deadline.
@settings(deadline=None)
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
    assert (split.by, len(split.held_out), split.leaked) == (SplitBy.ROW, 20, 1)
    assert "100 rows have the same anchor" in split.message.text()
    (leak,) = split.leaks
    assert leak.text == ".."
    assert leak.train_rows == tuple(split.train[:3] + 2)
    assert leak.held_out_rows == tuple(split.held_out[:3] + 2)


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


def test_both_sides_are_counted() -> None:
    scores = [1.0, 0.7, 0.3, 0.0] * 50
    table = frame([f"q{n // 4}" for n in range(200)], [f"a{n}" for n in range(200)], scores)
    split = split_rows(table, Shape.SCORED_PAIRS, 0.1, 0)
    bands = (1, 0, 0, 1, 0, 0, 0, 1, 0, 1)
    assert split.held_out_side == Side(20, 5, 10, tuple(5 * n for n in bands))
    assert split.training_side == Side(180, 45, 90, tuple(45 * n for n in bands))
    told = split.describe()
    assert told["held_out"]["matches"] == 10
    assert told["message"]["params"]["held_out"] == 20


def test_scores_spread_alike_on_both_sides() -> None:
    random = np.random.default_rng(3)
    # Most pairs are near 0 or near 1; a few are between.
    scores = random.beta(0.3, 0.3, 3000).tolist()
    table = frame([f"q{n // 2}" for n in range(3000)], [f"a{n}" for n in range(3000)], scores)
    split = split_rows(table, Shape.SCORED_PAIRS, 0.1, 0)
    for bands in (split.held_out_side.score_bands, split.training_side.score_bands):
        assert bands is not None
        share = np.array(bands) / sum(bands)
        np.testing.assert_allclose(share, np.histogram(scores, 10, (0, 1))[0] / 3000, atol=0.03)


def test_negatives_may_be_on_both_sides() -> None:
    table = distinct(100).assign(negative="the same distractor", negative_2="a3")
    split = split_rows(table, Shape.SEVERAL_NEGATIVES, 0.1, 0)
    assert (split.by, len(split.held_out), split.leaked) == (SplitBy.GROUP, 10, 0)


def test_an_anchor_that_matches_on_the_other_side_is_a_leak() -> None:
    table = frame([f"t{n}" for n in range(60)], [f"t{n + 1}" for n in range(60)])
    split = split_rows(table, Shape.PAIRS, 0.2, 0)
    assert split.by is SplitBy.ANCHOR
    both = matching_texts(table, split.train) & matching_texts(table, split.held_out)
    assert split.leaked == len(both) > 0
    leak = split.leaks[0]
    number = int(leak.text[1:])
    assert sorted(leak.train_rows + leak.held_out_rows) == [number + 1, number + 2]


def classes(texts: list[str], labels: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"text": texts, "label": labels})


def test_every_class_is_on_both_sides() -> None:
    labels = [f"c{n % 20}" for n in range(400)]
    table = classes([f"t{n}" for n in range(400)], labels)
    split = split_rows(table, Shape.CLASSES, 0.1, 0)
    assert table.iloc[split.held_out]["label"].value_counts().tolist() == [2] * 20
    assert (split.training_side.classes, split.held_out_side.classes) == (20, 20)
    assert split.message.text() == "40 of 400 rows are held out. No text is on both sides."


def test_the_last_text_of_a_class_stays_for_training() -> None:
    labels = ["large"] * 90 + [f"single {n}" for n in range(10)]
    table = classes([f"t{n}" for n in range(100)], labels)
    for seed in range(5):
        held = split_rows(table, Shape.CLASSES, 0.2, seed).held_out
        assert len(held) == 20
        assert set(table.iloc[held]["label"]) == {"large"}
    every_one = classes([f"t{n}" for n in range(100)], [f"c{n}" for n in range(100)])
    assert len(split_rows(every_one, Shape.CLASSES, 0.2, 0).held_out) == 20


def test_a_repeated_text_does_not_cross() -> None:
    table = pd.DataFrame({"text": [f"t{n // 3}" for n in range(300)]})
    split = split_rows(table, Shape.TEXTS, 0.1, 0)
    assert (split.by, len(split.held_out), split.leaked) == (SplitBy.GROUP, 30, 0)
    assert set(split.held_out // 3).isdisjoint(split.train // 3)


def test_a_table_of_one_text_is_split_by_row_and_said() -> None:
    split = split_rows(pd.DataFrame({"text": ["again"] * 50}), Shape.TEXTS, 0.2, 0)
    assert (split.by, split.leaked) == (SplitBy.ROW, 1)
    assert split.message.text() == (
        "10 of 50 rows are held out at random: 50 rows have the same text. "
        "Texts that are on both sides: 1."
    )


def test_the_tables_own_split_wins_and_its_leaks_are_told() -> None:
    table = frame(["q0", "q1", "q0", "q2", "a1"], ["a0", "a1", "a2", "a3", "a4"])
    table[SPLIT] = [TRAIN, TRAIN, HELD_OUT, TRAIN, HELD_OUT]
    table[ROW] = [2, 3, 5, 6, 9]
    split = split_rows(table, Shape.PAIRS, 0.5, 1)
    assert split.by is SplitBy.OWN
    assert (split.train.tolist(), split.held_out.tolist()) == ([0, 1, 3], [2, 4])
    assert split.leaks == (LeakedText("q0", (2,), (5,)), LeakedText("a1", (3,), (9,)))
    assert split.message.text() == (
        "2 of 5 rows are held out, as the table itself says. "
        "Anchors and matching texts that are on both sides: 2."
    )


def test_a_split_column_must_name_rows_of_both_sides() -> None:
    table = distinct(20).assign(split=TRAIN)
    with pytest.raises(OneSideEmpty) as caught:
        split_rows(table, Shape.PAIRS, 0.1, 0)
    assert "marks none of its 20 rows for scoring, as held out." in str(caught.value)


def test_fixed_rows_stay_held_out_whatever_a_run_asks_for() -> None:
    table = distinct(200).assign(row=np.arange(2, 202, dtype=np.int32))
    done = fix_split(table, {"share": 0.1, "seed": 7})
    fixed = done.frame
    assert list(fixed.columns) == ["anchor", "positive", "split", "row"]
    assert list(table.columns) == ["anchor", "positive", "row"]
    assert done.count == 20
    assert done.message.text().startswith("20 of 200 rows are held out. No anchor")
    drawn = split_rows(table, Shape.PAIRS, 0.1, 7)
    for share, seed in ((0.1, 7), (0.5, 8)):
        own = split_rows(fixed, Shape.PAIRS, share, seed)
        assert (own.by, own.leaked) == (SplitBy.OWN, 0)
        assert own.held_out.tolist() == drawn.held_out.tolist()
    again = fix_split(fixed, {"share": 0.2, "seed": 1}).frame
    assert (again["split"] == HELD_OUT).sum() == 40
    freed = drop_split(fixed, {})
    pd.testing.assert_frame_equal(freed.frame, table)
    assert freed.count == 20
    assert freed.message.text().startswith("The split column is gone; 20 rows")


def test_split_steps_that_do_not_fit_say_so() -> None:
    with pytest.raises(NoSplitColumn, match="has no split column"):
        drop_split(distinct(20), {})
    with pytest.raises(SplitShareWrong, match=r"A share of 1\.5 of the rows"):
        fix_split(distinct(20), {"share": 1.5, "seed": 0})
    assert [step.name for step in SPLIT_STEPS] == ["fix_split", "drop_split"]


def test_a_second_file_is_the_held_out_side() -> None:
    first = distinct(30).assign(row=np.arange(2, 32, dtype=np.int32))
    second = frame(["q0", "new"], ["x", "y"]).assign(row=np.array([2, 4], dtype=np.int32))
    both = append_held_out(first, second[["row", "positive", "anchor"]])
    assert list(both.columns) == ["anchor", "positive", "split", "row"]
    assert both.iloc[-2:].to_numpy().tolist() == [
        ["q0", "x", HELD_OUT, 32],
        ["new", "y", HELD_OUT, 34],
    ]
    split = split_rows(both, Shape.PAIRS, 0.1, 0)
    assert (split.held_out.tolist(), split.leaked) == ([30, 31], 1)
    assert split.leaks == (LeakedText("q0", (2,), (32,)),)


def test_a_second_file_must_fit() -> None:
    first = distinct(30).assign(row=np.arange(2, 32, dtype=np.int32))
    with pytest.raises(HeldOutHasOtherColumns) as caught:
        append_held_out(first, first.assign(negative="n"))
    assert str(caught.value).startswith(
        "The held-out file gives anchor, negative, positive, but the table gives anchor, positive."
    )
    with pytest.raises(SplitGivenTwice):
        append_held_out(first.assign(split=TRAIN), first)
