"""How well columns answer questions with known answers: bars, and a table with intervals."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.retrieval.scoring import ColumnScores, ScoreTable
from ui import charts
from ui import format as fmt
from ui.language import _, plain, say
from ui.texts import clipped

_INTERVAL_FROM = 10
"""An interval over fewer questions would look narrower than it is."""
METRICS = {"nDCG": "ndcg", "MRR": "mrr", "Recall": "recall"}


def show_figures(table: ScoreTable, key: str, title: str) -> None:
    """A table of the columns' figures; columns without any say why below it."""
    st.dataframe(
        pd.DataFrame([_row(column, table) for column in table.columns]),
        hide_index=True,
        key=key,
        alt=title,
        column_config={
            f"{metric}@{table.k}": st.column_config.NumberColumn(format="%.3f", width="small")
            for metric in METRICS
        },
    )
    for column in table.columns:
        if column.problem is not None:
            st.warning(say(column.problem), icon=":material/warning:")


def show_bars(table: ScoreTable, colours: Sequence[str], key: str, title: str) -> None:
    """One group of bars for each figure, with its 95% interval; one colour for each column."""
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
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [end[1] - value for end, value in zip(ends, values, strict=True)],
                "arrayminus": [value - end[0] for end, value in zip(ends, values, strict=True)],
                "thickness": 1.2,
                "width": 4,
            },
            hovertemplate="%{x}: <b>%{y:.4f}</b>",
        )
    figure.update_layout(charts.layout(title, height=340, barmode="group", bargap=0.3))
    figure.update_yaxes(range=[0, 1.08], title_text=_("Mean over the questions"))
    return figure


def _row(column: ColumnScores, table: ScoreTable) -> dict[str, object]:
    row: dict[str, object] = {
        _("Column"): column.column.name if column.problem is None else plain(column.problem)
    }
    for metric, name in METRICS.items():
        row[f"{metric}@{table.k}"] = getattr(column, name)
        if table.questions >= _INTERVAL_FROM:
            row[_("95% interval of {metric}").format(metric=metric)] = _interval(
                getattr(column, f"{name}_interval")
            )
    return row


def _interval(ends: tuple[float, float] | None) -> str:
    return "" if ends is None else " – ".join(fmt.number(end, 3) for end in ends)
