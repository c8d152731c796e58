"""The shapes a training table can have, and which of its columns plays which role."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from collections.abc import Mapping as JsonObject
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from core.problems import N_, Message, Problem

ANCHOR = "anchor"
POSITIVE = "positive"
NEGATIVE = "negative"
SCORE = "score"
TEXT = "text"
LABEL = "label"
SPLIT = "split"
"""A column that says of each row whether it is for training or held out."""

TRAIN, HELD_OUT = "train", "held_out"
"""The values of a dataset's :data:`SPLIT` column."""

MATCH_SCORE = 0.5
"""From this score on, the two texts of a scored pair count as a match (scores go from 0 to 1)."""


class MappingIncomplete(Problem):
    what = N_("No column is chosen as {role}.")
    do = N_(
        "Choose the columns of the anchors and of the positives, or for single texts the column "
        "of the texts."
    )


class Shape(StrEnum):
    """What one row of a dataset holds."""

    PAIRS = "pairs"
    SCORED_PAIRS = "scored_pairs"
    TRIPLETS = "triplets"
    SEVERAL_NEGATIVES = "several_negatives"
    CLASSES = "classes"
    TEXTS = "texts"

    @property
    def label(self) -> str:
        """The shape's name as a message id: "pairs", "scored pairs", "triplets" and so on."""
        return _LABELS[self]


_LABELS = {
    Shape.PAIRS: N_("pairs"),
    Shape.SCORED_PAIRS: N_("scored pairs"),
    Shape.TRIPLETS: N_("triplets"),
    Shape.SEVERAL_NEGATIVES: N_("rows with several negatives"),
    Shape.CLASSES: N_("texts with a class"),
    Shape.TEXTS: N_("single texts"),
}

_SENTENCES = {
    Shape.PAIRS: N_("{rows:,} pairs: {anchor} against {positive}"),
    Shape.SCORED_PAIRS: N_("{rows:,} scored pairs: {anchor} against {positive}, scored by {score}"),
    Shape.TRIPLETS: N_("{rows:,} triplets: {anchor} against {positive}, not {negative}"),
    Shape.SEVERAL_NEGATIVES: N_(
        "{rows:,} rows with several negatives: {anchor} against {positive}, not {negative}"
    ),
    Shape.CLASSES: N_("{rows:,} texts with a class: {text}, of the class in {label}"),
    Shape.TEXTS: N_("{rows:,} single texts: {text}"),
}


@dataclass(frozen=True)
class Mapping:
    """Which column of a table plays which role.

    Either ``anchor`` and ``positive`` are chosen, with ``negatives`` or a ``score`` or neither, or
    ``text`` is, with or without a ``label``; ``core.data.check`` refuses anything else.  ``split``
    is the column that says which rows are held out.
    """

    anchor: str | None = None
    positive: str | None = None
    negatives: tuple[str, ...] = ()
    score: str | None = None
    text: str | None = None
    label: str | None = None
    split: str | None = None

    @property
    def shape(self) -> Shape:
        """What a row holds under this mapping."""
        if self.text is not None:
            return Shape.TEXTS if self.label is None else Shape.CLASSES
        if self.negatives:
            return Shape.TRIPLETS if len(self.negatives) == 1 else Shape.SEVERAL_NEGATIVES
        return Shape.PAIRS if self.score is None else Shape.SCORED_PAIRS

    @property
    def columns(self) -> list[tuple[str, str]]:
        """(role, column) of every mapped column, in the order in which training wants them.

        Several negatives are called ``negative``, ``negative_2``, ``negative_3`` …
        """
        roles = [
            (ANCHOR, self.anchor),
            (POSITIVE, self.positive),
            *((negative_role(place), name) for place, name in enumerate(self.negatives)),
            (SCORE, self.score),
            (TEXT, self.text),
            (LABEL, self.label),
            (SPLIT, self.split),
        ]
        return [(role, column) for role, column in roles if column is not None]

    def sentence(self, rows: int) -> Message:
        """What ``rows`` rows are under this mapping: the shape and the columns, in words."""
        names = dict(self.columns) | {NEGATIVE: ", ".join(self.negatives)}
        return Message(_SENTENCES[self.shape], {"rows": rows, **names})

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready form that :meth:`from_json` reads back: role to column."""
        return dict(self.columns)

    @classmethod
    def from_json(cls, data: JsonObject[str, Any]) -> Mapping:
        """Read back what :meth:`to_json` wrote.

        Raises:
            TypeError: ``data`` names a role that does not exist.
            MappingIncomplete: it names neither an anchor and a positive nor a text.
        """
        roles = dict(data)
        negatives = tuple(roles.pop(role) for role in sorted(filter(is_negative, data), key=_place))
        mapping = cls(negatives=negatives, **roles)
        mapping.require_complete()
        return mapping

    def require_complete(self) -> None:
        """Raise MappingIncomplete unless a row has something to learn from."""
        if self.text is None:
            for role, column in ((ANCHOR, self.anchor), (POSITIVE, self.positive)):
                if column is None:
                    raise MappingIncomplete(role=role)


def negative_role(place: int) -> str:
    """The role of the negative at ``place``, counted from 0."""
    return NEGATIVE if place == 0 else f"{NEGATIVE}_{place + 1}"


def is_negative(role: str) -> bool:
    """Whether ``role`` is that of a negative, the only one or one of several."""
    return role == NEGATIVE or (role.startswith(f"{NEGATIVE}_") and role[9:].isdecimal())


def _place(role: str) -> int:
    return 0 if role == NEGATIVE else int(role[9:]) - 1


def is_text(role: str) -> bool:
    """Whether the column of a dataset with this name holds texts that a model reads."""
    return role in (ANCHOR, POSITIVE, TEXT) or is_negative(role)


def text_roles(columns: Iterable[Hashable]) -> list[str]:
    """Those of a dataset frame's columns that hold texts that a model reads, in their order."""
    return [name for name in map(str, columns) if is_text(name)]


def shape_of(columns: Iterable[Hashable]) -> Shape:
    """The shape of a dataset frame with these columns."""
    names = set(map(str, columns))
    if TEXT in names:
        return Shape.CLASSES if LABEL in names else Shape.TEXTS
    negatives = sum(map(is_negative, names))
    if negatives:
        return Shape.TRIPLETS if negatives == 1 else Shape.SEVERAL_NEGATIVES
    return Shape.SCORED_PAIRS if SCORE in names else Shape.PAIRS
