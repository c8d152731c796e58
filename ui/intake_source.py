"""Bringing a table in: an upload, a bundled sample, or a file that lies on this computer."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.data.samples import SAMPLES
from core.data.staging import (
    allowed_folders,
    list_allowed_files,
    stage_path,
    stage_upload,
    tidy_uploads,
)
from core.problems import Problem
from core.workspace import Workspace
from ui import format as fmt
from ui.intake import open_table
from ui.language import _, say

_UPLOADS = "uploads_so_far"
_REFUSED = "bring_in_refused"


def bring_in(workspace: Workspace) -> None:
    """Three ways to bring in a table; what is chosen becomes the open table."""
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.subheader(_("Upload a table"), anchor=False)
        _upload(workspace)
        _choose_file(workspace)
    with right:
        st.subheader(_("Or open a sample"), anchor=False)
        for sample in SAMPLES.values():
            st.button(
                _(sample.title),
                key=f"sample_{sample.id}",
                icon=":material/table_view:",
                help=_(sample.description),
                on_click=_open_sample,
                args=(workspace, sample.id),
                width="stretch",
            )
    problem = st.session_state.pop(_REFUSED, None)
    if problem is not None:
        st.error(say(problem), icon=":material/error:")


def _upload(workspace: Workspace) -> None:
    file = st.file_uploader(
        # Every file is taken: what is no table is refused in words that help.
        _("CSV, TSV, Excel, JSON, JSON Lines or Parquet, also as .gz or .zip, up to 1 GB"),
        # A new key empties the control, and the server forgets the bytes: they are on disk.
        key=f"upload_{st.session_state.get(_UPLOADS, 0)}",
        help=_(
            "Separator, encoding and header row are found out and can be changed afterwards. A "
            "file of more than 1 GB is turned away by the browser: open it as a file on this "
            "computer instead."
        ),
    )
    if file is None:
        return
    with st.spinner(_("Taking in {file} …").format(file=fmt.verbatim(file.name))):
        try:
            tidy_uploads(workspace)
            open_table(workspace, stage_upload(workspace, file, file.name))
        except Problem as problem:
            st.session_state[_REFUSED] = problem
    st.session_state[_UPLOADS] = st.session_state.get(_UPLOADS, 0) + 1
    st.rerun()


def _choose_file(workspace: Workspace) -> None:
    """A file in a folder that the workbench may read; it is opened where it lies."""
    files = list_allowed_files(workspace)
    folders = list(dict.fromkeys([workspace.incoming, *allowed_folders(workspace)]))
    with st.expander(
        _("Or open a file on this computer"), icon=":material/folder_open:", type="compact"
    ):
        if files:
            with st.container(horizontal=True, vertical_alignment="bottom"):
                chosen = st.selectbox(
                    _("File"),
                    files,
                    index=None,
                    format_func=lambda path: _file_label(path, folders),
                    placeholder=_("choose a file"),
                    key="file_on_this_computer",
                )
                st.button(
                    _("Open"),
                    key="open_file",
                    icon=":material/folder_open:",
                    disabled=chosen is None,
                    on_click=_open_file,
                    args=(workspace, chosen),
                )
        places = _(", ").join(fmt.verbatim(str(folder)) for folder in folders)
        st.caption(
            _(
                "Files in {folders} are opened where they lie, however large they are. Put yours "
                "there; other folders can be named in PAIRLOOM_FOLDERS when Pairloom is started."
            ).format(folders=places)
        )


def _file_label(path: Path, folders: list[Path]) -> str:
    """The file's path below its folder, and its size."""
    below = next((folder for folder in folders if path.is_relative_to(folder)), path.parent)
    try:
        size = fmt.size(path.stat().st_size)
    except OSError:
        return str(path.relative_to(below))
    return f"{path.relative_to(below)}  ({size})"


def _open_sample(workspace: Workspace, sample_id: str) -> None:
    sample = SAMPLES[sample_id]
    try:
        open_table(workspace, stage_upload(workspace, sample.table, sample.table.name), sample)
    except Problem as problem:
        st.session_state[_REFUSED] = problem


def _open_file(workspace: Workspace, path: Path) -> None:
    try:
        open_table(workspace, stage_path(workspace, path))
    except Problem as problem:
        st.session_state[_REFUSED] = problem
