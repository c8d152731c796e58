"""Having the data report of a stored dataset made: at once when small, by a job when large."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.data.report import DataReport, bases_for_report, make_report
from core.data.store import Dataset, save_report
from core.workspace import Workspace
from ui import jobs
from ui.language import _

STATE = st.session_state

INLINE_ROWS = 5_000
"""The report of so many rows takes about two seconds."""


def find_report(workspace: Workspace, dataset: Dataset) -> DataReport | None:
    """The report that was kept or asked for; None while a job makes it, whose progress is shown."""
    info = dataset.info
    report = dataset.report()
    wish: dict[str, Any] = STATE.get(_wish_key(info.id), {})
    if report is not None and not wish:
        return report
    names = [base.name for base in bases_for_report(workspace)]
    base = wish.get("base") or (report.base if report else None)
    base = base if base in names else next(iter(names), None)
    full = bool(wish.get("full") or (report is not None and report.full))
    if report is not None and report.base == base and report.full >= full:
        return report
    if info.rows <= INLINE_ROWS:
        with st.spinner(_("Looking at the rows …"), show_time=True):
            bases = bases_for_report(workspace, base)
            made = make_report(dataset.frame(), info.names, bases=bases, full=full)
        save_report(workspace, info.id, made)
        return made
    params = {"dataset": info.id, "base": base, "full": full}
    wanted = jobs.Wanted("report_dataset", params, "report", _("Looking at the rows"))
    jobs.replace(workspace, f"report_{info.id}", wanted)
    with st.container(border=True):
        jobs.follow(workspace, [wanted])
    # The earlier report stays in sight meanwhile.
    return report


def choose_base(workspace: Workspace, dataset: Dataset, report: DataReport) -> None:
    """The base whose tokens are counted; another choice has the report made again."""
    names = [base.name for base in bases_for_report(workspace)]
    if report.base not in names:
        return
    key = f"report_base_{dataset.info.id}"
    STATE[key] = report.base
    st.selectbox(
        _("Count tokens as this base does"),
        names,
        format_func=_,
        key=key,
        on_change=lambda: _wish(dataset.info.id, base=STATE[key]),
        width=420,
    )


def look_at_everything(dataset: Dataset) -> None:
    """The button that has near duplicates looked for in all rows."""
    st.button(
        _("Look for near duplicates in all rows"),
        key="report_full",
        icon=":material/manage_search:",
        on_click=_wish,
        args=(dataset.info.id,),
        kwargs={"full": True},
    )


def _wish(id: str, **wish: object) -> None:
    STATE[_wish_key(id)] = {**STATE.get(_wish_key(id), {}), **wish}


def _wish_key(id: str) -> str:
    return f"report_wish_{id}"
