"""Which rows are held out: drawn later, named by a column, or brought in as a second file."""

from __future__ import annotations

import streamlit as st

from core.data.intake import HeldOut
from core.data.shapes import Mapping
from core.data.staging import StagedTable, discard_staged, stage_upload, staged_file
from core.problems import N_, Problem
from core.workspace import UnknownItem, Workspace
from ui import format as fmt
from ui.intake import Intake, change
from ui.language import _, say

_DRAWN, _COLUMN, _FILE = "drawn", "column", "file"
_WAYS = {
    _DRAWN: (
        N_("Drawn by Pairloom"),
        N_(
            "A tenth of the rows or so, chosen so that no text is on both sides. The share is set "
            "when you train."
        ),
    ),
    _COLUMN: (
        N_("A column says so"),
        N_("A column says of every row which kind it is, with words such as train and test."),
    ),
    _FILE: (
        N_("They are in a second file"),
        N_("A file whose columns have the same names; all of its rows are held out."),
    ),
}
_UPLOADS = "held_out_uploads_so_far"
_REFUSED = "held_out_refused"


def choose_held_out(
    workspace: Workspace,
    intake: Intake,
    table: StagedTable,
    mapping: Mapping,
    first: str | None,
    key: str,
) -> tuple[str | None, str | None]:
    """Ask where the held-out rows come from.

    Args:
        workspace: the workspace.
        intake: the open table; a second file is kept in its draft.
        table: the same as a table.
        mapping: what was chosen so far; a split column is none of its columns.
        first: the split column that is shown at first.
        key: of the controls.

    Returns:
        the split column, if it is to be one, and what is still to be chosen, if anything is.
    """
    now = _FILE if intake.draft.held_out else _COLUMN if first else _DRAWN
    with st.expander(
        _("Which rows are held out?"),
        expanded=now != _DRAWN,
        icon=":material/call_split:",
        type="compact",
    ):
        way = st.segmented_control(
            _("Held-out rows are never trained on. The models are scored on them."),
            list(_WAYS),
            default=now,
            format_func=lambda way: _(_WAYS[way][0]),
            required=True,
            key=f"{key}_held_out",
            persist_state="session",
        )
        st.caption(_(_WAYS[way][1]))
        if way != _FILE and intake.draft.held_out is not None:
            _remove_file(workspace, intake)
        if way == _COLUMN:
            column = _column(table, mapping, first, f"{key}_split")
            return column, None if column else _(_WAYS[way][0])
        if way == _FILE:
            _file(workspace, intake)
            return None, None if intake.draft.held_out else _(_WAYS[way][0])
    return None, None


def _column(table: StagedTable, mapping: Mapping, first: str | None, key: str) -> str | None:
    taken = [column for _role, column in mapping.columns]
    columns = [column for column in table.info.columns if column not in taken]
    return st.selectbox(
        _("Column"),
        columns,
        index=columns.index(first) if first in columns else None,
        placeholder=_("no column"),
        key=key,
        persist_state="session",
        label_visibility="collapsed",
    )


def _file(workspace: Workspace, intake: Intake) -> None:
    held_out = intake.draft.held_out
    if held_out is not None:
        try:
            name = staged_file(workspace, held_out.staged).name
        except UnknownItem:
            _remove_file(workspace, intake)
            st.rerun()
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f":material/description: **{fmt.verbatim(name)}**", width="content")
            st.button(
                _("Remove"),
                key="remove_held_out",
                icon=":material/close:",
                type="tertiary",
                on_click=_remove_file,
                args=(workspace, intake),
            )
        return
    file = st.file_uploader(
        _("File with the held-out rows"), key=f"held_out_{st.session_state.get(_UPLOADS, 0)}"
    )
    problem = st.session_state.pop(_REFUSED, None)
    if problem is not None:
        st.error(say(problem), icon=":material/error:")
    if file is None:
        return
    try:
        with st.spinner(_("Taking in {file} …").format(file=fmt.verbatim(file.name))):
            staged = stage_upload(workspace, file, file.name)
        change(workspace, intake.id, held_out=HeldOut(staged))
    except Problem as refused:
        st.session_state[_REFUSED] = refused
    st.session_state[_UPLOADS] = st.session_state.get(_UPLOADS, 0) + 1
    st.rerun()


def _remove_file(workspace: Workspace, intake: Intake) -> None:
    change(workspace, intake.id, held_out=None)
    if intake.draft.held_out is not None:
        discard_staged(workspace, intake.draft.held_out.staged)
