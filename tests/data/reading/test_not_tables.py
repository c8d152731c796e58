import bz2
import gzip
import io
import lzma
import os
import pickle
import random
import sqlite3
import struct
import sys
import tarfile
import wave
import zipfile
from pathlib import Path

import numpy as np
import pytest

from core.data.reading import not_tables
from core.data.reading.not_tables import NotATable, refuse_what_is_no_table


def zipped(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "x" * 100)
    return file.getvalue()


def tarred() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("table.csv"))
    return file.getvalue()


def sound() -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(8000)
        recording.writeframes(bytes(1000))
    return file.getvalue()


def array(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    if arrays:
        np.savez(file, **arrays)
    else:
        np.save(file, np.arange(50.0))
    return file.getvalue()


def old_office(kind: str) -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500) + kind.encode("utf-16-le")


def safetensors() -> bytes:
    about = b'{"weight":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}'
    return struct.pack("<Q", len(about)) + about + bytes(16)


TABLE = b"question,answer\nhow,so\n"
NOISE = random.Random(1).randbytes(20_000)

CASES = {
    "PdfFile": [b"%PDF-1.7\n%\xe2\xe3", b"%PDF-1.4\n1 0 obj", b"%PDF-2.0\r\n"],
    "PictureFile": [
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
        b"\xff\xd8\xff\xe0\x00\x10JFIF\x00",
        b"GIF89a\x28\x00\x1e\x00",
        b"RIFF\x24\x00\x00\x00WEBPVP8 ",
        b"BM\x36\x0e\x00\x00\x00\x00\x00\x00\x36\x00",
        b"II*\x00\x08\x00\x00\x00",
        b'<svg xmlns="http://www.w3.org/2000/svg"></svg>',
        b"\x00\x00\x00\x18ftypheic\x00\x00",
    ],
    "SoundOrFilm": [
        sound(),
        b"ID3\x04\x00\x00\x00",
        b"OggS\x00\x02",
        b"fLaC\x00\x00",
        b"\x00\x00\x00\x20ftypisom\x00\x00",
        b"\x1a\x45\xdf\xa3\x01\x00",
    ],
    "OldExcelFile": [old_office("Workbook"), old_office("Book"), old_office("")],
    "OfficeFile": [
        zipped("[Content_Types].xml", "word/document.xml"),
        zipped("[Content_Types].xml", "ppt/presentation.xml"),
        old_office("WordDocument"),
    ],
    "ArchiveFile": [
        zipped("table.csv"),
        gzip.compress(TABLE),
        gzip.compress(TABLE * 50)[:60],
        bz2.compress(TABLE),
        lzma.compress(TABLE),
        tarred(),
        b"7z\xbc\xaf\x27\x1c\x00\x04",
        b"Rar!\x1a\x07\x01\x00",
    ],
    "PickleFile": [*(pickle.dumps({"q": [1, "x"]}, protocol) for protocol in (0, 2, 3, 4, 5))],
    "ModelFile": [
        safetensors(),
        zipped("archive/data.pkl", "archive/data/0"),
        b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.",
        b"GGUF\x03\x00\x00\x00",
    ],
    "NumberArray": [
        array(),
        array(x=np.arange(9)),
        b"\x93NUMPY\x01\x00v\x00{'descr'",
    ],
    "ProgramFile": [
        Path(sys.executable).resolve().read_bytes()[:5000],
        b"\x7fELF\x02\x01\x01\x00",
        b"MZ\x90\x00\x03\x00\x00\x00\x04\x00",
    ],
    "OtherDataFile": [b"$FL2@(#) SPSS DATA FILE", b"\x89HDF\r\n\x1a\n", b"ARROW1\x00\x00\xff\xff"],
    "DatabaseFile": [b"SQLite format 3\x00\x10\x00", b"\x00\x01\x00\x00Standard Jet DB\x00"],
    "NotATable": [NOISE, b"\xff\xfe" + NOISE, bytes(1000), bytes(range(256)) * 20],
}
WORDS = {
    "PdfFile": "is a PDF",
    "PictureFile": "is a picture",
    "SoundOrFilm": "sound or video",
    "OldExcelFile": "old kind (.xls)",
    "OfficeFile": "Word or PowerPoint",
    "ArchiveFile": "packed archive",
    "PickleFile": "never opens pickles",
    "ModelFile": "trained model",
    "NumberArray": "array of numbers",
    "ProgramFile": "is a program",
    "OtherDataFile": "of another program",
    "DatabaseFile": "is a database",
    "NotATable": "binary data",
}


@pytest.mark.parametrize(
    ("kind", "data"),
    [(kind, data) for kind, cases in CASES.items() for data in cases],
    ids=[f"{kind} {place}" for kind, cases in CASES.items() for place in range(len(cases))],
)
def test_says_what_it_looks_like_and_the_way_out(kind: str, data: bytes) -> None:
    with pytest.raises(NotATable) as caught:
        refuse_what_is_no_table(data, "upload.csv")
    assert caught.value.kind == kind
    assert caught.value.message().text().startswith("upload.csv ")
    assert WORDS[kind] in caught.value.message().text()
    assert caught.value.advice().text().endswith(".")


def test_recognises_a_database(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "x.db")
    connection.execute("create table t (a text)")
    connection.commit()
    connection.close()
    with pytest.raises(not_tables.DatabaseFile):
        refuse_what_is_no_table((tmp_path / "x.db").read_bytes(), "x.db")


def test_random_bytes_are_never_a_table() -> None:
    for _ in range(50):
        with pytest.raises(NotATable):
            refuse_what_is_no_table(os.urandom(5000), "x.csv")


def test_a_login_page_is_told_from_other_pages() -> None:
    page = b"<html><form><input type='password'></form></html>"
    with pytest.raises(not_tables.LoginPage) as caught:
        refuse_what_is_no_table(page, "data.csv")
    assert caught.value.text() == (
        "data.csv is a login page that was saved instead of the table. "
        "Log in where the table is kept, download it again, and choose that file."
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        TABLE,
        *("问题,答案\n你好,再见\n".encode(codec) for codec in ("utf-8", "gb18030", "utf-32")),
        *("问题,答案\n你好,再见\n".encode(codec) for codec in ("utf-16", "utf-16-le", "utf-16-be")),
        "question,answer\n".encode("utf-16-le"),
        b"[id],[text]\n1,hello\n",
        b"{id},{text}\n1,hello\n",
        b"[a, b];[c, d]\n[e];[f]\n",
        b"BMI,text\n21,fine\n",
        b"MZ,text\n21,fine\n",
        b"PKG,text\n21,fine\n",
        b"Subject: a,b\nx,y\n",
        b"q,a\n<b>bold</b>,x\n",
        b"<b>q</b>,a\n<b>bold</b>,x\n",
        b"q,a\nbroken\x00cell,x\n" + TABLE * 10,
        b"a\x01b\nx\x01y\n",
    ],
)
def test_lets_tables_pass(data: bytes) -> None:
    refuse_what_is_no_table(data, "x.csv")
