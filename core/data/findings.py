"""What a check has to say about a table: one kind of record for every finding."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from core.problems import Message

EXAMPLE_ROWS = 20
"""How many row numbers a finding keeps."""


class Severity(StrEnum):
    """How much a finding matters."""

    INFO = "info"
    WARNING = "warning"


@dataclass(frozen=True)
class Finding:
    """One thing that was noticed about a table.

    ``kind`` is stable across languages; ``count`` is how many rows it concerns; ``rows`` are the
    numbers of the first of them as a spreadsheet shows them (the header is row 1).
    """

    kind: str
    severity: Severity
    message: Message
    count: int
    rows: tuple[int, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready form that :meth:`from_json` reads back."""
        return {
            "kind": self.kind,
            "severity": self.severity.value,
            "message": self.message.to_json(),
            "count": self.count,
            "rows": list(self.rows),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Finding:
        """Read back what :meth:`to_json` wrote."""
        return cls(
            kind=data["kind"],
            severity=Severity(data["severity"]),
            message=Message.from_json(data["message"]),
            count=data["count"],
            rows=tuple(data["rows"]),
        )


def list_rows(rows: Iterable[int], limit: int = 5) -> str:
    """The first ``limit`` row numbers for a sentence, e.g. ``3, 17, 20, …``."""
    numbers = [str(int(row)) for row in rows]
    return ", ".join(numbers[:limit] + (["…"] if len(numbers) > limit else []))
