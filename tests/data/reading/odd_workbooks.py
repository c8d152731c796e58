"""Odd workbooks, each with what must come of it."""

from __future__ import annotations

import datetime

from core.data.reading.rows import ReadOptions
from tests.data.reading.making import (
    QA,
    Loaded,
    Refused,
    grid,
    old_workbook,
    ole,
    spreadsheet,
    workbook,
)

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
    ["text", "7"],
    ["words", "NA"],
]
ALL_TEXTS = """
1|0.3|123456789012345|TRUE|FALSE|#N/A|#DIV/0!|2024-02-29|2024-02-29 13:05:09|08:30:00|30:00:00|7|NA
""".strip().split("|")

WORKBOOKS: dict[str, Loaded | Refused] = {
    "plain.xlsx": Loaded(workbook(("一", grid(QA))), QA[0], QA[1:], [2, 3]),
    "all kinds.xlsx": Loaded(
        workbook(("s", grid(ALL_KINDS))),
        ["名称", "值"],
        [[str(row[0]), text] for row, text in zip(ALL_KINDS[1:], ALL_TEXTS, strict=True)],
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
    "password.csv": Refused(
        ole({"EncryptionInfo": b"\x04\0\x04\0", "EncryptedPackage": bytes(9000)}),
        "password.csv is protected with a password, so it cannot be read.",
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
        "no such sheet.xlsx has no sheet or list called t.",
        ReadOptions(sheet="t"),
    ),
}
