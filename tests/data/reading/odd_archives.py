"""Odd archives, each with what must come of it."""

from __future__ import annotations

import gzip
import json
import zipfile

from core.data.reading.rows import ReadOptions
from tests.data.reading.making import (
    CSV,
    CSV_ROWS,
    QA,
    QA_ROWS,
    ROW_OBJECTS,
    Loaded,
    Refused,
    grid,
    lines,
    link,
    ole,
    parquet,
    tarred,
    with_flag,
    with_gbk_names,
    workbook,
    zipped,
)
from tests.data.reading.odd_parquet import PAIRS

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
    "password around a workbook.zip": Refused(
        with_flag(zipped({"t.xlsx": workbook(("s", grid(QA)))}), 1),
        "password around a workbook.zip is protected with a password, so it cannot be unpacked.",
    ),
    "workbook with a password.zip": Refused(
        zipped({"t.xlsx": ole({"EncryptionInfo": b"", "EncryptedPackage": b""})}),
        "workbook with a password.zip › t.xlsx is protected with a password, so it cannot be read.",
    ),
    "path of windows from the root.zip": Refused(
        zipped({"C:\\a.csv": CSV}),
        "path of windows from the root.zip holds a file whose path leads out of its folder: "
        "C:\\a.csv. It is not opened.",
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
