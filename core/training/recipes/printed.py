"""Dictionaries as cards print them: as JSON, as Python, and with objects that neither can read."""

from __future__ import annotations

import ast
import json
import re
from typing import Any

_TOKEN = re.compile(
    r"""(?P<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')"""
    r"|(?P<number>[-+]?\.?\d[\w.+-]*)"
    r"|(?P<name>[A-Za-z_][\w.]*(?:\([^()\n]*\))?)"
    r"|(?P<object><)"
)
_WORDS = {"null": "None", "none": "None", "true": "True", "false": "False"}
_PAIR = re.compile(
    r"""["'](\w+)["']\s*:\s*("[^"\n]*"|'[^'\n]*'|\[[^\[\]{}]*\]|[^\s,{}\[\]"']+)\s*(?=[,}\n])"""
)


def mapping(text: str) -> tuple[dict[str, Any], bool]:
    """A dictionary as a card prints it.

    An enum's value (``<TripletDistanceMetric.EUCLIDEAN: …>``), a function or a class becomes its
    name.

    Args:
        text: what stands between the fences.

    Returns:
        The dictionary, and whether all of it could be read; if not, the simple values that could.
    """
    bare = text.strip()
    for candidate in (bare, _in_python(bare)):
        for read in (_json, ast.literal_eval):
            try:
                value = read(candidate)
            except (ValueError, SyntaxError, MemoryError, RecursionError):
                continue
            if isinstance(value, dict):
                return {str(key): one for key, one in value.items()}, True
    return _simple_values(bare), False


def _in_python(text: str) -> str:
    """``text`` with every object, name and word of JSON as Python could read it."""
    parts, place = [], 0
    while (found := _TOKEN.search(text, place)) is not None:
        parts.append(text[place : found.start()])
        place = found.end()
        if found["object"]:
            place = _end_of_object(text, found.start())
            parts.append(repr(_name_of(text[found.start() + 1 : place - 1])))
        elif found["name"] in ("True", "False", "None"):
            parts.append(found["name"])
        elif found["name"]:
            parts.append(_WORDS.get(found["name"], repr(found["name"])))
        else:
            parts.append(found[0])
    return "".join([*parts, text[place:]])


def _end_of_object(text: str, start: int) -> int:
    """The place behind the bracket that closes the one at ``start``; the end where none does."""
    depth = 0
    for place in range(start, len(text)):
        if text[place] in "<>":
            depth += 1 if text[place] == "<" else -1
            if depth == 0:
                return place + 1
    return len(text)


def _name_of(printed: str) -> str:
    """What an object is called, of what Python prints between its angle brackets."""
    kind, _, rest = printed.partition(" ")
    if kind in ("function", "class", "built-in", "bound"):
        return rest.removeprefix("function ").removeprefix("method ").split(" ")[0].strip("'\"")
    return printed.partition(":")[0].partition(" object at ")[0].strip()


def _simple_values(text: str) -> dict[str, Any]:
    """The values in a damaged dictionary that can be read one by one."""
    found = {}
    for name, value in _PAIR.findall(text):
        try:
            found[name] = ast.literal_eval(_in_python(value))
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
    return found


def _json(text: str) -> Any:
    # Numbers that are none would not outlive being stored.
    return json.loads(text, parse_constant=str)
