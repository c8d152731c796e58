"""The box that shows both texts of a cell, whole, while somebody points at it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from ui.language import _

LONGEST = 600
"""What is longer is cut; the panel that a click opens has all of it."""
_STYLE = """
.pairloom-cell-hover {
  position: fixed; z-index: 1000; pointer-events: none; box-sizing: border-box;
  width: max-content; max-width: min(33rem, 80vw); max-height: calc(100vh - 16px);
  overflow: hidden; padding: 0.5rem 0.75rem; font-size: 0.85rem; line-height: 1.45;
  color: var(--st-text-color); background: var(--st-background-color);
  border: 1px solid var(--st-border-color); border-radius: var(--st-base-radius);
  box-shadow: 0 4px 14px rgba(0, 0, 0, 0.25); overflow-wrap: anywhere;
}
.pairloom-cell-hover[hidden] { display: none; }
.pairloom-cell-hover p { margin: 0 0 0.3rem; }
.pairloom-cell-hover p:last-child { margin: 0; font-variant-numeric: tabular-nums; }
"""
_component = st.components.v2.component(
    "pairloom_cell_hover",
    html='<div class="pairloom-cell-hover" role="tooltip" hidden></div>',
    css=_STYLE,
    js=(Path(__file__).parent / "matrix_hover.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def show_hover(chart: str, labels: Sequence[str], texts: Sequence[str]) -> None:
    """Have the cells of the matrices under the key ``chart`` show their texts.

    Args:
        chart: the key that the figure is drawn under.
        labels: the texts' short names, in the order of the rows.
        texts: the texts themselves.
    """
    data = {"chart": chart, "labels": list(labels), "texts": [_shown(text) for text in texts]}
    _component(data=data, key=f"{chart}_hover", height=1)


def _shown(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    return _("{text} … (click to read all of it)").format(text=text[:LONGEST])
