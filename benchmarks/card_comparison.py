"""Compares a card that was made here with the published one, section by section, field by field.

Facts come from the reader of cards (:mod:`core.training.recipes`); what it does not keep (usage,
texts, citations) is looked up in both texts.  Nothing is trained here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from core.training.recipes.card import read_card
from core.training.recipes.facts import Card, Table
from core.training.recipes.sections import Section, below, front_matter, split

HEADER = "| section | field | the card | made here | |\n|---|---|---|---|---|"
_WIDTH = 60
_DESCRIBED = {
    "Model Description": ("base", "revision", "max_length", "dimension", "similarity"),
    "Full Model Architecture": ("modules", "pooling"),
}
_TEMPLATE = frozenset(["Unnamed Dataset"])
"""Headings that stand for a name: ours has the table's."""


@dataclass(frozen=True)
class Field:
    """One field of both cards; None where a card does not have it."""

    section: str
    name: str
    original: Any
    made: Any

    @property
    def verdict(self) -> str:
        """How the two compare: nothing on both sides is no agreement."""
        absent = [value in (None, (), "") for value in (self.original, self.made)]
        if all(absent):
            return "on neither"
        if any(absent):
            return "only on the card" if absent[1] else "only here"
        return "same" if self.original == self.made else "differs"

    def row(self) -> str:
        """The table's row."""
        cells = [self.section, self.name, _words(self.original), _words(self.made), self.verdict]
        return f"| {' | '.join(cells)} |"


def comparison(card: Card, original: str | None, made: str) -> str:
    """Headings, then a table of all fields, as Markdown.

    Args:
        card: the published card's facts.
        original: its whole text; None where that is not at hand, and then only facts are compared.
        made: the text of the card that was made here.
    """
    found = list(fields(card, original, made))
    counted = ", ".join(
        f"{sum(one.verdict == verdict for one in found)} {verdict}"
        for verdict in ("same", "differs", "only on the card", "only here", "on neither")
    )
    lines = [
        _headings(original, made) if original is not None else "",
        f"\n{len(found)} fields: {counted}. Settings that are the same on both are not listed.\n",
        HEADER,
        *(one.row() for one in found if not _is_plain_setting(one)),
    ]
    return "\n".join(lines)


def fields(card: Card, original: str | None, made: str) -> Iterator[Field]:
    """The fields of both cards, section by section; see :func:`comparison`."""
    other = read_card(made)
    if original is not None:
        yield from _head(original, made)
    for section, names in _DESCRIBED.items():
        for name in names:
            yield Field(section, name, _value(card, name), _value(other, name))
    if original is not None:
        yield from _usage(original, made)
    yield Field("Evaluation", "metrics", _metrics(card), _metrics(other))
    yield from _table("Training Dataset", card.table, other.table)
    yield from _table("Evaluation Dataset", card.measured, other.measured)
    if original is not None:
        samples = [
            len(one.table.samples) if one.table else 0 for one in (read_card(original), other)
        ]
        yield Field("Training Dataset", "samples shown", *samples)
    yield Field("Loss", "name", card.loss, other.loss)
    yield from _each("Loss", card.loss_parameters, other.loss_parameters)
    yield from _each("Non-Default Hyperparameters", card.non_default, other.non_default)
    yield from _each("All Hyperparameters", card.hyperparameters, other.hyperparameters)
    yield Field("Training Logs", "lines", len(card.curve), len(other.curve))
    columns = [_log_columns(one) for one in (card, other)]
    yield Field("Training Logs", "what is logged", *columns)
    if original is not None:
        counted = [len(one.examples) for one in (read_card(original), other)]
        yield Field("Widget", "examples", *counted)
    yield from _each("Framework Versions", card.versions, other.versions)
    if original is not None:
        yield Field("Citation", "entries", *(_citations(text) for text in (original, made)))


def _head(original: str, made: str) -> Iterator[Field]:
    """What hubs read, and the title."""
    theirs, ours = (front_matter(text)[0] for text in (original, made))
    titles = [read_card(text).title for text in (original, made)]
    yield Field("Head", "title", *titles)
    for name in ("license", "language", "pipeline_tag", "library_name"):
        yield Field("Head", name, theirs.get(name), ours.get(name))
    tags = [list(map(str, one.get("tags") or [])) for one in (theirs, ours)]
    for tag in dict.fromkeys([*tags[0], *tags[1]]):
        yield Field("Head", "tag", *(tag if tag in one else None for one in tags))


def _usage(original: str, made: str) -> Iterator[Field]:
    told = ["\n".join(one.text for one in _below(text, "Usage")) for text in (original, made)]
    languages = [tuple(re.findall(r"^```(\w+)$", text, re.MULTILINE)) for text in told]
    yield Field("Usage", "pieces of code", *languages)
    for name in ("from sentence_transformers import SentenceTransformer", "model.encode",
                 "model.similarity"):  # fmt: skip
        yield Field("Usage", name, *("there" if name in text else None for text in told))


def _table(section: str, theirs: Table | None, ours: Table | None) -> Iterator[Field]:
    """Size, shape, and the statistics of each column, one beside the other by their order."""
    if theirs is None and ours is None:
        yield Field(section, "table", None, None)
        return
    theirs, ours = theirs or Table(), ours or Table()
    yield Field(section, "rows", theirs.rows, ours.rows)
    yield Field(section, "shape", theirs.shape, ours.shape)
    yield Field(section, "rows in the statistics", theirs.looked_at, ours.looked_at)
    for number in range(max(len(theirs.columns), len(ours.columns))):
        one, other = (
            dict(table.columns[number]) if number < len(table.columns) else {}
            for table in (theirs, ours)
        )
        place = f"column {number + 1}"
        for name in ("name", "type", "unit", "least", "mean", "most"):
            yield Field(section, f"{place}, {name}", one.get(name), other.get(name))
        shares = [column.get("shares") or None for column in (one, other)]
        yield Field(section, f"{place}, labels", *shares)


def _each(section: str, theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> Iterator[Field]:
    for name in dict.fromkeys([*theirs, *ours]):
        yield Field(section, name, _said(theirs, name), _said(ours, name))


def _said(values: Mapping[str, Any], name: str) -> Any:
    """A setting's value; one that is printed as None is there, other than one that is not."""
    return str(values[name]) if values.get(name, 0) in (None, (), "") else values.get(name)


def _is_plain_setting(one: Field) -> bool:
    return one.section == "All Hyperparameters" and one.verdict == "same"


def _value(card: Card, name: str) -> Any:
    """A field, as far as cards of all versions say it alike."""
    value = getattr(card, name)
    return str(value).removesuffix("s").removesuffix("_token") if name == "pooling" else value


def _metrics(card: Card) -> tuple[str, ...]:
    return tuple(metric for one in card.evaluations for metric in one.metrics)


def _log_columns(card: Card) -> tuple[str, ...]:
    scores = dict.fromkeys(name for point in card.curve for name in point.scores)
    return (*(["Training Loss"] if card.losses else []), *scores)


def _citations(text: str) -> tuple[str, ...]:
    found = "\n".join(one.text for one in _below(text, "Citation"))
    return tuple(re.findall(r"^@\w+\{([^,\s]+),", found, re.MULTILINE))


def _below(text: str, title: str) -> list[Section]:
    return below(split(front_matter(text)[1]), title)


def _headings(original: str, made: str) -> str:
    """Which of the card's headings the new one lacks, and which it has besides."""
    theirs, ours = (
        list(dict.fromkeys(one.title for one in split(front_matter(text)[1]) if one.level > 1))
        for text in (original, made)
    )
    lacking = [title for title in theirs if title not in ours and title not in _TEMPLATE]
    more = [title for title in ours if title not in theirs]
    return (
        f"\nOf the card's {len(theirs)} headings {len(theirs) - len(lacking)} are there"
        f"{'; not there: ' + ', '.join(lacking) if lacking else ''}. "
        f"Besides: {', '.join(more) or 'none'}."
    )


def _words(value: Any) -> str:
    if value is None or value == ():
        return "–"
    if isinstance(value, Iterable) and not isinstance(value, str | Mapping):
        value = ", ".join(map(str, value))
    text = " ".join(str(getattr(value, "value", value)).split()).replace("|", "\\|")
    return text if len(text) <= _WIDTH else f"{text[:_WIDTH]}…"
