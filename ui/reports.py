"""The report of a run on the screen: the verdict in words, the bars, every metric as a table."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.training.evaluation import METRIC_NAMES
from core.training.report import ModelScores
from core.training.runs import Run
from ui import charts
from ui import format as fmt
from ui.language import _, say
from ui.run_charts import model_label, score_chart


def show_report(run: Run) -> None:
    """What base, tuned model and BM25 reached on the same held-out rows."""
    report = run.report()
    if report is None:
        return
    st.subheader(_("Is it better?"), anchor=False)
    verdict, *warnings = report.sentences()
    {"better": st.success, "worse": st.error}.get(report.verdict, st.info)(say(verdict))
    for warning in warnings:
        st.warning(say(warning), icon=":material/warning:")
    title = _("{metric} on {count} held-out questions, higher is better")
    show_scores(
        report.models,
        report.primary,
        title.format(metric=_(METRIC_NAMES[report.primary]), count=fmt.number(report.questions)),
        "held-out",
    )
    if report.exam:
        st.subheader(_("The exam: questions outside the training table"), anchor=False)
        title = _("{metric} on {count} questions over {corpus}, higher is better")
        show_scores(
            report.exam.models,
            "ndcg@10",
            title.format(metric="nDCG@10", count=report.exam.questions, corpus=_(report.exam.name)),
            "exam",
        )


def show_scores(models: list[ModelScores], metric: str, title: str, key: str) -> None:
    """The bars of the metric that decides, and every metric as a table."""
    charts.show(score_chart(models, metric, title), f"scores-{key}", alt=title)
    names = [name for name in METRIC_NAMES if any(name in model.metrics for model in models)]
    table = pd.DataFrame(
        {_(METRIC_NAMES[name]): [model.metrics.get(name) for model in models] for name in names},
        index=[model_label(model) for model in models],
    )
    st.table(table.map(lambda value: "–" if pd.isna(value) else f"{value:.3f}"))
