"""The values of a JSON file one after the other, however it is laid out and however large it is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

from core.data.reading.cells import UNREADABLE_ROW, is_text
from core.data.reading.encodings import Encoding, open_text
from core.problems import N_, Message, Problem


class JsonBroken(Problem):
    what = N_("{file} is JSON that is broken or not whole: it cannot be read on from line {line}.")
    do = N_("Write or download it again. With one object in each line, only broken lines are lost.")


class Number(str):
    """A number with a decimal point or an exponent, as it is written in the file."""


class Value(NamedTuple):
    """One value that is a row: its number in the file from 1, and where it stands.

    ``table`` is the name of the array that holds it when the file is an object of arrays, else "".
    A value that cannot be used has a ``fault``; ``value`` then holds what could be read of it.
    """

    number: int
    value: Any
    table: str = ""
    fault: Message | None = None


NOT_WHOLE = Message(N_("The line is not whole JSON."))

_CHUNK = 1 << 20
_LONGEST_VALUE = 64 << 20
_LOOK_AHEAD = 8 << 20
_FIRST_LINE = 1 << 20
_SPACE = re.compile(r"[ \t\r\n]*")
_NOTHING = object()
_DECODER = json.JSONDecoder(parse_float=Number, parse_constant=Number, strict=False)


def read_values(path: Path, name: str, encoding: Encoding) -> Iterator[Value]:
    """The rows of a JSON file, without ever holding more than one of them and a piece of the file.

    Understood are: a value in every line (JSONL), an array, objects one after the other, an object
    that holds arrays of rows, and an object of columns as pandas writes it (held in memory).

    Raises:
        JsonBroken: it is one document, and broken; a broken line of many is a fault of its own.
    """
    with open_text(path, encoding, "\n") as file:
        lines = _is_a_value_in_each_line(file)
        file.seek(0)
        if lines:
            yield from _lines(file)
        else:
            yield from _documents(_Document(file, name))


def _is_a_value_in_each_line(file: IO[str]) -> bool:
    filled: list[str] = []
    while len(filled) < 2 and (line := file.readline(_FIRST_LINE)):
        if line.strip():
            filled.append(line)
    if len(filled) < 2:
        return False
    # One of the two may be broken; the lines of a document that is spread over many are all parts.
    return any(isinstance(_whole(line.strip()), dict | list) for line in filled)


def _whole(line: str) -> Any:
    """The value that ``line`` is from its first to its last character, else ``_NOTHING``."""
    try:
        value, end = _DECODER.raw_decode(line)
    except (ValueError, RecursionError):
        return _NOTHING
    return value if end == len(line) else _NOTHING


def _lines(file: IO[str]) -> Iterator[Value]:
    for number, line in enumerate(file, 1):
        text = line.strip()
        if not text:
            continue
        if not is_text(text):
            yield Value(number, text, fault=UNREADABLE_ROW)
            continue
        value = _whole(text)
        yield Value(number, text, fault=NOT_WHOLE) if value is _NOTHING else Value(number, value)


def _documents(document: _Document) -> Iterator[Value]:
    number = 0
    if document.peek() == "{" and not document.has_several_values():
        yield from _object(document)
        return
    while start := document.peek():
        if start == "[":
            document.skip("[")
            for value in _array(document):
                number += 1
                yield Value(number, value)
        else:
            number += 1
            yield Value(number, document.value())


def _array(document: _Document) -> Iterator[Any]:
    """The items of the array that was just opened."""
    while document.peek() != "]":
        yield document.value()
        if document.peek() == ",":
            document.skip(",")
        elif document.peek() != "]":
            raise document.broken()
    document.skip("]")


def _object(document: _Document) -> Iterator[Value]:
    """The rows in the arrays of one object; without such arrays, the object itself as a table."""
    fields: dict[str, Any] = {}
    tables = False
    document.skip("{")
    while document.peek() != "}":
        key = document.value()
        document.skip(":")
        if document.peek() == "[":
            document.skip("[")
            items: list[Any] = []
            for number, item in enumerate(_array(document), 1):
                if isinstance(item, dict | list):
                    tables = True
                    yield Value(number, item, str(key))
                elif not tables:
                    items.append(item)
            fields[str(key)] = items
        else:
            fields[str(key)] = document.value()
        if document.peek() == ",":
            document.skip(",")
        elif document.peek() != "}":
            raise document.broken()
    document.skip("}")
    if document.peek():
        raise document.broken()
    if not tables:
        for number, row in enumerate(_rows_of_columns(fields), 1):
            yield Value(number, row)


def _rows_of_columns(fields: dict[str, Any]) -> list[Any]:
    """The rows of an object of columns, or of an object of rows by their ids; else the object."""
    columns = list(fields.values())
    if columns and all(isinstance(column, list) for column in columns):
        if len({len(column) for column in columns}) == 1:
            return [dict(zip(fields, row, strict=True)) for row in zip(*columns, strict=True)]
    elif columns and all(isinstance(column, dict) for column in columns):
        places = list(dict.fromkeys(place for column in columns for place in column))
        if all(place.isdigit() for place in places):
            return [{name: fields[name].get(place) for name in fields} for place in places]
        return columns
    return [fields] if fields else []


class _Document:
    """A JSON document that is read piece by piece."""

    def __init__(self, file: IO[str], name: str) -> None:
        self._file = file
        self._name = name
        self._text = ""
        self._at = 0
        self._line = 1
        self._ended = False
        self._read_on()

    def peek(self) -> str:
        """The next character that is no space, "" at the end."""
        while True:
            self._at = _end(_SPACE, self._text, self._at)
            if self._at < len(self._text) or self._ended:
                return self._text[self._at : self._at + 1]
            self._read_on()

    def skip(self, character: str) -> None:
        """Pass over ``character``; anything else is an error."""
        if self.peek() != character:
            raise self.broken()
        self._at += 1

    def value(self) -> Any:
        """The next value."""
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if self._ended or not self._may_be_cut(error):
                    raise self.broken(error.pos) from error
            except (ValueError, RecursionError) as error:
                raise self.broken() from error
            else:
                # A number that ends with the piece may go on in the next one.
                if end < len(self._text) or self._ended:
                    self._at = end
                    return value
            self._read_on()

    def has_several_values(self) -> bool:
        """Whether another value follows the next one, as far as that one is not huge."""
        self.peek()
        while True:
            try:
                _, end = _DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                cut = self._may_be_cut(error) and len(self._text) < _LOOK_AHEAD
                if self._ended or not cut:
                    return False
            except (ValueError, RecursionError):
                return False
            else:
                follows = _end(_SPACE, self._text, end)
                if follows < len(self._text) or self._ended:
                    return self._text[follows : follows + 1] in ("{", "[")
            self._read_on()

    def broken(self, at: int | None = None) -> JsonBroken:
        """What to raise when it cannot be read on."""
        line = self._line + self._text.count("\n", 0, self._at if at is None else at)
        return JsonBroken(file=self._name, line=line)

    def _may_be_cut(self, error: json.JSONDecodeError) -> bool:
        if len(self._text) - self._at > _LONGEST_VALUE:
            return False
        return error.msg.startswith("Unterminated") or error.pos >= len(self._text) - 16

    def _read_on(self) -> None:
        # Twice as much each time that one value goes on, so that it is not read over and over.
        more = self._file.read(max(_CHUNK, len(self._text) - self._at))
        self._ended = not more
        self._line += self._text.count("\n", 0, self._at)
        self._text = self._text[self._at :] + more
        self._at = 0


def _end(pattern: re.Pattern[str], text: str, start: int) -> int:
    match = pattern.match(text, start)
    return match.end() if match else start


def first_value_ends(text: str) -> int | None:
    """Where the first value of ``text`` ends; None when it does not begin with a whole one."""
    try:
        return _DECODER.raw_decode(text)[1]
    except (ValueError, RecursionError):
        return None


def plain(value: Any) -> Any:
    """``value`` with every :class:`Number` as a number again, to be written as JSON."""
    if isinstance(value, Number):
        return float(value)
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value
