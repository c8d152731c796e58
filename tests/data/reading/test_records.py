import pytest

from core.data.reading.records import TOO_LONG, UNCLOSED, Dialect, Width, read_records, sniff_layout

COMMA = Dialect(",")


def cells(text: str, dialect: Dialect = COMMA) -> list[list[str]]:
    return [record.cells for record in read_records(text.splitlines(keepends=True), dialect)]


def sniff(text: str, *, header: bool = True) -> tuple[str, int]:
    layout = sniff_layout(text.splitlines(keepends=True), header=header)
    return layout.dialect.separator, layout.width.columns


def test_quoted_cells_keep_separators_quotes_and_line_breaks() -> None:
    assert cells('a,b\n"x, y","he said ""hi""\nand left"\n') == [
        ["a", "b"],
        ["x, y", 'he said "hi"\nand left'],
    ]


def test_an_unclosed_quote_costs_one_row_only() -> None:
    text = 'q,a\nr1,"never closed\nr2,b\nr3,"c, d"\nr4,e\n'
    records = list(read_records(text.splitlines(keepends=True), COMMA))
    assert [record.cells for record in records if record.fault is None] == [
        ["q", "a"],
        ["r2", "b"],
        ["r3", "c, d"],
        ["r4", "e"],
    ]
    assert [record.fault for record in records if record.fault] == [UNCLOSED]
    assert records[1].cells == ['r1,"never closed\n']


def test_an_unclosed_quote_that_no_later_quote_closes() -> None:
    text = 'q,a\nr1,"never closed\n' + "r,b\n" * 100
    records = list(read_records(text.splitlines(keepends=True), COMMA))
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


def test_text_behind_a_closing_quote_is_kept() -> None:
    assert cells('"5 inch" tablet,x\n') == [["5 inch tablet", "x"]]


def test_a_multi_line_cell_with_a_blank_behind_its_closing_quote() -> None:
    assert cells('"one\ntwo" ,x\ny,z\n') == [["one\ntwo ", "x"], ["y", "z"]]


def test_a_cell_beyond_all_measure_costs_one_row() -> None:
    records = list(read_records(["a," + "x" * 200_000 + "\n", "b,c\n"], COMMA))
    assert [record.fault for record in records] == [TOO_LONG, None]
    assert TOO_LONG.text() == "A cell of this row has more than 131,072 characters."


@pytest.mark.parametrize("separator", ["\t", ",", ";", "|"])
def test_each_separator_is_found(separator: str) -> None:
    text = separator.join(["q", "a", "score"]) + "\n" + separator.join(["x", "y", "0.5"]) + "\n"
    assert sniff(text) == (separator, 3)


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


def test_tabs_with_quotes_that_belong_to_the_text() -> None:
    text = 'q\ta\n"Hello" he said\tb\n"Open\tc\n"Bye" she said\td\nplain\te\n'
    layout = sniff_layout(text.splitlines(keepends=True), header=True)
    assert layout.dialect == Dialect("\t", quoted=False)
    assert cells(text, layout.dialect)[1:3] == [['"Hello" he said', "b"], ['"Open', "c"]]


def test_quoted_cells_full_of_commas_stay_quoted() -> None:
    text = "x,y\n" + '"a, b","c, d"\n' * 20 + '"torn" apart,"e, f"\n'
    layout = sniff_layout(text.splitlines(keepends=True), header=True)
    assert layout.dialect == COMMA


def test_a_single_column_has_no_separator() -> None:
    assert sniff("text\nhello, world\nbye\n") == ("", 1)


def test_without_a_header_most_rows_decide() -> None:
    text = "one, two\tthree\nfour\tfive\nsix, seven, eight\tnine\nten\televen\n"
    assert sniff(text, header=False) == ("\t", 2)


def test_a_long_sample_may_end_inside_a_cell() -> None:
    text = "q,a\n" + '"two\nlines",x\n' * 3000
    assert sniff_layout(text.splitlines(keepends=True), header=True).fitting == 1.0


def test_blank_cells_at_the_end_are_forgiven() -> None:
    width = Width.of(["q", "a", ""])
    assert width.fit(["x", "y"]) == ["x", "y", ""]
    assert width.fit(["x", "y", "z", "", " "]) == ["x", "y", "z"]
    assert width.fit(["x"]) is None
    assert width.fit(["x", "y", "z", "w"]) is None
