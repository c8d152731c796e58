"""The chart of a run while it trains: its loss, its answers on held-out rows, its learning rate.

It is drawn once a second beside a training run, so it is plain data for Plotly: checking a figure
of the Python library takes 45 ms each time, which the training would have to wait for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.training.evaluation import METRIC_NAMES
from core.training.recipes.facts import Point
from core.training.runs import Curves
from ui import charts
from ui.language import _

_FEW_POINTS = 40
_GAP = 0.06
"""Between two of the plots, as a share of the chart's height."""


def loss_chart(curves: Curves, run_id: str, card: Sequence[Point] = ()) -> dict[str, Any]:
    """Training loss, held-out loss and learning rate, and how the model answered, over the steps.

    Runs from before models were looked at while they train have no answers to show.

    Args:
        curves: the run's points.
        run_id: tells this chart from those of other runs.
        card: the training log of the model card that the run was set up from; it is laid behind by
            epochs, because steps of another table and batch mean something else.

    Returns:
        ``data`` and ``layout`` as Plotly's JavaScript takes them.
    """
    hover = _("step {step}, epoch {epoch}: {value}").format(
        step="%{x}", epoch="%{customdata:.2f}", value="%{y:.4g}"
    )
    steps = [point["step"] for point in curves.train]
    plots: list[tuple[float, dict[str, Any], list[dict[str, Any]]]] = [
        (
            0.5 if curves.held_out_scores else 0.74,
            {"title": {"text": _("Loss")}, "rangemode": "tozero"},
            [
                *_behind(curves, card, hover),
                _line(_("Training loss"), curves.train, "loss", hover)
                | {
                    "mode": "lines+markers" if len(steps) <= _FEW_POINTS else "lines",
                    "line": {"color": charts.TUNED},
                },
                _line(_("Held-out loss"), curves.held_out, "loss", hover)
                | {"mode": "lines+markers", "line": {"color": charts.BM25, "dash": "dot"}},
            ],
        ),
        (
            0.2 if curves.held_out_scores else 0.26,
            {"title": {"text": _("Learning rate")}, "exponentformat": "e", "nticks": 3},
            [
                _line(_("Learning rate"), curves.train, "learning_rate", hover)
                | {"mode": "lines", "line": {"color": charts.BASE}}
            ],
        ),
    ]
    if curves.held_out_scores:
        plots.insert(1, _answers(curves, hover))
    data, axes = _stacked(plots)
    layout = charts.layout(
        _("Loss, lower is better; held-out score, higher is better")
        if curves.held_out_scores
        else _("Loss, lower is better"),
        height=560 if curves.held_out_scores else 440,
        uirevision=run_id,
        margin={"l": 60, "r": 16, "t": 84, "b": 48},
    )
    layout["xaxis"] = {
        "title": {"text": _("Step")},
        "range": [0, (curves.steps or 1) * 1.02],
        "anchor": f"y{len(plots)}",
    }
    return {"data": data, "layout": layout | axes}


def _line(name: str, points: list[dict[str, Any]], what: str, hover: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "name": name,
        "x": [point["step"] for point in points],
        "y": [point[what] for point in points],
        "customdata": [point["epoch"] for point in points],
        "hovertemplate": hover,
    }


def _behind(curves: Curves, card: Sequence[Point], hover: str) -> list[dict[str, Any]]:
    """The log of a card as a pale line; nothing while the length of an epoch is not known."""
    last = curves.train[-1] if curves.train else None
    logged = [point for point in card if point.epoch is not None]
    if not logged or last is None or not last["epoch"]:
        return []
    steps_an_epoch = last["step"] / last["epoch"]
    points = [
        {"step": point.epoch * steps_an_epoch, "epoch": point.epoch, "loss": point.loss}
        for point in logged
    ]
    line = _line(_("Training loss on the card"), points, "loss", hover)
    return [
        line
        | {
            "mode": "lines+markers" if len(points) <= _FEW_POINTS else "lines",
            "line": {"color": charts.BASE, "width": 5},
            "marker": {"size": 9},
            "opacity": 0.35,
            "hovertemplate": _("card, epoch {epoch}: {value}").format(
                epoch="%{customdata:.2f}", value="%{y:.4g}<extra></extra>"
            ),
        }
    ]


def _answers(curves: Curves, hover: str) -> tuple[float, dict[str, Any], list[dict[str, Any]]]:
    """The held-out score at each look, with a star where the model was best."""
    looks = curves.held_out_scores
    measured: str = looks[-1]["metric"]
    metric = _(METRIC_NAMES[measured])
    lines = [
        _line(_("{metric} on held-out rows").format(metric=metric), looks, "value", hover)
        | {"mode": "lines+markers", "line": {"color": charts.FUSION}}
    ]
    if curves.best is not None:
        lines.append(
            {
                "type": "scatter",
                "name": _("Best so far"),
                "x": [curves.best["step"]],
                "y": [curves.best["value"]],
                "mode": "markers",
                "marker": {"color": charts.FUSION, "symbol": "star", "size": 13},
                "hovertemplate": _("best at step {step}: {value}").format(
                    step="%{x}", value="%{y:.4g}<extra></extra>"
                ),
            }
        )
    return 0.3, {"title": {"text": metric}}, lines


def _stacked(
    plots: list[tuple[float, dict[str, Any], list[dict[str, Any]]]],
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """All lines, and the vertical axes of the plots, one above the other, the first at the top."""
    data: list[dict[str, Any]] = []
    axes: dict[str, Any] = {}
    room, top = 1 - _GAP * (len(plots) - 1), 1.0
    for number, (share, axis, lines) in enumerate(plots, start=1):
        bottom = max(0.0, top - share * room)
        name = "" if number == 1 else str(number)
        axes[f"yaxis{name}"] = axis | {"domain": [bottom, top], "anchor": "x"}
        data.extend(line | {"xaxis": "x", "yaxis": f"y{name}"} for line in lines)
        top = bottom - _GAP
    return data, axes
