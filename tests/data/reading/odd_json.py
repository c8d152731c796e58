"""Odd JSON files, each with what must come of it."""

from __future__ import annotations

import json

import pandas as pd

from core.data.reading.rows import ReadOptions
from tests.data.reading.making import QA_ROWS, ROW_OBJECTS, Loaded, Refused, lines

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
        "most lines broken.jsonl: most of its lines are not whole JSON; "
        "line 2 is the first of them.",
    ),
    "no such list.json": Refused(
        json.dumps({"data": ROW_OBJECTS}).encode(),
        "no such list.json has no sheet or list called rows.",
        ReadOptions(sheet="rows"),
    ),
    "empty array.json": Refused(b"[]", "empty array.json is empty."),
    "empty objects.jsonl": Refused(
        b"{}\n{}", "empty objects.jsonl is JSON, but there is no list of rows in it."
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
