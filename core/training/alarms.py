"""Alarms: what went wrong in a run, in plain words, each with what to do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.problems import N_, Message, Problem
from core.training.calibration import Calibration
from core.training.evaluation import Scores

if TYPE_CHECKING:
    from core.training.report import ModelScores

COLLAPSED_FROM = 0.9
COLLAPSED_GAP = 0.05
_FLOOR = 1e-3
_FLAT_SHARE = 0.01
_RISE_SHARE = 0.05
_FALL = 0.02
_SAME = 0.005
_SAME_EACH = 0.01
_NEARLY_ALL = 0.98
_POINTS = 6
_LOOKS = 3


@dataclass(frozen=True)
class Alarm:
    """One alarm.

    Attributes:
        kind: its name, stable across languages.
        what: what happened.
        do: what to do about it.
        level: "error", "warning" or "info".
    """

    kind: str
    what: Message
    do: Message
    level: str = "warning"

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready form that :meth:`from_json` reads back."""
        return {
            "kind": self.kind,
            "what": self.what.to_json(),
            "do": self.do.to_json(),
            "level": self.level,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Alarm:
        """Read back what :meth:`to_json` wrote."""
        what, do = (Message.from_json(data[part]) for part in ("what", "do"))
        return cls(data["kind"], what, do, data["level"])


@dataclass(frozen=True)
class Curve:
    """What the training left: (step, value) points in order.

    Attributes:
        train: the training loss.
        held_out: the held-out loss.
        score: the metric that decides, on held-out rows; higher is better.
    """

    train: Sequence[tuple[int, float]]
    held_out: Sequence[tuple[int, float]] = ()
    score: Sequence[tuple[int, float]] = ()


def score_alarms(
    verdict: str,
    metric: str,
    label: str,
    start: Scores,
    after: Scores,
    lexical: Scores,
    *,
    made_here: bool = False,
) -> list[Alarm]:
    """Worse than the base, worse than before the first step, behind BM25, nothing learned.

    Args:
        verdict: of :func:`core.training.report.judge`.
        metric: the metric that decides.
        label: its name.
        start: the model before its first step, which for a model made from nothing is not what the
            analyst had before.
        after: the tuned model.
        lexical: BM25.
        made_here: the model was made from nothing, so that the verdict does not tell what the
            training did to it.
    """
    alarms = []
    reached = after.metrics[metric]
    shown = round(reached, 3)
    if verdict == "worse":
        alarms.append(Alarm("worse_than_base", Message(_WORSE), Message(_WORSE_DO), "error"))
    if made_here and start.metrics[metric] - reached > _FALL:
        values = {"metric": label, "before": round(start.metrics[metric], 3), "after": shown}
        alarms.append(Alarm("worse_than_start", Message(_FELL, values), Message(_FELL_DO)))
    if lexical.metrics[metric] > reached:
        values = {"metric": label, "after": shown, "bm25": round(lexical.metrics[metric], 3)}
        advice = Message(_BEHIND_DO if made_here else _BEHIND_STATIC_DO)
        alarms.append(Alarm("worse_than_bm25", Message(_BEHIND, values), advice))
    unmoved = abs(reached - start.metrics[metric]) < _SAME
    each = float(np.abs(after.per_question - start.per_question).mean())
    # A base that answers nearly everything has nothing left to learn here.
    if unmoved and each < _SAME_EACH and reached < _NEARLY_ALL:
        values = {"metric": label, "after": shown}
        alarms.append(Alarm("nothing_learned", Message(_NOTHING, values), Message(_NOTHING_DO)))
    return alarms


def seen_alarms(seen: Problem | None) -> list[Alarm]:
    """What :func:`core.training.continuing.seen_problem` found, as an alarm of the report."""
    if seen is None:
        return []
    return [Alarm("scored_rows_seen", seen.message(), seen.advice(), "error")]


def exam_alarms(models: Sequence[ModelScores]) -> list[Alarm]:
    """On questions outside the training table: worse than the base, behind BM25.

    Args:
        models: of the exam, with the roles "base", "tuned" and "bm25".
    """
    reached = {model.role: round(model.metrics["ndcg@10"], 3) for model in models}
    values = {"before": reached["base"], "after": reached["tuned"], "bm25": reached["bm25"]}
    alarms = []
    if reached["tuned"] < reached["base"]:
        alarms.append(
            Alarm("exam_worse_than_base", Message(_EXAM_WORSE, values), Message(_EXAM_DO), "error")
        )
    if reached["tuned"] < reached["bm25"]:
        alarms.append(
            Alarm("exam_worse_than_bm25", Message(_EXAM_BEHIND, values), Message(_EXAM_DO))
        )
    return alarms


def similarity_alarms(calibration: Calibration | None) -> list[Alarm]:
    """Collapse: to the tuned model everything is similar to everything."""
    if calibration is None:
        return []
    right, wrong = calibration.after.right_median, calibration.after.wrong_median
    if wrong < COLLAPSED_FROM or right - wrong >= COLLAPSED_GAP:
        return []
    values = {"right": round(right, 3), "wrong": round(wrong, 3)}
    return [Alarm("collapse", Message(_COLLAPSED, values), Message(_COLLAPSED_DO), "error")]


def curve_alarms(curve: Curve) -> list[Alarm]:
    """Loss at its floor or flat, and overfitting; none for runs too short to tell."""
    alarms = []
    losses = np.array([value for _, value in curve.train])
    if len(losses) >= _POINTS:
        third = len(losses) // 3
        first, last = float(losses[:third].mean()), float(losses[-third:].mean())
        if np.median(losses[len(losses) // 2 :]) <= _FLOOR:
            step = next(step for step, value in curve.train if value <= _FLOOR)
            alarms.append(
                Alarm("loss_floor", Message(_AT_FLOOR, {"step": step}), Message(_FLOOR_DO))
            )
        elif abs(first - last) <= _FLAT_SHARE * abs(first):
            values = {"first": _rounded(first), "last": _rounded(last)}
            alarms.append(Alarm("loss_flat", Message(_FLAT, values), Message(_FLAT_DO)))
    return alarms + _overfitting(curve)


def ending_notes(training: Mapping[str, Any], *, keep_best: bool) -> list[Alarm]:
    """Which step the model is from and whether the run ended early.

    Args:
        training: what ``fit`` returned.
        keep_best: whether the run ended with the model as it was at its best.
    """
    notes = []
    steps, best = training.get("steps"), training.get("best_step")
    if training.get("stopped_early"):
        advice = Message(_EARLY_DO if keep_best else _EARLY_LAST_DO)
        notes.append(Alarm("early_stop", Message(_EARLY, {"step": steps}), advice, "info"))
    if keep_best and best is not None and steps is not None and best < steps:
        notes.append(
            Alarm(
                "best_step",
                Message(_BEST, {"best": best, "steps": steps}),
                Message(_BEST_DO),
                "info",
            )
        )
    return notes


def _overfitting(curve: Curve) -> list[Alarm]:
    """The held-out loss or score has turned while the training loss went on falling."""
    for looks, sign in ((curve.held_out, 1.0), (curve.score, -1.0)):
        # Before the first step nothing was learned by heart, however good the model was.
        points = [(step, value) for step, value in looks if step > 0]
        if len(points) < _LOOKS:
            continue
        values = np.array([sign * value for _, value in points])
        best = int(values.argmin())
        rise = float(values[-1] - values[best])
        bad = rise > _RISE_SHARE * abs(values[best]) if sign > 0 else rise > _FALL
        step = points[best][0]
        if bad and best < len(points) - 1 and _went_on_falling(curve.train, step):
            what = _OVERFIT_LOSS if sign > 0 else _OVERFIT_SCORE
            shown = [_rounded(points[place][1]) for place in (best, -1)]
            message = Message(what, {"step": step, "best": shown[0], "last": shown[1]})
            return [Alarm("overfitting", message, Message(_OVERFIT_DO))]
    return []


def _went_on_falling(train: Sequence[tuple[int, float]], step: int) -> bool:
    """Whether the training loss is lower at the end than around ``step``."""
    until = [value for at, value in train if at <= step] or [train[0][1]] if train else []
    after = [value for at, value in train if at > step]
    if not until or not after:
        return False
    few = max(1, len(after) // 2)
    return float(np.mean(after[-few:])) < float(np.mean(until[-few:]))


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")


_WORSE = N_("The training has made the model worse at finding the right answers.")
_WORSE_DO = N_(
    "Keep using what you had. Before you try again: look at the rows that hurt below, lower the "
    "learning rate by a factor of ten, or train for fewer epochs."
)
_FELL = N_(
    "The training itself has made this model worse: before its first step it reached {metric} "
    "{before}, now {after}."
)
_FELL_DO = N_(
    "Lower the learning rate by a factor of ten, train for fewer epochs, or add rows: with few "
    "rows a static model is often best before it has learned anything."
)
_BEHIND = N_(
    "A plain keyword search (BM25) still does better on these questions: {metric} {bm25}, the "
    "model {after}."
)
_BEHIND_DO = N_(
    "Use keyword search. For a better model: more rows, or wrong answers that are hard to tell "
    "from the right ones (Negatives on the Data screen)."
)
_BEHIND_STATIC_DO = N_(
    "Use keyword search. For a better model: more rows, more epochs, wrong answers that are hard "
    "to tell from the right ones, or a base that can read your texts; for Chinese tables “Static, "
    "from your own data” often helps."
)
_EXAM_WORSE = N_(
    "In the exam, on questions outside the training table, the model is worse than before: nDCG@10 "
    "fell from {before} to {after}."
)
_EXAM_BEHIND = N_(
    "In the exam, on questions outside the training table, a plain keyword search (BM25) does "
    "better: nDCG@10 {bm25}, the model {after}."
)
_EXAM_DO = N_(
    "The model has learned this table more than the subject. Train on rows that are more varied, "
    "in the words of those who will ask, and for fewer epochs."
)
_NOTHING = N_(
    "Nothing was learned: the model answers as it did before its first step ({metric} {after})."
)
_NOTHING_DO = N_(
    "Raise the learning rate by a factor of ten, train for more epochs, and check that the base "
    "can read your texts (Report on the Data screen)."
)
_COLLAPSED = N_(
    "The model has collapsed: it finds everything similar to everything. Right pairs have a "
    "similarity of {right}, wrong pairs one of {wrong}."
)
_COLLAPSED_DO = N_(
    "Do not use it. Lower the learning rate by a factor of ten, and choose a loss that pushes "
    "wrong answers away, such as MultipleNegativesRankingLoss."
)
_AT_FLOOR = N_(
    "The loss has been almost 0 since step {step}: from there on nothing was learned any more."
)
_FLOOR_DO = N_(
    "The rows are too easy. Mine wrong answers that are hard to tell from the right ones "
    "(Negatives on the Data screen), or make the batches larger. If it was 0 from the beginning, "
    "one text repeats in nearly every row."
)
_FLAT = N_("The loss hardly moved: {first} in the first third of the run, {last} in the last.")
_FLAT_DO = N_(
    "Raise the learning rate by a factor of ten. With TripletLoss, choose a margin that can be "
    "reached (below 2). Check that the base can read your texts (Report on the Data screen)."
)
_OVERFIT_LOSS = N_(
    "The model began to learn the table by heart: on held-out rows the loss was lowest at step "
    "{step} ({best}) and rose to {last}, while the training loss went on falling."
)
_OVERFIT_SCORE = N_(
    "The model began to learn the table by heart: on held-out rows it was best at step {step} "
    "({best}) and ended at {last}, while the training loss went on falling."
)
_OVERFIT_DO = N_(
    "Train for fewer epochs or add rows, and let the run keep its best model (under Advanced on "
    "the Train screen)."
)
_EARLY = N_("The run ended early, at step {step}: the held-out rows were answered no better.")
_EARLY_DO = N_("Nothing to do; the best model so far was kept.")
_EARLY_LAST_DO = N_(
    "The model is the one from the last step. Let the run keep its best model (under Advanced on "
    "the Train screen) to have the one from before."
)
_BEST = N_("The model that was kept is the one from step {best} of {steps}, where it was best.")
_BEST_DO = N_("Nothing to do; later steps made it no better on the held-out rows.")
