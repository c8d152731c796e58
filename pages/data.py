"""Data: from a file to a stored dataset, and what is stored."""

import streamlit as st

from core.cli import data_commands
from core.cli.lines import Line
from core.data.intake import DraftReport
from core.data.staging import StagedTable
from core.problems import Problem
from core.workspace import PROJECT_ROOT, Workspace
from ui import format as fmt
from ui.command_line import show_commands
from ui.dataset_view import opened_dataset, show_dataset, show_datasets
from ui.intake import Intake, close_table, opened_table
from ui.intake_check import check, is_repaired, show_fixes, show_mojibake, show_report
from ui.intake_mapping import choose_mapping, confirm_scale
from ui.intake_options import read_differently
from ui.intake_save import save_form, show_saved
from ui.intake_source import bring_in
from ui.intake_steps import is_conversion, offer_conversions, show_steps
from ui.intake_table import file_name, preview, read, show_quarantine, show_refusal, table_sentence
from ui.language import _, say
from ui.pages import heading

workspace = Workspace.open()


def show_intake(intake: Intake) -> None:
    """The open table, step by step, as far as it goes."""
    with st.container(border=True):
        table = show_table(intake)
    if table is None:
        return
    with st.container(border=True):
        st.subheader(_("Which column is which?"), anchor=False)
        mapping = choose_mapping(workspace, intake, table)
        if mapping is None or not confirm_scale(workspace, intake, table, mapping):
            return
        # What the rows are is said here, once they have been looked at.
        sentence = st.container()
    intake = opened_table(workspace) or intake
    change = st.container()
    with st.container(border=True):
        st.subheader(_("Check"), anchor=False)
        report = check(workspace, intake.draft, table.info.rows)
        show_fixes(workspace, intake, report)
        if report is not None:
            show_report(workspace, intake, report)
    with sentence:
        if report is None:
            st.markdown(say(mapping.sentence(table.info.rows)))
        else:
            st.success(say(report.sentence), icon=":material/check_circle:")
    if report is not None or intake.draft.steps:
        with change.container(border=True):
            show_changes(intake, report)
    if report is not None:
        with st.container(border=True):
            st.subheader(_("Save"), anchor=False)
            save_form(workspace, intake, intake.draft, table, report)


def show_table(intake: Intake) -> StagedTable | None:
    """The file as it was read: its name, how, its rows, and those that could not be used."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{fmt.verbatim(file_name(workspace, intake))}**", width="stretch")
        tools = st.container(horizontal=True, width="content", gap="small")
        st.button(
            _("Close"),
            key="close_table",
            icon=":material/close:",
            type="tertiary",
            on_click=close_table,
        )
    table = read(workspace, intake)
    with tools:
        read_differently(workspace, intake, table)
    if table is not None:
        st.caption(table_sentence(table))
        preview(intake, table, repaired=is_repaired(intake))
        show_quarantine(intake, table)
        show_mojibake(workspace, intake, table)
    return table


def show_changes(intake: Intake, report: DraftReport | None) -> None:
    """Conversions: those that were made, and those that could be."""
    st.subheader(_("Turn it into another shape"), anchor=False)
    show_steps(workspace, intake, report, is_conversion)
    if report is not None:
        offer_conversions(workspace, intake, report.shape)


def commands_of(intake: Intake) -> list[Line]:
    """The table's check and its making, as they are chosen now."""
    chosen = opened_table(workspace) or intake
    sample = chosen.sample.table.relative_to(PROJECT_ROOT) if chosen.sample else None
    return data_commands.draft(workspace, chosen.draft, str(sample) if sample else None)


open_now = opened_table(workspace)
opened = opened_dataset()
if opened is not None:
    show_saved(workspace, opened)
    show_dataset(workspace, opened)
    show_commands(workspace, data_commands.dataset(opened))
else:
    heading("data")
    if open_now is not None:
        try:
            show_intake(open_now)
            show_commands(workspace, commands_of(open_now))
        except Problem as problem:
            # Its file was moved away, or what was read of it: nothing below could be shown.
            show_refusal(problem)
    else:
        with st.container(border=True):
            bring_in(workspace)
        show_datasets(workspace)
        show_commands(workspace, data_commands.tables())
