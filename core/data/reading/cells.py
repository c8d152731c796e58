"""What the readers of all formats do alike with cells: blank ones, names, lists, samples."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from core.problems import N_, Message

BLANK_ROW = Message(N_("The row is blank."))
UNREADABLE_ROW = Message(N_("The row holds bytes that are not text."))
NOT_TEXT = re.compile("[\x00\ud800-\udfff]")
"""Matches what no text holds: NUL, and halves of characters, which also stand for odd bytes."""

NO_CHARACTER = "\ufffd"
"""What is shown where there is no character that can be read."""

_SEED = 20_240_501
_EXCERPT_CHARACTERS = 200


def is_blank(cells: Iterable[str]) -> bool:
    """Whether no cell has a visible character."""
    return not any(cell.strip() for cell in cells if cell)


def is_text(text: str) -> bool:
    """Whether ``text`` has neither NUL nor half characters; see :data:`NOT_TEXT`."""
    if "\x00" in text:
        return False
    try:
        text.encode()  # several times as fast as a search for the pattern
    except UnicodeEncodeError:
        return False
    return True


def excerpt(cells: Sequence[str]) -> str:
    """How a row begins, for a person who looks for it; what is not text becomes U+FFFD."""
    return NOT_TEXT.sub(NO_CHARACTER, " | ".join(cells)[:_EXCERPT_CHARACTERS].strip())


def different_names(names: Iterable[str]) -> list[str]:
    """``names`` told apart: of equal ones, the second becomes "name (2)", and so on."""
    taken: dict[str, None] = {}
    for name in names:
        candidate, copy = name, 1
        while candidate in taken:
            copy += 1
            candidate = f"{name} ({copy})"
        taken[candidate] = None
    return list(taken)


def sample_places(total: int, wanted: int) -> np.ndarray:
    """Which of ``total`` rows a sample of ``wanted`` takes: one from every equal stretch.

    Returns:
        Ascending places from 0 (int64), always the same for the same two numbers; all places when
        there are no more rows than are wanted.
    """
    if wanted >= total:
        return np.arange(total, dtype=np.int64)
    borders = np.linspace(0, total, wanted + 1).astype(np.int64)
    return np.random.default_rng(_SEED).integers(borders[:-1], borders[1:])


def json_text(value: Any) -> str:
    """A value as JSON on one line, Chinese characters as they are."""
    return json.dumps(value, ensure_ascii=False, default=str)


def texts_of_list(value: Any) -> list[str] | None:
    """The items of a list of texts, missing ones as ""; None when it is anything else.

    Numbers between texts are taken as texts; a list of nothing but numbers (a vector) is not one
    of texts.
    """
    if not isinstance(value, list | tuple):
        return None
    texts = []
    some_text = not value
    for item in value:
        if isinstance(item, str):
            some_text = True
            texts.append(item)
        elif item is None:
            texts.append("")
        elif isinstance(item, int | float):
            texts.append(json_text(item))
        else:
            return None
    return texts if some_text else None


def parse_list(cell: str) -> list[str] | None:
    """The texts of a cell that holds a list of texts as JSON or as Python writes it, else None."""
    try:
        return texts_of_list(json.loads(cell))
    except (ValueError, RecursionError):
        pass
    try:
        return texts_of_list(ast.literal_eval(cell.strip()))
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None
