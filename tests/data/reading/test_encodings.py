import codecs
from pathlib import Path

import pytest

from core.data.reading.encodings import (
    ENCODINGS,
    EncodingUnknown,
    Undecodable,
    detect_file_encoding,
    looks_like_utf16,
    open_text,
    possible_encodings,
)
from tests.data.reading.odd_text import (
    ENGLISH,
    FRENCH,
    JAPANESE,
    KOREAN,
    PAIRS,
    RUSSIAN,
    TRADITIONAL,
    written,
)

CHINESE = written(PAIRS)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "x.csv"


def detect(file: Path, data: bytes) -> str:
    file.write_bytes(data)
    return detect_file_encoding(file, "x.csv").name


def text_of(file: Path, data: bytes, wanted: str | None = None) -> str:
    file.write_bytes(data)
    with open_text(file, detect_file_encoding(file, "x.csv", wanted)) as stream:
        return stream.read().removeprefix("\ufeff")


@pytest.mark.parametrize(
    ("rows", "codec", "name"),
    [
        (ENGLISH, "ascii", "UTF-8"),
        (PAIRS, "utf-8", "UTF-8"),
        (PAIRS, "utf-8-sig", "UTF-8 (BOM)"),
        (PAIRS, "utf-16", "UTF-16"),
        (PAIRS, "utf-16-le", "UTF-16"),
        (PAIRS, "utf-16-be", "UTF-16 BE"),
        (ENGLISH, "utf-16-be", "UTF-16 BE"),
        (FRENCH, "utf-16-le", "UTF-16"),
        (KOREAN, "utf-16-le", "UTF-16"),
        (PAIRS, "utf-32", "UTF-32"),
        (PAIRS, "gb18030", "GB18030"),
        (PAIRS, "gb2312", "GB18030"),
        (TRADITIONAL, "gbk", "GB18030"),
        (TRADITIONAL, "big5", "Big5"),
        (TRADITIONAL, "cp950", "Big5"),
        (JAPANESE, "cp932", "Shift-JIS"),
        (JAPANESE, "euc_jp", "EUC-JP"),
        (KOREAN, "euc_kr", "EUC-KR"),
        (FRENCH, "cp1252", "Windows-1252"),
        (RUSSIAN, "cp1251", "Windows-1251"),
    ],
)
def test_each_text_is_read_in_its_encoding(
    rows: list[list[str]], codec: str, name: str, file: Path
) -> None:
    text = written(rows)
    data = text.encode(codec)
    assert detect(file, data) == name
    assert text_of(file, data) == text
    assert possible_encodings(data)[0] == name
    # A single row says enough, wherever the head is cut off.
    row = written(rows[:2]).encode(codec)
    assert detect(file, row) == name


def test_traditional_chinese_in_gbk_is_not_big5_and_the_other_way_round(file: Path) -> None:
    for row in TRADITIONAL[1:]:
        line = ("id," + ",".join(row) + "\n").encode
        assert detect(file, line("gbk")) == "GB18030"
        assert detect(file, line("big5")) == "Big5"


def test_text_beyond_ascii_may_begin_late(file: Path) -> None:
    plain = b"some,plain text\n" * 200_000
    assert detect(file, plain + CHINESE.encode("gb18030")) == "GB18030"
    assert detect(file, plain + CHINESE.encode()) == "UTF-8"


@pytest.mark.parametrize("codec", ["utf-8", "gb18030"])
def test_damaged_characters_do_not_change_the_encoding(codec: str, file: Path) -> None:
    torn = {"utf-8": "问".encode()[:2], "gb18030": b"\x81"}[codec] + b",x\n"
    data = (CHINESE * 20).encode(codec) + torn
    assert detect(file, data) == {"utf-8": "UTF-8", "gb18030": "GB18030"}[codec]
    text = text_of(file, data)
    assert text.startswith(CHINESE * 20) and text.endswith(",x\n")
    assert all("\udc80" <= char <= "\udcff" for char in text[len(CHINESE) * 20 : -3])


def test_every_character_cut_in_half_still_shows_what_the_rest_is(file: Path) -> None:
    data = b"".join("产品名称是什么".encode()[:-1] + b",x\n" for _ in range(20))
    assert detect(file, data) == "UTF-8"


def test_what_makes_no_sense_in_any_encoding_is_refused_with_its_line(file: Path) -> None:
    file.write_bytes(b"q,a\nx,y\n" + bytes(range(0x80, 0x100)) * 3 + b"\n")
    with pytest.raises(Undecodable) as caught:
        detect_file_encoding(file, "notes.csv")
    assert caught.value.params == {"file": "notes.csv", "line": 3}
    assert "notes.csv" in caught.value.text() and "UTF-8" in caught.value.advice().text()


def test_a_person_may_choose(file: Path) -> None:
    file.write_bytes(CHINESE.encode("gb18030"))
    assert detect_file_encoding(file, "x.csv", "big5").name == "Big5"
    with pytest.raises(EncodingUnknown, match="Pairloom does not know the encoding Klingon"):
        detect_file_encoding(file, "x.csv", "Klingon")
    text = written(ENGLISH)
    assert text_of(file, text.encode("utf-16-le"), "UTF-16") == text
    assert text_of(file, codecs.BOM_UTF16_BE + text.encode("utf-16-be"), "UTF-16") == text
    assert text_of(file, text.encode("utf-32-le"), "UTF-32") == text


def test_every_encoding_can_be_chosen_and_opened(file: Path) -> None:
    for name, codec in ENCODINGS.items():
        assert text_of(file, "plain".encode(codec), name) == "plain"


def test_possible_encodings_are_those_that_make_sense() -> None:
    assert possible_encodings(CHINESE.encode("utf-16")) == ["UTF-16"]
    chinese = possible_encodings(CHINESE.encode("gb18030"))
    assert chinese[0] == "GB18030"
    assert not {"UTF-8", "Windows-1252", "Shift-JIS"} & set(chinese)
    western = possible_encodings(written(FRENCH[:3]).encode("cp1252"))
    assert western[0] == "Windows-1252" and "ISO-8859-1" in western
    assert "GB18030" not in western
    plain = possible_encodings(b"q,a\nx,y\n")
    assert plain[:3] == ["UTF-8", "GB18030", "Big5"] and "UTF-16" not in plain
    assert set(plain) <= set(ENCODINGS)


def test_a_head_cut_in_the_middle_of_a_character() -> None:
    for codec, name in (("utf-8", "UTF-8"), ("gb18030", "GB18030")):
        data = (CHINESE * 10).encode(codec)
        for end in range(500, 504):
            assert possible_encodings(data[:end])[0] == name


@pytest.mark.parametrize(
    "data",
    [b"", b"x", b"\x00", b"q,a\nbro\x00ken,x\n", b"q,a\n" + bytes(10), bytes(range(256)) * 20],
)
def test_a_few_nul_bytes_are_not_utf16(data: bytes) -> None:
    assert looks_like_utf16(data) is None
