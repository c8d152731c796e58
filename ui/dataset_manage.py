"""Renaming and deleting a stored dataset."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.data.store import DatasetInfo, rename_dataset
from core.data.usage import DatasetInUse, delete_dataset
from core.problems import Problem
from core.workspace import Workspace
from ui.datasets import dataset_name
from ui.language import _, say

_REFUSED = "delete_refused"


def manage(workspace: Workspace, info: DatasetInfo, on_deleted: Callable[[], None]) -> None:
    """What stands behind a dataset's three dots; ``on_deleted`` is called once it is gone."""
    name = st.text_input(
        _("Name of the dataset"), value=dataset_name(info), key=f"name_{info.id}", max_chars=80
    )
    if st.button(_("Rename"), key=f"rename_{info.id}", icon=":material/edit:", width="stretch"):
        try:
            rename_dataset(workspace, info.id, name)
        except Problem as problem:
            st.error(say(problem), icon=":material/error:")
            return
        st.rerun()
    if st.button(
        _("Delete for good"), key=f"delete_{info.id}", icon=":material/delete:", width="stretch"
    ):
        _delete(workspace, info.id, False, on_deleted)
    refused: tuple[str, DatasetInUse] | None = st.session_state.get(_REFUSED)
    if refused is None or refused[0] != info.id:
        st.caption(_("Runs that were trained on it keep their models."))
        return
    st.warning(say(refused[1]), icon=":material/warning:")
    if st.button(
        _("Delete it all the same"),
        key=f"delete_confirmed_{info.id}",
        icon=":material/delete_forever:",
        type="primary",
        width="stretch",
    ):
        _delete(workspace, info.id, True, on_deleted)


def _delete(workspace: Workspace, id: str, confirmed: bool, on_deleted: Callable[[], None]) -> None:
    st.session_state.pop(_REFUSED, None)
    try:
        delete_dataset(workspace, id, confirmed=confirmed)
    except DatasetInUse as problem:
        st.session_state[_REFUSED] = (id, problem)
        return
    except Problem as problem:
        st.error(say(problem), icon=":material/error:")
        return
    on_deleted()
    st.rerun()
