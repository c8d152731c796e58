import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.read import read_table
from core.data.reading.rows import ReadOptions
from tests.data.reading.making import parquet
from tests.data.reading.odd_parquet import PARQUET_FILES
from tests.data.reading.outcomes import check_outcome

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
FILLED = TEXT.filter(str.strip).map(lambda text: "x" + text)


@pytest.mark.parametrize("name", PARQUET_FILES)
def test_odd_files(name: str) -> None:
    check_outcome(name, PARQUET_FILES[name])


@settings(max_examples=30)
@given(
    rows=st.lists(st.tuples(FILLED, TEXT, st.none() | TEXT), min_size=1, max_size=8),
    kind=st.sampled_from([pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())]),
    group=st.integers(1, 5),
)
def test_what_was_written_is_read_back(
    rows: list[tuple[str, str, str | None]], kind: pa.DataType, group: int
) -> None:
    columns = [pa.array(column, pa.string()).cast(kind) for column in zip(*rows, strict=True)]
    table = read_table(
        parquet(pa.table(columns, names=["问题", "a.b", "a"]), row_group_size=group), "x.parquet"
    )
    assert list(table.frame.columns) == ["问题", "a.b", "a"]
    assert table.frame.values.tolist() == [[cell or "" for cell in row] for row in rows]


def test_a_sample_is_even_over_all_row_groups() -> None:
    table = pa.table({"q": [f"q{n}" for n in range(10_000)], "s": range(10_000)})
    data = parquet(table, row_group_size=777)
    options = ReadOptions(sample_rows=100)
    sample = read_table(data, "x.parquet", options=options)
    assert (sample.rows, sample.rows_read, sample.facts.sampled_from) == (100, 100, 10_000)
    assert [(number - 1) // 100 for number in sample.frame.index] == list(range(100))
    assert sample.frame["q"].tolist() == [f"q{number - 1}" for number in sample.frame.index]
    assert read_table(data, "x.parquet", options=options).frame.equals(sample.frame)


def test_a_sample_larger_than_the_file_is_all_of_it() -> None:
    data = parquet(pa.table({"q": ["a", "b"], "a": ["c", "d"]}))
    facts = read_table(data, "x.parquet", options=ReadOptions(sample_rows=5)).facts
    assert (facts.rows_read, facts.sampled_from) == (2, None)


def test_row_groups_without_a_sampled_row_are_not_read() -> None:
    file = io.BytesIO()
    table = pa.table({"q": [f"q{n}" for n in range(1000)], "a": ["x"] * 1000})
    pq.write_table(table, file, row_group_size=10, compression="none", use_dictionary=False)
    wanted = ReadOptions(sample_rows=2)
    sample = read_table(file.getvalue(), "x.parquet", options=wanted).frame.index
    data = bytearray(file.getvalue())
    metadata = pq.ParquetFile(file).metadata
    for group in range(1, 100):
        if group not in {(number - 1) // 10 for number in sample}:
            column = metadata.row_group(group).column(0)
            start = column.data_page_offset
            data[start : start + column.total_compressed_size] = (
                b"\xff" * column.total_compressed_size
            )
    assert read_table(bytes(data), "x.parquet", options=wanted).frame.index.equals(sample)
