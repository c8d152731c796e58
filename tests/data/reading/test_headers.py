import pytest

from core.data.reading.headers import column_letters, has_header, name_columns

LONG = [
    ["丙戊酸钠缓释片的成份是什么", "本品主要成份为丙戊酸钠"],
    ["头孢克肟胶囊应该怎么服用呢", "口服，一次一粒"],
    ["阿司匹林肠溶片的禁忌有哪些", "对本品过敏者禁用"],
]


@pytest.mark.parametrize(
    "header",
    [
        ["query", "answer"],
        ["Sentence1", "sentence_2"],
        ["问题", "答案"],
        ["Frage", "Antwort"],
        ["用户输入", "标准问"],
        ["", "text"],
        ["0", "1"],
    ],
)
def test_names_above_texts_are_a_header(header: list[str]) -> None:
    assert has_header([header, *LONG])


def test_a_first_row_like_the_others_is_none() -> None:
    assert not has_header(LONG)
    assert not has_header([["how do I reset it?", "press the button"], ["why?", "because"]])
    assert not has_header([["12", "text"], ["13", "more"]])
    assert not has_header([["red", "colour"], ["blue", "colour"], ["two", "number"]])
    assert not has_header([["a", "b"]] * 3)


def test_in_doubt_it_is_a_header() -> None:
    assert has_header([])
    assert has_header([["x", "y"]])
    assert has_header([["苹果", "水果"], ["白菜", "蔬菜"], ["牛肉", "肉"]])


def test_a_name_above_numbers_is_a_header_however_long() -> None:
    rows = [["这个商品在最近一个月里卖出了多少件", "销量"], ["围巾", "3"], ["手套", "12"]]
    assert has_header(rows)
    assert not has_header([["围巾", "5"], *rows[1:]])


def test_a_header_may_come_again_now_and_then() -> None:
    rows = [["query", "answer"], *LONG, ["query", "answer"], *LONG]
    assert has_header(rows)
    assert not has_header([["query", "answer"]] * 20)


def test_known_words_that_come_again_are_data() -> None:
    assert not has_header([["a fine film", "positive"], ["a bore", "negative"], ["ok", "positive"]])


def test_names_are_told_apart_and_never_blank() -> None:
    header = ["text", "text", "text (2)", " ", "two\nlines", "bro\x00ken"]
    assert name_columns(header, 7) == [
        "text",
        "text (2)",
        "text (2) (2)",
        "D",
        "two lines",
        "bro\ufffdken",
        "G",
    ]
    assert name_columns([], 2) == ["A", "B"]
    assert name_columns(["q", "a", ""], 2) == ["q", "a"]


def test_column_letters_are_a_spreadsheets() -> None:
    letters = [column_letters(place) for place in (0, 25, 26, 701, 702)]
    assert letters == ["A", "Z", "AA", "ZZ", "AAA"]
