import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.read import read_table
from core.data.reading import json_values
from core.data.reading.json_rows import is_json
from core.data.reading.rows import ReadOptions
from tests.data.reading.making import lines
from tests.data.reading.odd_json import JSON_FILES
from tests.data.reading.outcomes import check_outcome

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
FILLED = TEXT.filter(str.strip).map(lambda text: "x" + text)
ROWS = st.lists(st.tuples(FILLED, TEXT, TEXT), min_size=1, max_size=8)


@pytest.mark.parametrize("name", JSON_FILES)
def test_odd_files(name: str) -> None:
    check_outcome(name, JSON_FILES[name])


@pytest.mark.parametrize("layout", ["lines", "array", "pretty", "data", "columns"])
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
@settings(max_examples=30)
@given(rows=ROWS, ascii=st.booleans())
def test_what_was_written_is_read_back(
    layout: str, codec: str, rows: list[tuple[str, str, str]], ascii: bool
) -> None:
    objects = [dict(zip(["问题", "a", "n"], row, strict=True)) for row in rows]
    value: object = objects
    if layout == "data":
        value = {"data": objects}
    elif layout == "columns":
        value = {name: [one[name] for one in objects] for name in objects[0]}
    if layout == "lines":
        text = "\n".join(json.dumps(one, ensure_ascii=ascii) for one in objects)
    else:
        text = json.dumps(value, ensure_ascii=ascii, indent=2 if layout == "pretty" else None)

    table = read_table(text.encode(codec), "x.json")

    assert list(table.frame.columns) == ["问题", "a", "n"]
    assert table.frame.values.tolist() == [list(row) for row in rows]


@pytest.mark.parametrize("layout", ["array", "data", "several"])
def test_values_that_go_on_in_the_next_piece(layout: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_values, "_CHUNK", 7)
    rows = [{"q": f'问题 {n} \\ " ]', "a": "long " * n, "s": n * 1.5} for n in range(40)]
    text = {
        "array": json.dumps(rows),
        "data": json.dumps({"about": {"n": [1, 2]}, "rows": rows, "end": "x"}, indent=1),
        "several": "\n".join(json.dumps(row, indent=1) for row in rows),
    }[layout]
    frame = read_table(text.encode(), "x.json").frame
    assert frame["q"].tolist() == [row["q"] for row in rows]
    assert frame["a"].tolist() == [row["a"] for row in rows]
    assert frame["s"].tolist() == [str(row["s"]) for row in rows]


def test_facts_of_a_file_with_several_lists() -> None:
    data = json.dumps({"train": [{"q": "a", "a": "b"}], "test": [{"q": "c", "a": "d"}]}).encode()
    facts = read_table(data, "x.json").facts
    assert (facts.format, facts.sheet, facts.sheets) == ("JSON", "train", ("train", "test"))


def test_a_sample_is_even_and_counts_broken_lines() -> None:
    rows = [{"q": f"q{n}", "a": f"a{n}"} if n % 10 else '{"q": ' for n in range(1000)]
    table = read_table(lines(*rows), "x.jsonl", options=ReadOptions(sample_rows=100))
    assert (table.rows_read, table.facts.sampled_from) == (100, 1000)
    assert table.rows + len(table.quarantine) == 100
    numbers = sorted([*table.frame.index, *(row.row for row in table.quarantine)])
    assert [(number - 1) // 10 for number in numbers] == list(range(100))


@pytest.mark.parametrize(
    "head",
    ["[id],name\n1,2\n", "{a},b\n", '["a"],b\n', '{"a": 1}\tb\n', "[1, 2]\n", "text", "{x: 1}"],
)
def test_text_tables_that_begin_with_a_bracket_are_not_json(head: str) -> None:
    assert not is_json(Path("x"), head.encode())
