"""The report of a run on the screen: the verdict in words, the alarms, then what they stand on."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.training.evaluation import METRIC_NAMES
from core.training.report import ModelScores, Report
from core.training.runs import Run
from ui import charts
from ui import format as fmt
from ui.language import _, ngettext, paragraph, say
from ui.run_charts import model_label, score_chart
from ui.run_report_answers import show_confusables, show_own_questions
from ui.run_report_rows import show_hurting
from ui.run_report_similarity import show_similarities

_BEHIND_BM25 = {"worse_than_bm25", "exam_worse_than_bm25"}
_BOXES = {"error": st.error, "warning": st.warning, "info": st.info}
_ICONS = {
    "error": ":material/error:",
    "warning": ":material/warning:",
    "info": ":material/info:",
}


def show_report(run: Run) -> None:
    """Is it better, what went wrong, the figures, and what to look at; nothing before it is there.

    The sections come in the order in which somebody decides whether to use the model.
    """
    report = run.report()
    if report is None:
        return
    st.subheader(_("Is it better?"), anchor=False)
    verdict, *warnings = report.opening()
    # What is better than before but loses to keyword search is nothing to celebrate.
    behind = any(alarm.kind in _BEHIND_BM25 for alarm in report.alarms)
    better = st.info if behind else st.success
    {"better": better, "worse": st.error}.get(report.verdict, st.info)(say(verdict))
    for warning in warnings:
        st.warning(say(warning), icon=":material/warning:")
    _show_alarms(report)
    title = _("{metric} on {count} held-out questions, higher is better")
    if report.shape == "scored_pairs":
        title = _("{metric} on {count} held-out pairs, higher is better")
    show_scores(
        report.models,
        report.primary,
        title.format(metric=_(METRIC_NAMES[report.primary]), count=fmt.number(report.questions)),
        "held-out",
    )
    _say_how(report)
    if report.exam:
        st.subheader(_("The exam: questions outside the training table"), anchor=False)
        title = _("{metric} on {count} questions over {corpus}, higher is better")
        show_scores(
            report.exam.models,
            "ndcg@10",
            title.format(metric="nDCG@10", count=report.exam.questions, corpus=_(report.exam.name)),
            "exam",
        )
    if report.calibration is not None:
        show_similarities(report.calibration)
    show_confusables(report.confusables, report.no_confusables)
    if report.own_questions is not None:
        show_own_questions(report.own_questions)
    if report.hurting is not None:
        show_hurting(report.hurting, report.dataset)


def show_scores(models: list[ModelScores], metric: str, title: str, key: str) -> None:
    """The bars of the metric that decides, and every metric as a table."""
    charts.show(score_chart(models, metric, title), f"scores-{key}", alt=title)
    names = [name for name in METRIC_NAMES if any(name in model.metrics for model in models)]
    table = pd.DataFrame(
        {_(METRIC_NAMES[name]): [model.metrics.get(name) for model in models] for name in names},
        index=[fmt.verbatim(model_label(model)) for model in models],
    )
    st.table(
        table.map(lambda value: "–" if pd.isna(value) else f"{value:.3f}"),
        border="horizontal",
        alt=title,
    )


def _show_alarms(report: Report) -> None:
    """What went wrong, each with what to do; what need only be known comes last, quietly."""
    for alarm in report.alarms:
        _BOXES[alarm.level](say(alarm.what, alarm.do), icon=_ICONS[alarm.level])


def _say_how(report: Report) -> None:
    """What the questions were searched in, and what the fusion is."""
    if report.passages is None:
        return
    sentences = []
    if report.shape != "scored_pairs":
        sentences.append(
            ngettext(
                "Every question was searched in {count} text.",
                "Every question was searched in {count} texts.",
                report.passages,
            ).format(count=fmt.number(report.passages))
        )
    if report.distractors:
        sentences.append(
            ngettext(
                "{count} of them is an answer of a training row, put there as a distractor.",
                "{count} of them are answers of training rows, put there as distractors.",
                report.distractors,
            ).format(count=fmt.number(report.distractors))
        )
    sentences.append(
        _("“Model and BM25 together” joins the two rankings (reciprocal rank fusion, k = 60).")
    )
    st.caption(paragraph(*sentences))
