"""Makes odd files of every format, and says what an odd file should come to."""

from __future__ import annotations

import io
import json
import stat
import struct
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core.data.reading.rows import ReadOptions

QA = [["问题", "答案"], ["甲", "乙"], ["丙", "丁"]]
ROW_OBJECTS = [{"q": "甲", "a": "乙"}, {"q": "丙", "a": "丁"}]
QA_ROWS = [["甲", "乙"], ["丙", "丁"]]
CSV = "问题,答案\n阿司匹林是什么,解热镇痛药\n怎么贮藏,密封保存\n".encode()
CSV_ROWS = [["阿司匹林是什么", "解热镇痛药"], ["怎么贮藏", "密封保存"]]


FIND_OUT = ReadOptions()


@dataclass(frozen=True)
class Loaded:
    """A file that is a table: its columns, rows, row numbers, and the reasons of rows set aside."""

    data: bytes
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: Sequence[int] | None = None
    aside: Mapping[int, str] | None = None
    options: ReadOptions = FIND_OUT


@dataclass(frozen=True)
class Refused:
    """A file that is none, and the sentence that says so."""

    data: bytes
    sentence: str
    options: ReadOptions = FIND_OUT


def workbook(*sheets: tuple[str, Mapping[str, Any]], merged: Sequence[str] = ()) -> bytes:
    """An Excel workbook; each sheet has a name and the values of its cells."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, cells in sheets:
        sheet = book.create_sheet(name.removeprefix("hidden "))
        if name.startswith("hidden "):
            sheet.sheet_state = "hidden"
        for place, value in cells.items():
            sheet[place] = value
    for area in merged:
        book.worksheets[0].merge_cells(area)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def grid(rows: Sequence[Sequence[Any]], top: int = 1, left: str = "A") -> dict[str, Any]:
    """The cells of a table whose first cell is in row ``top`` and column ``left``."""
    return {
        f"{chr(ord(left) + place)}{top + number}": value
        for number, row in enumerate(rows)
        for place, value in enumerate(row)
    }


def spreadsheet(rows: Sequence[Sequence[str]]) -> bytes:
    """An OpenDocument spreadsheet of texts."""
    space = "urn:oasis:names:tc:opendocument:xmlns"
    cells = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p>'
            "</table:table-cell>"
            for cell in row
        )
        + "</table:table-row>"
        for row in rows
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content '
        f'xmlns:office="{space}:office:1.0" xmlns:table="{space}:table:1.0" '
        f'xmlns:text="{space}:text:1.0"><office:body><office:spreadsheet>'
        f'<table:table table:name="表">{cells}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        '<?xml version="1.0"?><manifest:manifest '
        f'xmlns:manifest="{space}:manifest:1.0"></manifest:manifest>'
    )
    return zipped(
        {"mimetype": kind, "content.xml": content, "META-INF/manifest.xml": manifest},
        compression=zipfile.ZIP_STORED,
    )


def ole(streams: Mapping[str, bytes]) -> bytes:
    """A compound file as old Office programs write it ([MS-CFB]); at most 120 sectors of 512."""
    end, free, fat_sector = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
    fat = [fat_sector, end]
    entries = [_ole_entry("Root Entry", 5, end, 0, child=1)]
    body = b""
    for place, (name, data) in enumerate(streams.items(), 1):
        # Shorter streams would have to go into the mini stream.
        data = data.ljust(4096, b"\0")
        count = -(-len(data) // 512)
        start = len(fat)
        fat += [*range(start + 1, start + count), end]
        body += data.ljust(count * 512, b"\0")
        right = place + 1 if place < len(streams) else free
        entries.append(_ole_entry(name, 2, start, len(data), right=right))
    directory = b"".join(entries).ljust(512, b"\0")
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack(
        "<HHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, end, 0, end, 0
    )
    header += struct.pack("<109I", 0, *[free] * 108)
    return header + struct.pack("<128I", *fat, *[free] * (128 - len(fat))) + directory + body


def _ole_entry(
    name: str, kind: int, start: int, size: int, *, right: int = 0xFFFFFFFF, child: int = 0xFFFFFFFF
) -> bytes:
    encoded = (name + "\0").encode("utf-16-le")
    return (
        encoded.ljust(64, b"\0")
        + struct.pack("<HBBIII", len(encoded), kind, 1, 0xFFFFFFFF, right, child)
        + bytes(36)
        + struct.pack("<IQ", start, size)
    )


def old_workbook(rows: Sequence[Sequence[str | float]]) -> bytes:
    """An Excel 97 workbook with one sheet ([MS-XLS])."""

    def record(kind: int, data: bytes) -> bytes:
        return struct.pack("<HH", kind, len(data)) + data

    def begin(kind: int) -> bytes:
        return record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0, 0, 0, 0x0600))

    name = "表".encode("utf-16-le")
    sheet = begin(0x10)
    sheet += record(0x0200, struct.pack("<IIHHH", 0, len(rows), 0, len(rows[0]), 0))
    for number, row in enumerate(rows):
        for place, cell in enumerate(row):
            where = struct.pack("<HHH", number, place, 0)
            if isinstance(cell, str):
                text = cell.encode("utf-16-le")
                sheet += record(0x0204, where + struct.pack("<HB", len(cell), 1) + text)
            else:
                sheet += record(0x0203, where + struct.pack("<d", cell))
    sheet += record(0x0A, b"")
    start = len(begin(5)) + 4 + 8 + len(name) + 4
    bound = struct.pack("<IBBBB", start, 0, 0, 1, 1) + name
    return ole({"Workbook": begin(5) + record(0x85, bound) + record(0x0A, b"") + sheet})


def lines(*values: Any) -> bytes:
    """One JSON value in each line; a str stands for a line as it is."""
    return "\n".join(
        value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for value in values
    ).encode()


def parquet(table: pa.Table | pd.DataFrame, *, row_group_size: int | None = None) -> bytes:
    """A Parquet file."""
    if isinstance(table, pd.DataFrame):
        table = pa.Table.from_pandas(table)
    file = io.BytesIO()
    pq.write_table(table, file, row_group_size=row_group_size)
    return file.getvalue()


def zipped(files: Mapping[str, str | bytes], *, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive of the files, in their order."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return file.getvalue()


def with_flag(data: bytes, flag: int) -> bytes:
    """A zip archive with a flag set for all its files, such as 1 for a password."""
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(signature)
        while at >= 0:
            old = struct.unpack_from("<H", data, at + place)[0]
            data = data[: at + place] + struct.pack("<H", old | flag) + data[at + place + 2 :]
            at = data.find(signature, at + 4)
    return data


def with_gbk_names(files: Mapping[str, bytes]) -> bytes:
    """A zip archive as Chinese Windows makes it: names in GBK, without saying so."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo("x" * len(name.encode("gbk"))), data)
    content = file.getvalue()
    for name in files:
        raw = name.encode("gbk")
        content = content.replace(b"x" * len(raw), raw)
    return content


def link(name: str, target: str) -> bytes:
    """A zip archive whose only file is a link."""
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(info, target)
    return file.getvalue()


def tarred(name: str, data: bytes) -> bytes:
    """A tar archive of one file."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return file.getvalue()
