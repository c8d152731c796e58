"""The chart of Match: how the best scores are spread, and what the threshold keeps."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from ui import charts
from ui import format as fmt
from ui.language import _

_BINS = 40
_LINE = "rgba(128,128,128,0.9)"


def score_chart(
    scores: NDArray[np.float32], threshold: float, span: tuple[float, float]
) -> go.Figure:
    """A histogram of each row's best score, in two colours: below the threshold and from it on.

    Args:
        scores: one a row.
        threshold: where the colours part.
        span: the ends of the axis.
    """
    edges = np.linspace(span[0], span[1], _BINS + 1)
    values = np.clip(scores, *span)
    figure = go.Figure()
    for part, name, colour in (
        (values[values >= threshold], _("match"), charts.TUNED),
        (values[values < threshold], _("below the threshold"), charts.BM25),
    ):
        counts, _edges = np.histogram(part, bins=edges)
        figure.add_bar(
            x=((edges[:-1] + edges[1:]) / 2).tolist(),
            y=counts.tolist(),
            width=(edges[1] - edges[0]),
            name=name,
            marker={"color": colour, "line": {"width": 0}},
            customdata=[
                f"{fmt.number(float(low), 2)} – {fmt.number(float(high), 2)}"
                for low, high in pairwise(edges)
            ],
            hovertemplate="%{customdata}: <b>%{y}</b>",
        )
    figure.add_vline(x=threshold, line={"dash": "dash", "width": 1.5, "color": _LINE})
    figure.update_layout(
        charts.layout(
            _("The best score of each row"),
            x=_("Score"),
            y=_("Rows"),
            height=250,
            barmode="stack",
            bargap=0,
        )
    )
    figure.update_xaxes(range=list(span))
    return figure
