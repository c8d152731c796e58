"""Showing texts of any length: cut to a width, or broken into lines for a chart."""

from __future__ import annotations

import html
import unicodedata


def clipped(text: str, width: int) -> str:
    """``text`` in a line of at most ``width`` Latin letters; a Chinese character counts as two."""
    line = " ".join(text.split())
    lines = _lines(line, width)
    return line if len(lines) == 1 else lines[0].rstrip() + "…"


def wrapped(text: str, width: int) -> list[str]:
    """``text`` in lines of at most ``width`` Latin letters for a chart, which reads HTML signs."""
    return [html.escape(line, quote=False) for line in _lines(" ".join(text.split()), width)]


def _lines(text: str, width: int) -> list[str]:
    """Lines of at most ``width``, broken at a space where there is one in their second half."""
    lines = []
    while text:
        end = _fitting(text, width)
        if end < len(text):
            space = text.rfind(" ", end // 2, end + 1)
            end = space if space > 0 else end
        lines.append(text[:end].rstrip())
        text = text[end:].lstrip()
    return lines or [""]


def _fitting(text: str, width: int) -> int:
    """How many characters fit, at least one."""
    used = 0
    for position, character in enumerate(text):
        used += 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if used > width:
            return max(position, 1)
    return len(text)
