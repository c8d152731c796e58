"""A step in the making of a dataset: a fix or a conversion, recorded so that it can be undone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Step:
    """What is to be done to a mapped table: a key of :data:`core.data.prepare.STEPS`, and how.

    ``params`` are JSON values.  The same steps on the same rows always give the same rows.
    """

    kind: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready form that :meth:`from_json` reads back."""
        return {"kind": self.kind, "params": dict(self.params)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Step:
        """Read back what :meth:`to_json` wrote."""
        return cls(data["kind"], dict(data["params"]))
