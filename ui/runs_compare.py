"""Several runs side by side: curves on one chart, their scores, and what was set otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core.problems import N_, Problem
from core.training.difference import differences
from core.training.evaluation import METRIC_NAMES
from core.training.report import Report
from core.training.run_index import DAMAGED, RunRow, load_rows
from core.training.runs import Curves, Run, load_curves, load_run
from core.training.setting_words import named_in
from core.workspace import Workspace
from ui import charts
from ui import format as fmt
from ui.language import _, plain
from ui.live_chart import show_live
from ui.run_differences import LABEL_WIDTH, show_differences
from ui.runs import sample_name
from ui.runs_words import VERDICT_WORDS, metric_label, unique_names

MOST = 8
"""Runs on one chart: there are so many colours that can be told apart."""

_LINES: Mapping[str, tuple[str, str]] = {
    "score": (N_("Held-out score"), N_("Held-out score, higher is better")),
    "held_out": (N_("Held-out loss"), N_("Held-out loss, lower is better")),
    "train": (N_("Training loss"), N_("Training loss, lower is better")),
    "rate": (N_("Learning rate"), N_("Learning rate")),
}
_AXES = {"step": N_("Step"), "epoch": N_("Epoch")}
_FEW_POINTS = 40


def show_comparison(workspace: Workspace, chosen: Sequence[RunRow]) -> None:
    """Curves, scores and differences of two or more runs."""
    st.subheader(_("Side by side"), anchor=False)
    rows = [row for row in chosen if row.state != DAMAGED]
    if len(rows) > MOST:
        words = _("The first {count} of them are compared: more colours cannot be told apart.")
        st.caption(words.format(count=MOST))
        rows = rows[:MOST]
    runs = []
    for row in rows:
        try:
            runs.append((row, load_run(workspace, row.id)))
        except Problem as problem:
            st.warning(plain(problem), icon=":material/warning:")
    names = unique_names([row for row, _run in runs])
    _show_curves(names, [run for _row, run in runs])
    _show_scores(names, runs)
    st.markdown("**" + _("What was set otherwise") + "**")
    found = differences([run.config.to_dict() for _row, run in runs])
    called = {row.id: sample_name(row.name) for row in load_rows(workspace)}
    show_differences(names, found, named_in(workspace, found, called))


def _show_curves(names: Sequence[str], runs: Sequence[Run]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        lines = st.segmented_control(
            _("What is drawn"),
            list(_LINES),
            format_func=lambda one: _(_LINES[one][0]),
            default="score",
            required=True,
            key="runs_lines",
            persist_state="session",
        )
        axis = st.segmented_control(
            _("Over the"),
            list(_AXES),
            format_func=lambda one: _(_AXES[one]),
            default="step",
            required=True,
            key="runs_axis",
            persist_state="session",
        )
    curves = [load_curves(run.folder) for run in runs]
    figure = comparison_chart(names, curves, lines or "score", axis or "step")
    if not any(line["x"] for line in figure["data"]):
        st.caption(_("None of these runs has such a curve."))
        return
    key = f"runs-{lines}-{axis}-{'-'.join(run.id for run in runs)}"
    show_live(figure, key, alt=_("One curve for each of the ticked runs"))


def comparison_chart(
    names: Sequence[str], curves: Sequence[Curves], lines: str, axis: str
) -> dict[str, Any]:
    """One curve a run.

    Args:
        names: what the runs are called.
        curves: their points.
        lines: "score", "held_out" (loss), "train" (loss) or "rate".
        axis: "step" or "epoch".

    Returns:
        ``data`` and ``layout`` as Plotly's JavaScript takes them.
    """
    label, title = _LINES[lines]
    data = []
    for place, (name, one) in enumerate(zip(names, curves, strict=True)):
        points, what = _points(one, lines)
        few = len(points) <= _FEW_POINTS
        data.append(
            {
                "type": "scatter",
                "name": name.replace("<", "&lt;"),
                "x": [point[axis] for point in points],
                "y": [point[what] for point in points],
                "mode": "lines+markers" if few else "lines",
                # A stand-in that the page replaces by one of the theme's colours.
                "line": {"color": f"#00000{place % MOST + 1}"},
                "hovertemplate": "%{y:.4g}",
            }
        )
    layout = charts.layout(
        _(title),
        x=_(_AXES[axis]),
        y=_label(curves, lines) or _(label),
        height=380,
        uirevision=f"{lines}-{axis}",
        hovermode="x unified",
    )
    return {"data": data, "layout": layout | {"margin": {"l": 60, "r": 16, "t": 84, "b": 48}}}


def _points(curves: Curves, lines: str) -> tuple[list[dict[str, Any]], str]:
    match lines:
        case "score":
            return curves.held_out_scores, "value"
        case "held_out":
            return curves.held_out, "loss"
        case "rate":
            return curves.train, "learning_rate"
        case _:
            return curves.train, "loss"


def _label(curves: Sequence[Curves], lines: str) -> str | None:
    """The metric's name, where all curves show the same one."""
    shown = {one.held_out_scores[-1]["metric"] for one in curves if one.held_out_scores}
    return _(METRIC_NAMES[shown.pop()]) if lines == "score" and len(shown) == 1 else None


def _show_scores(names: Sequence[str], runs: Sequence[tuple[RunRow, Run]]) -> None:
    reports = [run.report() for _row, run in runs]
    if not any(reports):
        return
    st.markdown("**" + _("Scores") + "**")
    if len({(row.dataset, row.scored_on, row.metric) for row, _run in runs if row.metric}) > 1:
        st.warning(
            _(
                "These runs were not scored on the same rows, because they learned from different "
                "datasets or held out different rows. A higher score is not a better model here."
            ),
            icon=":material/warning:",
        )
    rows = [row for row, _run in runs]
    lines = {
        _("Metric"): [metric_label(row.metric) if row.metric else "–" for row in rows],
        _("Before"): [_score(row.before) for row in rows],
        _("After"): [_score(row.after) for row in rows],
        _("Gain (95% interval)"): [_gain(report) for report in reports],
        _("Verdict"): [_(VERDICT_WORDS[row.verdict]) if row.verdict else "–" for row in rows],
        _("Exam: after"): [_exam(report) for report in reports],
        _("Alarms"): [fmt.number(row.alarms) if row.metric else "–" for row in rows],
        _("Took"): [fmt.duration(row.seconds) if row.seconds is not None else "–" for row in rows],
        _("Device"): [row.device or "–" for row in rows],
    }
    table = pd.DataFrame.from_dict(lines, orient="index", columns=list(names))
    st.dataframe(
        table,
        height="content",
        column_config={"_index": st.column_config.TextColumn("", width=LABEL_WIDTH)},
        alt=_("What each of the ticked runs reached"),
    )


def _score(value: float | None) -> str:
    return "–" if value is None else fmt.number(value, 3)


def _gain(report: Report | None) -> str:
    change = report.difference if report else {}
    if not {"value", "low", "high"} <= change.keys():
        return "–"
    value, low, high = (f"{change[name]:+.3f}" for name in ("value", "low", "high"))
    return f"{value} ({low} … {high})"


def _exam(report: Report | None) -> str:
    models = report.exam.models if report and report.exam else []
    tuned = next((model for model in models if model.role == "tuned"), None)
    return _score(tuned.metrics.get("ndcg@10")) if tuned else "–"
