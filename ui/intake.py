"""The table that is being brought in: which one is open, and what was chosen for it, on disk."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from core.data.intake import Draft
from core.data.samples import SAMPLES, Sample
from core.data.steps import Step
from core.files import read_json, write_json
from core.workspace import UnknownItem, Workspace

_OPEN = "open_table"
_PARAMETER = "table"
_IN_ADDRESS = "open_table_in_address"
_FILE = "draft.json"


@dataclass(frozen=True)
class Intake:
    """A file on its way to a dataset: what was chosen for it, and the bundled sample that it is."""

    draft: Draft
    sample: Sample | None = None

    @property
    def id(self) -> str:
        """The id of the staged file."""
        return self.draft.staged


def opened_table(workspace: Workspace) -> Intake | None:
    """The open table; None while there is none.

    A link with ``?table=`` opens that table, so that a reload of the browser finds it as it was
    left; the address follows what is opened and closed.
    """
    state = st.session_state
    linked = st.query_params.get(_PARAMETER)
    if linked and linked != state.get(_IN_ADDRESS):
        state[_OPEN] = linked
    id = state.get(_OPEN)
    intake = _load(workspace, id) if id else None
    if intake is None:
        state.pop(_OPEN, None)
    if intake is not None:
        st.query_params[_PARAMETER] = intake.id
    elif _PARAMETER in st.query_params:
        del st.query_params[_PARAMETER]
    state[_IN_ADDRESS] = intake.id if intake else None
    return intake


def open_table(workspace: Workspace, id: str, sample: Sample | None = None) -> None:
    """Make the staged file ``id`` the open table."""
    _save(workspace, Intake(Draft(id, mapping=sample.mapping if sample else None), sample))
    st.session_state[_OPEN] = id


def close_table() -> None:
    """Show none from the next run of the script on."""
    st.session_state.pop(_OPEN, None)


def change(workspace: Workspace, id: str, **changes: Any) -> None:
    """Set fields of the draft of table ``id``; nothing happens when the table is gone."""
    intake = _load(workspace, id)
    if intake is not None:
        draft = replace(intake.draft, **changes)
        if draft != intake.draft:
            _save(workspace, replace(intake, draft=draft))


def add_step(workspace: Workspace, id: str, step: Step) -> None:
    """Do ``step`` to the table, after those that it has; for buttons' callbacks."""
    intake = _load(workspace, id)
    if intake is not None:
        change(workspace, id, steps=(*intake.draft.steps, step))


def remove_step(workspace: Workspace, id: str, place: int) -> None:
    """Undo the step at ``place``, counted from 0; for buttons' callbacks."""
    intake = _load(workspace, id)
    if intake is not None:
        steps = intake.draft.steps
        change(workspace, id, steps=(*steps[:place], *steps[place + 1 :]))


def remove_steps(workspace: Workspace, id: str, kind: str) -> None:
    """Undo every step of a kind; for buttons' callbacks."""
    intake = _load(workspace, id)
    if intake is not None:
        steps = tuple(step for step in intake.draft.steps if step.kind != kind)
        change(workspace, id, steps=steps)


def _load(workspace: Workspace, id: str) -> Intake | None:
    """What was chosen for the table; None when it is gone."""
    try:
        folder = workspace.upload(id)
    except UnknownItem:
        return None
    try:
        data = read_json(folder / _FILE)
        return Intake(Draft.from_json(data["draft"]), SAMPLES.get(data["sample"] or ""))
    except (OSError, ValueError, TypeError, KeyError):
        # Never opened here, or kept by another version: start from the file.
        return Intake(Draft(id))


def _save(workspace: Workspace, intake: Intake) -> None:
    data = {
        "draft": intake.draft.to_json(),
        "sample": intake.sample.id if intake.sample else None,
    }
    write_json(workspace.upload(intake.id) / _FILE, data)
