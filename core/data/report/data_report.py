"""The data report as data: findings, and the figures that a page or a file shows beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from core.data.findings import Finding, Severity
from core.data.shapes import Shape
from core.problems import Message

VERSION = 1
_ORDER = (Severity.PROBLEM, Severity.WARNING, Severity.INFO)


@dataclass(frozen=True)
class Histogram:
    """How often values fall between ``edges``: ``counts[i]`` from ``edges[i]`` to ``edges[i+1]``.

    A value on an inner edge belongs to the bar on its right.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class LengthStatistics:
    """How long the texts of one role are, a text counted as often as it stands in the table.

    In tokens ``maximum`` is the longest that the base reads, as in a model card: longer texts count
    as its maximum length, and ``cut_off`` is how many rows' texts are longer.
    """

    minimum: int
    mean: float
    p95: float
    maximum: int
    histogram: Histogram
    cut_off: int = 0


@dataclass(frozen=True)
class BaseCoverage:
    """How one base reads the texts.

    Attributes:
        name: the base, as :class:`ReportBase` names it.
        max_length: the most tokens of a text that it reads; None for no limit.
        texts: how many different texts were looked at.
        sampled: whether these are a sample.
        unknown_share: which share of all tokens (0 to 1) stands for something it cannot read.
        unreadable_texts: how many of the texts hold at least one such token.
        indistinguishable: how many texts look exactly like another one to it.
        alike: groups of such texts, a few of each.
        characters: the commonest characters that it cannot read.
        different_characters: how many such characters there are.
        cut_off_share: which share of the texts (0 to 1) is longer than it reads.
    """

    name: str
    max_length: int | None
    texts: int
    sampled: bool
    unknown_share: float
    unreadable_texts: int
    indistinguishable: int
    alike: tuple[tuple[str, ...], ...]
    characters: tuple[str, ...]
    different_characters: int
    cut_off_share: float


@dataclass(frozen=True)
class ScoreStatistics:
    """The scores of scored pairs, from 0 to 1; ``matches`` are those that count as the same."""

    minimum: float
    mean: float
    maximum: float
    matches: int
    histogram: Histogram


@dataclass(frozen=True)
class ClassStatistics:
    """The classes of texts with a class: how many, the largest ones, how many have one text."""

    classes: int
    smallest: int
    median: float
    largest: tuple[tuple[str, int], ...]
    single: int


@dataclass(frozen=True)
class DataReport:
    """What is known about a table before anything is trained on it.

    Attributes:
        rows: how many rows it has.
        shape: what a row holds.
        names: role to the name of its column in the source.
        findings: the worst first, within a severity the ones that concern most rows first.
        base: the base that ``tokens`` are counted with; None when none was given.
        tokens: role to lengths in tokens under ``base``; empty without a base.
        characters: role to lengths in characters.
        distinct: role to how many different texts it has.
        coverage: how each base reads the texts, ``base`` first.
        scripts: role to the share of its texts (0 to 1) that hold letters of each script.
        languages: role to the share of sampled texts (0 to 1) in each language, an ISO 639-1 code;
            "" stands for texts that are too short to tell, or in several languages.
        scores: for scored pairs.
        classes: for texts with a class.
        sampled: what was looked at in a part of the rows only, in sentences.
        full: whether nothing was left to a sample that can be counted in full.
        seconds: how long it took.
        timings: how long each part of it took, in seconds.
    """

    rows: int
    shape: Shape
    names: Mapping[str, str]
    findings: tuple[Finding, ...]
    base: str | None
    tokens: Mapping[str, LengthStatistics]
    characters: Mapping[str, LengthStatistics]
    distinct: Mapping[str, int]
    coverage: tuple[BaseCoverage, ...]
    scripts: Mapping[str, Mapping[str, float]]
    languages: Mapping[str, Mapping[str, float]]
    scores: ScoreStatistics | None
    classes: ClassStatistics | None
    sampled: tuple[Message, ...]
    full: bool
    seconds: float
    timings: Mapping[str, float] = field(default_factory=dict)

    @property
    def worst(self) -> Severity | None:
        """The worst severity among the findings; None when there are none."""
        return self.findings[0].severity if self.findings else None

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready form that :meth:`from_json` reads back."""
        return {
            **asdict(self),
            "version": VERSION,
            "shape": self.shape.value,
            "findings": [finding.to_json() for finding in self.findings],
            "sampled": [message.to_json() for message in self.sampled],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> DataReport:
        """Read back what :meth:`to_json` wrote.

        Raises:
            KeyError, TypeError, ValueError: it is not that.
        """
        if data["version"] != VERSION:
            raise ValueError(f"a report of version {data['version']}")
        scores, classes = data["scores"], data["classes"]
        return cls(
            **{
                **{name: data[name] for name in cls.__dataclass_fields__},
                "shape": Shape(data["shape"]),
                "findings": tuple(map(Finding.from_json, data["findings"])),
                "tokens": {role: _lengths(part) for role, part in data["tokens"].items()},
                "characters": {role: _lengths(part) for role, part in data["characters"].items()},
                "coverage": tuple(map(_coverage, data["coverage"])),
                "scores": None
                if scores is None
                else ScoreStatistics(**{**scores, "histogram": _histogram(scores["histogram"])}),
                "classes": None
                if classes is None
                else ClassStatistics(
                    **{**classes, "largest": tuple((n, c) for n, c in classes["largest"])}
                ),
                "sampled": tuple(map(Message.from_json, data["sampled"])),
            }
        )


def in_order(findings: list[Finding]) -> tuple[Finding, ...]:
    """The worst first, within a severity the ones that concern most rows first."""
    return tuple(sorted(findings, key=lambda one: (_ORDER.index(one.severity), -one.count)))


def _histogram(data: Mapping[str, Any]) -> Histogram:
    return Histogram(tuple(data["edges"]), tuple(data["counts"]))


def _lengths(data: Mapping[str, Any]) -> LengthStatistics:
    return LengthStatistics(**{**data, "histogram": _histogram(data["histogram"])})


def _coverage(data: Mapping[str, Any]) -> BaseCoverage:
    return BaseCoverage(
        **{
            **data,
            "alike": tuple(map(tuple, data["alike"])),
            "characters": tuple(data["characters"]),
        }
    )
