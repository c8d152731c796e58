"""Odd Parquet files, each with what must come of it."""

from __future__ import annotations

import datetime
import struct

import pandas as pd
import pyarrow as pa

from tests.data.reading.making import QA_ROWS, ROW_OBJECTS, Loaded, Refused, parquet

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
        [
            "whole",
            "real",
            "single",
            "bool",
            "day",
            "moment",
            "fine",
            "decimal",
            "category",
            "nothing",
            "bytes",
        ],
        [
            [
                "1",
                "1",
                "0.1",
                "true",
                "2024-02-29",
                "2024-02-29 12:00:00",
                "2024-02-29 12:00:00.5",
                "1.00",
                "x",
                "",
                "raw",
            ],
            [
                "",
                "",
                "2.5",
                "false",
                "",
                "2024-01-01",
                "2024-02-29 12:00:00",
                "2.00",
                "y",
                "",
                "字",
            ],
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
