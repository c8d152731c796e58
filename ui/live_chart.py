"""A chart that is drawn again while somebody looks into it: zoom, pan and hidden curves stay.

``st.plotly_chart`` makes a new chart in the browser whenever the figure changes, which throws the
zoom away.  This component hands the new figure to the chart that is there (``Plotly.react``).
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import streamlit as st
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

LIBRARY_ADDRESS = "/assets/plotly.min.js"
_LIBRARY = files("plotly") / "package_data" / "plotly.min.js"

_HTML = """
<div class="pairloom-live-chart"></div>
"""

_SCRIPT = """
const address = "ADDRESS";

function library() {
  window.pairloomPlotly ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = () => resolve(window.Plotly);
    script.onerror = reject;
    document.head.append(script);
  });
  return window.pairloomPlotly;
}

function themed(figure, style) {
  const value = (name) => style.getPropertyValue(name).trim();
  let text = figure;
  value("--st-chart-categorical-colors").split(",").forEach((colour, index) => {
    text = text.replaceAll("#00000" + (index + 1), colour.trim());
  });
  const { data, layout } = JSON.parse(text);
  const lines = { gridcolor: value("--st-border-color-light"), zeroline: false };
  layout.font = { family: value("--st-font"), color: value("--st-text-color"), size: 12 };
  layout.title.font = { ...layout.title.font, weight: 600 };
  layout.modebar = {
    bgcolor: "rgba(0,0,0,0)",
    color: value("--st-border-color"),
    activecolor: value("--st-primary-color"),
  };
  for (const name of Object.keys(layout)) {
    if (/^[xy]axis/.test(name)) Object.assign(layout[name], lines);
  }
  layout.hoverlabel = { ...layout.hoverlabel, font: { family: value("--st-font") } };
  return { data, layout };
}

export default function ({ data, parentElement }) {
  const box = parentElement.querySelector(".pairloom-live-chart");
  box.style.height = data.height + "px";
  box.setAttribute("role", "figure");
  box.setAttribute("aria-label", data.alt);
  library().then((Plotly) => {
    const figure = themed(data.figure, getComputedStyle(parentElement.host ?? parentElement));
    // Drawing takes time from the training where both share a processor; comparing hardly does.
    const drawn = JSON.stringify(figure);
    if (box.pairloomDrawn === drawn) return;
    box.pairloomDrawn = drawn;
    Plotly.react(box, figure.data, figure.layout, {
      displaylogo: false,
      responsive: true,
      showTips: false,
      modeBarButtons: [["zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d"]],
    });
  });
}
""".replace("ADDRESS", LIBRARY_ADDRESS)

_component = st.components.v2.component(
    "pairloom_live_chart", html=_HTML, js=_SCRIPT, isolate_styles=False
)


def show_live(figure: dict[str, Any], key: str, *, alt: str) -> None:
    """Draw ``figure``, or hand it to the chart that was drawn under the same ``key`` before.

    ``figure`` is ``data`` and ``layout`` as Plotly's JavaScript takes them; the layout needs a
    height and a ``uirevision`` that stays the same as long as the zoom is to be kept.  ``alt`` says
    in a sentence what the chart shows.
    """
    data: dict[str, Any] = {
        "figure": json.dumps(figure),
        "height": figure["layout"]["height"],
        "alt": alt,
    }
    _component(data=data, key=key)


def serve_library(_request: Request) -> Response:
    """Answer with the Plotly library that came with Python's, so that no network is needed."""
    return FileResponse(
        str(_LIBRARY), media_type="text/javascript", headers={"Cache-Control": "max-age=86400"}
    )


ROUTES = [Route(LIBRARY_ADDRESS, serve_library, methods=["GET"])]
