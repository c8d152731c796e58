"""Odd workbooks, JSON, Parquet files and archives, each with what must come of it.

``python -m tests.data.reading.odd_files FOLDER`` writes them all, to be tried by hand.
"""

from __future__ import annotations

import datetime
import gzip
import io
import json
import stat
import struct
import sys
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core.data.reading.rows import ReadOptions

CSV = "问题,答案\n阿司匹林是什么,解热镇痛药\n怎么贮藏,密封保存\n".encode()
CSV_ROWS = [["阿司匹林是什么", "解热镇痛药"], ["怎么贮藏", "密封保存"]]


@dataclass(frozen=True)
class Loaded:
    """A file that is a table: its columns, rows, row numbers, and the reasons of rows set aside."""

    data: bytes
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: Sequence[int] | None = None
    aside: Mapping[int, str] | None = None
    options: ReadOptions = ReadOptions()


@dataclass(frozen=True)
class Refused:
    """A file that is none, and the sentence that says so."""

    data: bytes
    sentence: str
    options: ReadOptions = ReadOptions()


# Workbooks


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


QA = [["问题", "答案"], ["甲", "乙"], ["丙", "丁"]]
ALL_KINDS = [
    ["名称", "值"],
    ["whole", 1.0],
    ["fraction", 0.1 + 0.2],
    ["large", 123456789012345],
    ["true", True],
    ["false", False],
    ["error", "#N/A"],
    ["division", "#DIV/0!"],
    ["day", datetime.date(2024, 2, 29)],
    ["moment", datetime.datetime(2024, 2, 29, 13, 5, 9)],
    ["time", datetime.time(8, 30)],
    ["span", datetime.timedelta(hours=30)],
    ["text", "007"],
    ["words", "NA"],
]
ALL_TEXTS = [
    ["1", "0.3", "123456789012345", "TRUE", "FALSE", "#N/A", "#DIV/0!", "2024-02-29"],
    ["2024-02-29 13:05:09", "08:30:00", "30:00:00", "007", "NA"],
]

WORKBOOKS: dict[str, Loaded | Refused] = {
    "plain.xlsx": Loaded(workbook(("一", grid(QA))), QA[0], QA[1:], [2, 3]),
    "all kinds.xlsx": Loaded(
        workbook(("s", grid(ALL_KINDS))),
        ["名称", "值"],
        [[str(row[0]), text] for row, text in zip(ALL_KINDS[1:], sum(ALL_TEXTS, []), strict=True)],
    ),
    "blank rows and columns before.xlsx": Loaded(
        workbook(("s", grid(QA, top=4, left="C"))), QA[0], QA[1:], [5, 6]
    ),
    "blank between.xlsx": Loaded(
        workbook(("s", {**grid(QA), "D1": "分数", "D3": 5, "A6": "戊", "B6": "己"})),
        ["问题", "答案", "分数"],
        [["甲", "乙", ""], ["丙", "丁", "5"], ["戊", "己", ""]],
        [2, 3, 6],
        {4: "The row is blank.", 5: "The row is blank."},
    ),
    "title.xlsx": Loaded(
        workbook(("s", {"A1": "2024 年产品表", **grid(QA, top=3)}), merged=["A1:B1"]),
        QA[0],
        QA[1:],
        [4, 5],
        {1: "The row stands above the table, like a title."},
    ),
    "merged down.xlsx": Loaded(
        workbook(
            ("s", {**grid([["问题", "答案"], ["甲", "一"]]), "B3": "二", "B4": "三"}),
            merged=["A2:A4"],
        ),
        ["问题", "答案"],
        [["甲", "一"], ["甲", "二"], ["甲", "三"]],
    ),
    "merged down beside a margin.xlsx": Loaded(
        workbook(
            ("s", {**grid([["问题", "答案"], ["甲", "一"]], left="B"), "C3": "二"}),
            merged=["B2:B3"],
        ),
        ["问题", "答案"],
        [["甲", "一"], ["甲", "二"]],
    ),
    "column without name.xlsx": Loaded(
        workbook(("s", {**grid(QA), "C2": "note"})),
        ["问题", "答案", "C"],
        [["甲", "乙", "note"], ["丙", "丁", ""]],
    ),
    "same name twice.xlsx": Loaded(
        workbook(("s", grid([["文本", "文本"], ["a", "b"]]))), ["文本", "文本 (2)"], [["a", "b"]]
    ),
    "second sheet has the table.xlsx": Loaded(
        workbook(("说明", {"A1": "请看下一页"}), ("数据", grid(QA))), QA[0], QA[1:]
    ),
    "hidden sheet first.xlsx": Loaded(
        workbook(("hidden codes", grid([["x", "y"], ["1", "2"]])), ("数据", grid(QA))),
        QA[0],
        QA[1:],
    ),
    "chosen sheet.xlsx": Loaded(
        workbook(("a", grid(QA)), ("b", grid([["x", "y"], ["one", "two"]]))),
        ["x", "y"],
        [["one", "two"]],
        options=ReadOptions(sheet="b"),
    ),
    "headerless.xlsx": Loaded(
        workbook(("s", grid(QA[1:]))), ["A", "B"], QA[1:], [1, 2], options=ReadOptions(header=False)
    ),
    "lines in cells.xlsx": Loaded(
        workbook(("s", grid([["q", "a"], ["one\ntwo", '  x, \t"y" ']]))),
        ["q", "a"],
        [["one\ntwo", '  x, \t"y" ']],
    ),
    "table.ods": Loaded(spreadsheet(QA), QA[0], QA[1:], [2, 3]),
    "old.xls": Loaded(
        old_workbook([["问题", "score"], ["甲", 1.0], ["乙", 0.25]]),
        ["问题", "score"],
        [["甲", "1"], ["乙", "0.25"]],
    ),
    "a workbook called.csv": Loaded(workbook(("s", grid(QA))), QA[0], QA[1:]),
    "password.xlsx": Refused(
        ole({"EncryptionInfo": b"\x04\0\x04\0", "EncryptedPackage": bytes(64)}),
        "password.xlsx is protected with a password, so it cannot be read.",
    ),
    "cut.xlsx": Refused(
        workbook(("s", grid(QA)))[:3000],
        "cut.xlsx is a workbook that cannot be read: it is damaged or not whole.",
    ),
    "broken part.xlsx": Refused(
        workbook(("s", grid(QA))).replace(b"xl/worksheets/sheet1.xml", b"xl/worksheets/sheet9.xml"),
        "broken part.xlsx is a workbook that cannot be read: it is damaged or not whole.",
    ),
    "cut.xls": Refused(
        old_workbook([["a", "b"], ["c", "d"]])[:1200],
        "cut.xls is a workbook that cannot be read: it is damaged or not whole.",
    ),
    "empty.xlsx": Refused(workbook(("s", {})), "empty.xlsx is a workbook without any text in it."),
    "spaces.xlsx": Refused(
        workbook(("s", {"A1": " ", "B2": "\n"}), ("t", {})),
        "spaces.xlsx is a workbook without any text in it.",
    ),
    "far cell.xlsx": Refused(
        workbook(("s", {**grid(QA), "XFD1048576": "."})),
        "far cell.xlsx cannot be opened: a sheet takes more memory than a table may.",
    ),
    "header only.xlsx": Refused(
        workbook(("s", grid(QA[:1]))), "header only.xlsx has a header row but no rows below it."
    ),
    "one column.xlsx": Refused(
        workbook(("s", grid([["text"], ["a"], ["b"]]))),
        "one column.xlsx has only one column, text. Training needs at least two texts in a row.",
    ),
    "no such sheet.xlsx": Refused(
        workbook(("s", grid(QA))),
        "no such sheet.xlsx has no sheet called t.",
        ReadOptions(sheet="t"),
    ),
}


# JSON


def lines(*values: Any) -> bytes:
    """One JSON value in each line; a str stands for a line as it is."""
    return "\n".join(
        value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for value in values
    ).encode()


ROW_OBJECTS = [{"q": "甲", "a": "乙"}, {"q": "丙", "a": "丁"}]
QA_ROWS = [["甲", "乙"], ["丙", "丁"]]
NOT_WHOLE = "The line is not whole JSON."

JSON_FILES: dict[str, Loaded | Refused] = {
    "plain.jsonl": Loaded(lines(*ROW_OBJECTS), ["q", "a"], QA_ROWS, [1, 2]),
    "bom and crlf.jsonl": Loaded(
        b"\xef\xbb\xbf" + lines(*ROW_OBJECTS).replace(b"\n", b"\r\n"), ["q", "a"], QA_ROWS
    ),
    "utf-16.jsonl": Loaded(lines(*ROW_OBJECTS).decode().encode("utf-16"), ["q", "a"], QA_ROWS),
    "gb18030.jsonl": Loaded(
        lines(
            {"问题": "阿司匹林是什么药", "答案": "它是一种解热镇痛药"},
            {"问题": "怎么保存", "答案": "放在阴凉处"},
        )
        .decode()
        .encode("gb18030"),
        ["问题", "答案"],
        [["阿司匹林是什么药", "它是一种解热镇痛药"], ["怎么保存", "放在阴凉处"]],
    ),
    "array.json": Loaded(json.dumps(ROW_OBJECTS, indent=2).encode(), ["q", "a"], QA_ROWS, [1, 2]),
    "array on one line.json": Loaded(json.dumps(ROW_OBJECTS).encode(), ["q", "a"], QA_ROWS),
    "data.json": Loaded(
        json.dumps({"version": 2, "data": ROW_OBJECTS}).encode(), ["q", "a"], QA_ROWS
    ),
    "two splits.json": Loaded(
        json.dumps({"train": ROW_OBJECTS, "test": [{"q": "x", "a": "y"}]}).encode(),
        ["q", "a"],
        [["x", "y"]],
        options=ReadOptions(sheet="test"),
    ),
    "arrays.json": Loaded(json.dumps([["q", "a"], *QA_ROWS]).encode(), ["q", "a"], QA_ROWS),
    "arrays.jsonl": Loaded(lines(["q", "a"], *QA_ROWS), ["q", "a"], QA_ROWS, [2, 3]),
    "ragged arrays.jsonl": Loaded(
        lines(["q", "a"], ["x"], ["y", "z", "w"]), ["q", "a", "C"], [["x", "", ""], ["y", "z", "w"]]
    ),
    "several objects.json": Loaded(
        b"\n".join(json.dumps(one, indent=1).encode() for one in ROW_OBJECTS), ["q", "a"], QA_ROWS
    ),
    "pandas columns.json": Loaded(
        pd.DataFrame(ROW_OBJECTS).to_json().encode(), ["q", "a"], QA_ROWS
    ),
    "pandas records.json": Loaded(
        pd.DataFrame(ROW_OBJECTS).to_json(orient="records", lines=True).encode(),
        ["q", "a"],
        QA_ROWS,
    ),
    "columns of lists.json": Loaded(
        json.dumps({"q": ["甲", "丙"], "a": ["乙", "丁"]}).encode(), ["q", "a"], QA_ROWS
    ),
    "by id.json": Loaded(
        json.dumps({"r1": ROW_OBJECTS[0], "r2": ROW_OBJECTS[1]}).encode(), ["q", "a"], QA_ROWS
    ),
    "negatives.jsonl": Loaded(
        lines(
            {"q": "a", "negatives": ["x", "y", "z"]},
            {"q": "b", "negatives": []},
            {"q": "c", "negatives": ["w"]},
        ),
        ["q", "negatives[1]", "negatives[2]", "negatives[3]"],
        [["a", "x", "y", "z"], ["b", "", "", ""], ["c", "w", "", ""]],
    ),
    "list or text.jsonl": Loaded(
        lines({"q": "a", "pos": ["x", "y"]}, {"q": "b", "pos": "z"}),
        ["q", "pos[1]", "pos[2]"],
        [["a", "x", "y"], ["b", "z", ""]],
    ),
    "one item.jsonl": Loaded(
        lines({"query": "a", "pos": ["x"]}, {"query": "b", "pos": ["y"]}),
        ["query", "pos"],
        [["a", "x"], ["b", "y"]],
    ),
    "only a list.jsonl": Loaded(
        lines({"texts": ["a", "b"]}, {"texts": ["c", "d"]}),
        ["texts[1]", "texts[2]"],
        [["a", "b"], ["c", "d"]],
    ),
    "forty negatives.jsonl": Loaded(
        lines({"q": "a", "n": [str(n) + "x" for n in range(40)]}),
        ["q", *(f"n[{n}]" for n in range(1, 33))],
        [["a", *(f"{n}x" for n in range(32))]],
    ),
    "vector.jsonl": Loaded(
        lines({"q": "a", "vector": [0.5, 1]}, {"q": "b", "vector": [1, 2]}),
        ["q", "vector"],
        [["a", "[0.5, 1]"], ["b", "[1, 2]"]],
    ),
    "nested.jsonl": Loaded(
        lines({"q": "a", "meta": {"id": 7, "tags": {"k": [1]}}}, {"q": "b", "meta": None}),
        ["q", "meta.id", "meta.tags"],
        [["a", "7", '{"k": [1]}'], ["b", "", ""]],
    ),
    "numbers.jsonl": Loaded(
        lines('{"q":"a","s":1.0,"t":true,"n":null}', '{"q":"b","s":1e5,"t":false,"n":"null"}'),
        ["q", "s", "t", "n"],
        [["a", "1.0", "true", ""], ["b", "1e5", "false", "null"]],
    ),
    "late field.jsonl": Loaded(
        lines({"q": "a"}, {"q": "b", "x": "late"}), ["q", "x"], [["a", ""], ["b", "late"]]
    ),
    "same name nested.jsonl": Loaded(
        lines({"a.b": "x", "a": {"b": "y"}}), ["a.b", "a.b (2)"], [["x", "y"]]
    ),
    "broken lines.jsonl": Loaded(
        lines(ROW_OBJECTS[0], '{"q": "torn', "", "not json", ROW_OBJECTS[1], [1, 2], {"q": " "}),
        ["q", "a"],
        QA_ROWS,
        [1, 5],
        {
            2: NOT_WHOLE,
            4: NOT_WHOLE,
            6: "The row is written in another way than the rows above it.",
            7: "The row is blank.",
        },
    ),
    "broken first line.jsonl": Loaded(
        lines('{"q": "a", ', *ROW_OBJECTS), ["q", "a"], QA_ROWS, [2, 3], {1: NOT_WHOLE}
    ),
    "odd characters.jsonl": Loaded(
        lines(*ROW_OBJECTS, '{"q":"\\ud800","a":"x"}', '{"q":"\\u0000","a":"x"}')
        + b'\n{"q":"\xff","a":"x"}',
        ["q", "a"],
        QA_ROWS,
        [1, 2],
        dict.fromkeys((3, 4, 5), "The row holds bytes that are not text."),
    ),
    "json called.csv": Loaded(lines(*ROW_OBJECTS), ["q", "a"], QA_ROWS),
    "cut.json": Refused(
        json.dumps(ROW_OBJECTS, indent=2).encode()[:-20],
        "cut.json is JSON that is broken or not whole: it cannot be read on from line 8.",
    ),
    "comma missing.json": Refused(
        b'[{"q": "a", "a": "b"}\n {"q": "c", "a": "d"}]',
        "comma missing.json is JSON that is broken or not whole: it cannot be read on from line 2.",
    ),
    "cut in data.json": Refused(
        json.dumps({"data": ROW_OBJECTS}).encode()[:-3],
        "cut in data.json is JSON that is broken or not whole: it cannot be read on from line 1.",
    ),
    "most lines broken.jsonl": Refused(
        lines(ROW_OBJECTS[0], '{"q": 1', '{"q": 2', '{"q": 3'),
        "most lines broken.jsonl: most of its lines are not whole JSON; line 2 is the first of them.",
    ),
    "empty array.json": Refused(b"[]", "empty array.json is empty."),
    "numbers only.json": Refused(
        b"[[]\n, 1, 2]", "numbers only.json is JSON, but there is no list of rows in it."
    ),
    "fields without end.jsonl": Refused(
        lines(*({f"k{n}": "x"} for n in range(1001))),
        "fields without end.jsonl has more than 1,000 different fields: that is not a table.",
    ),
    "one field.jsonl": Refused(
        lines({"text": "a"}, {"text": "b"}),
        "one field.jsonl has only one column, text. Training needs at least two texts in a row.",
    ),
}


# Parquet


def parquet(table: pa.Table | pd.DataFrame, *, row_group_size: int | None = None) -> bytes:
    """A Parquet file."""
    if isinstance(table, pd.DataFrame):
        table = pa.Table.from_pandas(table)
    file = io.BytesIO()
    pq.write_table(table, file, row_group_size=row_group_size)
    return file.getvalue()


NOON = datetime.datetime(2024, 2, 29, 12)
PAIRS = pa.table({"q": ["甲", "丙"], "a": ["乙", "丁"]})
INVALID = pa.Array.from_buffers(
    pa.string(), 2, [None, pa.py_buffer(struct.pack("<3i", 0, 1, 2)), pa.py_buffer(b"\xffb")]
)

PARQUET_FILES: dict[str, Loaded | Refused] = {
    "plain.parquet": Loaded(parquet(PAIRS), ["q", "a"], QA_ROWS, [1, 2]),
    "row groups.parquet": Loaded(parquet(PAIRS, row_group_size=1), ["q", "a"], QA_ROWS, [1, 2]),
    "pandas index.parquet": Loaded(
        parquet(pd.DataFrame(ROW_OBJECTS, index=[10, 20])), ["q", "a"], QA_ROWS
    ),
    "kinds.parquet": Loaded(
        parquet(
            pa.table(
                {
                    "whole": pa.array([1, None], pa.int8()),
                    "real": pa.array([1.0, float("nan")]),
                    "single": pa.array([0.1, 2.5], pa.float32()),
                    "bool": [True, False],
                    "day": [NOON.date(), None],
                    "moment": [NOON, datetime.datetime(2024, 1, 1)],
                    "fine": pa.array([NOON.replace(microsecond=500_000), NOON], pa.timestamp("us")),
                    "decimal": pa.array([1, 2], pa.int64()).cast(pa.decimal128(22, 2)),
                    "category": pa.array(["x", "y"]).dictionary_encode(),
                    "nothing": pa.nulls(2),
                    "bytes": [b"raw", "字".encode()],
                }
            )
        ),
        ["whole", "real", "single", "bool", "day", "moment", "fine", "decimal", "category", "nothing", "bytes"],
        [
            ["1", "1", "0.1", "true", "2024-02-29", "2024-02-29 12:00:00"]
            + ["2024-02-29 12:00:00.5", "1.00", "x", "", "raw"],
            ["", "", "2.5", "false", "", "2024-01-01"]
            + ["2024-02-29 12:00:00", "2.00", "y", "", "字"],
        ],
    ),
    "lists.parquet": Loaded(
        parquet(pa.table({"q": ["a", "b"], "neg": [["x", "y"], ["z"]]})),
        ["q", "neg[1]", "neg[2]"],
        [["a", "x", "y"], ["b", "z", ""]],
    ),
    "empty lists.parquet": Loaded(
        parquet(pa.table({"q": ["a", "b", "c"], "neg": [["x", None], [], None]})),
        ["q", "neg[1]", "neg[2]"],
        [["a", "x", ""], ["b", "", ""], ["c", "", ""]],
    ),
    "only lists.parquet": Loaded(
        parquet(pa.table({"texts": [["a", "b"], ["c", "d"]]})),
        ["texts[1]", "texts[2]"],
        [["a", "b"], ["c", "d"]],
    ),
    "vectors.parquet": Loaded(
        parquet(pa.table({"q": ["a"], "v": [[0.5, 1.0]]})), ["q", "v"], [["a", "[0.5, 1.0]"]]
    ),
    "struct.parquet": Loaded(
        parquet(pa.table({"translation": [{"en": "cat", "zh": "猫"}]})),
        ["translation.en", "translation.zh"],
        [["cat", "猫"]],
    ),
    "pictures beside texts.parquet": Loaded(
        parquet(PAIRS.append_column("image", pa.array([b"\x89PNG\xff", b"\xff"]))),
        ["q", "a"],
        QA_ROWS,
    ),
    "same name with case.parquet": Loaded(
        parquet(pa.table({"Q": ["x"], "q": ["y"]})), ["Q", "q"], [["x", "y"]]
    ),
    "blank and odd rows.parquet": Loaded(
        parquet(pa.table({"q": ["甲", " ", "n\0l", "丙"], "a": ["乙", None, "x", "丁"]})),
        ["q", "a"],
        QA_ROWS,
        [1, 4],
        {2: "The row is blank.", 3: "The row holds bytes that are not text."},
    ),
    "invalid text.parquet": Loaded(
        parquet(pa.table({"q": INVALID, "a": ["x", "y"]})),
        ["q", "a"],
        [["b", "y"]],
        [2],
        {1: "The row holds bytes that are not text."},
    ),
    "cut.parquet": Refused(
        parquet(PAIRS)[:-9],
        "cut.parquet is a Parquet file that cannot be read: it is damaged or not whole.",
    ),
    "overwritten.parquet": Refused(
        b"PAR1" + bytes(200) + parquet(PAIRS)[204:],
        "overwritten.parquet is a Parquet file that cannot be read: it is damaged or not whole.",
    ),
    "only the beginning.parquet": Refused(
        b"PAR1",
        "only the beginning.parquet is a Parquet file that cannot be read: "
        "it is damaged or not whole.",
    ),
    "encrypted.parquet": Refused(
        b"PARE" + bytes(50) + b"PARE", "encrypted.parquet is an encrypted Parquet file."
    ),
    "no rows.parquet": Refused(
        parquet(PAIRS.slice(0, 0)), "no rows.parquet has a header row but no rows below it."
    ),
    "pictures.parquet": Refused(
        parquet(pa.table({"image": [b"\xff\xd8", b"\xff"]})),
        "pictures.parquet has no column that can be read as text.",
    ),
    "blank.parquet": Refused(
        parquet(pa.table({"q": ["", None], "a": [" ", ""]})),
        "None of the rows of blank.parquet can be used: all 2 are blank or damaged.",
    ),
}


# Archives


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


ZEROS = bytes(11_000_000)

ARCHIVES: dict[str, Loaded | Refused] = {
    "table.csv.gz": Loaded(gzip.compress(CSV), ["问题", "答案"], CSV_ROWS, [2, 3]),
    "rows.jsonl.gz": Loaded(gzip.compress(lines(*ROW_OBJECTS)), ["q", "a"], QA_ROWS),
    "rows.parquet.gz": Loaded(gzip.compress(parquet(PAIRS)), ["q", "a"], QA_ROWS),
    "two parts.csv.gz": Loaded(
        gzip.compress(CSV) + gzip.compress("丙,丁\n".encode()),
        ["问题", "答案"],
        [*CSV_ROWS, ["丙", "丁"]],
    ),
    "csv.zip": Loaded(zipped({"data/table.csv": CSV}), ["问题", "答案"], CSV_ROWS),
    "workbook.zip": Loaded(zipped({"表.xlsx": workbook(("s", grid(QA)))}), QA[0], QA[1:]),
    "json.zip": Loaded(zipped({"a.json": json.dumps(ROW_OBJECTS)}), ["q", "a"], QA_ROWS),
    "from a mac.zip": Loaded(
        zipped({"__MACOSX/._a.csv": bytes(9000), ".DS_Store": b"x" * 9000, "a.csv": CSV}),
        ["问题", "答案"],
        CSV_ROWS,
    ),
    "with a readme.zip": Loaded(
        zipped({"LICENSE": "long " * 900, "a.csv": CSV}), ["问题", "答案"], CSV_ROWS
    ),
    "no suffix.zip": Loaded(zipped({"export": CSV}), ["问题", "答案"], CSV_ROWS),
    "largest of two.zip": Loaded(
        zipped({"small.csv": "a,b\n1,2\n", "large.csv": CSV}), ["问题", "答案"], CSV_ROWS
    ),
    "chosen of two.zip": Loaded(
        zipped({"small.csv": "q,a\nx,y\n", "large.csv": CSV}),
        ["q", "a"],
        [["x", "y"]],
        options=ReadOptions(member="small.csv"),
    ),
    "gbk names.zip": Loaded(
        with_gbk_names({"训练数据.csv": CSV, "测试.csv": "q,a\n一,二\n".encode()}),
        ["q", "a"],
        [["一", "二"]],
        options=ReadOptions(member="测试.csv"),
    ),
    "small bomb is fine.csv.gz": Loaded(
        gzip.compress(b"q,a\n" + b"same question,same answer\n" * 100_000),
        ["q", "a"],
        [["same question", "same answer"]] * 100_000,
    ),
    "cut.csv.gz": Refused(
        gzip.compress(CSV)[:-12],
        "cut.csv.gz is a compressed archive that is damaged or not whole.",
    ),
    "cut.zip": Refused(
        zipped({"a.csv": CSV})[:-30],
        "cut.zip is a compressed archive that is damaged or not whole.",
    ),
    "changed.zip": Refused(
        zipped({"a.csv": CSV}, compression=zipfile.ZIP_STORED).replace(b"\n", b" ", 1),
        "changed.zip is a compressed archive that is damaged or not whole.",
    ),
    "changed.csv.gz": Refused(
        gzip.compress(CSV)[:-6] + b"123456",
        "changed.csv.gz is a compressed archive that is damaged or not whole.",
    ),
    "bomb.csv.gz": Refused(
        gzip.compress(ZEROS), "bomb.csv.gz would expand to more than 10 MB: it is not opened."
    ),
    "bomb.zip": Refused(
        zipped({"a.csv": ZEROS}), "bomb.zip would expand to more than 10 MB: it is not opened."
    ),
    "bomb.xlsx": Refused(
        zipped({"[Content_Types].xml": "<x/>", "xl/workbook.xml": ZEROS}),
        "bomb.xlsx would expand to more than 10 MB: it is not opened.",
    ),
    "password.zip": Refused(
        with_flag(zipped({"a.csv": CSV}), 1),
        "password.zip is protected with a password, so it cannot be unpacked.",
    ),
    "zip in zip.zip": Refused(
        zipped({"inner.zip": zipped({"a.csv": CSV})}), "zip in zip.zip holds another archive."
    ),
    "gz in zip.zip": Refused(
        zipped({"a.csv.gz": gzip.compress(CSV)}), "gz in zip.zip holds another archive."
    ),
    "table.tar.gz": Refused(
        gzip.compress(tarred("a.csv", CSV)), "table.tar.gz holds another archive."
    ),
    "zip in gz.gz": Refused(
        gzip.compress(zipped({"a.csv": CSV})), "zip in gz.gz holds another archive."
    ),
    "path up.zip": Refused(
        zipped({"../../a.csv": CSV}),
        "path up.zip holds a file whose path leads out of its folder: ../../a.csv. "
        "It is not opened.",
    ),
    "path from the root.zip": Refused(
        zipped({"/etc/a.csv": CSV}),
        "path from the root.zip holds a file whose path leads out of its folder: /etc/a.csv. "
        "It is not opened.",
    ),
    "path of windows.zip": Refused(
        zipped({"..\\a.csv": CSV}),
        "path of windows.zip holds a file whose path leads out of its folder: ..\\a.csv. "
        "It is not opened.",
    ),
    "link.zip": Refused(
        link("a.csv", "/etc/passwd"), "link.zip is an archive with no table in it."
    ),
    "nothing.zip": Refused(zipped({}), "nothing.zip is an archive with no table in it."),
    "only hidden.zip": Refused(
        zipped({".a.csv": CSV, "__MACOSX/a.csv": CSV}),
        "only hidden.zip is an archive with no table in it.",
    ),
    "no such file.zip": Refused(
        zipped({"a.csv": CSV}),
        "no such file.zip has no file b.csv in it.",
        ReadOptions(member="b.csv"),
    ),
    "empty.csv.gz": Refused(gzip.compress(b""), "empty.csv.gz is empty."),
}

ODD_FILES = {**WORKBOOKS, **JSON_FILES, **PARQUET_FILES, **ARCHIVES}


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for file_name, odd in ODD_FILES.items():
        (folder / file_name).write_bytes(odd.data)
