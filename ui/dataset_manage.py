"""Renaming and deleting a stored dataset."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.data.store import DatasetInfo, rename_dataset
from core.data.usage import (
    DatasetInUse,
    DatasetNeeded,
    DatasetRemoval,
    delete_dataset,
    named,
    plan_dataset_removal,
)
from core.problems import Problem
from core.workspace import UnknownItem, Workspace
from ui import format as fmt
from ui.datasets import dataset_name
from ui.language import _, ngettext, say


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
    if st.button(_("Delete …"), key=f"delete_{info.id}", icon=":material/delete:", width="stretch"):
        st.dialog(_("Delete for good?"))(_ask)(workspace, info.id, on_deleted)


def _ask(workspace: Workspace, id: str, on_deleted: Callable[[], None]) -> None:
    """What goes, what stays, and the button; inside the dialog."""
    try:
        removal = plan_dataset_removal(workspace, id)
    except UnknownItem:
        # It has just been deleted: the dialog closes.
        st.rerun()
    if removal.needed_by:
        problem = DatasetNeeded(name=removal.name, runs=named(removal.needed_by))
        st.warning(say(problem), icon=":material/warning:")
        return
    st.markdown("\n".join(f"- {line}" for line in _what_goes(removal)))
    if removal.versions:
        words = ngettext(
            "{count} other version of this table stays.",
            "{count} other versions of this table stay.",
            removal.versions,
        )
        st.caption(words.format(count=fmt.number(removal.versions)))
    if removal.runs:
        problem = DatasetInUse(name=removal.name, runs=named(removal.runs))
        st.warning(say(problem), icon=":material/warning:")
    st.button(
        _("Delete for good"),
        key=f"delete_now_{id}",
        icon=":material/delete_forever:",
        type="primary",
        on_click=_delete,
        args=(workspace, id, on_deleted),
    )


def _what_goes(removal: DatasetRemoval) -> list[str]:
    """What is deleted, a line each."""
    rows = ngettext("{name}: {n} row, {size}", "{name}: {n} rows, {size}", removal.rows)
    lines = [
        rows.format(
            name=fmt.verbatim(removal.name),
            n=fmt.number(removal.rows),
            size=fmt.size(removal.bytes),
        )
    ]
    if removal.reviews:
        words = ngettext(
            "{count} review of mined negatives, {decided} of them begun",
            "{count} reviews of mined negatives, {decided} of them begun",
            removal.reviews,
        )
        lines.append(
            words.format(count=fmt.number(removal.reviews), decided=fmt.number(removal.decided))
        )
    return lines


def _delete(workspace: Workspace, id: str, on_deleted: Callable[[], None]) -> None:
    try:
        delete_dataset(workspace, id, confirmed=True)
    except Problem as problem:
        # Work that needs it has begun a moment ago.
        st.toast(say(problem), icon=":material/info:")
    else:
        on_deleted()
