import csv
import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from core.data.read import Source, read_table
from core.data.reading.not_tables import PdfFile
from core.data.reading.refusals import (
    EmptyFile,
    FileUnreadable,
    NoDataRows,
    NoUsableRows,
    OneColumnOnly,
    RowsDoNotFit,
)
from core.data.reading.rows import ReadOptions


def test_words_for_nothing_stay_text() -> None:
    table = read_table(b"q,a,score\nNA,None,1\nnull,nan,\nN/A,#N/A,007\n", "x.csv")
    assert table.frame.values.tolist() == [
        ["NA", "None", "1"],
        ["null", "nan", ""],
        ["N/A", "#N/A", "007"],
    ]
    assert all(dtype == "str" for dtype in table.frame.dtypes)


def test_rows_that_do_not_fit_are_set_aside_with_their_row_number() -> None:
    table = read_table(b'q,a\none,two\nx,y,z\n\nthree,"fo\nur"\nalone\nfive,six,\n', "x.csv")
    assert table.frame.values.tolist() == [["one", "two"], ["three", "fo\nur"], ["five", "six"]]
    assert table.frame.index.tolist() == [2, 5, 7]
    assert [(row.row, row.reason.text(), row.text) for row in table.quarantine] == [
        (3, "The row has 3 cells where the header has 2: too many.", "x | y | z"),
        (4, "The row is blank.", ""),
        (6, "The row has 1 cells where the header has 2: too few.", "alone"),
    ]
    assert (table.rows_read, table.source.quarantined) == (6, 3)


def test_columns_without_name_and_content_are_left_out() -> None:
    assert list(read_table(b"q,a,,\nx,y,,\nz,w\n", "x.csv").frame.columns) == ["q", "a"]
    assert list(read_table(b"q,a,,\nx,y,,\nz,w,,v\n", "x.csv").frame.columns) == ["q", "a", "D"]
    assert list(read_table(b"q,a,B\nx,y,\n", "x.csv").frame.columns) == ["q", "a", "B"]
    with pytest.raises(OneColumnOnly, match="only one column, text"):
        read_table(b"text,\nx,\nz,\n", "x.csv")


def test_a_column_called_row_is_not_taken_for_the_row_numbers() -> None:
    table = read_table(b"row,a,row\nx,y,z\n", "x.csv")
    assert list(table.frame.columns) == ["row (3)", "a", "row (2)"]
    assert table.frame.values.tolist() == [["x", "y", "z"]]
    assert table.frame.index.tolist() == [2]


def test_options_are_followed() -> None:
    data = "你好\t您好\n再见, 朋友\t回见\n".encode("gb18030")
    options = ReadOptions(header=False, encoding="GB18030", separator="\t")
    table = read_table(data, "x.tsv", options=options)
    assert table.frame.values.tolist() == [["你好", "您好"], ["再见, 朋友", "回见"]]
    assert list(table.frame.columns) == ["A", "B"]
    assert table.frame.index.tolist() == [1, 2]
    assert (table.encoding, table.separator, table.facts.header) == ("GB18030", "\t", False)


@pytest.mark.parametrize("write", [json.dumps, repr])
def test_cells_that_hold_lists_become_columns(write: Callable[[list[str]], str]) -> None:
    lists = [["x, y", "z"], [], ["it's"], ["w", 'say "no"']]
    cells = [write(one) for one in lists * 4] + ["", "none"]
    file = io.StringIO(newline="")
    csv.writer(file).writerows([["q", "negatives"], *([f"q{n}", c] for n, c in enumerate(cells))])
    frame = read_table(file.getvalue().encode(), "x.csv").frame
    assert list(frame.columns) == ["q", "negatives[1]", "negatives[2]"]
    assert frame.iloc[:4, 1:].values.tolist() == [
        ["x, y", "z"],
        ["", ""],
        ["it's", ""],
        ["w", 'say "no"'],
    ]
    assert frame.iloc[-2:].values.tolist() == [["q16", "", ""], ["q17", "none", ""]]


def test_lists_in_a_few_cells_only_stay_text() -> None:
    data = b'q;a\n1;["x", "y"]\n2;plain\n3;["z"]\n'
    frame = read_table(data, "x.csv").frame
    assert frame["a"].tolist() == ['["x", "y"]', "plain", '["z"]']
    numbers = read_table(b"q;v\na;[1, 2]\nb;[3, 4]\n", "x.csv").frame
    assert numbers["v"].tolist() == ["[1, 2]", "[3, 4]"]


def test_a_new_column_of_a_list_has_a_name_of_its_own() -> None:
    frame = read_table(b'a[1];a\nx;["y", "z"]\n', "x.csv").frame
    assert list(frame.columns) == ["a[1]", "a[1] (2)", "a[2]"]
    assert frame.values.tolist() == [["x", "y", "z"]]


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
        "format": "Text table",
        "sheet": None,
        "member": None,
        "sampled_from": None,
    }


def test_a_source_of_an_older_dataset_is_still_read() -> None:
    old = {"name": "t.csv", "encoding": "UTF-8", "separator": ";", "sha256": "0"}
    source = Source(**old, rows_read=3, quarantined=1)
    assert (source.format, source.sheet, source.sampled_from) == ("", None, None)


def test_more_rows_than_one_chunk_keep_their_order() -> None:
    lines = [f"q{n},a{n}" for n in range(50_001)]
    table = read_table("\n".join(["q,a", *lines]).encode(), "x.csv")
    assert table.frame["q"].tolist() == [f"q{n}" for n in range(50_001)]
    assert table.frame.index[-1] == 50_002


def test_a_list_of_texts_when_it_is_asked_for() -> None:
    table = read_table("文本\n你好，世界\na, b\n\n".encode(), "x.csv", minimum_columns=1)
    assert table.frame.values.tolist() == [["你好，世界"], ["a, b"]]
    assert table.separator == ""


@pytest.mark.parametrize(
    ("data", "problem", "sentence"),
    [
        (b"", EmptyFile, "x.csv is empty."),
        (b"  \r\n\t\n", EmptyFile, "x.csv is empty."),
        ("\n \n".encode("utf-16"), EmptyFile, "x.csv is empty."),
        (b"q,a\n\n,\n", NoDataRows, "x.csv has a header row but no rows below it."),
        (b"%PDF-1.4 ...", PdfFile, "x.csv is a PDF, not a table."),
        (
            b"text\nhello, world\nbye\n",
            OneColumnOnly,
            "x.csv has only one column, text. Training needs at least two texts in a row.",
        ),
        (
            b"q,a\nx,y\n1,2,3\n4,5,6\n7,8,9\n",
            RowsDoNotFit,
            "x.csv: most rows do not fit the header row, which has 2 cells; "
            "row 3 is the first of them.",
        ),
        (
            b'{"q": " "}\n{"q": "\\u0000"}\n',
            NoUsableRows,
            "None of the rows of x.csv can be used: all 2 are blank or damaged.",
        ),
    ],
)
def test_refusals(data: bytes, problem: type[Exception], sentence: str) -> None:
    with pytest.raises(problem) as caught:
        read_table(data, "x.csv", minimum_columns=1 if data.startswith(b"{") else 2)
    assert caught.value.message().text() == sentence


def test_refuses_a_file_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match=r"gone\.csv cannot be read: No such file"):
        read_table(tmp_path / "gone.csv", "gone.csv")
