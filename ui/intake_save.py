"""Keeping the open table as a dataset, under a name."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.data.intake import INLINE_ROWS, Draft, DraftReport, store_draft, stored_dataset
from core.data.staging import StagedTable, discard_staged
from core.data.store import load_dataset
from core.problems import Problem
from core.retrieval.sample_corpora import add_sample_corpus
from core.workspace import Workspace
from ui import format as fmt
from ui import jobs
from ui.dataset_open import open_dataset
from ui.datasets import dataset_name
from ui.intake import Intake, close_table
from ui.language import _, current_language, say

_SAVING = "dataset_being_saved"
_SAVED = "dataset_saved"


def save_form(
    workspace: Workspace, intake: Intake, draft: Draft, table: StagedTable, report: DraftReport
) -> None:
    """The dataset's name and the button that stores it; afterwards the dataset is open."""
    sample = intake.sample if _is_as_bundled(intake, draft) else None
    with st.form("save", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(
            _("Name of the dataset"),
            value=_(intake.sample.title) if intake.sample else Path(table.info.name).stem,
            max_chars=80,
            key=f"name_of_{intake.id}_{current_language()}",
            persist_state="session",
            width=480,
        )
        asked = st.form_submit_button(_("Save dataset"), icon=":material/save:", type="primary")
    if sample is not None and name == _(sample.title):
        # Samples keep their English name on disk and are shown in everybody's language.
        name = sample.title
    sample_id = sample.id if sample else None
    if asked and report.rows_before <= INLINE_ROWS:
        try:
            with st.spinner(_("Saving …"), show_time=True):
                _leave(workspace, intake, store_draft(workspace, draft, name, sample=sample_id))
        except Problem as problem:
            st.error(say(problem), icon=":material/error:")
        return
    if asked:
        params = {"draft": draft.to_json(), "name": name, "sample": sample_id}
        st.session_state[_SAVING] = (draft.key, params)
    being_saved, params = st.session_state.get(_SAVING, (None, {}))
    if being_saved == draft.key:
        _follow_saving(workspace, intake, draft, params)


def show_saved(workspace: Workspace, id: str) -> None:
    """A line on the page of the dataset that was saved a moment ago."""
    if st.session_state.get(_SAVED) != id:
        st.session_state.pop(_SAVED, None)
        return
    try:
        info = load_dataset(workspace, id).info
    except Problem:
        return
    st.success(
        _("Saved as “{name}”.").format(name=fmt.verbatim(dataset_name(info))),
        icon=":material/check_circle:",
    )


def _follow_saving(
    workspace: Workspace, intake: Intake, draft: Draft, params: dict[str, object]
) -> None:
    stored = stored_dataset(workspace, draft)
    if stored is not None:
        _leave(workspace, intake, stored)
    jobs.follow(workspace, [jobs.Wanted("store_table", params, "store", _("Saving"))])


def _leave(workspace: Workspace, intake: Intake, saved: str) -> None:
    """Close the table, whose files are not needed any more, and open the dataset."""
    if intake.sample is not None:
        # Runs on it are examined on its corpus.
        add_sample_corpus(workspace, intake.sample.corpus)
    close_table()
    discard_staged(workspace, intake.id)
    if intake.draft.held_out is not None:
        discard_staged(workspace, intake.draft.held_out.staged)
    st.session_state.pop(_SAVING, None)
    st.session_state[_SAVED] = saved
    open_dataset(saved)
    st.rerun()


def _is_as_bundled(intake: Intake, draft: Draft) -> bool:
    """Whether the table is a sample that nothing was changed in."""
    return (
        intake.sample is not None
        and draft.mapping == intake.sample.mapping
        and not draft.steps
        and draft.held_out is None
    )
