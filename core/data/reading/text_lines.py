"""The lines of a text file, one after the other: line ends, marks at its beginning and its end."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from core.data.reading.encodings import Encoding, open_text
from core.data.reading.records import LINE_CHARACTERS

LONE_RETURN = "\udd0d"
r"""Stands for a ``\r`` inside a line while rows are read; :func:`restore` brings it back."""

_SAMPLE_CHARACTERS = 400_000
_SAMPLE_LINES = 3000
_BYTE_ORDER_MARK = "\ufeff"
_DOS_END = "\x1a"
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\r?\n?', re.IGNORECASE | re.DOTALL)
_RARE_RETURNS = 0.1


@dataclass(frozen=True)
class TextFile:
    r"""A text file and how to cut it into lines.

    Attributes:
        path: the file.
        encoding: how it is written.
        newline: "\n" when lines end in ``\n`` or ``\r\n`` and a lone ``\r`` is text; "" when it
            ends a line too.
        separator: what its first line says it is separated by, as Excel writes ``sep=;``; such a
            line is no row.
    """

    path: Path
    encoding: Encoding
    newline: str
    separator: str | None

    def lines(self) -> Iterator[str]:
        """The lines with their ends, those beyond measure cut one character behind the limit."""
        with open_text(self.path, self.encoding, self.newline) as stream:
            yield from _lines(stream, self.newline, self.separator is not None)


@dataclass(frozen=True)
class Sample:
    r"""How a text file begins.

    Attributes:
        text: its first 400,000 characters, or 3,000 lines.
        cut: whether there is more in the file.
        rare_returns: whether lone ``\r`` are so few that they will not be line ends.
    """

    text: str
    cut: bool
    rare_returns: bool

    @property
    def newlines(self) -> list[str]:
        """The ways in which the file may be cut into lines, the likelier one first."""
        if "\n" not in self.text:
            return [""]
        return ["\n", ""] if self.rare_returns else ["", "\n"]

    @property
    def separator(self) -> str | None:
        """What a first line such as ``sep=;`` says."""
        found = _SEPARATOR_LINE.match(self.text.lstrip(_BYTE_ORDER_MARK))
        return found[1] if found else None

    def lines(self, newline: str) -> list[str]:
        """The whole lines of the sample."""
        text = io.StringIO(self.text, newline)
        lines = list(_lines(text, newline, self.separator is not None))
        if self.cut and len(lines) > 1 and lines[-1][-1] not in "\r\n":
            lines.pop()
        return lines


def read_sample(path: Path, encoding: Encoding) -> Sample:
    """Read how a text file begins."""
    with open_text(path, encoding) as stream:
        text = stream.read(_SAMPLE_CHARACTERS)
        cut = stream.read(1) != ""
    lines = text.split("\n", _SAMPLE_LINES)
    if len(lines) > _SAMPLE_LINES:
        text, cut = text[: -len(lines[-1])], True
    feeds = text.count("\n")
    lone = text.count("\r") - text.count("\r\n") - text.count("\r\r\n")
    return Sample(text, cut, lone <= _RARE_RETURNS * feeds)


def restore(cell: str) -> str:
    r"""The cell with the lone ``\r`` that were in it."""
    return cell.replace(LONE_RETURN, "\r")


def _lines(stream: TextIO, newline: str, skip_first: bool) -> Iterator[str]:
    read = stream.readline
    line = read(LINE_CHARACTERS).lstrip(_BYTE_ORDER_MARK)
    if skip_first:
        line = read(LINE_CHARACTERS)
    while line:
        if len(line) == LINE_CHARACTERS and line[-1] not in "\r\n":
            line += read(1)[:1] or ""
            if len(line) > LINE_CHARACTERS and line[-1] not in "\r\n":
                _skip_line(stream)
        if "\r" in line and newline == "\n":
            body = line.rstrip("\r\n")
            if "\r" in body:
                line = body.replace("\r", LONE_RETURN) + line[len(body) :]
        if line[-1] not in "\r\n":
            # DOS programs write Ctrl+Z behind the last line.
            line = line.rstrip(_DOS_END)
            if not line:
                return
        yield line
        line = read(LINE_CHARACTERS)


def _skip_line(stream: TextIO) -> None:
    while (piece := stream.readline(LINE_CHARACTERS)) and piece[-1] not in "\r\n":
        pass
