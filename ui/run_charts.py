"""The charts of a run: its curves while it trains, and what it reached."""

from __future__ import annotations

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.training.evaluation import METRIC_NAMES
from core.training.report import ModelScores
from core.training.runs import Curves
from ui import charts
from ui.language import _

_FEW_POINTS = 40
_ROLE_COLOURS = {
    "base": charts.BASE,
    "untrained": charts.BASE,
    "tuned": charts.TUNED,
    "bm25": charts.BM25,
    "fused": charts.FUSION,
}


def loss_chart(curves: Curves, run_id: str) -> go.Figure:
    """Training loss, held-out loss and learning rate over the steps."""
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.74, 0.26])
    figure.layout.template = None
    figure.update_layout(
        charts.layout(
            _("Loss, lower is better"),
            height=440,
            uirevision=run_id,
            margin={"l": 60, "r": 16, "t": 84, "b": 48},
        )
    )
    steps = [point["step"] for point in curves.train]
    epochs = [point["epoch"] for point in curves.train]
    hover = _("step {step}, epoch {epoch}: {value}").format(
        step="%{x}", epoch="%{customdata:.2f}", value="%{y:.4g}"
    )
    figure.add_scatter(
        x=steps,
        y=[point["loss"] for point in curves.train],
        customdata=epochs,
        name=_("Training loss"),
        mode="lines+markers" if len(steps) <= _FEW_POINTS else "lines",
        line={"color": charts.TUNED},
        hovertemplate=hover,
        row=1,
        col=1,
    )
    figure.add_scatter(
        x=[point["step"] for point in curves.held_out],
        y=[point["loss"] for point in curves.held_out],
        customdata=[point["epoch"] for point in curves.held_out],
        name=_("Held-out loss"),
        mode="lines+markers",
        line={"color": charts.BM25, "dash": "dot"},
        hovertemplate=hover,
        row=1,
        col=1,
    )
    figure.add_scatter(
        x=steps,
        y=[point["learning_rate"] for point in curves.train],
        customdata=epochs,
        name=_("Learning rate"),
        mode="lines",
        line={"color": charts.BASE},
        hovertemplate=hover,
        row=2,
        col=1,
    )
    figure.update_xaxes(range=[0, (curves.steps or 1) * 1.02])
    figure.update_xaxes(title_text=_("Step"), row=2, col=1)
    figure.update_yaxes(title_text=_("Loss"), rangemode="tozero", row=1, col=1)
    figure.update_yaxes(title_text=_("Learning rate"), exponentformat="e", nticks=3, row=2, col=1)
    return figure


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
    figure.update_xaxes(range=[0, 1.08])
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
