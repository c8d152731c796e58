import pandas as pd
import pytest

from core.data.columns import guess_mapping
from core.data.shapes import Mapping


def table(**columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(columns, dtype="str")


def texts(*names: str, **more: list[str]) -> pd.DataFrame:
    """A table with a different sentence in every cell of the named columns."""
    cells = {name: [f"sentence {row} of {name}" for row in range(6)] for name in names}
    return pd.DataFrame({**cells, **more}, dtype="str")


NUMBERS = ["0.0", "1.0", "0.5", "", "1", "0"]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (["anchor", "positive"], Mapping("anchor", "positive")),
        (["positive", "anchor"], Mapping("anchor", "positive")),
        (["anchor", "positive", "negative"], Mapping("anchor", "positive", ("negative",))),
        (["Query", "Passage"], Mapping("Query", "Passage")),
        (["id", "question", "answer"], Mapping("question", "answer")),
        (["user_question", "best answer", "hard_negative"], None),
        (["sentence1", "sentence2"], Mapping("sentence1", "sentence2")),
        (["sentence_0", "sentence_1"], Mapping("sentence_0", "sentence_1")),
        (
            ["sentence_2", "sentence_0", "sentence_1"],
            Mapping("sentence_0", "sentence_1", ("sentence_2",)),
        ),
        (["qid", "question1", "question2"], Mapping("question1", "question2")),
        (["text_a", "text_b"], Mapping("text_a", "text_b")),
        (["source", "target"], Mapping("source", "target")),
        (["question", "passage", "negative"], Mapping("question", "passage", ("negative",))),
        (["问题", "答案"], Mapping("问题", "答案")),
        (["答案", "问题"], Mapping("问题", "答案")),
        (["问句", "正例", "负例"], Mapping("问句", "正例", ("负例",))),
        (["查询", "标题"], Mapping("查询", "标题")),
        (["标题", "相似句"], Mapping("标题", "相似句")),
        (["用户的问题", "客服答案"], Mapping("用户的问题", "客服答案")),
        (["文本1", "文本2"], Mapping("文本1", "文本2")),
        (["question", "title"], Mapping("question", "title")),
        (["title", "body"], Mapping("title", "body")),
        (["alpha", "beta"], Mapping("alpha", "beta")),
        (["alpha", "query"], Mapping("query", "alpha")),
    ],
)
def test_texts_are_guessed_from_names(columns: list[str], expected: Mapping | None) -> None:
    if expected is None:
        expected = Mapping(columns[0], columns[1], (columns[2],))
    assert guess_mapping(texts(*columns)) == expected


@pytest.mark.parametrize(
    "name", ["score", "label", "Similarity", "标签", "得分", "相似度", "human_score", "gold label"]
)
def test_a_column_of_numbers_with_a_telling_name_is_the_score(name: str) -> None:
    frame = texts("query", "title", **{name: NUMBERS})
    assert guess_mapping(frame) == Mapping("query", "title", score=name)


def test_a_column_of_small_numbers_is_the_score_under_any_name() -> None:
    frame = texts("q", "a", verdict=NUMBERS)
    assert guess_mapping(frame) == Mapping("q", "a", score="verdict")


def test_numbers_that_are_no_scores_are_left_alone() -> None:
    frame = texts("q", "a", id=list("012345"), price=["39.9", "120", "5", "8", "77", "6"])
    assert guess_mapping(frame) == Mapping("q", "a")


def test_a_label_in_words_is_no_score() -> None:
    frame = texts("q", "a", label=["yes", "no", "yes", "no", "yes", "no"])
    assert guess_mapping(frame) == Mapping("q", "a")


def test_a_third_text_never_becomes_a_negative_by_accident() -> None:
    assert guess_mapping(texts("alpha", "beta", "gamma")) == Mapping("alpha", "beta")
    assert guess_mapping(texts("question", "answer", "category")) == Mapping("question", "answer")


def test_columns_of_few_short_labels_are_passed_over() -> None:
    rows = range(200)
    frame = table(
        split=["train"] * 150 + ["test"] * 50,
        left_side=[f"how about number {row}?" for row in rows],
        other=[f"the answer is {row}." for row in rows],
    )
    assert guess_mapping(frame) == Mapping("left_side", "other")
    assert guess_mapping(frame.rename(columns={"split": "language"})) == Mapping(
        "left_side", "other"
    )


def test_a_column_of_dots_is_still_a_text_when_there_are_no_others() -> None:
    frame = table(one=["."] * 100, two=[f"text number {row}" for row in range(100)])
    assert guess_mapping(frame) == Mapping("one", "two")


def test_numbers_and_too_few_texts_give_no_guess() -> None:
    assert guess_mapping(texts("question", score=NUMBERS)) is None
    assert guess_mapping(table(a=["1", "2"], b=["3", "4"])) is None
    assert guess_mapping(texts("id", "text")) is None
