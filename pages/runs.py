"""The Runs screen: all runs in one table, to be found, compared, noted, archived and deleted."""

from __future__ import annotations

import streamlit as st

from core.cli import commands
from core.training.run_index import RunRow, load_rows
from core.training.run_table import to_csv
from core.workspace import Workspace
from ui import format as fmt
from ui.command_line import show_commands
from ui.language import _
from ui.pages import heading
from ui.runs_best import show_best
from ui.runs_chosen import show_chosen
from ui.runs_compare import show_comparison
from ui.runs_filter import show_filter
from ui.runs_table import mirror, show_table, ticked

_REFRESH_SECONDS = 5.0
_SEEN = "runs_seen"


def show_runs() -> None:
    """Filter, table and count; drawn again every few seconds while a run is active."""
    rows = load_rows(workspace)
    if seen(rows) != st.session_state[_SEEN]:
        # What stands below knows of states and ticks, too.
        st.rerun()
    names = names_of(rows)
    shown, wanted = show_filter(rows, names)
    if not shown:
        st.info(
            _("No run fits. Take something out of the filter."), icon=":material/filter_alt_off:"
        )
        return
    show_table(shown, names)
    with st.container(horizontal=True, vertical_alignment="center"):
        count = _("{shown} of {all} runs. Tick runs on the left to compare them or to do more.")
        st.caption(count.format(shown=fmt.number(len(shown)), all=fmt.number(len(rows))))
        st.download_button(
            _("As CSV"),
            data=lambda: to_csv(shown, names),
            file_name="runs.csv",
            mime="text/csv",
            key="runs_csv",
            icon=":material/download:",
            on_click="ignore",
        )
    show_commands(workspace, commands.runs(wanted, ticked()))


def seen(rows: list[RunRow]) -> tuple[object, ...]:
    """What the whole screen depends on: when it changes, everything is drawn again."""
    return {row.id: row.state for row in rows}, ticked()


def names_of(rows: list[RunRow]) -> dict[str, str]:
    """The names of runs by their ids."""
    return {row.id: row.name for row in rows}


workspace = Workspace.open()
heading("runs")
with st.spinner(_("Reading the runs …")):
    rows = load_rows(workspace)
if not rows:
    st.info(_("There are no runs yet. Start one on the Train screen, or try a sample on Home."))
    st.stop()
st.session_state[_SEEN] = seen(rows)
active = any(row.active for row in rows)
st.fragment(show_runs, run_every=_REFRESH_SECONDS if active else None)()
by_id = {row.id: row for row in rows}
chosen = [by_id[id] for id in ticked() if id in by_id]
mirror([row.id for row in chosen])
if chosen:
    show_chosen(workspace, chosen, sorted({tag for row in rows for tag in row.tags}))
if len(chosen) > 1:
    show_comparison(workspace, chosen)
if not chosen:
    show_best([row for row in rows if not row.archived], names_of(rows))
