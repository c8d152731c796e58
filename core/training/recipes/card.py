"""From the text of a model card to its facts, whichever version of the library wrote it.

Versions 3 to 6 print the same sections with small differences (a row more in the table of
statistics, other names of settings); cards of version 2 and before, which had no trainer, are read
by :mod:`core.training.recipes.old_card`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd

from core.data.mojibake import MojibakeKind, find_mojibake, repair_column
from core.problems import N_, Problem
from core.training.recipes.facts import Card, Column, Evaluation, Example, Garbling, Point, Table
from core.training.recipes.kinds import refuse_other_kinds
from core.training.recipes.old_card import read_old
from core.training.recipes.printed import mapping
from core.training.recipes.sections import (
    Section,
    bare,
    below,
    between,
    front_matter,
    number,
    settings,
    split,
    table,
)

LARGEST = 500_000
"""Characters; a real card has some 20,000, with long texts in its widget 200,000."""

_LIBRARY = "sentence-transformers"
_REVISION = re.compile(r"at revision ([0-9a-f]{7,40})")
_LINKED = re.compile(r"\[([^\]]+)\]\(")
_ITEM = re.compile(r"^[ \t]*- \*\*([^*:]+):\*\*[ ]*(.*)$", re.MULTILINE)
_MODULE = re.compile(r"^[ \t]*\(\w+\): (\w+)\(", re.MULTILINE)
_POOLING_NOW = re.compile(r"'pooling_mode': '(\w+)'")
_POOLING_THEN = re.compile(r"'pooling_mode_(\w+?)': True")
_LENGTH = re.compile(r"'max_seq_length': (\d+)")
_SIZE = re.compile(r"^\* Size: ([\d,]+)", re.MULTILINE)
_LOOKED_AT = re.compile(r"based on the first ([\d,]+) samples")
_COLUMNS = re.compile(r"^\* Columns: (.*)$", re.MULTILINE)
_LOSS = re.compile(r"^\* Loss: \[?<code>([\w.]+)</code>", re.MULTILINE)
_JSON = re.compile(r"```(?:json)?\n(.*?)```", re.DOTALL)
_COUNTED = re.compile(r"^(min|mean|max): (-?[\d.]+)\s*(\w*)$")
_SHARE = re.compile(r"^(.+): ~?([\d.]+)%$")
_EVALUATOR = re.compile(r"Evaluated with \[?<code>([\w.]+)</code>")
_NAMED = re.compile(r"^\* Datasets?: (.*)$", re.MULTILINE)
_TEMPLATE_LINE = re.compile(r"# Download from the .+ Hub")
_WIDTH = re.compile(r"to an? ([\d,]+)[- ]dimensional")


class NotACard(Problem):
    what = N_("This is no model card of sentence-transformers.")
    do = N_(
        "Paste the whole README.md of a model, from the first line (three dashes) to the last one."
    )


class CardTooLarge(Problem):
    what = N_("This text has {characters:,} characters; a model card has {most:,} at most.")
    do = N_("Paste only the README.md of one model.")


def decode(data: bytes) -> str:
    """The text of a card's file: UTF-8, with or without a mark, else UTF-16 or GB18030."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("utf-8", "replace")


def read_card_file(path: Path) -> Card:
    """The card in a file.

    Raises:
        NotACard, CardTooLarge: see :func:`read_card`.
        OSError: the file cannot be read.
    """
    return read_card(decode(path.read_bytes()), source=path.name)


def read_card(text: str, source: str = "") -> Card:
    """The facts of a card.

    Args:
        text: the whole ``README.md``.
        source: where it comes from, for people.

    Raises:
        NotACard: it has neither the front matter nor the sections of one.
        NotForVectors: it is that of a model of another kind.
        CardTooLarge: it cannot be one.
    """
    if len(text) > LARGEST:
        raise CardTooLarge(characters=len(text), most=LARGEST)
    text, garbled = _repaired(text.replace("\r\n", "\n").replace("\r", "\n"))
    front, body, front_read = front_matter(text)
    sections = split(body)
    tags = tuple(map(_word, _listed(front.get("tags"))))
    refuse_other_kinds(sections, tags)
    title = next((one.title for one in sections if one.level == 1), "")
    old = read_old(sections)
    is_card = below(sections, "Training Details") or old or below(sections, "Model Description")
    if not is_card and front.get("library_name") != _LIBRARY and _LIBRARY not in tags:
        raise NotACard
    found = {
        "title": title,
        "source": source,
        "tags": tags,
        "garbled": garbled,
        "license": _words(front.get("license")),
        "languages": tuple(map(_word, _listed(front.get("language")))),
        "examples": _examples(front.get("widget")),
        **_description(front, body, sections),
        **(old or _training(sections)),
        "evaluations": _evaluations(sections) or _indexed(front.get("model-index")),
        "versions": _versions(sections),
    }
    card = Card.model_validate(found)
    return card.model_copy(update={"unread": (*_unread(card, front_read), *card.unread)})


def _repaired(text: str) -> tuple[str, Garbling | None]:
    """The text with its mojibake undone line by line, and what was wrong with it."""
    lines = pd.Series(text.split("\n"), dtype=object)
    wrong = find_mojibake(lines)
    if wrong is None or wrong.kind is MojibakeKind.REPLACED:
        return text, None
    repaired, positions, lost = repair_column(lines)
    template = [place for place in positions if _TEMPLATE_LINE.search(str(repaired.iloc[place]))]
    return "\n".join(repaired), Garbling(
        encoding=wrong.encoding, lines=len(positions), lost=lost, by_template=bool(template)
    )


def _description(front: dict[str, Any], body: str, sections: list[Section]) -> dict[str, Any]:
    """Base, lengths, similarity and parts of the model."""
    told = "\n".join(one.text for one in below(sections, "Model Description"))
    items = dict(_ITEM.findall(told))
    named = _LINKED.search(items.get("Base model", ""))
    base = _words(front.get("base_model")) or (named[1] if named else None)
    revision = _REVISION.search(items.get("Base model", ""))
    drawn = "\n".join(one.text for one in below(sections, "Full Model Architecture"))
    pooled = _POOLING_NOW.search(drawn) or _POOLING_THEN.search(drawn)
    length = _whole(items.get("Maximum Sequence Length")) or _whole_of(_LENGTH.search(drawn))
    width = _whole(items.get("Output Dimensionality")) or _whole_of(_WIDTH.search(body))
    return {
        "base": base,
        "revision": revision[1] if revision else None,
        "max_length": length,
        "dimension": width,
        "similarity": items.get("Similarity Function"),
        "modules": tuple(_MODULE.findall(drawn)),
        "pooling": pooled[1] if pooled else None,
    }


def _training(sections: list[Section]) -> dict[str, Any]:
    """Tables, loss, hyperparameters and log, as versions 3 and later print them."""
    learned = _tables(sections, "Training Dataset", "Training Datasets")
    measured = _tables(sections, "Evaluation Dataset", "Evaluation Datasets")
    asked = "\n".join(one.text for one in below(sections, "Training Dataset", "Training Datasets"))
    loss = _LOSS.search(asked)
    after_loss = asked[loss.end() :] if loss else ""
    parameters, parameters_read = _parameters(after_loss)
    set_by_hand = settings(_text(sections, "Non-Default Hyperparameters"))
    everything = settings(_text(sections, "All Hyperparameters"))
    return {
        "table": learned[0] if learned else None,
        "measured": measured[0] if measured else None,
        "more_tables": max(0, len(learned) - 1),
        "loss": loss[1].rpartition(".")[2] if loss else None,
        "loss_parameters": parameters,
        "unread": () if parameters_read else ("loss parameters",),
        "non_default": set_by_hand,
        "hyperparameters": {**everything, **set_by_hand},
        "curve": _curve(_text(sections, "Training Logs")),
    }


def _tables(sections: list[Section], *titles: str) -> list[Table]:
    return [_table(one) for one in below(sections, *titles) if "* Columns:" in one.text]


def _table(section: Section) -> Table:
    text = section.text
    size, looked_at = _SIZE.search(text), _LOOKED_AT.search(text)
    columns = _COLUMNS.search(text)
    names = between(columns[1], "<code>", "</code>") if columns else []
    before, _, after = text.partition("* Samples:")
    statistics = {row.get("", ""): row for row in table(before)}
    named = section.title not in ("Unnamed Dataset", "Training Dataset", "Evaluation Dataset")
    return Table(
        name=section.title if named else None,
        rows=_whole_of(size),
        looked_at=_whole_of(looked_at),
        columns=tuple(_column(name, statistics) for name in names),
        samples=tuple(
            tuple(bare(row.get(name, "")) for name in names) for row in table(after) if names
        ),
    )


def _column(name: str, statistics: dict[str, dict[str, str]]) -> Column:
    details = statistics.get("details", {}).get(name, "")
    items = [bare(item) for item in between(details, "<li>", "</li>")]
    counted = {found[1]: found for item in items if (found := _COUNTED.match(item))}
    shares = {
        found[1]: round(float(found[2]) / 100, 6)
        for item in items
        if item and not _COUNTED.match(item) and (found := _SHARE.match(item))
    }
    numbers = {key: float(counted[key][2]) if key in counted else None for key in _THREE}
    return Column(
        name=name,
        type=bare(statistics.get("type", {}).get(name, "")),
        unit=counted["mean"][3] if "mean" in counted else "",
        least=numbers["min"],
        mean=numbers["mean"],
        most=numbers["max"],
        shares=shares,
    )


_THREE = ("min", "mean", "max")


def _parameters(text: str) -> tuple[dict[str, Any], bool]:
    """The loss's parameters, if they follow at once, and whether all of them could be read."""
    if "with these parameters" not in text.partition("\n")[0]:
        return {}, True
    found = _JSON.search(text)
    return mapping(found[1]) if found else ({}, False)


def _curve(text: str) -> tuple[Point, ...]:
    points = []
    for row in table(text):
        step = number(row.get("Step", ""))
        if step is None:
            continue
        others = {
            name: value
            for name, cell in row.items()
            if name not in ("Epoch", "Step", "Training Loss")
            and (value := number(cell)) is not None
        }
        points.append(
            Point(
                step=int(step),
                epoch=number(row.get("Epoch", "")),
                loss=number(row.get("Training Loss", "")),
                scores=others,
            )
        )
    return tuple(points)


def _evaluations(sections: list[Section]) -> tuple[Evaluation, ...]:
    found = []
    for section in below(sections, "Evaluation"):
        rows = table(section.text)
        if not rows or "Metric" not in rows[0]:
            continue
        named, measured = _NAMED.search(section.text), _EVALUATOR.search(section.text)
        listed = re.findall(r"`([^`]+)`", named[1]) if named else []
        columns = [name for name in rows[0] if name != "Metric"]
        found.append(
            Evaluation(
                title=section.title,
                evaluator=measured[1] if measured else "",
                names=tuple(listed if len(listed) == len(columns) else columns),
                metrics={
                    bare(row["Metric"]): tuple(number(row.get(name, "")) for name in columns)
                    for row in rows
                },
            )
        )
    return tuple(found)


def _indexed(index: Any) -> tuple[Evaluation, ...]:
    """The scores in the part that hubs read, where no table is one of the library's evaluators."""
    results = [
        result
        for model in _listed(index)
        if isinstance(model, dict)
        for result in _listed(model.get("results"))
        if isinstance(result, dict)
    ]
    found = []
    for result in results:
        task, data = result.get("task"), result.get("dataset")
        metrics = {
            _word(one["type"]): (number(_word(one["value"])),)
            for one in _listed(result.get("metrics"))
            if isinstance(one, dict) and {"type", "value"} <= one.keys()
        }
        if metrics:
            found.append(
                Evaluation(
                    title=_name(task), names=tuple(filter(None, [_name(data)])), metrics=metrics
                )
            )
    return tuple(found)


def _name(part: Any) -> str:
    return _word(part.get("name")) if isinstance(part, dict) else ""


def _versions(sections: list[Section]) -> dict[str, str]:
    text = _text(sections, "Framework Versions")
    return dict(re.findall(r"^[ \t]*- ([\w .-]+): (\S+)[ \t]*$", text, re.MULTILINE))


def _examples(widget: Any) -> tuple[Example, ...]:
    return tuple(
        Example(
            source=_word(one["source_sentence"]),
            sentences=tuple(map(_word, _listed(one.get("sentences")))),
        )
        for one in _listed(widget)
        if isinstance(one, dict) and "source_sentence" in one
    )


def _unread(card: Card, front_read: bool) -> tuple[str, ...]:
    """What a recipe needs and the card does not tell, or not readably."""
    needed = {
        "front matter": front_read,
        "base": card.base,
        "loss": card.loss,
        "rows": card.rows,
        "columns": card.table.columns if card.table else None,
        "hyperparameters": card.hyperparameters,
        "max_length": card.max_length,
        "log": card.losses,
        "evaluation": card.evaluations,
    }
    return tuple(name for name, value in needed.items() if not value)


def _text(sections: list[Section], title: str) -> str:
    return "\n".join(one.text for one in below(sections, title)[:1])


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _words(value: Any) -> str | None:
    first = _listed(value)[:1]
    return _word(first[0]) or None if first else None


def _word(value: Any) -> str:
    """A value of the front matter in words; "" for a list or a dictionary, however deep."""
    return str(value) if isinstance(value, str | int | float) else ""


def _whole(text: str | None) -> int | None:
    return _whole_of(re.search(r"([\d,]+)", text)) if text else None


def _whole_of(found: re.Match[str] | None) -> int | None:
    return int(found[1].replace(",", "")) if found else None
