import gzip
import io
import json
import os
import pickle
import sqlite3
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from core.data.reading import not_tables
from core.data.reading.not_tables import NotATable, refuse_what_is_no_table


def zipped(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "x" * 100)
    return file.getvalue()


def parquet() -> bytes:
    return pd.DataFrame({"q": ["a"], "a": ["b"]}).to_parquet()


PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00"
OLD_EXCEL = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500) + "Workbook".encode("utf-16-le")
TABLE = b"question,answer\nhow,so\n"


@pytest.mark.parametrize(
    ("data", "problem", "words"),
    [
        (b"%PDF-1.7\n%\xe2\xe3", not_tables.PdfFile, "PDF"),
        (
            zipped("[Content_Types].xml", "xl/workbook.xml"),
            not_tables.ExcelFile,
            "Excel workbook",
        ),
        (OLD_EXCEL, not_tables.ExcelFile, "CSV UTF-8"),
        (zipped("[Content_Types].xml", "word/document.xml"), not_tables.OfficeFile, "Office"),
        (zipped("table.csv"), not_tables.ArchiveFile, "Unpack"),
        (gzip.compress(TABLE), not_tables.ArchiveFile, "archive"),
        (PNG, not_tables.PictureFile, "picture"),
        (JPEG, not_tables.PictureFile, "picture"),
        (parquet(), not_tables.ParquetFile, "Parquet"),
        (pickle.dumps({"q": 1}), not_tables.PickleFile, "never opens pickles"),
        (b"<!DOCTYPE html><html><body>Log in</body></html>", not_tables.WebPage, "login"),
        (b"\xef\xbb\xbf\n <HTML lang=zh>", not_tables.WebPage, "web page"),
        (b'{"q": "a", "a": "b"}\n{"q": "c", "a": "d"}\n', not_tables.JsonFile, "JSON"),
        (b'[{"q": "a"}, {"q": "b"}]', not_tables.JsonFile, "JSON"),
        (b'[\n  {"q": "a"}\n]', not_tables.JsonFile, "JSON"),
        (os.urandom(20_000), NotATable, "binary"),
        (bytes(1000), NotATable, "binary"),
    ],
)
def test_says_what_it_looks_like_and_the_way_out(
    data: bytes, problem: type[NotATable], words: str
) -> None:
    with pytest.raises(NotATable) as caught:
        refuse_what_is_no_table(data, "upload.csv")
    assert type(caught.value) is problem
    assert words in caught.value.text()
    assert "upload.csv" in caught.value.message().text()


def test_recognises_a_database(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "x.db")
    connection.execute("create table t (a text)")
    connection.commit()
    connection.close()
    with pytest.raises(not_tables.DatabaseFile):
        refuse_what_is_no_table((tmp_path / "x.db").read_bytes(), "x.db")


def test_a_long_json_document_on_one_line() -> None:
    data = json.dumps([{"question": "q" * 50, "answer": "a" * 50}] * 2000).encode()
    with pytest.raises(not_tables.JsonFile):
        refuse_what_is_no_table(data, "x.csv")


@pytest.mark.parametrize(
    "data",
    [
        TABLE,
        "问题,答案\n".encode("utf-16"),
        "问题,答案\n".encode("gb18030"),
        b"[id],[text]\n1,hello\n",
        b"BMI,text\n21,fine\n",
        b"PKG,text\n21,fine\n",
        b"q,a\n<b>bold</b>,x\n",
        b"q,a\nbroken\x00cell,x\n" + TABLE * 10,
    ],
)
def test_lets_tables_pass(data: bytes) -> None:
    refuse_what_is_no_table(data, "x.csv")
