"""Markdown as model cards use it: front matter, headings, tables, lists of settings."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_FRONT = re.compile(r"\A\s*---[ \t]*\n(.*?)\n---[ \t]*(?:\n|\Z)", re.DOTALL)
_FENCE = re.compile(r"\s*(```+|~~~+)")
_SETTING = re.compile(r"^[ \t]*[-*] `([^`\n]+)`:[ ]?(.*)$", re.MULTILINE)
_TAG = re.compile(r"</?(?:code|ul|li|b|strong)>")


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it, up to the next heading of any level."""

    level: int
    title: str
    text: str


def front_matter(text: str) -> tuple[dict[str, Any], str, bool]:
    """The card's YAML, the rest of the text, and whether the YAML could be read."""
    found = _FRONT.match(text)
    if found is None:
        return {}, text, False
    rest = text[found.end() :]
    try:
        data = yaml.load(found[1], _LOADER)
    except yaml.YAMLError:
        return {}, rest, False
    return (data, rest, True) if isinstance(data, dict) else ({}, rest, False)


def split(body: str) -> list[Section]:
    """The sections of a card in their order; what stands before any heading has level 0."""
    sections, level, title = [], 0, ""
    lines: list[str] = []
    fence = ""
    for line in _without_comments(body.split("\n")):
        mark = _FENCE.match(line)
        if mark and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
        heading = None if fence else _heading(line)
        if heading is None:
            lines.append(line)
            continue
        sections.append(Section(level, title, "\n".join(lines)))
        (level, title), lines = heading, []
    sections.append(Section(level, title, "\n".join(lines)))
    return sections


def _without_comments(lines: list[str]) -> Iterator[str]:
    """The lines outside of comments.

    Only whole paragraphs are taken away: the base's revision stands in a comment inside a line.  A
    comment that nothing closes is none.
    """
    last_end = max((n for n, line in enumerate(lines) if line.rstrip().endswith("-->")), default=-1)
    inside = False
    for number, line in enumerate(lines):
        begins = line.startswith("<!--") and number <= last_end
        if not inside and not begins:
            yield line
        inside = (inside or begins) and not line.rstrip().endswith("-->")


def _heading(line: str) -> tuple[int, str] | None:
    """A heading's level and words; None for any other line."""
    words = line.lstrip("#")
    level = len(line) - len(words)
    if not 1 <= level <= 6 or words[:1] not in (" ", "\t"):
        return None
    return level, words.strip().rstrip("#").rstrip()


def below(sections: list[Section], *titles: str) -> list[Section]:
    """The first section with one of these titles, and those of lower rank that follow it."""
    wanted = {title.lower() for title in titles}
    for place, section in enumerate(sections):
        if section.title.lower() in wanted:
            found = [section]
            for following in sections[place + 1 :]:
                if following.level <= section.level:
                    break
                found.append(following)
            return found
    return []


def table(text: str) -> list[dict[str, str]]:
    """The rows of the first table in ``text``: heading to cell."""
    rows: list[list[str]] = []
    for line in text.split("\n"):
        bare = line.strip()
        if bare.startswith("|"):
            inner = bare[1:-1] if bare.endswith("|") else bare[1:]
            cells = re.split(r"(?<!\\)\|", inner)
            rows.append([cell.strip().replace("\\|", "|") for cell in cells])
        elif rows:
            break
    if len(rows) < 2:
        return []
    head, body = rows[0], rows[2:]
    return [dict(zip(head, cells, strict=False)) for cells in body]


def bare(cell: str) -> str:
    """A cell's text without the tags and stars around it."""
    return _TAG.sub("", cell).replace("<br>", "\n").strip().strip("*").strip()


def between(text: str, before: str, behind: str) -> list[str]:
    """Everything that stands between two signs, in one pass."""
    parts = (part.partition(behind) for part in text.split(before)[1:])
    return [inner for inner, closed, _rest in parts if closed]


def number(cell: str) -> float | None:
    """A cell's number; None for a dash and for anything else."""
    try:
        return float(bare(cell).replace(",", ""))
    except ValueError:
        return None


def settings(text: str) -> dict[str, Any]:
    """A list of settings, each in a line of its own: name to value."""
    return {name: value_of(value) for name, value in _SETTING.findall(text)}


def value_of(text: str) -> Any:
    """A value as Python prints it: number, text, list and so on; other words as they are."""
    bare_text = text.strip()
    try:
        value = ast.literal_eval(bare_text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return bare_text
    # Only what YAML can keep.
    return list(value) if isinstance(value, tuple | set) else value
