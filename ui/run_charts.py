"""The charts of what a run reached."""

from __future__ import annotations

import plotly.graph_objects as go

from core.training.evaluation import METRIC_NAMES
from core.training.report import ModelScores
from ui import charts
from ui.language import _

_ROLE_COLOURS = {
    "base": charts.BASE,
    "untrained": charts.BASE,
    "tuned": charts.TUNED,
    "bm25": charts.BM25,
    "fused": charts.FUSION,
}


def score_chart(models: list[ModelScores], metric: str, title: str) -> go.Figure:
    """One bar a model: what it reached in ``metric``."""
    ordered = list(reversed(models))
    figure = go.Figure(
        go.Bar(
            x=[model.metrics.get(metric) for model in ordered],
            y=[model_label(model) for model in ordered],
            orientation="h",
            marker_color=[_ROLE_COLOURS[model.role] for model in ordered],
            text=[f"{model.metrics.get(metric, 0):.3f}" for model in ordered],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{y}: %{x:.4f}<extra></extra>",
        )
    )
    figure.update_layout(
        charts.layout(
            title, x=_(METRIC_NAMES[metric]), height=110 + 44 * len(models), showlegend=False
        )
    )
    # A correlation may be negative.
    lowest = min([0.0, *(model.metrics.get(metric, 0.0) for model in models)])
    figure.update_xaxes(range=[1.2 * lowest, 1.08])
    figure.update_yaxes(automargin=True)
    return figure


def model_label(model: ModelScores) -> str:
    """What a person calls a row of the report."""
    match model.role:
        case "tuned":
            return _("After training")
        case "untrained":
            return _("Before the first step")
        case "bm25":
            return _("BM25 keyword search")
        case "fused":
            return _("Model and BM25 together")
        case _:
            return model.name
