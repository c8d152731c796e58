import csv
import hashlib
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data.read import Table, read_table
from core.data.reading.encodings import Undecodable
from core.data.reading.not_tables import PdfFile
from core.data.reading.refusals import (
    EmptyFile,
    FileUnreadable,
    NoDataRows,
    OneColumnOnly,
    RowsDoNotFit,
)

HEADER = ["问题", "答案", "note"]
SPECIAL = st.sampled_from(',;|\t"\n\r \u3000\u2028\ufeff')
ANY_TEXT = st.text(SPECIAL | st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
CHINESE_TEXT = st.text(SPECIAL | st.sampled_from("丙戊酸钠缓释片的成份本品为"), max_size=12)


def rows_of(table: Table) -> list[list[str]]:
    return table.frame.values.tolist()


def write(rows: list[list[str]], separator: str, quoting: int) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, quoting=quoting, lineterminator="\r\n")
    writer.writerows(rows)
    return text.getvalue()


@given(data=st.data(), columns=st.integers(2, 3))
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    ("codec", "name"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8 (BOM)"),
        ("utf-16", "UTF-16"),
        ("gb18030", "GB18030"),
    ],
)
def test_what_was_written_is_read_back(
    separator: str, codec: str, name: str, data: st.DataObject, columns: int
) -> None:
    cell = CHINESE_TEXT if codec == "gb18030" else ANY_TEXT
    row = st.lists(cell, min_size=columns, max_size=columns)
    rows = data.draw(st.lists(row, min_size=1, max_size=8))
    rows.append(["end"] * columns)
    quoting = data.draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))

    table = read_table(write([HEADER[:columns], *rows], separator, quoting).encode(codec), "x.csv")

    assert (table.encoding, table.separator) == (name, separator)
    assert list(table.frame.columns) == HEADER[:columns]
    filled = {number: row for number, row in enumerate(rows, 2) if any(row)}
    assert rows_of(table) == list(filled.values())
    assert table.frame.index.tolist() == list(filled)
    assert table.rows_read == len(rows)
    assert len(table.quarantine) == len(rows) - len(filled)


def test_words_for_nothing_stay_text() -> None:
    table = read_table(b"q,a,score\nNA,None,1\nnull,nan,\nN/A,#N/A,007\n", "x.csv")
    assert rows_of(table) == [["NA", "None", "1"], ["null", "nan", ""], ["N/A", "#N/A", "007"]]
    assert all(dtype == "str" for dtype in table.frame.dtypes)


def test_ragged_rows_are_set_aside_with_their_row_number() -> None:
    table = read_table(b'q,a\none,two\nx,y,z\n\nthree,"fo\nur"\nalone\nfive,six,\n', "x.csv")
    assert rows_of(table) == [["one", "two"], ["three", "fo\nur"], ["five", "six"]]
    assert table.frame.index.tolist() == [2, 5, 7]
    assert [(row.row, row.reason.text(), row.text) for row in table.quarantine] == [
        (3, "The row has 3 cells where the header has 2: too many.", "x | y | z"),
        (4, "The row is blank.", ""),
        (6, "The row has 1 cells where the header has 2: too few.", "alone"),
    ]
    assert table.rows_read == 6
    assert table.source.quarantined == 3


def test_blank_rows_at_the_end_and_before_the_header_do_not_count() -> None:
    table = read_table(b"\n,\nq,a\nx,y\n,\n\n  \n", "x.csv")
    assert rows_of(table) == [["x", "y"]]
    assert table.frame.index.tolist() == [4]
    assert (table.rows_read, table.quarantine) == (1, [])


def test_rows_that_are_not_text_are_set_aside() -> None:
    good = "问题,答案\n".encode() * 200
    table = read_table(good + b"torn\xe4\xbd,x\n" + b"n\x00l,y\n" + good, "x.csv")
    assert [(row.row, row.text) for row in table.quarantine] == [
        (201, "torn\ufffd\ufffd | x"),
        (202, "n\ufffdl | y"),
    ]
    assert {row.reason.text() for row in table.quarantine} == {
        "The row holds bytes that are not text."
    }
    assert table.rows == 399


def test_header_names_are_told_apart_and_never_blank() -> None:
    table = read_table(b'text,text,text (2),,"two\nlines"\na,b,c,d,e\n', "x.csv")
    assert list(table.frame.columns) == ["text", "text (2)", "text (2) (2)", "D", "two lines"]


def test_columns_without_name_and_content_are_left_out() -> None:
    assert list(read_table(b"q,a,,\nx,y,,\nz,w\n", "x.csv").frame.columns) == ["q", "a"]
    assert list(read_table(b"q,a,,\nx,y,,\nz,w,,v\n", "x.csv").frame.columns) == ["q", "a", "D"]


def test_a_table_without_header() -> None:
    table = read_table("你好\t您好\n再见, 朋友\t回见\n".encode("gb18030"), "x.tsv", header=False)
    assert rows_of(table) == [["你好", "您好"], ["再见, 朋友", "回见"]]
    assert list(table.frame.columns) == ["A", "B"]
    assert table.frame.index.tolist() == [1, 2]


def test_column_letters_are_a_spreadsheets() -> None:
    assert [column_letters(place) for place in (0, 25, 26, 701, 702)] == [
        "A",
        "Z",
        "AA",
        "ZZ",
        "AAA",
    ]


def test_source_remembers_the_file(tmp_path: Path) -> None:
    data = b"q;a\nx;y\n"
    (tmp_path / "t.csv").write_bytes(data)
    table = read_table(tmp_path / "t.csv", "t.csv")
    assert table.source.to_json() == {
        "name": "t.csv",
        "encoding": "UTF-8",
        "separator": ";",
        "sha256": hashlib.sha256(data).hexdigest(),
        "rows_read": 1,
        "quarantined": 0,
    }


def test_more_rows_than_one_chunk_keep_their_order() -> None:
    lines = [f"q{n},a{n}" for n in range(120_001)]
    table = read_table("\n".join(["q,a", *lines]).encode(), "x.csv")
    assert table.frame["q"].tolist() == [f"q{n}" for n in range(120_001)]
    assert table.frame.index[-1] == 120_002


def test_a_list_of_texts_when_it_is_asked_for() -> None:
    table = read_table("文本\n你好，世界\na, b\n\n".encode(), "x.csv", minimum_columns=1)
    assert rows_of(table) == [["你好，世界"], ["a, b"]]
    assert table.separator == ""


@pytest.mark.parametrize("data", [b"", b"  \r\n\t\n", b"\xef\xbb\xbf", "\n \n".encode("utf-16")])
def test_refuses_an_empty_file(data: bytes) -> None:
    with pytest.raises(EmptyFile, match=r"nothing\.csv is empty"):
        read_table(data, "nothing.csv")


@pytest.mark.parametrize("data", [b"q,a", b"q,a\n\n,\n"])
def test_refuses_a_header_alone(data: bytes) -> None:
    with pytest.raises(NoDataRows, match=r"head\.csv has a header row but no rows"):
        read_table(data, "head.csv")


def test_refuses_a_single_column() -> None:
    with pytest.raises(OneColumnOnly) as caught:
        read_table(b"text\nhello, world\nbye\n", "one.csv")
    assert caught.value.message().text() == (
        "one.csv has only one column, text. Training needs at least two texts in a row."
    )
    assert "comma" in caught.value.advice().text()


def test_refuses_rows_that_do_not_fit_the_header() -> None:
    with pytest.raises(RowsDoNotFit) as caught:
        read_table(b"q,a\nx,y\n1,2,3\n4,5,6\n", "odd.csv")
    assert caught.value.params == {"file": "odd.csv", "columns": 2, "row": 3}


def test_refuses_what_is_no_table_or_no_known_text() -> None:
    with pytest.raises(PdfFile):
        read_table(b"%PDF-1.4 ...", "x.csv")
    with pytest.raises(Undecodable):
        read_table("name,note\ncafé au lait,x\n".encode("cp1252"), "x.csv")


def test_refuses_a_file_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match=r"gone\.csv cannot be read: No such file"):
        read_table(tmp_path / "gone.csv", "gone.csv")
