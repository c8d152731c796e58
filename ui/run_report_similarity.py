"""How similar right and wrong pairs are before and after training, with the suggested threshold."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from plotly.subplots import make_subplots

from core.training.calibration import BINS, HIGH, LOW, Calibration, Distribution
from core.training.metrics import Cut
from ui import charts
from ui import format as fmt
from ui.language import _, paragraph

_THRESHOLD = "rgba(128,128,128,0.9)"


def show_similarities(calibration: Calibration) -> None:
    """The distributions before and after, and what the suggested threshold reaches."""
    st.subheader(_("From which similarity on is it a match?"), anchor=False)
    after = calibration.after
    st.markdown(
        _(
            "Suggested threshold: **{threshold}**. Of the held-out pairs that reach it, "
            "{precision} are right; of the right pairs, {recall} reach it."
        ).format(
            threshold=fmt.number(after.cut.threshold, 3),
            precision=fmt.percent(after.cut.precision),
            recall=fmt.percent(after.cut.recall),
        )
    )
    title = _("Similarity of right and wrong pairs")
    charts.show(similarity_chart(calibration, title), "similarities", alt=title)
    st.table(
        _table(calibration), border="horizontal", alt=_("The threshold before and after training")
    )
    st.caption(paragraph(*_notes(calibration)))


def similarity_chart(calibration: Calibration, title: str) -> go.Figure:
    """Two histograms above each other: before and after, right pairs and wrong pairs."""
    figure = make_subplots(
        rows=2,
        cols=1,
        shared_xaxes=True,
        vertical_spacing=0.14,
        subplot_titles=[_("Before training"), _("After training")],
    )
    for row, side in enumerate((calibration.before, calibration.after), start=1):
        for counts, name, colour in (
            (side.right, _("Right pairs"), charts.TUNED),
            (side.wrong, _("Wrong pairs"), charts.BM25),
        ):
            figure.add_trace(_bars(counts, name, colour, legend=row == 1), row=row, col=1)
        figure.add_vline(
            x=side.cut.threshold,
            line={"dash": "dash", "width": 1.5, "color": _THRESHOLD},
            annotation={"text": fmt.number(side.cut.threshold, 2), "yanchor": "top"},
            annotation_position="top right",
            row=row,
            col=1,
        )
    figure.update_layout(
        charts.layout(
            title,
            height=460,
            barmode="overlay",
            bargap=0,
            margin={"l": 60, "r": 16, "t": 104, "b": 48},
            legend={"orientation": "h", "x": 0, "y": 1.09, "xanchor": "left", "yanchor": "bottom"},
        )
    )
    figure.update_yaxes(title_text=_("Share of the pairs"), tickformat=".0%", rangemode="tozero")
    figure.update_xaxes(range=_range(calibration))
    figure.update_xaxes(title_text=_("Cosine similarity"), row=2, col=1)
    return figure


def _bars(counts: tuple[int, ...], name: str, colour: str, *, legend: bool) -> go.Bar:
    edges = np.linspace(LOW, HIGH, BINS + 1)
    total = max(1, sum(counts))
    return go.Bar(
        x=((edges[:-1] + edges[1:]) / 2).tolist(),
        y=[count / total for count in counts],
        width=(HIGH - LOW) / BINS,
        customdata=[f"{low:.2f} – {high:.2f}" for low, high in pairwise(edges)],
        name=name,
        legendgroup=name,
        showlegend=legend,
        opacity=0.65,
        marker={"color": colour, "line": {"width": 0}},
        hovertemplate="%{customdata}: <b>%{y:.1%}</b>",
    )


def _range(calibration: Calibration) -> list[float]:
    """The part of the axis on which anything lies, with a little room."""
    sides = (calibration.before, calibration.after)
    used = np.sum([np.add(side.right, side.wrong) for side in sides], axis=0)
    places = np.flatnonzero(used)
    width = (HIGH - LOW) / BINS
    first, last = LOW + (places[0] - 1) * width, LOW + (places[-1] + 2) * width
    return [max(LOW, float(first)), min(HIGH, float(last)) + 0.01]


def _table(calibration: Calibration) -> pd.DataFrame:
    rows: dict[str, tuple[Cut, Distribution]] = {
        _("Before training"): (calibration.before.cut, calibration.before),
        _("After training"): (calibration.after.cut, calibration.after),
        _("After training, at the old threshold"): (calibration.old_cut_after, calibration.after),
    }
    return pd.DataFrame(
        {
            _("Threshold"): [fmt.number(cut.threshold, 3) for cut, _side in rows.values()],
            _("Precision"): [fmt.percent(cut.precision, 1) for cut, _side in rows.values()],
            _("Recall"): [fmt.percent(cut.recall, 1) for cut, _side in rows.values()],
            _("F1"): [fmt.number(cut.f1, 3) for cut, _side in rows.values()],
            _("Half of the right pairs are above"): [
                fmt.number(side.right_median, 3) for _cut, side in rows.values()
            ],
            _("Half of the wrong pairs are above"): [
                fmt.number(side.wrong_median, 3) for _cut, side in rows.values()
            ],
        },
        index=list(rows),
    )


def _notes(calibration: Calibration) -> list[str]:
    counted = _("{rights} right and {wrongs} wrong held-out pairs.").format(
        rights=fmt.number(calibration.rights), wrongs=fmt.number(calibration.wrongs)
    )
    notes = [counted]
    if calibration.from_others:
        notes.append(_("The table names no wrong answers: other rows' answers stand in for them."))
    notes.append(
        _(
            "The threshold is the one with the best F1 on these pairs. Where wrong pairs are more "
            "frequent than here, precision is lower: choose a higher one."
        )
    )
    return notes
