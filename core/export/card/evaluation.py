"""What a card says about how good the model is: before and after, beside a word search, alarms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from core.data.shapes import Shape
from core.export.card.facts import CardFacts
from core.export.card.markdown import blocks, heading, items, plain, table
from core.export.card.words import Words
from core.problems import N_, Message
from core.training.evaluation import METRIC_NAMES
from core.training.report import ModelScores, Report

_ROLES = {
    "base": N_("before training: {name}"),
    "untrained": N_("before the first step"),
    "tuned": N_("**this model**"),
    "bm25": N_("BM25 keyword search"),
    "fused": N_("this model and BM25 together"),
}


def evaluation(facts: CardFacts, words: Words) -> str:
    """Scores, threshold, alarms, and on which rows all that was measured."""
    title = heading(2, words(N_("Evaluation")))
    report = facts.report
    if report is None:
        return blocks(title, words(N_("There is no report of this run.")))
    return blocks(
        title,
        words.sentences(*(words.say(message) for message in report.opening())),
        heading(3, words(N_("Metrics"))),
        words(N_("On the held-out rows, before and after training; higher is better.")),
        _scores(report.models, facts, words),
        _exam(report, facts, words),
        _threshold(report, words),
        _alarms(report, words),
        _held_out(facts, report, words),
    )


def _scores(models: Sequence[ModelScores], facts: CardFacts, words: Words) -> str:
    # A model that was made from nothing did not begin as the one that it is compared with.
    roles = _ROLES if facts.origin.name else {**_ROLES, "base": N_("for comparison: {name}")}
    names = list(dict.fromkeys(name for model in models for name in model.metrics))
    rows = [
        [
            words(roles.get(model.role, "{name}"), name=plain(words.translate(model.name))),
            *(f"{model.metrics[name]:.4f}" if name in model.metrics else "–" for name in names),
        ]
        for model in models
    ]
    header = [words(N_("Model")), *(words(METRIC_NAMES.get(name, name)) for name in names)]
    return table(header, rows, numbers=len(names))


def _exam(report: Report, facts: CardFacts, words: Words) -> str:
    if report.exam is None:
        return ""
    return blocks(
        heading(3, words(N_("Exam"))),
        words(
            N_("On {questions} questions outside the training table (corpus {name})."),
            questions=report.exam.questions,
            name=plain(words.translate(report.exam.name)),
        ),
        _scores(report.exam.models, facts, words),
    )


def _threshold(report: Report, words: Words) -> str:
    calibration = report.calibration
    if calibration is None:
        return ""
    cut, old, base = calibration.after.cut, calibration.before.cut, report.scores("base")
    pairs = words(
        N_(
            "Measured on {rights} right and {wrongs} wrong pairs. Right pairs have a median "
            "similarity of {right:.3f}, wrong pairs one of {wrong:.3f}."
        ),
        rights=calibration.rights,
        wrongs=calibration.wrongs,
        right=calibration.after.right_median,
        wrong=calibration.after.wrong_median,
    )
    if calibration.from_others:
        pairs = words.sentences(
            pairs, words(N_("The wrong pairs are answers of other rows: the table names none."))
        )
    return blocks(
        heading(3, words(N_("Calibrated Threshold"))),
        words(
            N_(
                "Call two texts a match from a similarity of **{threshold:.3f}** on: F1 {f1:.3f}, "
                "precision {precision:.3f}, recall {recall:.3f}."
            ),
            threshold=cut.threshold,
            f1=cut.f1,
            precision=cut.precision,
            recall=cut.recall,
        ),
        words(
            N_(
                "The threshold of {name} was {old:.3f}; kept for this model, it would reach F1 "
                "{kept:.3f}."
            ),
            name=plain(words.translate(base.name)) if base else words(N_("the model before")),
            old=old.threshold,
            kept=calibration.old_cut_after.f1,
        ),
        pairs,
    )


def _alarms(report: Report, words: Words) -> str:
    lines = [
        f"**{words(_LEVELS.get(alarm.level, alarm.level))}:** "
        + words.sentences(words.say(alarm.what), words.say(alarm.do))
        for alarm in report.alarms
    ]
    said = items(lines) if lines else words(N_("None."))
    return blocks(heading(3, words(N_("Alarms"))), said)


_LEVELS = {"error": N_("Problem"), "warning": N_("Warning"), "info": N_("Note")}


def _held_out(facts: CardFacts, report: Report, words: Words) -> str:
    config = facts.run.config
    lines = list(_split(report, words))
    lines.append(
        words(
            N_("Trained on {train:,} rows, scored on {held_out:,} rows."),
            train=report.train_rows,
            held_out=report.held_out_rows,
        )
    )
    lines += _scored_how(report, words)
    lines.append(
        words(N_("Seed {seed}: the same seed gives the same division."), seed=_seed(facts))
    )
    if config.evaluation.keep_best:
        lines.append(words(N_("The model is the one of the best look at the held-out rows.")))
    return blocks(heading(3, words(N_("Held-out Rows"))), items(lines))


def _scored_how(report: Report, words: Words) -> Iterable[str]:
    if report.shape == Shape.SCORED_PAIRS:
        yield words(
            N_("The similarity of each of {count:,} pairs is compared with its score."),
            count=report.questions,
        )
    elif report.shape == Shape.CLASSES:
        yield words(
            N_(
                "Each of {count:,} texts is searched among the others; those of its class are "
                "right."
            ),
            count=report.questions,
        )
    elif report.passages:
        yield words(
            N_(
                "Each of {questions:,} questions is searched in {passages:,} texts, "
                "{distractors:,} of them answers of training rows."
            ),
            questions=report.questions,
            passages=report.passages,
            distractors=report.distractors,
        )


def _split(report: Report, words: Words) -> Iterable[str]:
    if report.split.get("message"):
        yield words.say(Message.from_json(report.split["message"]))


def _seed(facts: CardFacts) -> int:
    return facts.run.config.training.seed
