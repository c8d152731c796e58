"""Reading a text table: rows of cells that fit go one way, those that do not go another.

The file is read once, from its beginning to its end, and never held in memory as a whole.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from math import exp, floor, log
from pathlib import Path

from core.data.reading.cells import BLANK_ROW, NOT_TEXT, UNREADABLE_ROW, is_blank, parse_list
from core.data.reading.encodings import (
    Encoding,
    WrongEncoding,
    detect_file_encoding,
    possible_encodings,
)
from core.data.reading.headers import has_header, name_columns
from core.data.reading.layout import SINGLE_COLUMN, Layout, sample_records, sniff_layout
from core.data.reading.not_tables import refuse_what_is_no_table
from core.data.reading.records import Record, read_records
from core.data.reading.refusals import (
    EmptyFile,
    FileUnreadable,
    NoDataRows,
    OneColumnOnly,
    RowsDoNotFit,
)
from core.data.reading.rows import Facts, ReadOptions, RowSink
from core.data.reading.text_lines import TextFile, read_sample, restore
from core.problems import N_, Message, Problem


class SeparatorUnusable(Problem):
    what = N_("“{separator}” cannot separate the cells of a table.")
    do = N_("Choose a single character that is neither a quotation mark nor a line end.")


HEADER_AGAIN = Message(N_("The row repeats the header row."))
_TOO_FEW = N_("The row has {cells} cells where the header has {columns}: too few.")
_TOO_MANY = N_("The row has {cells} cells where the header has {columns}: too many.")
_TOO_FEW_OF_ALL = N_("The row has {cells} cells where other rows have {columns}: too few.")
_TOO_MANY_OF_ALL = N_("The row has {cells} cells where other rows have {columns}: too many.")

_HEAD_BYTES = 65_536
_FITTING_SHARE = 0.5
_HEADER_SAMPLE = 501
_BATCH = 1000
_SEED = 20_240_501


def read_delimited(
    path: Path, name: str, options: ReadOptions, sink: RowSink, *, minimum_columns: int = 2
) -> Facts:
    """Read a text table, finding out what ``options`` leaves open, into ``sink``.

    Row numbers are those that a spreadsheet shows: a row counts once however many lines it has,
    blank rows count, and a first line ``sep=;`` does not.

    Args:
        path: the file.
        name: what it is called, for messages.
        options: encoding, separator, header and sample_rows are heeded.
        sink: told the columns' names once, before any row; without a row that could be used it is
            not told anything.
        minimum_columns: 1 to accept a list of texts too.

    Raises:
        FileUnreadable: the file cannot be opened.
        EmptyFile: there is no text in it.
        NotATable: it is something else: a PDF, a picture, an archive …
        Undecodable, EncodingUnknown, WrongEncoding: no encoding, or not the one in ``options``.
        SeparatorUnusable: ``options`` has a separator that cannot be one.
        NoDataRows: there is nothing below the header.
        OneColumnOnly: there are fewer columns than ``minimum_columns``.
        RowsDoNotFit: most rows have another number of cells than the header.
    """
    if options.separator is not None and (
        len(options.separator) > 1 or options.separator in ('"', "\r", "\n")
    ):
        raise SeparatorUnusable(separator=options.separator)
    try:
        return _read(path, name, options, sink, minimum_columns)
    except OSError as error:
        raise FileUnreadable(file=name, reason=error.strerror or str(error)) from error


def _read(
    path: Path, name: str, options: ReadOptions, sink: RowSink, minimum_columns: int
) -> Facts:
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    refuse_what_is_no_table(head, name)
    encoding = detect_file_encoding(path, name, options.encoding)
    form = _find_form(path, encoding, options, minimum_columns)
    records = read_records(
        form.file.lines(),
        form.layout.dialect,
        columns=form.layout.width.columns,
        stray_quotes=form.layout.stray_quotes,
    )
    rows = _number(records, header=form.header)
    sorter = _Sorter(form, sink, name, minimum_columns)
    if form.header and (header := next(rows, None)) is not None:
        sorter.take_header(header[1])
    sampled_from = None
    if options.sample_rows is not None:
        drawn, total = _draw(rows, max(1, options.sample_rows))
        sampled_from = total if total > len(drawn) else None
        rows = iter(drawn)
    sorter.sort(rows)
    misread = options.encoding is not None and encoding.name not in possible_encodings(head)
    if sorter.kept + sorter.misfits == 0:
        if misread:
            raise WrongEncoding(file=name, encoding=encoding.name)
        raise NoDataRows(file=name) if sorter.header is not None else EmptyFile(file=name)
    if sorter.kept < _FITTING_SHARE * (sorter.kept + sorter.misfits):
        if sorter.unreadable > sorter.misfits / 2 or misread:
            raise WrongEncoding(file=name, encoding=encoding.name)
        raise RowsDoNotFit(file=name, columns=form.layout.width.columns, row=sorter.first_misfit)
    return Facts(
        format=N_("Text table"),
        encoding=encoding.name,
        separator=form.layout.dialect.separator,
        header=form.header,
        rows_read=sorter.rows,
        sampled_from=sampled_from,
    )


@dataclass(frozen=True)
class _Form:
    """What was found out about a file before it is read."""

    file: TextFile
    layout: Layout
    header: bool
    columns_to_come: int  # lists in a single column become several columns later


def _find_form(path: Path, encoding: Encoding, options: ReadOptions, minimum_columns: int) -> _Form:
    sample = read_sample(path, encoding)
    separator = sample.separator if options.separator is None else options.separator
    cuts = [(newline, sample.lines(newline)) for newline in sample.newlines]
    layouts = [
        sniff_layout(
            lines,
            header=options.header,
            separator=separator,
            cut=sample.cut,
            wide=minimum_columns > 1,
        )
        for _, lines in cuts
    ]
    layout = max(layouts, key=lambda candidate: candidate.fitting)
    newline, lines = cuts[layouts.index(layout)]
    if layout.fitting < _FITTING_SHARE and minimum_columns == 1 and separator is None:
        layout = SINGLE_COLUMN
    records = sample_records(lines, layout.dialect, cut=sample.cut)
    rows = [record.cells for record in records[:_HEADER_SAMPLE] if record.fault is None]
    header = has_header(rows) if options.header is None else options.header
    if layout is not SINGLE_COLUMN:
        layout = sniff_layout(
            lines, header=header, separator=layout.dialect.separator, cut=sample.cut
        )
    longest_list = max((len(parse_list(row[0]) or []) for row in rows if len(row) == 1), default=1)
    return _Form(
        file=TextFile(path, encoding, newline, sample.separator),
        layout=layout,
        header=header,
        columns_to_come=max(layout.width.columns, longest_list),
    )


_BLANK = Record([])


def _number(records: Iterable[Record], *, header: bool) -> Iterator[tuple[int, Record]]:
    """The rows with their numbers, up to the last that is not blank; blank ones have no cells.

    Blank rows above a header are left out too.
    """
    blank_from = 0
    above = header
    for number, record in enumerate(records, 1):
        cells = record.cells
        if not (cells and cells[0].strip()) and is_blank(cells):
            blank_from = blank_from or number
            continue
        if blank_from and not above:
            for blank in range(blank_from, number):
                yield blank, _BLANK
        blank_from = 0
        above = False
        yield number, record


def _draw(rows: Iterator[tuple[int, Record]], wanted: int) -> tuple[list[tuple[int, Record]], int]:
    """An even sample of ``rows`` in their order, and how many there were.

    Reservoir sampling that skips ahead (Li, 1994, "Algorithm L"); the same rows for the same file.
    """
    dice = random.Random(_SEED)
    drawn = list(islice(rows, wanted))
    total = len(drawn)
    share = exp(log(1 - dice.random()) / wanted)
    chosen = wanted + floor(log(1 - dice.random()) / log(1 - share))
    for row in rows:
        if total == chosen:
            drawn[dice.randrange(wanted)] = row
            share *= exp(log(1 - dice.random()) / wanted)
            chosen += floor(log(1 - dice.random()) / log(1 - share)) + 1
        total += 1
    return sorted(drawn, key=lambda row: row[0]), total


class _Sorter:
    """Tells rows that fit from those that do not, and hands both to the sink."""

    def __init__(self, form: _Form, sink: RowSink, name: str, minimum_columns: int) -> None:
        self.rows = 0
        self.kept = 0
        self.misfits = 0
        self.unreadable = 0
        self.first_misfit = 0
        self.header: list[str] | None = None
        self._form = form
        self._sink = sink
        self._name = name
        self._minimum_columns = minimum_columns
        self._started = False

    def take_header(self, record: Record) -> None:
        """The row that names the columns."""
        self.header = [restore(cell) for cell in record.cells]

    def sort(self, rows: Iterator[tuple[int, Record]]) -> None:
        """Sort rows, each with its number; blank ones have no cells."""
        columns = self._form.layout.width.columns
        header = self.header
        keep = self._sink.keep
        while batch := list(islice(rows, _BATCH)):
            self._start()
            self.rows += len(batch)
            odd = _has_odd_characters(batch)
            for number, (cells, fault) in batch:
                if odd or fault is not None or len(cells) != columns or cells == header:
                    self._sort_odd(number, cells, fault)
                else:
                    keep(number, cells)
                    self.kept += 1

    def _sort_odd(self, number: int, cells: list[str], fault: Message | None) -> None:
        cells = [restore(cell) for cell in cells]
        fitting = self._form.layout.width.fit(cells)
        unreadable = NOT_TEXT.search("".join(cells)) is not None
        self.unreadable += unreadable
        if not cells:
            self._sink.set_aside(number, cells, BLANK_ROW)
        elif fault is not None:
            self._set_aside(number, cells, fault)
        elif unreadable:
            self._set_aside(number, cells, UNREADABLE_ROW)
        elif fitting is None:
            self._set_aside(number, cells, self._count_reason(len(cells)))
        elif cells == self.header:
            self._sink.set_aside(number, cells, HEADER_AGAIN)
        else:
            self._sink.keep(number, fitting)
            self.kept += 1

    def _set_aside(self, number: int, cells: list[str], reason: Message) -> None:
        self.misfits += 1
        self.first_misfit = self.first_misfit or number
        self._sink.set_aside(number, cells, reason)

    def _count_reason(self, cells: int) -> Message:
        columns = self._form.layout.width.columns
        if self.header is None:
            template = _TOO_FEW_OF_ALL if cells < columns else _TOO_MANY_OF_ALL
        else:
            template = _TOO_FEW if cells < columns else _TOO_MANY
        return Message(template, {"cells": cells, "columns": columns})

    def _start(self) -> None:
        if self._started:
            return
        self._started = True
        columns = self._form.layout.width.columns
        names = name_columns(self.header or [], columns)
        if self._form.columns_to_come < self._minimum_columns:
            raise OneColumnOnly(file=self._name, column=names[0])
        self._sink.start(names)


def _has_odd_characters(batch: Sequence[tuple[int, Record]]) -> bool:
    """Whether a row in ``batch`` may hold what is not text, or a stand-in for a line end."""
    text = "".join(["".join(record.cells) for _, record in batch])
    if "\x00" in text:
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
