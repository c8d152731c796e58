import io
import string

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.read import read_table
from core.data.reading.rows import ReadOptions
from tests.data.reading.making import grid, workbook
from tests.data.reading.odd_workbooks import WORKBOOKS
from tests.data.reading.outcomes import check_outcome

CELL = st.text(
    st.sampled_from(",;|\t\"\n \u3000\u2028=+-@<>&'药品") | st.sampled_from(string.printable[:90]),
    min_size=1,
    max_size=12,
).filter(str.strip)


@pytest.mark.parametrize("name", WORKBOOKS)
def test_odd_files(name: str) -> None:
    check_outcome(name, WORKBOOKS[name])


@settings(max_examples=20)
@given(rows=st.lists(st.tuples(CELL, CELL, st.just("") | CELL), min_size=1, max_size=6))
def test_what_was_written_is_read_back(rows: list[tuple[str, str, str]]) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    for number, row in enumerate([("问题", "答案", "note"), *rows], 1):
        for place, text in enumerate(row, 1):
            cell = book.active.cell(number, place, text or None)
            cell.data_type = "s" if text else "n"  # also what looks like a formula
    file = io.BytesIO()
    book.save(file)
    options = ReadOptions(header=True)

    table = read_table(file.getvalue(), "t.xlsx", options=options)

    expected = [list(row) for row in rows]
    if not any(row[2] for row in rows):
        assert "".join(table.frame.get("note", [])) == ""
    assert table.frame.values.tolist() == expected


def test_facts_name_the_sheets_and_the_format() -> None:
    data = workbook(
        ("说明", {"A1": "x"}),
        ("hidden 旧", grid([["a", "b"], ["c", "d"]])),
        ("数据", grid([["q", "a"], ["x", "y"]])),
    )
    facts = read_table(data, "t.xlsx").facts
    assert (facts.format, facts.sheet, facts.sheets) == (
        "Excel workbook",
        "数据",
        ("说明", "旧", "数据"),
    )
    assert (facts.header, facts.rows_read, facts.encoding) == (True, 1, "")


def test_blank_rows_at_the_end_do_not_count() -> None:
    rows = [["q", "a"], ["x", "y"], [" ", ""], ["", " "]]
    table = read_table(workbook(("s", grid(rows))), "t.xlsx")
    assert (table.rows_read, table.quarantine) == (1, [])


def test_a_sample_is_even_and_always_the_same() -> None:
    rows = [["q", "a"], *([f"q{n}", f"a{n}"] for n in range(1000))]
    data = workbook(("s", grid(rows)))
    options = ReadOptions(sample_rows=100)
    table = read_table(data, "t.xlsx", options=options)
    assert (table.rows, table.rows_read, table.facts.sampled_from) == (100, 100, 1000)
    assert [number // 10 for number in table.frame.index - 2] == list(range(100))
    assert table.frame["q"].tolist() == [f"q{number - 2}" for number in table.frame.index]
    assert read_table(data, "t.xlsx", options=options).frame.equals(table.frame)
