"""Reading JSON: one object in a line, arrays of objects or of arrays, objects of arrays."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from core.data.reading.cells import (
    BLANK_ROW,
    UNREADABLE_ROW,
    is_blank,
    is_text,
    json_text,
    sample_places,
    texts_of_list,
)
from core.data.reading.encodings import Encoding, detect_file_encoding
from core.data.reading.headers import has_header, name_columns
from core.data.reading.json_values import Number, Value, first_value_ends, plain, read_values
from core.data.reading.lists import MOST_ITEMS
from core.data.reading.refusals import EmptyFile, NoDataRows, OneColumnOnly, UnknownSheet
from core.data.reading.rows import Facts, ReadOptions, RowSink
from core.problems import N_, Message, Problem


class JsonWithoutTable(Problem):
    what = N_("{file} is JSON, but there is no list of rows in it.")
    do = N_("Write a list of rows, or one row in each line, every row with the same fields.")


class JsonTooWide(Problem):
    what = N_("{file} has more than {most:,} different fields: that is not a table.")
    do = N_("Write it as a list of rows that all have the same fields.")


class JsonMostlyBroken(Problem):
    what = N_("{file}: most of its lines are not whole JSON; line {line} is the first of them.")
    do = N_("Write or download it again, one row in each line.")


_OTHER_KIND = Message(N_("The row is written in another way than the rows above it."))

_MOST_FIELDS = 1000
_HEADER_ROWS = 50
_START = re.compile(r'\s*(\[\s*[\[{"\]]|\{\s*["}])')


class Field(NamedTuple):
    """A column: a key of the objects, or two where an object stands under the first."""

    key: str
    inner: str | None = None

    @property
    def name(self) -> str:
        """What the column is called."""
        return self.key if self.inner is None else f"{self.key}.{self.inner}"


def is_json(path: Path, head: bytes) -> bool:
    """Whether ``head``, the first bytes of the file, begins a JSON object or array.

    A text table may begin with a bracket too: what follows the first value must then be another
    line or another value.
    """
    text = _decoded_head(head).lstrip("\ufeff")
    if not _START.match(text):
        return False
    end = first_value_ends(text.lstrip())
    if end is None:
        return True
    rest = text.lstrip()[end:].lstrip(" \t")
    return rest == "" or rest[0] in "\r\n[{"


def read_json(
    path: Path, name: str, options: ReadOptions, sink: RowSink, minimum_columns: int
) -> Facts:
    """Read JSON of any layout that holds rows, a piece of the file at a time.

    The file is gone through twice: once to learn all fields that occur, once for the rows.  Numbers
    stay as they are written, true and false are these words, null is a blank cell.  A field that
    holds an object becomes a column "field.inner" for each inner field; a list of texts becomes a
    cell that :mod:`core.data.reading.lists` takes apart later; what is nested deeper stays JSON.

    Rows are numbered as lines of the file where each line is a row, otherwise from 1.

    Raises:
        JsonBroken, JsonMostlyBroken, JsonTooWide, JsonWithoutTable: see there.
        EmptyFile, NoDataRows, OneColumnOnly: there is too little in it.
    """
    encoding = detect_file_encoding(path, name, options.encoding)
    survey = _survey(path, name, encoding, options.sheet)
    if survey.faults > survey.rows:
        raise JsonMostlyBroken(file=name, line=survey.first_fault)
    if not survey.rows:
        raise JsonWithoutTable(file=name)
    layout: _Objects | _Arrays
    if survey.kind is dict:
        layout = _Objects(tuple(survey.fields), frozenset(survey.listed))
    else:
        layout = _Arrays.of(survey, options.header)
    columns = layout.columns
    if not columns:
        raise JsonWithoutTable(file=name)
    if survey.rows == int(layout.header):
        raise NoDataRows(file=name)
    if len(columns) < minimum_columns and survey.longest_list < minimum_columns:
        raise OneColumnOnly(file=name, column=columns[0])
    sink.start(columns)
    total = survey.values - int(layout.header)
    places = None
    if options.sample_rows is not None and options.sample_rows < total:
        places = sample_places(total, options.sample_rows)
    values = (v for v in _values(path, name, encoding) if v.table == survey.table)
    _hand_over(_without_header(values) if layout.header else values, layout, places, sink)
    return Facts(
        format="JSON",
        encoding=encoding.name,
        header=survey.kind is dict or layout.header,
        sheet=survey.table or None,
        sheets=tuple(survey.tables) if survey.table else (),
        rows_read=total if places is None else len(places),
        sampled_from=None if places is None else total,
    )


def _decoded_head(head: bytes) -> str:
    if head[:1] == b"\x00" or head.startswith(b"\xfe\xff"):
        return head.decode("utf-16-be", errors="ignore")
    if head[1:2] == b"\x00" or head.startswith(b"\xff\xfe"):
        return head.decode("utf-16-le", errors="ignore")
    return head.decode("utf-8-sig", errors="replace")


@dataclass
class _Survey:
    """What the first pass learns about the rows of the table that is wanted.

    ``keys`` are those that held a text, which need not be looked at again; ``valued`` the
    fields that were not null throughout, ``listed`` those that held a list of texts.
    """

    table: str = ""
    tables: dict[str, None] = field(default_factory=dict)
    kind: type | None = None
    values: int = 0
    rows: int = 0
    faults: int = 0
    first_fault: int = 0
    fields: dict[Field, None] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)
    valued: set[Field] = field(default_factory=set)
    listed: set[Field] = field(default_factory=set)
    longest_list: int = 0
    width: int = 0
    first_rows: list[list[str]] = field(default_factory=list)


def _survey(path: Path, name: str, encoding: Encoding, wanted: str | None) -> _Survey:
    survey = _Survey()
    chosen = None
    for value in _values(path, name, encoding):
        survey.tables[value.table] = None
        if chosen is None and wanted in (None, value.table):
            chosen = survey.table = value.table
        if value.table != chosen:
            continue
        survey.values += 1
        row = _as_row(value.value)
        if value.fault is not None:
            survey.faults += 1
            survey.first_fault = survey.first_fault or value.number
        if value.fault is not None or row is None:
            continue
        survey.kind = survey.kind or type(row)
        if not isinstance(row, survey.kind):
            continue
        survey.rows += 1
        if isinstance(row, dict):
            _learn_fields(survey, row)
        else:
            survey.width = max(survey.width, len(row))
            if len(survey.first_rows) < _HEADER_ROWS:
                survey.first_rows.append([_text(cell) for cell in row])
        if len(survey.fields) > _MOST_FIELDS or survey.width > _MOST_FIELDS:
            raise JsonTooWide(file=name, most=_MOST_FIELDS)
    if not survey.values:
        raise UnknownSheet(file=name, sheet=wanted) if survey.tables else EmptyFile(file=name)
    opened = {one.key for one in survey.fields if one.inner is not None}
    for one in list(survey.fields):
        if one.inner is None and one.key in opened and one not in survey.valued:
            del survey.fields[one]  # null where other rows have an object
    return survey


def _learn_fields(survey: _Survey, row: dict[str, Any]) -> None:
    for key, value in row.items():
        if type(value) is str:
            if key not in survey.keys:
                survey.keys.add(key)
                survey.fields[Field(key)] = None
                survey.valued.add(Field(key))
            continue
        if isinstance(value, dict) and value:
            found = [(Field(key, inner), item) for inner, item in value.items()]
        else:
            found = [(Field(key), value)]
        for one, item in found:
            survey.fields[one] = None
            if item is not None and item != {}:
                survey.valued.add(one)
            if isinstance(item, list):
                texts = texts_of_list(item)
                if texts:
                    survey.listed.add(one)
                    survey.longest_list = max(survey.longest_list, min(len(texts), MOST_ITEMS))


def _values(path: Path, name: str, encoding: Encoding) -> Iterator[Value]:
    return read_values(path, name, encoding)


def _as_row(value: Any) -> dict[str, Any] | list[Any] | None:
    """A value as a row: a text alone is a row of one cell, a number alone is none."""
    if isinstance(value, dict | list):
        return value
    return [value] if isinstance(value, str) and not isinstance(value, Number) else None


@dataclass(frozen=True)
class _Objects:
    """Rows that are objects."""

    fields: tuple[Field, ...]
    listed: frozenset[Field]
    header: bool = False

    @property
    def columns(self) -> list[str]:
        return name_columns([one.name for one in self.fields], len(self.fields))

    def cells(self, row: Any) -> list[str] | Message:
        """The row's cells, or why it has none."""
        if not isinstance(row, dict):
            return _OTHER_KIND
        cells = []
        for one in self.fields:
            value = row.get(one.key)
            if one.inner is not None:
                value = value.get(one.inner) if isinstance(value, dict) else None
            elif isinstance(value, dict):
                value = None  # its inner fields have columns of their own
            if one in self.listed and isinstance(value, str) and value:
                value = [value]  # one text where other rows have lists of them
            cells.append(_text(value))
        return cells


@dataclass(frozen=True)
class _Arrays:
    """Rows that are arrays; ``header`` says that the first one names the columns."""

    columns: list[str]
    header: bool

    @classmethod
    def of(cls, survey: _Survey, wanted: bool | None) -> _Arrays:
        first = survey.first_rows
        header = wanted if wanted is not None else has_header(first)
        return cls(name_columns(first[0] if header else [], survey.width), header)

    def cells(self, row: Any) -> list[str] | Message:
        """The row's cells, blank ones where the array is short."""
        if not isinstance(row, list):
            return _OTHER_KIND
        return [_text(cell) for cell in row] + [""] * (len(self.columns) - len(row))


def _without_header(values: Iterator[Value]) -> Iterator[Value]:
    passed = False
    for value in values:
        if passed or value.fault is not None:
            yield value
        passed = passed or value.fault is None


def _hand_over(
    values: Iterator[Value],
    layout: _Objects | _Arrays,
    places: np.ndarray | None,
    sink: RowSink,
) -> None:
    wanted = None if places is None else iter(places.tolist())
    next_place = next(wanted, -1) if wanted else -1
    for place, value in enumerate(values):
        if wanted is not None:
            if place != next_place:
                continue
            next_place = next(wanted, -1)
        if value.fault is not None:
            sink.set_aside(value.number, [str(value.value)], value.fault)
            continue
        cells = layout.cells(_as_row(value.value))
        if isinstance(cells, Message):
            sink.set_aside(value.number, [json_text(plain(value.value))], cells)
        elif is_blank(cells):
            sink.set_aside(value.number, [], BLANK_ROW)
        elif not is_text("".join(cells)):
            sink.set_aside(value.number, cells, UNREADABLE_ROW)
        else:
            sink.keep(value.number, cells)


def _text(value: Any) -> str:
    """A value as the text of a cell."""
    if isinstance(value, str):
        return str(value)
    if value is None or value == [] or value == {}:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return json_text(plain(value))
