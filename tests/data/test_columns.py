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


@pytest.mark.parametrize(
    "cells",
    [["yes", "no"] * 3, ["是", "否"] * 3, ["相似", "不相似"] * 3, ["entailment", "neutral"] * 3],
)
def test_a_label_of_yes_and_no_beside_two_texts_is_the_score(cells: list[str]) -> None:
    for name in ("label", "标签", "is_match"):
        frame = texts("q", "a", **{name: cells})
        assert guess_mapping(frame) == Mapping("q", "a", score=name)
    assert guess_mapping(texts("q", "a", in_stock=cells)) == Mapping("q", "a")
    assert guess_mapping(texts("q", "a", label=["red", "blue", "green"] * 2)) == Mapping("q", "a")


def test_a_third_text_never_becomes_a_negative_by_accident() -> None:
    assert guess_mapping(texts("alpha", "beta", "gamma")) == Mapping("alpha", "beta")
    assert guess_mapping(texts("question", "answer", "category")) == Mapping("question", "answer")


def test_article_numbers_are_passed_over_while_other_texts_are_left() -> None:
    frame = pd.DataFrame(
        {
            "A": [f"SP-{number:04}" for number in range(30)],
            "B": [f"轻便跑鞋，鞋底有缓震，第{number}款，适合长跑" for number in range(30)],
            "C": [f"推荐跑鞋{number}" for number in range(30)],
        }
    )
    assert guess_mapping(frame) == Mapping("C", "B")
    assert guess_mapping(frame[["A", "B"]]) == Mapping("A", "B")


def test_a_named_query_is_never_passed_over_for_a_numbered_series() -> None:
    names = ["other 1", "query", "other 2", "other 3"]
    frame = pd.DataFrame({name: [f"{name} text {row}" for row in range(9)] for name in names})
    guess = guess_mapping(frame)
    assert guess is not None
    assert guess.anchor == "query"


def test_columns_of_few_short_labels_are_passed_over() -> None:
    rows = range(200)
    frame = table(
        split=["train"] * 150 + ["test"] * 50,
        left_side=[f"how about number {row}?" for row in rows],
        other=[f"the answer is {row}." for row in rows],
    )
    assert guess_mapping(frame) == Mapping("left_side", "other", split="split")
    frame["split"] = frame["split"].replace({"train": "en", "test": "zh"})
    assert guess_mapping(frame.rename(columns={"split": "language"})) == Mapping(
        "left_side", "other"
    )


def test_a_column_of_dots_is_still_a_text_when_there_are_no_others() -> None:
    frame = table(one=["."] * 100, two=[f"text number {row}" for row in range(100)])
    assert guess_mapping(frame) == Mapping("one", "two")


def test_numbers_alone_give_no_guess() -> None:
    assert guess_mapping(table(a=["1", "2"], b=["3", "4"])) is None
    assert guess_mapping(table(id=["x1", "x2"], url=["http://a", "http://b"])) is None
    assert guess_mapping(table(text=["", " "])) is None


@pytest.mark.parametrize(
    ("names", "negatives"),
    [
        (["negative_1", "negative_2", "negative_3"], None),
        (["negatives[2]", "negatives[10]", "negatives[1]"], [2, 0, 1]),
        (["负例1", "负例2"], None),
        (["neg 1", "neg 2"], None),
        (["negative", "hard_negative"], None),
        (["难负例（1）", "难负例（2）"], None),
        (["my_hard_negative_2", "my_hard_negative_1"], [1, 0]),
    ],
)
def test_several_negatives_come_in_their_order(
    names: list[str], negatives: list[int] | None
) -> None:
    expected = tuple(names[place] for place in negatives or range(len(names)))
    assert guess_mapping(texts("query", "positive", *names)) == Mapping(
        "query", "positive", expected
    )


def test_blank_columns_of_lists_are_negatives_too() -> None:
    frame = texts("query", "pos[1]", "neg[1]", **{"neg[2]": [""] * 6})
    assert guess_mapping(frame) == Mapping("query", "pos[1]", ("neg[1]", "neg[2]"))


CLASSES = ["a", "b", "a", "b", "a", "b"]


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("text", "label"),
        ("sentence", "category"),
        ("问题", "意图"),
        ("文本", "类别"),
        ("商品名称", "一级分类"),
        ("utterance", "intent"),
        ("内容", "标签"),
        ("note", "class"),
    ],
)
def test_a_text_and_its_class(text: str, label: str) -> None:
    expected = Mapping(text=text, label=label)
    assert guess_mapping(texts(text, **{label: CLASSES})) == expected
    assert guess_mapping(texts("id", text, **{label: list("012012")})) == expected
    assert guess_mapping(texts(text, **{label: ["是", "否"] * 3})) == expected


def test_a_class_that_differs_in_every_row_is_none() -> None:
    assert guess_mapping(texts("text", label=list("012345"))) == Mapping(text="text")
    assert guess_mapping(texts("文本", "标签")) == Mapping(text="文本")


def test_one_text_beside_what_is_no_class() -> None:
    assert guess_mapping(texts("question", score=NUMBERS)) == Mapping(text="question")
    assert guess_mapping(texts("id", "text")) == Mapping(text="text")
    assert guess_mapping(texts("评论", 价格=NUMBERS)) == Mapping(text="评论")
    frame = texts("text", language=["en", "zh"] * 3)
    frame = pd.concat([frame] * 10, ignore_index=True)
    assert guess_mapping(frame) == Mapping(text="text")


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("split", ["train", "test"]),
        ("fold", ["Training", "dev"]),
        ("划分", ["训练集", "测试集"]),
        ("用途", ["训练", "验证"]),
        ("which", ["TRAIN", "held-out"]),
    ],
)
def test_a_column_of_sides_is_the_split(name: str, values: list[str]) -> None:
    frame = texts("question", "answer", **{name: values * 3})
    assert guess_mapping(frame) == Mapping("question", "answer", split=name)
    frame = texts("text", label=CLASSES, **{name: values * 3})
    assert guess_mapping(frame) == Mapping(text="text", label="label", split=name)


def test_folds_and_one_sided_columns_are_no_split() -> None:
    frame = texts("question", "answer", fold=list("012012"))
    assert guess_mapping(frame) == Mapping("question", "answer")
    frame = texts("question", "answer", split=["train"] * 6)
    assert guess_mapping(frame) == Mapping("question", "answer")


@pytest.mark.parametrize(
    ("columns", "more", "expected"),
    [
        (
            ["premise", "hypothesis"],
            {"label": list("012012")},
            Mapping("premise", "hypothesis", score="label"),
        ),
        (
            ["sentence1", "sentence2"],
            {"score": ["5.0", "0.2", "3.8", "1", "4.25", "0"]},
            Mapping("sentence1", "sentence2", score="score"),
        ),
        (
            ["question1", "question2"],
            {"qid1": list("123456"), "qid2": list("789123"), "is_duplicate": list("010101")},
            Mapping("question1", "question2", score="is_duplicate"),
        ),
        (["query", "pos", "neg"], {}, Mapping("query", "pos", ("neg",))),
        (["set[1]", "set[2]"], {}, Mapping("set[1]", "set[2]")),
        (
            ["用户问题", "标准答案"],
            {"是否匹配": ["是", "否"] * 3, "编号": list("123456")},
            Mapping("用户问题", "标准答案", score="是否匹配"),
        ),
        (
            ["查询词", "商品标题"],
            {"相关度": list("012012"), "价格": list("123123")},
            Mapping("查询词", "商品标题", score="相关度"),
        ),
        (
            ["句子1", "句子2"],
            {"相似度": ["85%", "20%"] * 3},
            Mapping("句子1", "句子2", score="相似度"),
        ),
    ],
)
def test_well_known_tables(columns: list[str], more: dict, expected: Mapping) -> None:
    assert guess_mapping(texts(*columns, **more)) == expected


def test_a_title_and_a_text_with_numbered_classes_are_no_scored_pair() -> None:
    frame = texts("title", "description", label=list("012301"))
    assert guess_mapping(frame) == Mapping("title", "description")


def nameless(*columns: list[str]) -> pd.DataFrame:
    return table(**dict(zip("ABCDE", columns, strict=False)))


ROWS = range(60)
SHORT = [f"query {row}" for row in ROWS]
LONG = [f"a passage about {row} that goes on for a good while" for row in ROWS]


def test_without_names_content_decides() -> None:
    assert guess_mapping(nameless(SHORT, LONG)) == Mapping("A", "B")
    assert guess_mapping(nameless(LONG, SHORT)) == Mapping("B", "A")
    numbers = [str(row % 3) for row in ROWS]
    assert guess_mapping(nameless(SHORT, LONG, numbers)) == Mapping("A", "B", score="C")
    words = ["相似" if row % 2 else "不相似" for row in ROWS]
    assert guess_mapping(nameless(words, SHORT, LONG)) == Mapping("B", "C", score="A")
    assert guess_mapping(nameless(SHORT, LONG, LONG[::-1])) == Mapping("A", "B")


def test_without_names_a_column_that_repeats_itself_beside_one_text_is_its_class() -> None:
    classes = [("sport", "politics", "business news")[row % 3] for row in ROWS]
    assert guess_mapping(nameless(LONG, classes)) == Mapping(text="A", label="B")
    assert guess_mapping(nameless([str(row % 4) for row in ROWS], LONG)) == Mapping(
        text="B", label="A"
    )
    assert guess_mapping(nameless(LONG)) == Mapping(text="A")
    assert guess_mapping(nameless([str(row) for row in ROWS], LONG)) == Mapping(text="B")


def test_numbered_columns_are_nameless_too() -> None:
    frame = nameless(SHORT, LONG, LONG[::-1])
    frame.columns = ["Column 1", "Column 2", "Column 3"]
    assert guess_mapping(frame) == Mapping("Column 1", "Column 2")
    frame.columns = ["列1", "列2", "列3"]
    assert guess_mapping(frame) == Mapping("列1", "列2")
