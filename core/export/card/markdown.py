"""The few pieces of Markdown that a card is made of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_BREAKS = re.compile("[\r\n\u2028\u2029]+")
_SPECIAL = re.compile(r"([\\`*_\[\]<>|#])")


def blocks(*parts: str) -> str:
    """Parts with an empty line between them; empty ones are left out."""
    return "\n\n".join(part.strip("\n") for part in parts if part.strip())


def heading(level: int, words: str) -> str:
    """A heading."""
    return f"{'#' * level} {words}"


def table(header: Sequence[str], rows: Iterable[Sequence[str]], numbers: int = 0) -> str:
    """A table.

    Args:
        header: the names of the columns.
        rows: their cells, Markdown already.
        numbers: so many of the last columns hold numbers.
    """
    words = len(header) - numbers
    marks = [":--"] * words + ["--:"] * numbers
    return "\n".join(_row(cells) for cells in (header, marks, *rows))


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def code(text: str, language: str = "") -> str:
    """A block of code, whatever marks are in it."""
    longest = max((len(marks) for marks in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def cell(text: str) -> str:
    """People's own text inside a table, letter by letter."""
    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    safe = safe.replace("|", "&#124;").replace("`", "&#96;").replace("*", "&#42;")
    return f"<code>{_BREAKS.sub('<br>', safe)}</code>"


def plain(text: str) -> str:
    """People's own text inside a sentence, letter by letter."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def folded(summary: str, content: str) -> str:
    """Content that opens with a click."""
    return f"<details><summary>{summary}</summary>\n\n{content}\n\n</details>"


def items(lines: Iterable[str]) -> str:
    """A list."""
    return "\n".join(f"- {line}" for line in lines)
