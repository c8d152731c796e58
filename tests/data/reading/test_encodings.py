import pytest

from core.data.reading.encodings import Undecodable, detect_encoding, read_lines

CHINESE = "问题,答案\r\n丙戊酸钠缓释片的成份,本品主要成份为丙戊酸钠\r\n"


@pytest.mark.parametrize(
    ("codec", "name"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8 (BOM)"),
        ("utf-16", "UTF-16"),
        ("utf-32", "UTF-32"),
        ("gb18030", "GB18030"),
        ("gbk", "GB18030"),
    ],
)
def test_chinese_is_read_in_its_encoding(codec: str, name: str) -> None:
    data = CHINESE.encode(codec)
    encoding = detect_encoding(data, "x.csv")
    assert encoding.name == name
    assert "".join(read_lines(data, encoding)) == CHINESE


def test_big_endian_utf16() -> None:
    data = b"\xfe\xff" + CHINESE.encode("utf-16-be")
    assert "".join(read_lines(data, detect_encoding(data, "x.csv"))) == CHINESE


def test_lines_end_only_where_csv_says_so() -> None:
    data = "a\u2028b\x0bc\x85d\ne\r\nf\rg".encode()
    assert read_lines(data, detect_encoding(data, "x")) == [
        "a\u2028b\x0bc\x85d\n",
        "e\r\n",
        "f\r",
        "g",
    ]


@pytest.mark.parametrize(
    "data",
    [
        "name,note\nx,y\ncafé au lait,élève à l'école\n".encode("cp1252"),
        "id,text\n1,臺灣繁體中文的測試資料\n2,請問這個產品有什麼優點\n".encode("big5"),
        CHINESE.encode("shift_jis", errors="ignore") + "ひらがなカタカナ".encode("shift_jis"),
    ],
)
def test_other_encodings_are_refused_not_garbled(data: bytes) -> None:
    with pytest.raises(Undecodable) as caught:
        detect_encoding(data, "notes.csv")
    assert "notes.csv" in caught.value.text()
    assert "UTF-8" in caught.value.advice().text()


def test_the_refusal_names_the_line() -> None:
    data = "name,note\nx,y\ncafé au lait,ok\n".encode("cp1252")
    with pytest.raises(Undecodable, match="line 3"):
        detect_encoding(data, "notes.csv")


def test_damaged_utf16_names_the_line() -> None:
    data = "a,b\nc,d\ne,f".encode("utf-16") + b"\x00"
    with pytest.raises(Undecodable, match="line 3"):
        detect_encoding(data, "x.csv")


def test_one_damaged_character_does_not_turn_utf8_into_gb18030() -> None:
    data = (CHINESE * 20).encode() + "问".encode()[:2] + b",x\n"
    encoding = detect_encoding(data, "x.csv")
    assert (encoding.name, encoding.errors) == ("UTF-8", "surrogateescape")
    lines = read_lines(data, encoding)
    assert lines[:-1] == CHINESE.splitlines(keepends=True) * 20
