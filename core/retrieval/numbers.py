"""Numbers as people write them into tables: with a currency, and with a comma or a point."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum

_CURRENCY = r"(?:元|[¥￥$€£]|CNY|RMB|USD|EUR|GBP)?"
_CELL = re.compile(rf"{_CURRENCY}\s*([-+]?)\s*(\d[\d.,]*)\s*{_CURRENCY}")
_SPACED = re.compile(r"(?<=\d)[ \u00a0\u2009\u202f'’](?=\d{3}(?!\d))")
"""What stands between thousands besides commas and points: 1 299,00 and 1'299.00."""
_PLAIN = re.compile(r"\d+")
_GROUPED = re.compile(r"\d{1,3}(?:,\d{2,3})*,\d{3}")
"""Thousands; groups of two as in 12,34,567."""
_UNCLEAR = re.compile(r"[1-9]\d{0,2}[.,]\d{3}")
"""1,299 or 1.299: one thing here, another there."""


class Mark(StrEnum):
    """What stands before the decimals."""

    POINT = "."
    COMMA = ","


def number_in(text: str, mark: Mark = Mark.POINT) -> float | None:
    """The number that a cell holds, also with a currency; None when it is something else.

    Args:
        text: the cell.
        mark: what stands before the decimals in its column, where the cell alone does not tell:
            1,299 is a thousand and more where that is the point.
    """
    written = _written(text)
    if written is None:
        return None
    sign, digits = written
    own = _mark_of(digits)
    mark = mark if own is None else own
    other = Mark.COMMA if mark is Mark.POINT else Mark.POINT
    whole, _, decimals = digits.partition(mark)
    if mark in decimals or other in decimals:
        return None
    whole = whole.replace(other, ",")
    if not (_PLAIN.fullmatch(whole) or _GROUPED.fullmatch(whole)):
        return None
    return float(f"{sign}{whole.replace(',', '')}.{decimals or 0}")


def mark_in(cells: Iterable[str]) -> Mark:
    """What stands before the decimals in a column, read from all its cells.

    1,5 and 1.299,00 say that it is the comma, 1.5 and 1,299.00 that it is the point.  Where no cell
    says it, as in a column of 1,299 alone, commas stand between thousands.
    """
    said = {mark: 0 for mark in Mark}
    for cell in cells:
        written = _written(cell)
        mark = _mark_of(written[1]) if written is not None else None
        if mark is not None:
            said[mark] += 1
    return Mark.COMMA if said[Mark.COMMA] > said[Mark.POINT] else Mark.POINT


def _written(text: str) -> tuple[str, str] | None:
    """The sign of a number and its digits with commas and points; None for other cells."""
    match = _CELL.fullmatch(_SPACED.sub("", text.strip()))
    return None if match is None else (match[1], match[2])


def _mark_of(digits: str) -> Mark | None:
    """What a single number says that stands before decimals; None when it does not say it."""
    points, commas = digits.count("."), digits.count(",")
    if points and commas:
        return Mark(max(".", ",", key=digits.rfind))
    if points + commas == 0 or _UNCLEAR.fullmatch(digits):
        return None
    if points + commas == 1:
        return Mark.POINT if points else Mark.COMMA
    # Several of the same stand between thousands.
    return Mark.COMMA if points else Mark.POINT
