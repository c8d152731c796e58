"""The maps of Inspect: the same texts under the base and under the tuned model side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from core.inspection.projections import Projection
from core.inspection.widgets import POSITIVE, Example
from ui import charts
from ui.comparisons import base_title
from ui.examples import text_labels
from ui.language import _
from ui.texts import for_hover

MAP_HEIGHT = 560
_LINE = "rgba(128,128,128,0.55)"
# From the sixth on the theme's colours stand for no model.
_GROUP_COLOURS = ("#000004", "#000005", "#000006", "#000007", "#000008")
_SYMBOLS = {True: "circle", False: "x"}
# Letters of one group often lie on one another, so each stands on its own side of its point.
_LABEL_SIDES = ("top center", "middle right", "bottom center", "middle left")


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
