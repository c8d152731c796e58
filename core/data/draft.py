"""A dataset to be: what a person has decided about a staged table, and what would come of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping as JsonObject
from dataclasses import dataclass, field
from typing import Any

from core.data.findings import Finding, Severity
from core.data.prepare import AppliedStep
from core.data.read import Source
from core.data.reading.rows import ReadOptions
from core.data.report import DataReport
from core.data.scores import Scale
from core.data.shapes import Mapping, Shape, is_negative
from core.data.steps import Step
from core.problems import Message


@dataclass(frozen=True)
class HeldOut:
    """A second staged table, whose rows are all held out, and how it is read."""

    staged: str
    options: ReadOptions = field(default_factory=ReadOptions)


@dataclass(frozen=True)
class Draft:
    """A dataset to be: which table, and everything a person has decided about it.

    Attributes:
        staged: the table's id; see :mod:`core.data.staging`.
        options: how it is read.
        mapping: which column is what; None, or without what it needs, while it is not known.
        rescale: bring scores on another scale to 0–1; without it they are refused.
        steps: fixes and conversions, in their order.
        base: the base model that the report counts tokens for, by its name or its folder's path.
        held_out: a second table with the same columns, for the held-out rows.
    """

    staged: str
    options: ReadOptions = field(default_factory=ReadOptions)
    mapping: Mapping | None = None
    rescale: bool = False
    steps: tuple[Step, ...] = ()
    base: str | None = None
    held_out: HeldOut | None = None

    @property
    def key(self) -> str:
        """What tells this draft from others of the same table: 16 hexadecimal digits."""
        text = json.dumps(self.to_json(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready form that :meth:`from_json` reads back."""
        second = self.held_out
        return {
            "staged": self.staged,
            "options": self.options.to_json(),
            "mapping": self.mapping.to_json() if self.mapping else None,
            "rescale": self.rescale,
            "steps": [step.to_json() for step in self.steps],
            "base": self.base,
            "held_out": second and {"staged": second.staged, "options": second.options.to_json()},
        }

    @classmethod
    def from_json(cls, data: JsonObject[str, Any]) -> Draft:
        """Read back what :meth:`to_json` wrote.

        Raises:
            KeyError, TypeError, ValueError: it is not that.
        """
        second = data["held_out"]
        return cls(
            staged=data["staged"],
            options=ReadOptions(**data["options"]),
            mapping=None if data["mapping"] is None else _unfinished(data["mapping"]),
            rescale=data["rescale"],
            steps=tuple(map(Step.from_json, data["steps"])),
            base=data["base"],
            held_out=second and HeldOut(second["staged"], ReadOptions(**second["options"])),
        )


@dataclass(frozen=True)
class DraftReport:
    """What a draft would become, and what there is to say about it.

    Attributes:
        rows_before: rows that were read and fitted, of both tables if there are two.
        rows: rows that the dataset would have.
        shape: what a row holds after all steps.
        sentence: the same in words.
        left_out: why rows would not be stored.
        findings: what the check of the columns had to say.
        applied: what the steps did.
        report: the data report on the rows after the steps.
        seconds: how long it all took.
        source: the table, as it was read.
        held_out_source: the second table, if there is one.
        scale: the scale that the scores have in the table, if there are scores.
    """

    rows_before: int
    rows: int
    shape: Shape
    sentence: Message
    left_out: tuple[Finding, ...]
    findings: tuple[Finding, ...]
    applied: tuple[AppliedStep, ...]
    report: DataReport
    seconds: float
    source: Source
    held_out_source: Source | None = None
    scale: Scale | None = None

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """What the check and the report say, each kind of thing once."""
        said = {finding.kind for finding in self.report.findings}
        return (*(one for one in self.findings if one.kind not in said), *self.report.findings)

    @property
    def has_warnings(self) -> bool:
        """Whether anything is more than good to know, rows that are left out included."""
        return any(
            finding.severity is not Severity.INFO
            for finding in (*self.left_out, *self.all_findings)
        )

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready form that :meth:`from_json` reads back."""
        return {
            "rows_before": self.rows_before,
            "rows": self.rows,
            "shape": self.shape.value,
            "sentence": self.sentence.to_json(),
            "left_out": [finding.to_json() for finding in self.left_out],
            "findings": [finding.to_json() for finding in self.findings],
            "applied": [step.to_json() for step in self.applied],
            "report": self.report.to_json(),
            "seconds": self.seconds,
            "source": self.source.to_json(),
            "held_out_source": self.held_out_source.to_json() if self.held_out_source else None,
            "scale": self.scale.to_json() if self.scale else None,
        }

    @classmethod
    def from_json(cls, data: JsonObject[str, Any]) -> DraftReport:
        """Read back what :meth:`to_json` wrote.

        Raises:
            KeyError, TypeError, ValueError: it is not that.
        """
        return cls(
            rows_before=data["rows_before"],
            rows=data["rows"],
            shape=Shape(data["shape"]),
            sentence=Message.from_json(data["sentence"]),
            left_out=tuple(map(Finding.from_json, data["left_out"])),
            findings=tuple(map(Finding.from_json, data["findings"])),
            applied=tuple(map(AppliedStep.from_json, data["applied"])),
            report=DataReport.from_json(data["report"]),
            seconds=data["seconds"],
            source=Source(**data["source"]),
            held_out_source=data["held_out_source"] and Source(**data["held_out_source"]),
            scale=Scale.from_json(data["scale"]) if data["scale"] else None,
        )


def _unfinished(roles: JsonObject[str, str]) -> Mapping:
    """A mapping from its JSON form although something may still be missing."""
    negatives = tuple(name for role, name in roles.items() if is_negative(role))
    others = {role: name for role, name in roles.items() if not is_negative(role)}
    return Mapping(negatives=negatives, **others)
