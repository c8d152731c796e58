"""The charts of Inspect: similarity matrices and maps, base and tuned model side by side."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from core.inspection.projections import Projection
from core.inspection.widgets import POSITIVE, Example
from ui import charts
from ui.examples import text_labels
from ui.language import _
from ui.texts import clipped, for_hover

MATRIX_HEIGHT = 440
MAP_HEIGHT = 560
_LINE = "rgba(128,128,128,0.55)"
_FRAME = "#000006"
_MANY_TEXTS = 8
# From the sixth on the theme's colours stand for no model.
_GROUP_COLOURS = ("#000004", "#000005", "#000006", "#000007", "#000008")
_SYMBOLS = {True: "circle", False: "x"}
# Letters of one group often lie on one another, so each stands on its own side of its point.
_LABEL_SIDES = ("top center", "middle right", "bottom center", "middle left")


def base_title(name: str) -> str:
    """What a chart calls the base: its name without the organisation that publishes it."""
    return _("Base: {model}").format(model=html.escape(clipped(name.rpartition("/")[2], 32)))


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


def maps(
    examples: Sequence[Example],
    background: Sequence[str],
    projection: Projection,
    title: str,
    base_name: str,
) -> go.Figure:
    """Two maps of the same texts with linked axes: the base's and the tuned model's.

    Args:
        examples: the groups; drawn large, each text with its short name.
        background: the other texts; drawn small.
        projection: where each text lies, the examples' texts first.
        title: how the map was made.
        base_name: what people call the base.
    """
    figure = make_subplots(
        rows=1,
        cols=2,
        shared_xaxes="all",
        shared_yaxes="all",
        horizontal_spacing=0.03,
        subplot_titles=[base_title(base_name), _("After training")],
    )
    hover = [for_hover(text) for text in background]
    for column, points in enumerate((projection.base_xy, projection.tuned_xy), start=1):
        first = sum(len(example.texts) for example in examples)
        figure.add_trace(
            go.Scattergl(
                x=points[first:, 0],
                y=points[first:, 1],
                customdata=hover,
                mode="markers",
                marker={"color": charts.BASE, "size": 4, "opacity": 0.45},
                name=_("held-out texts"),
                legendgroup="background",
                showlegend=column == 1,
                hovertemplate="%{customdata}<extra></extra>",
            ),
            row=1,
            col=column,
        )
        _add_examples(figure, examples, points[:first], column)
    figure.update_layout(
        charts.layout(
            title,
            height=MAP_HEIGHT,
            margin={"l": 12, "r": 12, "t": 80, "b": 44},
            legend={
                "orientation": "h",
                "x": 0,
                "y": -0.02,
                "xanchor": "left",
                "yanchor": "top",
                "itemsizing": "constant",
            },
        )
    )
    figure.update_annotations(font_size=14, yshift=6)
    _link_axes(figure, projection)
    return figure


def _add_examples(
    figure: go.Figure, examples: Sequence[Example], points: NDArray[np.float32], column: int
) -> None:
    labels = text_labels(examples)
    start = 0
    for number, example in enumerate(examples):
        stop = start + len(example.texts)
        right = [start + 1 + i for i, role in enumerate(example.roles) if role == POSITIVE]
        colour = _GROUP_COLOURS[number % len(_GROUP_COLOURS)]
        for end in right:
            figure.add_scatter(
                x=points[[start, end], 0],
                y=points[[start, end], 1],
                mode="lines",
                line={"color": colour, "width": 1.5, "dash": "dot"},
                legendgroup=str(number),
                showlegend=False,
                hoverinfo="skip",
                row=1,
                col=column,
            )
        place = {"x": points[start:stop, 0], "y": points[start:stop, 1]}
        # WebGL like the background: SVG markers would lie beneath the background's dots.
        figure.add_trace(
            go.Scattergl(
                **place,
                customdata=[
                    f"<b>{label}</b> {for_hover(text)}"
                    for label, text in zip(labels[start:stop], example.texts, strict=True)
                ],
                mode="markers",
                marker={
                    "color": colour,
                    "size": 12,
                    "symbol": ["diamond", *(_SYMBOLS[role == POSITIVE] for role in example.roles)],
                },
                name=_("group {number}").format(number=number + 1),
                legendgroup=str(number),
                showlegend=column == 1,
                hovertemplate="%{customdata}<extra></extra>",
            ),
            row=1,
            col=column,
        )
        figure.add_scatter(
            **place,
            text=[f"<b>{label}</b>" for label in labels[start:stop]],
            textposition=[_LABEL_SIDES[i % len(_LABEL_SIDES)] for i in range(stop - start)],
            textfont={"color": colour, "size": 13},
            # Unseen markers keep the labels off the ones that are seen.
            mode="markers+text",
            marker={"size": 12, "opacity": 0},
            cliponaxis=False,
            legendgroup=str(number),
            showlegend=False,
            hoverinfo="skip",
            row=1,
            col=column,
        )
        start = stop


def _link_axes(figure: go.Figure, projection: Projection) -> None:
    """The same ranges in both maps, with room for the labels at the edges."""
    both = np.concatenate([projection.base_xy, projection.tuned_xy])
    low, high = both.min(axis=0), both.max(axis=0)
    room = np.maximum(0.06 * (high - low), 1e-3)
    common = {
        "zeroline": False,
        "showticklabels": False,
        "automargin": False,
        "ticks": "",
        "showgrid": False,
        "showline": True,
        "linecolor": _LINE,
        "mirror": True,
    }
    figure.update_xaxes(range=[float(low[0] - room[0]), float(high[0] + room[0])], **common)
    figure.update_yaxes(range=[float(low[1] - room[1]), float(high[1] + room[1])], **common)
