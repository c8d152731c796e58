"""How far a run is or came: its figures, and its curves."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.training.recipes.store import card_curve
from core.training.runs import Curves, Run, load_curves
from core.workspace import Workspace
from ui import format as fmt
from ui.language import _
from ui.live_chart import show_live
from ui.loss_chart import loss_chart


def show_progress(workspace: Workspace, run: Run) -> None:
    """What a run that has ended reached: figures and curves."""
    curves = load_curves(run.folder)
    with st.container(horizontal=True):
        for label, value in figures(run, curves):
            st.metric(label, value, border=True)
    words = padding(curves)
    if words is not None:
        st.caption(words)
    if curves.train:
        show_live(chart(workspace, run, curves), f"loss-{run.id}", alt=chart_words())


def figures(run: Run, curves: Curves) -> list[tuple[str, str]]:
    """Step, epoch, time left, speed, memory; a dash while there is no figure yet."""
    point = curves.train[-1] if curves.train else {}
    seconds = run.seconds()
    found = [
        (_("Step"), f"{point['step']} / {curves.steps}" if point else None),
        (_("Epoch"), fmt.number(point["epoch"], 2) if point else None),
        (_("Time so far"), fmt.duration(seconds) if seconds is not None else None),
        (
            _("Training time left"),
            fmt.duration(point["eta_seconds"]) if point and run.status.state.active else None,
        ),
        (_("Rows per second"), fmt.number(point["rows_per_second"], 1) if point else None),
        (_("Memory"), fmt.size(point["memory_bytes"]) if point else None),
        (_("Device"), run.status.device),
    ]
    return [(label, value or "–") for label, value in found]


def padding(curves: Curves) -> str | None:
    """How much of the work is on blanks that fill up short texts, and how much that saves."""
    if curves.padding is None:
        return None
    share, any_order = curves.padding["share"], curves.padding["any_order"]
    if share:
        words = _(
            "Of what the model works through, {share} are blanks that fill up short texts; in "
            "batches of texts of any length it would be {any_order}."
        )
    else:
        words = _(
            "No blanks: texts go through the model one behind the other. In batches that are "
            "filled up, {any_order} of the work would be on blanks."
        )
    return words.format(share=fmt.percent(share), any_order=fmt.percent(any_order))


def chart(workspace: Workspace, run: Run, curves: Curves) -> dict[str, Any]:
    """The curves, behind them those of the model card that the run was set up from."""
    return loss_chart(curves, run.id, card_curve(workspace, run.config.recipe))


def chart_words() -> str:
    """What the chart shows, in a sentence."""
    return _("Training loss, held-out loss and learning rate over the steps")
