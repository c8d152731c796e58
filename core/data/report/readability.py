"""How bases read the texts: tokens, what is unknown to them, what they cut off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from core.data.findings import EXAMPLES, Example, Finding, Severity
from core.data.report.bases import ReportBase
from core.data.report.data_report import BaseCoverage, LengthStatistics
from core.data.report.histograms import length_statistics
from core.data.report.view import TableView, Tell, Texts, clip
from core.models.vocabulary import Reading, alike, read_texts, unknown_characters
from core.problems import N_, Message

FULL_CHARACTERS = 30_000_000
"""Texts with more characters than this are sampled: counting their tokens takes about 15 s."""
OTHER_BASES_TEXTS = 5_000
"""How many texts the bases that were not chosen are tried on."""
TITLE = N_("Counting tokens")
TOKENS_SAMPLED = N_("Tokens were counted in {looked:,} of {rows:,} rows.")
OTHERS_SAMPLED = N_("The other bases were tried on {looked:,} of {texts:,} different texts.")

_PIECE = 5_000
_CHARACTERS_SHOWN = 60
_UNKNOWN_TEXTS = 2_000
_PROBLEM_SHARE, _WARNING_SHARE = 0.2, 0.02
_ALIKE_WARNING = 0.05
_CUT_SHARE = 0.05
_GOOD_SHARE = 0.01

_UNREADABLE = N_(
    "{base} cannot read {share:.1%} of the tokens ([UNK]): {unreadable:,} of {texts:,} different "
    "texts hold something that it does not know, such as {characters}."
)
_ALIKE = N_("To it, {count:,} of these texts look exactly like another one.")
_LOOK_ALIKE = N_(
    "{base} reads every character, but to it {count:,} of {texts:,} different texts look exactly "
    "like another one."
)
_CUT = N_(
    "Rows with a text that is longer than {base} reads ({limit:,} tokens), in {columns}: {count:,} "
    "of {rows:,} ({share:.1%})."
)
_UNREADABLE_EFFECT = N_(
    "Everything that it cannot read is one and the same sign to it. No loss can teach it to tell "
    "texts apart that look the same: MultipleNegativesRankingLoss guesses among them, "
    "CosineSimilarityLoss, CoSENTLoss and TripletLoss learn their average."
)
_SLIGHT_EFFECT = N_("Whatever the loss, words that differ only there stay the same to it.")
_STATIC_READS = N_(
    "A static model made from your own data reads every character of it; you can choose it as base."
)
_BETTER = N_("Better: {base}, which cannot read {share:.1%}.")
_CUT_EFFECT = N_(
    "Whatever the loss, what comes after that is not seen, in training and afterwards. If what "
    "matters stands at the end, shorten the texts, or choose a base that reads more."
)


@dataclass(frozen=True)
class Readability:
    """How bases read a table.

    Attributes:
        tokens: role to its lengths in tokens under the first base.
        coverage: how each base reads the texts.
        sampled: what was counted in a part of the rows only.
        findings: what is wrong with the first base.
    """

    tokens: dict[str, LengthStatistics]
    coverage: tuple[BaseCoverage, ...]
    sampled: tuple[Message, ...]
    findings: tuple[Finding, ...]


def look_through(view: TableView, bases: Sequence[ReportBase], told: Tell) -> Readability:
    """Read the texts with each of ``bases``, with the first one in full as far as time allows.

    Raises:
        DamagedModelFile: a base's tokenizer cannot be read.
    """
    if not bases:
        return Readability({}, (), (), ())
    positions = _counted(view)
    looked = np.unique(np.concatenate([view.codes[role][positions] for role in view.roles]))
    texts = view.texts.take(looked) if len(looked) < len(view.texts) else view.texts
    first, *others = bases
    reading = read_texts(first.tokenizer_json, _pieces(texts, told))
    lengths = np.zeros(len(view.texts), dtype=np.int64)
    lengths[looked] = reading.tokens + reading.special
    tokens = {
        role: length_statistics(lengths[view.codes[role][positions]], first.max_length)
        for role in view.roles
    }
    sampled = []
    if len(positions) < len(view):
        facts = {"looked": len(positions), "rows": len(view)}
        sampled.append(Message(TOKENS_SAMPLED, facts))
    groups = alike(reading, lambda place: texts[place].as_py())
    coverage = [_cover(first, reading, texts, groups, sampled=bool(sampled))]
    some = texts
    if others and not view.full and len(texts) > OTHER_BASES_TEXTS:
        some = texts.take(np.linspace(0, len(texts) - 1, OTHER_BASES_TEXTS).astype(np.int64))
        facts = {"looked": len(some), "texts": len(texts)}
        sampled.append(Message(OTHERS_SAMPLED, facts))
    for base in others:
        read = read_texts(base.tokenizer_json, _pieces(some, lambda _: None))
        same = alike(read, lambda place: some[place].as_py())
        part = len(some) < len(view.texts)
        coverage.append(_cover(base, read, some, same, sampled=part))
    findings = [
        *_unreadable(view, coverage, [[int(looked[place]) for place in g] for g in groups]),
        *_cut_off(view, first, lengths, positions),
    ]
    return Readability(tokens, tuple(coverage), tuple(sampled), tuple(findings))


def _counted(view: TableView) -> np.ndarray:
    """The positions of the rows whose tokens are counted, evenly spread when not all."""
    characters = int(view.characters.sum())
    if view.full or characters <= FULL_CHARACTERS:
        return np.arange(len(view))
    rows = max(1, round(len(view) * FULL_CHARACTERS / characters))
    return np.linspace(0, len(view) - 1, rows).astype(np.int64)


def _pieces(texts: Texts, told: Tell) -> Iterator[list[str]]:
    for start in range(0, len(texts), _PIECE):
        yield texts[start : start + _PIECE].to_pylist()
        told(min(start + _PIECE, len(texts)) / len(texts))


def _cover(
    base: ReportBase,
    reading: Reading,
    texts: Texts,
    groups: list[list[int]],
    *,
    sampled: bool,
) -> BaseCoverage:
    strange = np.flatnonzero(reading.unknown)
    some = strange[np.linspace(0, len(strange) - 1, min(len(strange), _UNKNOWN_TEXTS)).astype(int)]
    characters = unknown_characters(base.tokenizer_json, texts.take(some).to_pylist())
    limit = base.max_length
    cut = 0.0 if limit is None else float((reading.tokens + reading.special > limit).mean())
    return BaseCoverage(
        name=base.name,
        max_length=limit,
        texts=len(texts),
        sampled=sampled,
        unknown_share=round(reading.unknown_share, 6),
        unreadable_texts=len(strange),
        indistinguishable=sum(map(len, groups)),
        alike=tuple(
            tuple(clip(texts[place].as_py()) for place in group[:3])
            for group in _telling(groups, texts)
        ),
        characters=tuple(part for part, _ in characters.most_common(_CHARACTERS_SHOWN)),
        different_characters=len(characters),
        cut_off_share=round(cut, 6),
    )


def _telling(groups: list[list[int]], texts: Texts) -> list[list[int]]:
    """The groups that say most as examples: those of the longest texts that are still short."""
    first = [texts[group[0]].as_py() for group in groups[:1_000]]
    order = sorted(range(len(first)), key=lambda at: abs(len(first[at]) - 20))
    return [groups[at] for at in order[:EXAMPLES]]


def _unreadable(
    view: TableView, coverage: list[BaseCoverage], groups: list[list[int]]
) -> Iterator[Finding]:
    first, *others = coverage
    if not first.unknown_share and not first.indistinguishable:
        return
    same = first.indistinguishable / max(first.texts, 1)
    if first.unknown_share >= _PROBLEM_SHARE or same >= _PROBLEM_SHARE:
        severity = Severity.PROBLEM
    elif first.unknown_share >= _WARNING_SHARE or same >= _ALIKE_WARNING:
        severity = Severity.WARNING
    else:
        severity = Severity.INFO
    facts = {
        "base": first.name,
        "share": first.unknown_share,
        "unreadable": first.unreadable_texts,
        "texts": first.texts,
        "count": first.indistinguishable,
        "characters": " ".join(first.characters[:8]),
    }
    effects = [Message(_SLIGHT_EFFECT if severity is Severity.INFO else _UNREADABLE_EFFECT)]
    if first.unknown_share and first.indistinguishable:
        effects.append(Message(_ALIKE, {"count": first.indistinguishable}))
    if severity is not Severity.INFO:
        better = min(others, key=lambda one: one.unknown_share, default=None)
        if better is not None and better.unknown_share <= _GOOD_SHARE:
            facts_of_better = {"base": better.name, "share": better.unknown_share}
            effects.append(Message(_BETTER, facts_of_better))
        effects.append(Message(_STATIC_READS))
    chosen = _telling(groups, view.texts)
    first_rows = _first_rows(view)
    yield Finding(
        kind="unreadable" if first.unknown_share else "look_alike",
        severity=severity,
        message=Message(_UNREADABLE if first.unknown_share else _LOOK_ALIKE, facts),
        count=first.indistinguishable or first.unreadable_texts,
        rows=tuple(int(view.rows[first_rows[group[0]]]) for group in chosen),
        examples=tuple(
            Example(
                int(view.rows[first_rows[group[0]]]),
                tuple(clip(view.text(code)) for code in group[:2]),
            )
            for group in chosen
        ),
        effects=tuple(effects),
    )


def _first_rows(view: TableView) -> np.ndarray:
    """The position of the first row that holds each different text."""
    first = np.full(len(view.texts), len(view), dtype=np.int64)
    for codes in view.codes.values():
        np.minimum.at(first, codes, np.arange(len(view)))
    return first


def _cut_off(
    view: TableView, base: ReportBase, lengths: np.ndarray, positions: np.ndarray
) -> Iterator[Finding]:
    if base.max_length is None or not (lengths > base.max_length).any():
        return
    flags = lengths > base.max_length
    concerned = view.rows_with(flags)
    share = float(concerned[positions].mean())
    facts = {
        "base": base.name,
        "limit": base.max_length,
        "columns": view.columns_with(flags),
        "rows": len(positions),
        "share": share,
    }
    yield view.finding(
        "cut_off",
        Severity.WARNING if share >= _CUT_SHARE else Severity.INFO,
        Message(_CUT, facts),
        positions[concerned[positions]],
        effects=[Message(_CUT_EFFECT)],
    )
