"""How every chart looks: titles and units, one colour for each model, quiet controls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import plotly.graph_objects as go
import streamlit as st

# Stand-ins that Streamlit's page replaces by the theme's chart colours (.streamlit/config.toml), so
# that a chart follows when somebody switches between light and dark.
BASE, TUNED, BM25, FUSION = "#000001", "#000002", "#000003", "#000004"
SEQUENTIAL = [[step / 9, f"#0000{11 + step}"] for step in range(10)]
DIVERGING = [[step / 9, f"#0000{21 + step}"] for step in range(10)]

_CONFIG = {
    "displaylogo": False,
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d", "toImage"],
}


def layout(
    title: str, *, x: str = "", y: str = "", height: int = 340, **more: Any
) -> dict[str, Any]:
    """Keyword arguments for ``figure.update_layout``: every chart's common ground.

    Args:
        title: what the chart shows.
        x: the horizontal axis' name with its unit.
        y: the vertical axis' name with its unit.
        height: in pixels; fixed, so that the page does not jump when the figure changes.
        more: whatever one chart needs besides; wins over the common ground.
    """
    return {
        "title": {"text": title, "x": 0, "xanchor": "left", "font": {"size": 16}},
        "xaxis": {"title": {"text": x}},
        "yaxis": {"title": {"text": y}},
        "height": height,
        "margin": {"l": 60, "r": 16, "t": 64, "b": 48},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "xanchor": "left", "yanchor": "bottom"},
        "hoverlabel": {"align": "left"},
        **more,
    }


def show(
    figure: go.Figure,
    key: str,
    *,
    alt: str,
    on_select: Callable[[], None] | Literal["rerun", "ignore"] = "ignore",
    selection_mode: tuple[Literal["points", "box", "lasso"], ...] = ("points",),
) -> Any:
    """Draw ``figure``; zoom and hidden curves survive when the same ``key`` is drawn again.

    ``alt`` says in a sentence what the chart shows, for people who cannot see it.
    """
    if figure.layout.uirevision is None:
        figure.update_layout(uirevision=key)
    return st.plotly_chart(
        figure,
        key=key,
        theme="streamlit",
        config=_CONFIG,
        alt=alt,
        on_select=on_select,
        selection_mode=selection_mode,
    )
