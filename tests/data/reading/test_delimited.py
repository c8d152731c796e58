import csv
import io
import tracemalloc
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.data.reading import delimited, encodings, not_tables, refusals
from core.data.reading.delimited import SeparatorUnusable, read_delimited
from core.data.reading.encodings import EncodingUnknown, WrongEncoding
from core.data.reading.refusals import FileUnreadable, OneColumnOnly, RowsDoNotFit
from core.data.reading.rows import ReadOptions
from core.problems import Problem
from tests.data.reading.gathering import Gathered
from tests.data.reading.odd_text import (
    JAPANESE,
    KOREAN,
    LOADED,
    PAIRS,
    REFUSED,
    TRADITIONAL,
    Odd,
    Refused,
    main,
    written,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("odd")


def read(folder: Path, data: bytes, *, minimum_columns: int = 2, **options: object) -> Gathered:
    path = folder / "x.csv"
    path.write_bytes(data)
    sink = Gathered()
    sink.facts = read_delimited(
        path, "x.csv", ReadOptions(**options), sink, minimum_columns=minimum_columns
    )
    return sink


@pytest.mark.parametrize("odd", LOADED, ids=lambda odd: odd.name)
def test_odd_files_are_loaded_with_the_right_cells(odd: Odd, folder: Path) -> None:
    sink = read(folder, odd.data, **odd.options.to_json())
    assert sink.names == list(odd.names)
    assert sink.cells == [list(row) for row in odd.rows]
    assert sink.reasons == dict(odd.aside)
    if odd.numbers is not None:
        assert sink.numbers == list(odd.numbers)
    facts = {name: getattr(sink.facts, name) for name in odd.facts}
    assert facts == dict(odd.facts)


@pytest.mark.parametrize("refused", REFUSED, ids=lambda refused: refused.name)
def test_odd_files_are_refused_in_one_sentence(refused: Refused, folder: Path) -> None:
    with pytest.raises(Problem) as caught:
        read(folder, refused.data)
    assert caught.value.kind == refused.kind
    sentence = caught.value.message().text()
    assert sentence.startswith("x.csv") and refused.words in sentence
    assert hasattr(not_tables, refused.kind) or hasattr(refusals, refused.kind)


def test_every_trap_has_at_least_three_files(tmp_path: Path) -> None:
    main(tmp_path)
    assert len(list(tmp_path.iterdir())) == len(LOADED) + len(REFUSED)
    traps = Counter([odd.trap for odd in LOADED] + [refused.kind for refused in REFUSED])
    assert [trap for trap, files in traps.items() if files < 3] == []


# What was written is read back, whatever it is.

COMMON = {
    "GB18030": "".join(map("".join, PAIRS)),
    "Big5": "".join(map("".join, TRADITIONAL)),
    "Shift-JIS": "".join(map("".join, JAPANESE)),
    "EUC-JP": "".join(map("".join, JAPANESE)),
    "EUC-KR": "".join(map("".join, KOREAN)),
}
SPECIAL = ',;|\t"\n\r ^~'
ANYTHING = st.sampled_from("\u3000\u2028\ufeff") | st.characters(exclude_categories=["Cs", "Cc"])
WESTERN = st.sampled_from(["maison ", "été", "Straße", "garden", "señor", "où", "x", "naïve "])
WRITTEN = [
    ("utf-8", "UTF-8"),
    ("utf-8-sig", "UTF-8 (BOM)"),
    ("utf-16", "UTF-16"),
    ("utf-32", "UTF-32"),
    ("gb18030", "GB18030"),
    ("cp950", "Big5"),
    ("cp932", "Shift-JIS"),
    ("euc_jp", "EUC-JP"),
    ("euc_kr", "EUC-KR"),
    ("cp1252", "Windows-1252"),
]


@settings(max_examples=8)
@example(data=None, columns=2)
@given(data=st.data(), columns=st.integers(2, 3))
@pytest.mark.parametrize("separator", [",", ";", "\t", "|", "^", "~", "\x01"])
@pytest.mark.parametrize(("codec", "name"), WRITTEN)
def test_what_was_written_is_read_back(
    separator: str, codec: str, name: str, data: st.DataObject | None, columns: int, folder: Path
) -> None:
    anything = st.sampled_from(COMMON[name]) if name in COMMON else ANYTHING
    anything = WESTERN if name == "Windows-1252" else anything
    # What is found out by itself must be found out from a few rows, so that cells must not be
    # full of other separators; the test below has those too.
    special = [sign for sign in SPECIAL if sign == separator or sign in '"\n\r ']
    cell = st.lists(st.sampled_from(special) | anything, max_size=12).map("".join)
    rows = [["x\r\ny", '"']] if data is None else []
    quoting = csv.QUOTE_ALL
    if data is not None:
        row = st.lists(cell, min_size=columns, max_size=columns)
        rows = data.draw(st.lists(row, min_size=1, max_size=8))
        quoting = data.draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    # A short text in the encoding, so that there is something to tell it by.
    known = COMMON.get(name, "déjà vu à l'école" if codec == "cp1252" else "问题")[:24]
    header = ["query", "answer", "note"][:columns]
    rows = [*rows, [known.replace("\n", "")] * columns]
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator, quoting=quoting).writerows([header, *rows])

    sink = read(folder, text.getvalue().encode(codec))

    assert sink.facts is not None
    assert (sink.facts.encoding, sink.facts.separator) == (name, separator)
    assert sink.names == header
    filled = {number: row for number, row in enumerate(rows, 2) if "".join(row).strip()}
    assert sink.cells == list(filled.values())
    assert sink.numbers == list(filled)
    assert sink.facts.rows_read == len(rows)
    assert set(sink.reasons) == set(range(2, len(rows) + 2)) - set(filled)


@settings(max_examples=15)
@given(data=st.data(), codec=st.sampled_from(["utf-8", "utf-16", "gb18030"]))
@pytest.mark.parametrize("separator", [",", ";", "\t", "|", "^", "~"])
def test_cells_full_of_other_separators_are_read_back_with_the_separator_chosen(
    separator: str, data: st.DataObject, codec: str, folder: Path
) -> None:
    cell = st.lists(st.sampled_from(SPECIAL) | ANYTHING, max_size=12).map("".join)
    rows = data.draw(st.lists(st.lists(cell, min_size=2, max_size=2), min_size=1, max_size=6))
    rows = [["问题", "答案"], *rows, ["问题" * 6, "答案" * 6]]
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator, quoting=csv.QUOTE_ALL).writerows(rows)
    sink = read(folder, text.getvalue().encode(codec), separator=separator, header=True)
    assert sink.names == rows[0]
    assert sink.cells == [row for row in rows[1:] if "".join(row).strip()]


# Options that a person chose.


def test_a_chosen_encoding_is_not_questioned(folder: Path) -> None:
    data = written(PAIRS, "\t").encode()
    assert read(folder, data, encoding="utf-8").cells == PAIRS[1:]
    latin = read(folder, data, encoding="ISO-8859-1", header=True)
    assert latin.cells[1][0] == PAIRS[2][0].encode().decode("latin-1")


def test_bytes_that_do_not_fit_a_chosen_encoding_are_set_aside(folder: Path) -> None:
    data = b"q,a\n" + b"plain,text\n" * 5 + "文,字\n".encode("gb18030")
    sink = read(folder, data, encoding="UTF-8", header=True)
    assert len(sink.cells) == 5
    assert sink.reasons == {7: "The row holds bytes that are not text."}


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16", "UTF-32"])
def test_refuses_an_encoding_in_which_most_rows_break(encoding: str, folder: Path) -> None:
    data = written(PAIRS, "\t").encode("gb18030")
    with pytest.raises(WrongEncoding, match=f"x.csv is not written in {encoding}"):
        read(folder, data, encoding=encoding)


def test_refuses_what_it_cannot_use(folder: Path) -> None:
    with pytest.raises(EncodingUnknown, match=r"does not know the encoding EBCDIC\. .*GB18030"):
        read(folder, b"q,a\nx,y\n", encoding="EBCDIC")
    with pytest.raises(SeparatorUnusable, match="“::” cannot separate"):
        read(folder, b"q,a\nx,y\n", separator="::")
    with pytest.raises(FileUnreadable, match=r"gone\.csv cannot be read: No such file"):
        read_delimited(folder / "gone.csv", "gone.csv", ReadOptions(), Gathered())


def test_a_chosen_separator_is_used(folder: Path) -> None:
    sink = read(folder, b"q;a,b\nx;y,z\n", separator=";")
    assert (sink.names, sink.cells) == (["q", "a,b"], [["x", "y,z"]])
    with pytest.raises(OneColumnOnly):
        read(folder, b"q;a,b\nx;y,z\n", separator="")
    with pytest.raises(RowsDoNotFit) as caught:
        read(folder, b"q,a\nx,y\n1,2,3\n4,5,6\n", separator=",")
    assert caught.value.params == {"file": "x.csv", "columns": 2, "row": 3}


# One column, samples, size.


def test_a_list_of_texts_when_it_is_asked_for(folder: Path) -> None:
    sink = read(folder, "文本\n你好，世界\na, b\n\n".encode(), minimum_columns=1)
    assert (sink.names, sink.cells) == (["文本"], [["你好，世界"], ["a, b"]])
    assert sink.facts is not None and sink.facts.separator == ""


def test_a_single_column_of_lists_will_do(folder: Path) -> None:
    sink = read(folder, b'pairs\n["a", "b"]\n["c", "d"]\n')
    assert (sink.names, sink.cells) == (["pairs"], [['["a", "b"]'], ['["c", "d"]']])


def test_more_rows_than_one_batch_keep_their_order_and_numbers(folder: Path) -> None:
    lines = [f"q{n},a{n}" for n in range(3500)]
    lines[3100] = "x\x00,y"
    sink = read(folder, "\n".join(["q,a", *lines]).encode())
    assert [cells[0] for cells in sink.cells] == [f"q{n}" for n in range(3500) if n != 3100]
    assert (sink.numbers[-1], list(sink.reasons)) == (3501, [3102])


def test_a_sample_is_even_in_order_and_always_the_same(folder: Path) -> None:
    lines = "".join(f"q{n},a{n}\n" for n in range(20_000))
    data = ("q,a\n" + lines.replace("q7,", "q7,,,")).encode()
    sink = read(folder, data, sample_rows=2000)
    assert sink.facts is not None
    assert (sink.facts.rows_read, sink.facts.sampled_from) == (2000, 20_000)
    assert sink.numbers == sorted(set(sink.numbers))
    assert all(
        cells == [f"q{n - 2}", f"a{n - 2}"]
        for n, cells in zip(sink.numbers, sink.cells, strict=True)
    )
    in_quarters = [
        sum(start < n <= start + 5000 for n in sink.numbers) for start in range(1, 20_000, 5000)
    ]
    assert all(400 < count < 600 for count in in_quarters)
    assert read(folder, data, sample_rows=2000).numbers == sink.numbers


def test_a_sample_of_more_rows_than_there_are_is_everything(folder: Path) -> None:
    sink = read(folder, b"q,a\nx,y\n\nz\nv,w\n,\n", sample_rows=100)
    assert (sink.numbers, list(sink.reasons)) == ([2, 5], [3, 4])
    assert sink.facts is not None
    assert (sink.facts.rows_read, sink.facts.sampled_from) == (4, None)


class Counting(Gathered):
    def keep(self, number: int, cells: object) -> None:
        self.rows = number - 1


def test_memory_does_not_grow_with_the_file(folder: Path) -> None:
    peaks = []
    for rows in (4_000, 24_000):
        path = folder / "large.csv"
        path.write_text("q,a\n" + "a question about something,an answer to it\n" * rows)
        sink = Counting()
        tracemalloc.start()
        read_delimited(path, "large.csv", ReadOptions(header=True), sink)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert sink.rows == rows
    assert peaks[1] < 1.1 * peaks[0]


def test_a_mark_in_every_row_reads_ahead_no_further_than_it_must(folder: Path) -> None:
    data = b"q,a\n" + b'"x","y"\n' * 3000 + b'x,"open\n' + b"z,w\n" * 20_000
    sink = read(folder, data)
    assert list(sink.reasons) == [3002]
    assert len(sink.cells) == 23_000


def test_a_line_beyond_all_measure_costs_one_row(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (delimited.read_sample.__globals__, delimited.read_records.__globals__):
        monkeypatch.setitem(module, "LINE_CHARACTERS", 1000)
    long = ",".join(["x"] * 2000)
    sink = read(folder, f"q,a\nb,c\n{long}\nd,e\n".encode())
    assert sink.cells == [["b", "c"], ["d", "e"]]
    assert list(sink.reasons) == [3]
    assert encodings.ENCODINGS  # nothing else was touched
