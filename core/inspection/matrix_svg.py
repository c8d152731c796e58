"""Similarity matrices as a drawing (SVG) for paper, slides and mail; no browser is needed."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from core.inspection.picture import DIVERGING, SEQUENTIAL, colours, is_dark, limits, png

_SIDE, _GAP, _TOP, _FOOT = 280, 16, 44, 46
_NARROW, _WIDE = 40, 200
_NAMED = 20
"""Up to so many texts stand beside their labels; beyond, the labels alone."""
_DRAWN = 40
"""Up to so many texts every cell is a rectangle; beyond, the matrix is a small picture."""
_NUMBERED = 24
"""The least width of a cell, in pixels, that holds its number."""
_NAME = 15
_INK, _SOFT = "#1A2530", "#5B6472"
_FONT = "system-ui,-apple-system,'Segoe UI','PingFang SC','Microsoft YaHei','Noto Sans CJK SC'"


@dataclass(frozen=True)
class Drawing:
    """What is drawn.

    Attributes:
        base: the base's cosines, [n, n]; of blocks of texts their means.
        tuned: the tuned model's.
        titles: what stands above the base, the tuned model and the change.
        scales: what stands below the colours of the cosines, and of the change.
        labels: a short name for each text; empty for blocks.
        texts: the texts; empty for blocks.
        framed: the places of sources and their right answers.
    """

    base: NDArray[np.float32]
    tuned: NDArray[np.float32]
    titles: tuple[str, str, str]
    scales: tuple[str, str]
    labels: Sequence[str] = ()
    texts: Sequence[str] = ()
    framed: Sequence[tuple[int, int]] = ()


def matrices_svg(drawing: Drawing) -> str:
    """Base, tuned model and change side by side, with their colours, as a whole SVG file."""
    count = len(drawing.base)
    named = 0 < len(drawing.texts) <= _NAMED
    left = _WIDE if named else _NARROW
    width = left + 3 * _SIDE + 2 * _GAP + 8
    height = _TOP + _SIDE + _FOOT
    lowest, largest = limits(drawing.base, drawing.tuned)
    change = drawing.tuned - drawing.base
    panels = (
        (drawing.base, lowest, 1.0, SEQUENTIAL, False),
        (drawing.tuned, lowest, 1.0, SEQUENTIAL, False),
        (change, -largest, largest, DIVERGING, True),
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" font-family="{_FONT}" font-size="11" fill="{_INK}">',
        f'<rect width="{width}" height="{height}" fill="#FFFFFF"/>',
    ]
    for at, (values, low, high, scale, signed) in enumerate(panels):
        x = left + at * (_SIDE + _GAP)
        parts.append(f'<text x="{x}" y="16" font-size="13">{escape(drawing.titles[at])}</text>')
        parts += _cells(values, x, colours(values, low, high, scale), signed)
        parts += _frames(drawing.framed, x, _SIDE / count)
        parts += _labels_above(drawing.labels, x)
    parts += _labels_beside(drawing, left, named)
    y = _TOP + _SIDE + 12
    parts += _bar(left, y, SEQUENTIAL, (lowest, 1.0), drawing.scales[0])
    parts += _bar(left + 2 * (_SIDE + _GAP), y, DIVERGING, (-largest, largest), drawing.scales[1])
    return "\n".join(parts) + "\n</svg>\n"


def _cells(
    values: NDArray[np.float32], x: float, pixels: NDArray[np.uint8], signed: bool
) -> Iterator[str]:
    """A rectangle a cell with its number if that fits, or one small picture."""
    count = len(values)
    cell = _SIDE / count
    if count > _DRAWN:
        data = base64.b64encode(png(pixels)).decode()
        yield (
            f'<image x="{x}" y="{_TOP}" width="{_SIDE}" height="{_SIDE}" '
            f'style="image-rendering:pixelated" href="data:image/png;base64,{data}"/>'
        )
        return
    for row in range(count):
        for column in range(count):
            at = (x + column * cell, _TOP + row * cell)
            colour = pixels[row, column]
            yield (
                f'<rect x="{at[0]:.2f}" y="{at[1]:.2f}" width="{cell:.2f}" height="{cell:.2f}" '
                f'fill="#{bytes(colour).hex()}"/>'
            )
            if cell >= _NUMBERED:
                value = round(float(values[row, column]), 2) + 0.0
                yield (
                    f'<text x="{at[0] + cell / 2:.2f}" y="{at[1] + cell / 2 + 4:.2f}" '
                    f'text-anchor="middle" fill="{"#FFFFFF" if is_dark(colour) else _INK}">'
                    f"{value:{'+' if signed and value else ''}.2f}</text>"
                )


def _frames(framed: Sequence[tuple[int, int]], x: float, cell: float) -> Iterator[str]:
    for one, other in framed:
        for column, row in ((one, other), (other, one)):
            yield (
                f'<rect x="{x + column * cell:.2f}" y="{_TOP + row * cell:.2f}" '
                f'width="{cell:.2f}" height="{cell:.2f}" fill="none" stroke="#BE185D" '
                'stroke-width="1.5"/>'
            )


def _labels_above(labels: Sequence[str], x: float) -> Iterator[str]:
    cell = _SIDE / max(len(labels), 1)
    if len(labels) > _DRAWN:
        return
    for at, label in enumerate(labels):
        yield (
            f'<text x="{x + (at + 0.5) * cell:.2f}" y="{_TOP - 5}" text-anchor="middle" '
            f'font-size="{min(11.0, 0.65 * cell):.1f}" fill="{_SOFT}">{escape(label)}</text>'
        )


def _labels_beside(drawing: Drawing, left: float, named: bool) -> Iterator[str]:
    cell = _SIDE / max(len(drawing.labels), 1)
    if len(drawing.labels) > _DRAWN:
        return
    for at, label in enumerate(drawing.labels):
        words = f"{shortened(drawing.texts[at])}  {label}" if named else label
        size = min(11.0, 0.85 * cell)
        yield (
            f'<text x="{left - 6}" y="{_TOP + (at + 0.5) * cell + size / 3:.2f}" '
            f'text-anchor="end" font-size="{size:.1f}">{escape(words)}</text>'
        )


def shortened(text: str, most: int = _NAME) -> str:
    """The beginning of a text on one line, without the control characters that no XML may hold."""
    printable = "".join(sign if sign.isprintable() else " " for sign in text)
    line = " ".join(printable.split())
    return line if len(line) <= most else line[:most] + "…"


def _bar(
    x: float, y: float, scale: list[str], ends: tuple[float, float], words: str
) -> Iterator[str]:
    """The colours from low to high with the numbers at their ends."""
    step = _SIDE / len(scale)
    for at, colour in enumerate(scale):
        yield (
            f'<rect x="{x + at * step:.1f}" y="{y}" width="{step + 0.5:.1f}" height="8" '
            f'fill="{colour}"/>'
        )
    places = ((x, "start", f"{ends[0]:g}"), (x + _SIDE / 2, "middle", words))
    for place, anchor, word in (*places, (x + _SIDE, "end", f"{ends[1]:g}")):
        yield (
            f'<text x="{place}" y="{y + 22}" text-anchor="{anchor}" fill="{_SOFT}">'
            f"{escape(word)}</text>"
        )
