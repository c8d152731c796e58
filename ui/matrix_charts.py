"""The similarity matrices of Inspect: base, tuned model and the change side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from core.inspection.widgets import POSITIVE, Example
from ui import charts
from ui.comparisons import base_title
from ui.language import _
from ui.texts import for_hover

MATRIX_HEIGHT = 440
_LINE = "rgba(128,128,128,0.55)"
_FRAME = "#000006"
_MANY_TEXTS = 8


def matrices(
    examples: Sequence[Example],
    labels: Sequence[str],
    base: NDArray[np.float32],
    tuned: NDArray[np.float32],
    base_name: str,
) -> go.Figure:
    """Three matrices: the base's similarities, the tuned model's on the same scale, the change.

    Args:
        examples: the groups.
        labels: a short name for each of their texts.
        base: the base's cosines, shape [n, n].
        tuned: the tuned model's.
        base_name: what people call the base.
    """
    figure = make_subplots(
        rows=1,
        cols=3,
        shared_yaxes=True,
        subplot_titles=[base_title(base_name), _("After training"), _("Change")],
        horizontal_spacing=0.03,
    )
    cosine = _("cosine {value}").format(value="<b>%{z:.3f}</b>")
    change = _("change {value}").format(value="<b>%{z:+.3f}</b>")
    _add_matrix(figure, 1, base, "coloraxis", cosine)
    _add_matrix(figure, 2, tuned, "coloraxis", cosine)
    # Rounded, or the last digit of a float would show as -0.00 where nothing has changed.
    _add_matrix(figure, 3, np.round(tuned - base, 4) + 0.0, "coloraxis2", change, signed=True)
    texts = [for_hover(text) for example in examples for text in example.texts]
    named = [f"<b>{label}</b> {text}" for label, text in zip(labels, texts, strict=True)]
    figure.update_traces(
        customdata=np.array(
            [[[above, across] for across in named] for above in named], dtype=object
        )
    )
    _mark_groups(figure, examples)
    figure.update_layout(_matrix_layout(base, tuned))
    figure.update_annotations(font_size=14, yshift=6)
    _label_matrices(figure, examples, labels)
    return figure


def _add_matrix(
    figure: go.Figure,
    column: int,
    values: NDArray[np.float32],
    axis: str,
    words: str,
    signed: bool = False,
) -> None:
    many = len(values) > _MANY_TEXTS
    figure.add_heatmap(
        z=values,
        coloraxis=axis,
        texttemplate="" if many else ("%{z:+.2f}" if signed else "%{z:.2f}"),
        textfont={"size": 14},
        xgap=0 if many else 2,
        ygap=0 if many else 2,
        hovertemplate="%{customdata[0]}<br>%{customdata[1]}<br>" + words + "<extra></extra>",
        row=1,
        col=column,
    )


def _mark_groups(figure: go.Figure, examples: Sequence[Example]) -> None:
    """Lines between the groups, and a frame around each source with its right answer."""
    start = 0
    for example in examples:
        if start:
            for line in (figure.add_vline, figure.add_hline):
                line(start - 0.5, line_width=1, line_color=_LINE)
        for position, role in enumerate(example.roles, start=start + 1):
            if role == POSITIVE:
                for x, y in ((start, position), (position, start)):
                    figure.add_shape(
                        type="rect",
                        x0=x - 0.5,
                        x1=x + 0.5,
                        y0=y - 0.5,
                        y1=y + 0.5,
                        line={"color": _FRAME, "width": 2},
                        row=1,
                        col="all",
                    )
        start += len(example.texts)


def _label_matrices(figure: go.Figure, examples: Sequence[Example], labels: Sequence[str]) -> None:
    """The texts' short names; across a large matrix there is room for the groups only."""
    common = {"ticks": "", "showgrid": False, "zeroline": False, "tickangle": 0}
    every = list(range(len(labels)))
    if len(labels) > _MANY_TEXTS:
        sizes = [len(example.texts) for example in examples]
        middles = (np.cumsum(sizes) - (np.array(sizes) + 1) / 2).tolist()
        names = [str(number) for number in range(1, len(examples) + 1)]
        figure.update_xaxes(tickvals=middles, ticktext=names, title_text=_("Group"), **common)
    else:
        figure.update_xaxes(tickvals=every, ticktext=list(labels), **common)
    size = 10 if len(labels) > _MANY_TEXTS else 14
    figure.update_yaxes(
        tickvals=every,
        ticktext=list(labels),
        tickfont={"size": size},
        range=[len(labels) - 0.5, -0.5],
        **common,
    )


def _matrix_layout(base: NDArray[np.float32], tuned: NDArray[np.float32]) -> dict[str, object]:
    lowest = min(0.0, math.floor(10 * min(base.min(), tuned.min())) / 10)
    largest = max(0.1, math.ceil(10 * float(np.abs(tuned - base).max())) / 10)

    def bar(title: str, x: float, length: float) -> dict[str, object]:
        return {
            "title": {"text": title, "side": "bottom"},
            "orientation": "h",
            "x": x,
            "len": length,
            "y": -0.17,
            "yanchor": "top",
            "thickness": 10,
        }

    return charts.layout(
        _("How alike the texts are to each model"),
        height=MATRIX_HEIGHT,
        margin={"l": 36, "r": 12, "t": 84, "b": 92},
        coloraxis={
            "colorscale": charts.SEQUENTIAL,
            "cmin": lowest,
            "cmax": 1.0,
            "colorbar": bar(_("Cosine (1: the same direction)"), 0.323, 0.6),
        },
        coloraxis2={
            "colorscale": charts.DIVERGING,
            "cmin": -largest,
            "cmax": largest,
            "colorbar": bar(_("Change of the cosine"), 0.853, 0.28),
        },
    )
