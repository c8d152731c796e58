"""How far a run is while it trains, kept up to date by the browser itself.

A fragment of Streamlit that is drawn once a second takes a tenth of a processor from the training
beside it, most of it in the browser, which goes through the whole page each time.  Here the browser
asks a route of this server for a few figures and changes the words that have changed.
"""

from __future__ import annotations

from typing import Any

import streamlit as st
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.export.tokens import check_token, make_token
from core.jobs.stopping import read_stop
from core.problems import Problem
from core.training.runs import Run, load_curves, load_run
from core.workspace import Workspace
from ui.catalogues import DEFAULT_LANGUAGE, match_language, speaking
from ui.language import _, current_language, plain
from ui.live_chart import as_data, script
from ui.run_progress import chart, chart_words, figures, padding

_ADDRESS = "/live/run/"
_HTML = """
<div class="pairloom-live-run">
  <div class="stage"></div>
  <div class="bar" role="progressbar" aria-valuemin="0" aria-valuemax="100"><div></div></div>
  <div class="figures"></div>
  <div class="note"></div>
  <div class="waiting"></div>
  <div class="pairloom-live-chart"></div>
</div>
"""
_STYLE = """
.pairloom-live-run { display: flex; flex-direction: column; gap: 1rem; }
.pairloom-live-run > :empty:not(.pairloom-live-chart) { display: none; }
.pairloom-live-run .bar {
  height: 0.5rem; border-radius: 0.25rem; overflow: hidden;
  background: var(--st-secondary-background-color);
}
.pairloom-live-run .bar div { height: 100%; width: 0; background: var(--st-primary-color); }
.pairloom-live-run .figures { display: flex; flex-wrap: wrap; gap: 0.75rem; }
.pairloom-live-run .figure {
  flex: 1 1 auto; margin: 0; padding: 0.9rem;
  white-space: nowrap; font-variant-numeric: tabular-nums;
  border: 1px solid var(--st-border-color); border-radius: var(--st-base-radius);
}
.pairloom-live-run .figure dt { font-size: 0.875rem; line-height: 1.6; }
.pairloom-live-run .figure dd { margin: 0; font-size: 1.5rem; line-height: 1.5; }
.pairloom-live-run .note { font-size: 0.875rem; opacity: 0.7; }
.pairloom-live-run .waiting {
  font-size: 0.875rem; padding: 1rem; min-height: 420px; box-sizing: border-box;
  border: 1px solid var(--st-border-color); border-radius: var(--st-base-radius);
}
"""

_component = st.components.v2.component(
    "pairloom_live_run",
    html=_HTML,
    css=_STYLE,
    js=script("live_chart.js", "live_run.js"),
    isolate_styles=False,
)


def show_live_run(workspace: Workspace, run: Run) -> None:
    """Stage, figures and curves of a run that is at work; they go on by themselves.

    The page is drawn again when the run's state or somebody's wish to stop it changes.
    """
    data = {
        "address": f"{_ADDRESS}{run.id}",
        "language": current_language(),
        "now": answer(workspace, run),
    }
    _component(data=data, key=f"live-{run.id}", on_changed_change=lambda: None)


def answer(workspace: Workspace, run: Run, seen: int = 0, drawn: bool = True) -> dict[str, Any]:
    """What the browser shows of a run, in the language that is spoken.

    Args:
        workspace: where it is.
        run: a run that is at work.
        seen: the answer's ``version`` that the browser's chart is of; while it is the same, the
            chart is left out.
        drawn: False to leave the chart out in any case.
    """
    status, curves = run.status, load_curves(run.folder)
    shown = drawn and bool(curves.train) and curves.offset != seen
    return {
        "token": make_token(workspace, _subject(run.id)),
        "watched": watched(run),
        "stage": plain(status.stage_message) if status.stage_message else "",
        "done": status.done or 0.0,
        "figures": figures(run, curves),
        "note": padding(curves) or "",
        "waiting": ""
        if curves.train
        else _("The loss appears here as soon as the first step is done."),
        "version": curves.offset,
        "chart": as_data(chart(workspace, run, curves), chart_words()) if shown else None,
    }


def watched(run: Run) -> str:
    """What the whole screen depends on: when it changes, everything is drawn again."""
    stop = read_stop(run.folder)
    return f"{run.status.state} {stop.wish if stop else ''}"


def serve_run(request: Request) -> Response:
    """Answer ``GET /live/run/<id>?token=…&language=…[&seen=…][&chart=no]``.

    Every answer brings a new token, so that a page may stay open for as long as the run takes.
    """
    workspace, id, asked = Workspace.open(), request.path_params["id"], request.query_params
    if not check_token(workspace, _subject(id), asked.get("token", "")):
        return Response(status_code=403)
    seen, drawn = asked.get("seen", ""), asked.get("chart") != "no"
    try:
        run = load_run(workspace, id)
        with speaking(match_language(asked.get("language")) or DEFAULT_LANGUAGE):
            found = answer(workspace, run, int(seen) if seen.isdecimal() else 0, drawn)
    except Problem:
        # Deleted or damaged meanwhile: the page says which.
        return Response(status_code=404)
    return JSONResponse(found, headers={"Cache-Control": "no-store"})


def _subject(id: str) -> str:
    """What a token is for; no path in the workspace begins so."""
    return f"live:{id}"


ROUTES = [Route(f"{_ADDRESS}{{id}}", serve_run, methods=["GET"])]
