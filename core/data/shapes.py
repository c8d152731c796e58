"""The shapes a training table can have, and which of its columns plays which role."""

from __future__ import annotations

from collections.abc import Mapping as JsonObject
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from core.problems import N_, Message

ANCHOR = "anchor"
POSITIVE = "positive"
NEGATIVE = "negative"
SCORE = "score"

MATCH_SCORE = 0.5
"""From this score on, the two texts of a scored pair count as a match (scores go from 0 to 1)."""


class Shape(StrEnum):
    """What one row of a dataset holds."""

    PAIRS = "pairs"
    SCORED_PAIRS = "scored_pairs"
    TRIPLETS = "triplets"

    @property
    def label(self) -> str:
        """The shape's name as a message id: "pairs", "scored pairs" or "triplets"."""
        return _LABELS[self]


_LABELS = {
    Shape.PAIRS: N_("pairs"),
    Shape.SCORED_PAIRS: N_("scored pairs"),
    Shape.TRIPLETS: N_("triplets"),
}

_SENTENCES = {
    Shape.PAIRS: N_("{rows:,} pairs: {anchor} against {positive}"),
    Shape.SCORED_PAIRS: N_("{rows:,} scored pairs: {anchor} against {positive}, scored by {score}"),
    Shape.TRIPLETS: N_("{rows:,} triplets: {anchor} against {positive}, not {negative}"),
}


@dataclass(frozen=True)
class Mapping:
    """Which column of a table is the anchor, the positive, the negative, the score.

    A mapping has a negative or a score or neither; ``core.data.check`` refuses one with both.
    """

    anchor: str
    positive: str
    negative: str | None = None
    score: str | None = None

    @property
    def shape(self) -> Shape:
        """What a row holds under this mapping."""
        if self.negative is not None:
            return Shape.TRIPLETS
        return Shape.PAIRS if self.score is None else Shape.SCORED_PAIRS

    @property
    def columns(self) -> list[tuple[str, str]]:
        """(role, column) of every mapped column, in the order in which training wants them."""
        return [(role, column) for role, column in asdict(self).items() if column is not None]

    def sentence(self, rows: int) -> Message:
        """What ``rows`` rows are under this mapping: the shape and the columns, in words."""
        return Message(_SENTENCES[self.shape], {"rows": rows, **dict(self.columns)})

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready form that :meth:`from_json` reads back."""
        return dict(self.columns)

    @classmethod
    def from_json(cls, data: JsonObject[str, Any]) -> Mapping:
        """Read back what :meth:`to_json` wrote.

        Raises:
            TypeError: ``data`` names no anchor or no positive, or a role that does not exist.
        """
        return cls(**data)
