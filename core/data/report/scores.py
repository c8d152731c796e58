"""Checks of scores and classes: contradictions, and values that are nearly all the same."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from core.data.check import MINIMUM_ROWS
from core.data.findings import Finding, Fix, Severity
from core.data.report.data_report import ClassStatistics, ScoreStatistics
from core.data.report.histograms import histogram
from core.data.report.texts import leave_out
from core.data.report.view import Check, TableView, Tell, joint_codes
from core.data.shapes import ANCHOR, LABEL, MATCH_SCORE, POSITIVE, TEXT
from core.data.steps import Step
from core.problems import N_, Message

_TOLERANCE = 1e-6
_UNBALANCED_SHARE = 0.05
_MOST = 3
_LARGEST_SHOWN = 12
_BARS = 20

_CONFLICTS = N_(
    "Rows with the same pair of texts as another row and a different score: {count:,} "
    "({pairs:,} pairs)."
)
_CLASS_CONFLICTS = N_(
    "Rows with the same text as another row and a different class: {count:,} ({texts:,} texts)."
)
_CONSTANT = N_("Every row has the same score, {value:g}.")
_UNBALANCED = N_(
    "The scores are lopsided: {matches:,} of {rows:,} pairs ({share:.1%}) count as matches, "
    "with a score of {threshold:g} or more."
)
_UNMATCHED = N_(
    "Pairs that do not belong together by their score, below {threshold:g}: {count:,} of {rows:,}."
)
_ONE_CLASS = N_("Every text is in the same class, “{name}”.")
_SINGLE = N_("Classes with only one text: {single:,} of {classes:,}.")
_LOPSIDED = N_(
    "The classes are of very different sizes: “{name}” has {count:,} texts ({share:.1%} of the "
    "rows), half of all classes have at most {median:,.0f}."
)

_CONFLICT_EFFECT = N_(
    "CosineSimilarityLoss learns the average of such scores; CoSENTLoss and ContrastiveLoss are "
    "told two things at once and learn neither."
)
_CLASS_CONFLICT_EFFECT = N_(
    "BatchAllTripletLoss and its relatives are told to push a text away from itself."
)
_CONSTANT_EFFECT = N_(
    "CoSENTLoss has nothing to put in order and its loss stays 0. CosineSimilarityLoss and "
    "ContrastiveLoss soon give every pair of texts this score, whatever they say."
)
_CONSTANT_WAY_OUT = N_(
    "If these are all matches, map no score column: as plain pairs they suit "
    "MultipleNegativesRankingLoss, which finds its wrong answers by itself."
)
_UNBALANCED_EFFECT = N_(
    "CosineSimilarityLoss and ContrastiveLoss do well by giving nearly every pair the commoner "
    "score. CoSENTLoss learns from pairs that differ in score, and few batches have any."
)
_UNMATCHED_EFFECT = N_(
    "CosineSimilarityLoss, CoSENTLoss and ContrastiveLoss need such rows. "
    "MultipleNegativesRankingLoss takes every row for a match and would learn that these texts "
    "mean the same: turn the table into pairs above a score first."
)
_ONE_CLASS_EFFECT = N_(
    "BatchAllTripletLoss and its relatives have no text of another class to push away, "
    "so nothing is learned."
)
_SINGLE_EFFECT = N_(
    "BatchAllTripletLoss and its relatives need two texts of a class to pull together; a text "
    "that is alone only serves as a wrong answer for others."
)
_LOPSIDED_EFFECT = N_(
    "Most of what BatchAllTripletLoss and its relatives see is the large class; the small ones are "
    "learned badly."
)
_BALANCE = N_("Leave out some of the commoner kind, until it is at most {most} times the other")
_LEAVE_OUT_SINGLE = N_("Leave out classes with only one text")
_RESOLVE_MEAN = N_("Give each pair the average of its scores")
_RESOLVE_CLASS = N_("Give each text its commonest class")


def check_scores(view: TableView, told: Tell) -> Iterator[Finding]:
    """Look at the scores of scored pairs, or at the classes of texts with a class."""
    scores = view.scores
    if scores is not None:
        yield from _score_conflicts(view, scores)
        yield from _balance(view, scores)
    if view.labels is not None:
        yield from _class_conflicts(view, view.labels)
        yield from _classes(view, view.labels)


def score_statistics(view: TableView) -> ScoreStatistics | None:
    """The figures of the scores; None when there are none."""
    if view.scores is None:
        return None
    scores = view.scores.astype(np.float64)
    edges = np.linspace(0, 1, _BARS + 1)
    return ScoreStatistics(
        minimum=round(float(scores.min()), 4),
        mean=round(float(scores.mean()), 4),
        maximum=round(float(scores.max()), 4),
        matches=int((scores >= MATCH_SCORE).sum()),
        histogram=histogram(scores, edges),
    )


def class_statistics(view: TableView) -> ClassStatistics | None:
    """The figures of the classes; None when there are none."""
    if view.labels is None:
        return None
    sizes = view.labels.value_counts()
    return ClassStatistics(
        classes=len(sizes),
        smallest=int(sizes.min()),
        median=float(sizes.median()),
        largest=tuple((str(name), int(size)) for name, size in sizes.head(_LARGEST_SHOWN).items()),
        single=int(view.labels[_different_texts(view, view.labels) == 1].nunique()),
    )


def _score_conflicts(view: TableView, scores: np.ndarray) -> Iterator[Finding]:
    pairs = joint_codes([view.codes[ANCHOR], view.codes[POSITIVE]])
    grouped = pd.Series(scores).groupby(pairs)
    spread = grouped.transform("max") - grouped.transform("min")
    concerned = spread.to_numpy() > _TOLERANCE
    if concerned.any():
        yield view.finding(
            "conflicting_scores",
            Severity.WARNING,
            Message(_CONFLICTS, {"pairs": len(np.unique(pairs[concerned]))}),
            _grouped(concerned, pairs),
            effects=[Message(_CONFLICT_EFFECT)],
            fix=Fix(Message(_RESOLVE_MEAN), Step("resolve_conflicts", {"how": "mean"})),
        )


def _class_conflicts(view: TableView, labels: pd.Series) -> Iterator[Finding]:
    codes = view.codes[TEXT]
    classes = pd.Series(pd.factorize(labels)[0]).groupby(codes).transform("nunique").to_numpy()
    concerned = classes > 1
    if concerned.any():
        yield view.finding(
            "conflicting_classes",
            Severity.WARNING,
            Message(_CLASS_CONFLICTS, {"texts": len(np.unique(codes[concerned]))}),
            _grouped(concerned, codes),
            effects=[Message(_CLASS_CONFLICT_EFFECT)],
            fix=Fix(Message(_RESOLVE_CLASS), Step("resolve_conflicts", {"how": "majority"})),
        )


def _balance(view: TableView, scores: np.ndarray) -> Iterator[Finding]:
    everything = np.ones(len(view), dtype=bool)
    matches = scores >= MATCH_SCORE
    if np.ptp(scores) <= _TOLERANCE:
        yield view.finding(
            "constant_score",
            Severity.PROBLEM,
            Message(_CONSTANT, {"value": round(float(scores[0]), 4)}),
            everything,
            effects=[Message(_CONSTANT_EFFECT), Message(_CONSTANT_WAY_OUT)],
        )
    elif not _UNBALANCED_SHARE <= matches.mean() <= 1 - _UNBALANCED_SHARE:
        facts = {
            "matches": int(matches.sum()),
            "rows": len(view),
            "share": float(matches.mean()),
            "threshold": MATCH_SCORE,
        }
        rarer = matches if matches.mean() < 0.5 else ~matches
        yield view.finding(
            "unbalanced_score",
            Severity.WARNING,
            Message(_UNBALANCED, facts),
            rarer if rarer.any() else everything,
            count=len(view),
            effects=[Message(_UNBALANCED_EFFECT)],
            fix=_balanced(view, int(rarer.sum())),
        )
    if not matches.all():
        yield view.finding(
            "not_matches",
            Severity.INFO,
            Message(_UNMATCHED, {"rows": len(view), "threshold": MATCH_SCORE}),
            ~matches,
            effects=[Message(_UNMATCHED_EFFECT)],
        )


def _balanced(view: TableView, rarer: int) -> Fix | None:
    """The fix that evens the two sides out; None when too little would be left."""
    if rarer * (1 + _MOST) < MINIMUM_ROWS:
        return None
    return Fix(Message(_BALANCE, {"most": _MOST}), Step("balance_scores", {"most": _MOST}))


def _classes(view: TableView, labels: pd.Series) -> Iterator[Finding]:
    sizes = labels.value_counts()
    name, largest = str(sizes.index[0]), int(sizes.iloc[0])
    everything = np.ones(len(view), dtype=bool)
    if len(sizes) == 1:
        yield view.finding(
            "one_class",
            Severity.PROBLEM,
            Message(_ONE_CLASS, {"name": name}),
            everything,
            effects=[Message(_ONE_CLASS_EFFECT)],
        )
        return
    single = _different_texts(view, labels) == 1
    if single.any():
        fix = leave_out(view, single)
        if fix is not None:
            fix = Fix(Message(_LEAVE_OUT_SINGLE), Step("drop_rare_classes", {"least": 2}))
        yield view.finding(
            "single_text_classes",
            Severity.WARNING if single.mean() >= _UNBALANCED_SHARE else Severity.INFO,
            Message(_SINGLE, {"single": labels[single].nunique(), "classes": len(sizes)}),
            single,
            effects=[Message(_SINGLE_EFFECT)],
            fix=fix,
        )
    median = float(sizes.median())
    if largest > 10 * median and largest > len(view) / 10:
        share = largest / len(view)
        yield view.finding(
            "unbalanced_classes",
            Severity.WARNING,
            Message(_LOPSIDED, {"name": name, "share": share, "median": median}),
            labels.to_numpy() == sizes.index[0],
            effects=[Message(_LOPSIDED_EFFECT)],
            roles=(TEXT, LABEL),
        )


def _different_texts(view: TableView, labels: pd.Series) -> np.ndarray:
    """How many different texts the class of each row has."""
    return (
        pd.Series(view.codes[TEXT]).groupby(pd.factorize(labels)[0]).transform("nunique").to_numpy()
    )


def _grouped(concerned: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """The positions of the concerned rows, those of the same group next to one another."""
    positions = np.flatnonzero(concerned)
    return positions[np.argsort(groups[positions], kind="stable")]


SCORES = Check(N_("Comparing scores and classes"), check_scores)
