"""Markdown as model cards use it: front matter, headings, tables, lists of settings."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_FRONT = re.compile(r"\A\s*---[ \t]*\n(.*?)\n---[ \t]*(?:\n|\Z)", re.DOTALL)
# Of comments only whole paragraphs are taken away: the base's revision stands in one inside a line.
_COMMENT = re.compile(r"^<!--.*?-->[ \t]*$", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*\s*")
_FENCE = re.compile(r"\s*(```+|~~~+)")
_SETTING = re.compile(r"^\s*[-*] `([^`]+)`:[ ]?(.*)$", re.MULTILINE)
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
    for line in _COMMENT.sub("", body).split("\n"):
        mark = _FENCE.match(line)
        if mark and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
        heading = None if fence else _HEADING.fullmatch(line)
        if heading is None:
            lines.append(line)
            continue
        sections.append(Section(level, title, "\n".join(lines)))
        level, title, lines = len(heading[1]), heading[2], []
    sections.append(Section(level, title, "\n".join(lines)))
    return sections


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
