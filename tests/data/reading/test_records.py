from collections.abc import Iterator

import pytest

from core.data.reading.layout import Layout, Width, sniff_layout
from core.data.reading.records import (
    SWALLOWING,
    TOO_LONG,
    UNCLOSED,
    Dialect,
    Record,
    read_records,
)

COMMA = Dialect(",")


def records_of(text: str, dialect: Dialect = COMMA, columns: int = 0) -> list[Record]:
    return list(read_records(text.splitlines(keepends=True), dialect, columns=columns))


def cells(text: str, dialect: Dialect = COMMA) -> list[list[str]]:
    return [record.cells for record in records_of(text, dialect)]


def layout_of(text: str, header: bool | None = True, separator: str | None = None) -> Layout:
    lines = text.splitlines(keepends=True)
    return sniff_layout(lines, header=header, separator=separator)


def sniff(text: str, header: bool | None = True) -> tuple[str, int]:
    layout = layout_of(text, header)
    return layout.dialect.separator, layout.width.columns


def test_quoted_cells_keep_separators_quotes_and_line_breaks() -> None:
    assert cells('a,b\n"x, y","he said ""hi""\nand left"\n') == [
        ["a", "b"],
        ["x, y", 'he said "hi"\nand left'],
    ]


def test_an_unclosed_quote_costs_one_row_only() -> None:
    records = records_of('q,a\nr1,"never closed\nr2,b\nr3,"c, d"\nr4,e\n')
    assert [record.cells for record in records if record.fault is None] == [
        ["q", "a"],
        ["r2", "b"],
        ["r3", "c, d"],
        ["r4", "e"],
    ]
    assert [record.fault for record in records if record.fault] == [UNCLOSED]
    assert records[1].cells == ['r1,"never closed\n']


def test_an_unclosed_quote_that_no_later_quote_closes() -> None:
    records = records_of('q,a\nr1,"never closed\n' + "r,b\n" * 100)
    assert len(records) == 102
    assert [number for number, record in enumerate(records) if record.fault] == [1]


def test_an_unclosed_quote_in_the_last_row() -> None:
    records = list(read_records(['a,"b\n', 'c,"d'], COMMA))
    assert [record.fault for record in records] == [UNCLOSED, UNCLOSED]


@pytest.mark.parametrize("stray", ['"open', '"""', '" ', '"', '"" x', '"open"" again'])
def test_stray_quotes_never_swallow_rows_unseen(stray: str) -> None:
    rows = [["q", "a"], *([f"question {n}", f"answer {n}"] for n in range(60))]
    for place in (10, 30, 50):
        rows[place][1] = stray + rows[place][1]
    lines = [",".join(row) + "\n" for row in rows]
    good = [tuple(row) for place, row in enumerate(rows) if place not in (10, 30, 50)]
    read = {tuple(record.cells) for record in read_records(lines, COMMA) if not record.fault}
    assert set(good) <= read


@pytest.mark.parametrize(("columns", "rows"), [(2, 5), (3, 3), (4, 2)])
def test_a_quote_that_is_closed_rows_later_swallows_nothing(columns: int, rows: int) -> None:
    row = ",".join(["cell"] * (columns - 1))
    text = f'{row},"open\n' + f"{row},x\n" * (rows - 1) + f'{row},close"\n{row},y\n'
    records = records_of(text, columns=columns)
    assert [record.fault for record in records] == [SWALLOWING, *[None] * (rows + 1)]
    assert records[rows].cells[-1] == 'close"'
    # Fewer lines may well be a text in which commas happen to stand.
    text = f'{row},"open\n' + f"{row},x\n" * (rows - 2) + f'{row},close"\n{row},y\n'
    assert [record.fault for record in records_of(text, columns=columns)] == [None, None]


def test_a_quote_that_swallows_a_row_is_known_after_another_that_is_open() -> None:
    text = 'a,"open\nb,c\nd,"open\ne,close"\nf,g\n'
    assert [record.fault for record in records_of(text, columns=2)] == [
        UNCLOSED,
        None,
        SWALLOWING,
        None,
        None,
    ]


def test_only_a_bounded_number_of_lines_is_looked_at_ahead() -> None:
    taken = 0

    def lines() -> Iterator[str]:
        nonlocal taken
        for line in ('a,"open\n', *["b,c\n"] * 50_000):
            taken += 1
            yield line

    records = read_records(lines(), COMMA)
    assert next(records).fault == UNCLOSED
    assert taken == 10_000
    assert sum(record.fault is None for record in records) == 50_000


def test_text_behind_a_closing_quote_is_kept() -> None:
    assert cells('"5 inch" tablet,x\n') == [["5 inch tablet", "x"]]


def test_a_multi_line_cell_with_a_blank_behind_its_closing_quote() -> None:
    assert cells('"one\ntwo" ,x\ny,z\n') == [["one\ntwo ", "x"], ["y", "z"]]


def test_quotes_behind_backslashes_and_spaces() -> None:
    escaped = Dialect(",", escaped=True)
    assert cells('"say \\"hi\\", ok",b\n', escaped) == [['say "hi", ok', "b"]]
    assert cells('"a\\\\",b\n"c:\\x",d\n', escaped) == [["a\\\\", "b"], ["c:\\x", "d"]]
    assert cells('a, "b, c"\n', Dialect(",", spaced=True)) == [["a", "b, c"]]


def test_a_cell_beyond_all_measure_costs_one_row() -> None:
    records = list(read_records(["a," + "x" * 1_000_001 + "\n", "b,c\n"], COMMA))
    assert [record.fault for record in records] == [TOO_LONG, None]
    assert TOO_LONG.text() == "A cell of this row has more than 1,000,000 characters."
    assert len(next(read_records(["a," + "x" * 1_000_000], COMMA)).cells[1]) == 1_000_000


@pytest.mark.parametrize("separator", ["\t", ",", ";", "|", "^", "~", "\x01"])
def test_each_separator_is_found(separator: str) -> None:
    text = separator.join(["q", "a", "score"]) + "\n" + separator.join(["x", "y", "0.5"]) + "\n"
    assert sniff(text) == (separator, 3)
    assert sniff(text, None) == (separator, 3)


@pytest.mark.parametrize("separator", ["\t", ";", "|"])
def test_commas_in_the_texts_do_not_mislead(separator: str) -> None:
    rows = [["query", "answer"], ["a, b, c", "yes, no"], ["d", "e, f"], ["g, h", "i"]]
    assert sniff("\n".join(map(separator.join, rows))) == (separator, 2)


def test_commas_in_the_header_too() -> None:
    assert sniff("question, long\tanswer, short\nwhy, then\tso\nhow\tthus, well\n") == ("\t", 2)


def test_decimal_commas_under_semicolons() -> None:
    assert sniff("anchor;positive;score\na;b;0,5\nc;d;1,0\n") == (";", 3)


def test_semicolons_and_bars_in_quoted_texts() -> None:
    assert sniff('q,a\n"x; y | z","1; 2"\n"p, q",r\n') == (",", 2)


def test_chinese_punctuation_separates_only_where_all_rows_agree() -> None:
    assert sniff("问题，答案\n你好，您好\n再见，回见\n") == ("，", 2)
    assert sniff("问题；答案\n你好；您好\n再见；回见\n") == ("；", 2)
    assert sniff("你好，世界\n早\n再见，朋友，保重\n", None) == ("", 1)
    assert sniff("问题,答案\n你好，世界,早\n再见，朋友,好\n") == (",", 2)


def test_tabs_with_quotes_that_belong_to_the_text() -> None:
    text = 'q\ta\n"Hello" he said\tb\n"Open\tc\n"Bye" she said\td\nplain\te\n'
    layout = layout_of(text)
    assert layout.dialect == Dialect("\t", quoted=False)
    assert cells(text, layout.dialect)[1:3] == [['"Hello" he said', "b"], ['"Open', "c"]]


def test_quoted_cells_full_of_commas_stay_quoted() -> None:
    text = "x,y\n" + '"a, b","c, d"\n' * 20 + '"torn" apart,"e, f"\n'
    assert layout_of(text).dialect == COMMA


def test_a_single_column_has_no_separator() -> None:
    assert sniff("text\nhello, world\nbye\n") == ("", 1)
    assert sniff("text\nhello, world\nbye, all\nwell, well\n", None) == ("", 1)
    assert sniff("q,a\nx,y\n", None) == (",", 2)
    assert layout_of("q,a\nx,y\n", separator="").width == Width(1, 1)


def test_without_a_header_most_rows_decide() -> None:
    text = "one, two\tthree\nfour\tfive\nsix, seven, eight\tnine\nten\televen\n"
    assert sniff(text, False) == ("\t", 2)
    assert sniff(text, None) == ("\t", 2)
    assert sniff("a\tb\nc\td\te\nf\tg\te\nh\ti\te\n", False) == ("\t", 3)


def test_a_long_sample_may_end_inside_a_cell() -> None:
    lines = ("q,a\n" + '"two\nlines",x\n' * 1500).splitlines(keepends=True)[:-1]
    assert sniff_layout(lines, header=True, cut=True).fitting == 1.0


def test_nameless_columns_count_when_there_is_something_in_them() -> None:
    assert layout_of("q,a,,\nx,y,,\nz,w\n").width == Width(2, 2)
    assert layout_of("q,a,,\nx,y,,\nz,w,,v\n").width == Width(4, 2)


def test_blank_cells_at_the_end_are_forgiven() -> None:
    width = Width.of(["q", "a", ""])
    assert width.fit(["x", "y"]) == ["x", "y", ""]
    assert width.fit(["x", "y", "z", "", " "]) == ["x", "y", "z"]
    assert width.fit(["x"]) is None
    assert width.fit(["x", "y", "z", "w"]) is None
