"""A sink that keeps everything it is given, for tests of readers."""

from __future__ import annotations

from collections.abc import Sequence

from core.data.reading.rows import Facts
from core.problems import Message


class Gathered:
    """What a reader handed over."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.numbers: list[int] = []
        self.cells: list[list[str]] = []
        self.reasons: dict[int, str] = {}
        self.aside: dict[int, list[str]] = {}
        self.facts: Facts | None = None

    def start(self, names: Sequence[str]) -> None:
        assert not self.names
        self.names = list(names)

    def keep(self, number: int, cells: Sequence[str]) -> None:
        assert len(cells) == len(self.names)
        self.numbers.append(number)
        self.cells.append(list(cells))

    def set_aside(self, number: int, cells: Sequence[str], reason: Message) -> None:
        assert number not in self.reasons
        self.reasons[number] = reason.text()
        self.aside[number] = list(cells)
