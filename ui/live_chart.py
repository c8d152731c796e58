"""A chart that is drawn again while somebody looks into it: zoom, pan and hidden curves stay.

``st.plotly_chart`` makes a new chart in the browser whenever the figure changes, which throws the
zoom away.  This component hands the new figure to the chart that is there (``Plotly.react``).
"""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

LIBRARY_ADDRESS = "/assets/plotly.min.js"
_LIBRARY = files("plotly") / "package_data" / "plotly.min.js"

_HERE = Path(__file__).parent
_HTML = """
<div class="pairloom-live-chart"></div>
"""
_SCRIPT = """
export default function ({ data, parentElement }) {
  const box = parentElement.querySelector(".pairloom-live-chart");
  drawChart(box, parentElement.host ?? parentElement, data);
}
"""


def script(*names: str) -> str:
    """JavaScript of this package, put together: the Plotly library first, then ``names``."""
    parts = [(_HERE / name).read_text(encoding="utf-8") for name in ("plotly_library.js", *names)]
    return "\n".join(parts).replace("LIBRARY_ADDRESS", LIBRARY_ADDRESS)


_component = st.components.v2.component(
    "pairloom_live_chart", html=_HTML, js=script("live_chart.js") + _SCRIPT, isolate_styles=False
)


def show_live(figure: dict[str, Any], key: str, *, alt: str) -> None:
    """Draw ``figure``, or hand it to the chart that was drawn under the same ``key`` before.

    ``figure`` is ``data`` and ``layout`` as Plotly's JavaScript takes them; the layout needs a
    height and a ``uirevision`` that stays the same as long as the zoom is to be kept.  ``alt`` says
    in a sentence what the chart shows.
    """
    _component(data=as_data(figure, alt), key=key)


def as_data(figure: dict[str, Any], alt: str) -> dict[str, Any]:
    """A figure as ``drawChart`` of ``live_chart.js`` takes it."""
    return {"figure": json.dumps(figure), "height": figure["layout"]["height"], "alt": alt}


def serve_library(_request: Request) -> Response:
    """Answer with the Plotly library that came with Python's, so that no network is needed."""
    return FileResponse(
        str(_LIBRARY), media_type="text/javascript", headers={"Cache-Control": "max-age=86400"}
    )


ROUTES = [Route(LIBRARY_ADDRESS, serve_library, methods=["GET"])]
