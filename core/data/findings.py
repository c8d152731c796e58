"""What a check has to say about a table: one kind of record for every finding."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from core.data.steps import Step
from core.problems import Message

EXAMPLE_ROWS = 20
"""How many row numbers a finding keeps."""
EXAMPLES = 5
"""How many examples a finding keeps."""


class Severity(StrEnum):
    """How much a finding matters."""

    INFO = "info"
    """Good to know."""
    WARNING = "warning"
    """The model will be worse for it."""
    PROBLEM = "problem"
    """Training on it as it is would be a waste of time."""


@dataclass(frozen=True)
class Example:
    """Texts that show what a finding means, and the number of the row that they stand in."""

    row: int
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Fix:
    """A way out that is safe to take with one click: what the button says, what it does."""

    label: Message
    step: Step


@dataclass(frozen=True)
class Finding:
    """One thing that was noticed about a table.

    Attributes:
        kind: stable across languages.
        severity: how much it matters.
        message: what was found, in a sentence.
        count: how many rows it concerns.
        rows: the numbers of the first of them as a spreadsheet shows them (the header is row 1).
        examples: texts of some of them.
        effects: what it does to training, a sentence each, naming the losses that it concerns.
        fix: a safe way out, if there is one.
    """

    kind: str
    severity: Severity
    message: Message
    count: int
    rows: tuple[int, ...] = ()
    examples: tuple[Example, ...] = ()
    effects: tuple[Message, ...] = ()
    fix: Fix | None = None

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready form that :meth:`from_json` reads back."""
        data: dict[str, Any] = {
            "kind": self.kind,
            "severity": self.severity.value,
            "message": self.message.to_json(),
            "count": self.count,
            "rows": list(self.rows),
            "examples": [{"row": one.row, "texts": list(one.texts)} for one in self.examples],
            "effects": [effect.to_json() for effect in self.effects],
            "fix": None,
        }
        if self.fix is not None:
            data["fix"] = {"label": self.fix.label.to_json(), "step": self.fix.step.to_json()}
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Finding:
        """Read back what :meth:`to_json` wrote."""
        fix = data.get("fix")
        return cls(
            kind=data["kind"],
            severity=Severity(data["severity"]),
            message=Message.from_json(data["message"]),
            count=data["count"],
            rows=tuple(data["rows"]),
            examples=tuple(Example(e["row"], tuple(e["texts"])) for e in data.get("examples", ())),
            effects=tuple(Message.from_json(effect) for effect in data.get("effects", ())),
            fix=Fix(Message.from_json(fix["label"]), Step.from_json(fix["step"])) if fix else None,
        )


def list_rows(rows: Iterable[int], limit: int = 5) -> str:
    """The first ``limit`` row numbers for a sentence, e.g. ``3, 17, 20, …``."""
    numbers = [str(int(row)) for row in rows]
    return ", ".join(numbers[:limit] + (["…"] if len(numbers) > limit else []))
