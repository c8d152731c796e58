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
    """Training loss, held-out loss and learning rate, and how the model answered, over the steps.

    Runs from before models were looked at while they train have no answers to show.
    """
    looked_at = bool(curves.held_out_scores)
    rate = 3 if looked_at else 2
    figure = make_subplots(
        rows=rate,
        cols=1,
        shared_xaxes=True,
        row_heights=[0.5, 0.3, 0.2] if looked_at else [0.74, 0.26],
        vertical_spacing=0.06,
    )
    figure.layout.template = None
    figure.update_layout(
        charts.layout(
            _("Loss, lower is better; held-out score, higher is better")
            if looked_at
            else _("Loss, lower is better"),
            height=560 if looked_at else 440,
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
    if looked_at:
        _add_scores(figure, curves, hover)
    figure.add_scatter(
        x=steps,
        y=[point["learning_rate"] for point in curves.train],
        customdata=epochs,
        name=_("Learning rate"),
        mode="lines",
        line={"color": charts.BASE},
        hovertemplate=hover,
        row=rate,
        col=1,
    )
    figure.update_xaxes(range=[0, (curves.steps or 1) * 1.02])
    figure.update_xaxes(title_text=_("Step"), row=rate, col=1)
    figure.update_yaxes(title_text=_("Loss"), rangemode="tozero", row=1, col=1)
    figure.update_yaxes(
        title_text=_("Learning rate"), exponentformat="e", nticks=3, row=rate, col=1
    )
    return figure


def _add_scores(figure: go.Figure, curves: Curves, hover: str) -> None:
    """The held-out score at each look, with a star where the model was best."""
    looks = curves.held_out_scores
    measured: str = looks[-1]["metric"]
    metric = _(METRIC_NAMES[measured])
    figure.add_scatter(
        x=[look["step"] for look in looks],
        y=[look["value"] for look in looks],
        customdata=[look["epoch"] for look in looks],
        name=_("{metric} on held-out rows").format(metric=metric),
        mode="lines+markers",
        line={"color": charts.FUSION},
        hovertemplate=hover,
        row=2,
        col=1,
    )
    if curves.best is not None:
        figure.add_scatter(
            x=[curves.best["step"]],
            y=[curves.best["value"]],
            name=_("Best so far"),
            mode="markers",
            marker={"color": charts.FUSION, "symbol": "star", "size": 13},
            hovertemplate=_("best at step {step}: {value}").format(
                step="%{x}", value="%{y:.4g}<extra></extra>"
            ),
            row=2,
            col=1,
        )
    figure.update_yaxes(title_text=metric, row=2, col=1)


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
