"""How well columns answer questions with known answers: bars, and a table with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.problems import N_
from core.retrieval.metrics import LEAST_FOR_INTERVAL
from core.retrieval.scoring import ColumnScores, Interval, ScoreTable
from ui import charts
from ui import format as fmt
from ui.language import _, plain, say
from ui.texts import clipped

METRICS = {"nDCG": "ndcg", "MRR": "mrr", "Recall": "recall"}
NDCG_HELP = N_(
    "How high the right answers stand among the first {k}: 1 when they stand at the top, 0 when "
    "none is there. The higher an answer stands, the more it counts."
)
METRIC_HELP = {
    "nDCG": NDCG_HELP,
    "MRR": N_(
        "How high the first right answer stands: 1 at rank 1, a half at rank 2, a third at rank 3, "
        "0 below rank {k}."
    ),
    "Recall": N_("Which share of the right answers is among the first {k}: 1 means all of them."),
}


def show_figures(table: ScoreTable, key: str, title: str) -> None:
    """A table of the columns' figures; columns without any say why below it."""
    range_help = _(
        "With other questions of the same kind the figure would most likely (95%) lie between "
        "these two."
    )
    st.dataframe(
        pd.DataFrame([_row(column, table) for column in table.columns]),
        hide_index=True,
        key=key,
        alt=title,
        column_config={
            f"{metric}@{table.k}": st.column_config.NumberColumn(
                format="%.3f", width="small", help=_(METRIC_HELP[metric]).format(k=table.k)
            )
            for metric in METRICS
        }
        | {
            _interval_head(metric): st.column_config.TextColumn(help=range_help)
            for metric in METRICS
        },
    )
    if table.questions < LEAST_FOR_INTERVAL:
        few = _(
            "How far chance may have moved these figures can be told from {n} questions with known "
            "answers on."
        )
        st.caption(few.format(n=LEAST_FOR_INTERVAL))
    for column in table.columns:
        if column.problem is not None:
            st.warning(say(column.problem), icon=":material/warning:")


def show_bars(table: ScoreTable, colours: Sequence[str], key: str, title: str) -> None:
    """One group of bars for each figure, with its 95% interval if there is one."""
    charts.show(scores_chart(table, colours, title), key, alt=title)


def scores_chart(table: ScoreTable, colours: Sequence[str], title: str) -> go.Figure:
    """The figure of :func:`show_bars`."""
    figure = go.Figure()
    for column, colour in zip(table.columns, colours, strict=True):
        if column.problem is not None:
            continue
        values = [getattr(column, name) for name in METRICS.values()]
        ends = [getattr(column, f"{name}_interval") for name in METRICS.values()]
        figure.add_bar(
            x=[f"{metric}@{table.k}" for metric in METRICS],
            y=values,
            name=clipped(column.column.name, 40),
            marker_color=colour,
            text=[f"{value:.3f}" for value in values],
            textposition="inside",
            insidetextanchor="start",
            constraintext="none",
            error_y=_error_bars(values, ends),
            hovertemplate="%{x}: <b>%{y:.4f}</b>",
        )
    figure.update_layout(charts.layout(title, height=340, barmode="group", bargap=0.3))
    figure.update_yaxes(range=[0, 1.08], title_text=_("Mean over the questions"))
    return figure


def _error_bars(values: Sequence[float], ends: Sequence[Interval | None]) -> dict[str, Any] | None:
    """How far the intervals reach from the values; None where there are too few questions."""
    reach = [end for end in ends if end is not None]
    if len(reach) < len(values):
        return None
    return {
        "type": "data",
        "symmetric": False,
        "array": [end[1] - value for end, value in zip(reach, values, strict=True)],
        "arrayminus": [value - end[0] for end, value in zip(reach, values, strict=True)],
        "thickness": 1.2,
        "width": 4,
    }


def _row(column: ColumnScores, table: ScoreTable) -> dict[str, object]:
    row: dict[str, object] = {
        _("Searched with"): column.column.name if column.problem is None else plain(column.problem)
    }
    for metric, name in METRICS.items():
        row[f"{metric}@{table.k}"] = getattr(column, name)
        if table.questions >= LEAST_FOR_INTERVAL:
            row[_interval_head(metric)] = _interval(getattr(column, f"{name}_interval"))
    return row


def _interval_head(metric: str) -> str:
    return _("95% interval of {metric}").format(metric=metric)


def _interval(ends: tuple[float, float] | None) -> str:
    return "" if ends is None else " – ".join(fmt.number(end, 3) for end in ends)
