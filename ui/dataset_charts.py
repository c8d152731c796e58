"""The charts of a data report: how long the texts are, in tokens of a base or in characters."""

from __future__ import annotations

import html
from collections.abc import Mapping
from itertools import pairwise

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.data.report import Histogram, LengthStatistics
from ui import charts
from ui import format as fmt
from ui.language import _
from ui.texts import clipped

_COLOURS = (charts.BASE, charts.TUNED, charts.BM25, charts.FUSION)
_PANEL_PIXELS = 230
_MOST_IN_A_ROW = 3
_BETWEEN_PIXELS = 90


def length_histograms(
    lengths: Mapping[str, LengthStatistics],
    titles: Mapping[str, str],
    *,
    title: str,
    unit: str,
    limit: int | None,
) -> go.Figure:
    """A histogram for each role, side by side.

    Args:
        lengths: role to its lengths.
        titles: role to its words.
        title: what the whole chart shows.
        unit: what is counted, in words.
        limit: where a base stops reading; drawn as a line where texts come near it.
    """
    columns = min(len(lengths), _MOST_IN_A_ROW)
    rows = -(-len(lengths) // columns)
    height = rows * _PANEL_PIXELS + (rows - 1) * _BETWEEN_PIXELS + 120
    inner = height - 120
    figure = make_subplots(
        rows=rows,
        cols=columns,
        subplot_titles=[html.escape(clipped(titles[role], 40)) for role in lengths],
        horizontal_spacing=0.07,
        vertical_spacing=_BETWEEN_PIXELS / inner if rows > 1 else 0.0,
    )
    for place, statistics in enumerate(lengths.values()):
        where = {"row": place // columns + 1, "col": place % columns + 1}
        edges = statistics.histogram.edges
        bars = _bars(statistics.histogram, unit, _COLOURS[place % len(_COLOURS)])
        figure.add_trace(bars, **where)
        if limit is not None and edges[-1] >= 0.8 * limit:
            figure.add_vline(
                x=limit,
                line={"dash": "dash", "width": 1.5, "color": "rgba(128,128,128,0.9)"},
                annotation={"text": _("reads no further"), "textangle": -90, "yanchor": "top"},
                annotation_position="top left",
                **where,
            )
        figure.update_xaxes(title_text=unit, **where)
    figure.update_yaxes(title_text=_("texts"), col=1)
    figure.update_layout(
        charts.layout(title, height=height, margin={"l": 60, "r": 16, "t": 76, "b": 44}, bargap=0)
    )
    figure.update_yaxes(rangemode="tozero")
    return figure


def score_histogram(scores: Histogram) -> go.Figure:
    """How the scores of scored pairs are spread from 0 to 1."""
    figure = go.Figure(_bars(scores, "", charts.TUNED))
    figure.update_layout(
        charts.layout(_("How the scores are spread"), x=_("score"), y=_("rows"), height=260)
    )
    return figure


def _bars(histogram: Histogram, unit: str, colour: str) -> go.Bar:
    pairs = list(pairwise(histogram.edges))
    return go.Bar(
        x=[(low + high) / 2 for low, high in pairs],
        y=list(histogram.counts),
        width=[0.94 * (high - low) for low, high in pairs],
        customdata=[f"{fmt.number(low)} – {fmt.number(high)} {unit}" for low, high in pairs],
        marker={"color": colour},
        hovertemplate="%{customdata}: <b>%{y:,}</b><extra></extra>",
        showlegend=False,
    )
