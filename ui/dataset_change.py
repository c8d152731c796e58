"""Changing a stored dataset: a step added or undone makes a version, which is opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from core.data.intake import INLINE_ROWS
from core.data.steps import Step
from core.data.store import DatasetInfo, derive_dataset, list_datasets, load_dataset
from core.problems import Message, Problem
from core.workspace import Workspace
from ui import jobs
from ui.dataset_open import open_dataset
from ui.datasets import made_how
from ui.language import _, paragraph, say

STATE = st.session_state

_ASKED = "dataset_change"
_DONE = "dataset_changed"
_REFUSED = "dataset_change_refused"


@dataclass(frozen=True)
class _Change:
    """What somebody asked for: the whole new list of steps; ``undoes`` is the step that is gone."""

    dataset: str
    steps: tuple[Step, ...]
    undoes: Message | None = None


@dataclass(frozen=True)
class _Done:
    """What became of it: which version to speak of, and which steps there were before.

    Without ``before`` there is no way back but to open the earlier version.
    """

    dataset: str
    before: tuple[Step, ...] | None = None
    undone: Message | None = None


def add_step(info: DatasetInfo, step: Step) -> None:
    """Do ``step`` to the dataset; for buttons' callbacks."""
    set_steps(info, (*_steps(info), step))


def undo_step(info: DatasetInfo, place: int) -> None:
    """Leave out the step at ``place``, counted from 0; for buttons' callbacks."""
    steps = _steps(info)
    set_steps(info, steps[:place] + steps[place + 1 :], info.steps[place].message)


def set_steps(info: DatasetInfo, steps: Sequence[Step], undoes: Message | None = None) -> None:
    """Have the dataset made with ``steps`` and no others; for buttons' callbacks."""
    STATE.pop(_REFUSED, None)
    STATE.pop(_DONE, None)
    STATE[_ASKED] = _Change(info.id, tuple(steps), undoes)


def carry_out(workspace: Workspace, id: str) -> None:
    """Make the version that was asked for, if one was, and open it.

    Large datasets are changed by a job, whose progress is shown where this is called.

    Raises:
        UnknownItem, DatasetUnreadable: see :func:`core.data.store.load_dataset`.
    """
    asked: _Change | None = STATE.get(_ASKED)
    if asked is None or asked.dataset != id:
        return
    info = load_dataset(workspace, id).info
    version = _find(workspace, info, asked.steps)
    if version is None and info.rows > INLINE_ROWS:
        params = {"derive": id, "steps": [step.to_json() for step in asked.steps]}
        wanted = jobs.Wanted("store_table", params, "change", _("Making the new version"))
        with st.container(border=True):
            jobs.follow(workspace, [wanted])
            st.button(_("Leave it as it is"), key="change_left", type="tertiary", on_click=_forget)
        return
    _forget()
    if version is None:
        try:
            with st.spinner(_("Making the new version …"), show_time=True):
                version = derive_dataset(workspace, id, asked.steps)
        except Problem as problem:
            STATE[_REFUSED] = (id, problem)
            return
    STATE[_DONE] = _Done(version, _steps(info), asked.undoes)
    open_dataset(version)
    st.rerun()


def show_notice(info: DatasetInfo) -> None:
    """What was just done to the dataset, with the way back; or why it could not be done."""
    refused: tuple[str, Problem] | None = STATE.get(_REFUSED)
    if refused is not None and refused[0] == info.id:
        st.error(say(refused[1]), icon=":material/error:")
    done: _Done | None = STATE.get(_DONE)
    if done is None or done.dataset != info.id:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="changed"):
        with st.container():
            st.markdown(f":green[:material/check_circle:] {_words(info, done)}")
        if done.before is not None and done.undone is None:
            st.button(
                _("Undo"),
                key="undo_change",
                icon=":material/undo:",
                on_click=set_steps,
                args=(info, done.before, info.steps[-1].message if info.steps else None),
            )
        st.button(
            _("Close"),
            key="close_change",
            icon=":material/close:",
            type="tertiary",
            on_click=STATE.pop,
            args=(_DONE, None),
        )


def announce(id: str) -> None:
    """Say of the version ``id``, once it is shown, how it was made."""
    STATE[_DONE] = _Done(id)


def _words(info: DatasetInfo, done: _Done) -> str:
    if done.undone is not None:
        return _("Undone: {what}").format(what=say(done.undone))
    if done.before is None:
        return made_how(info)
    added = [step for step in info.steps if step.step not in done.before]
    return paragraph(*(say(step.message) for step in added)) or _("The steps were changed.")


def _steps(info: DatasetInfo) -> tuple[Step, ...]:
    return tuple(applied.step for applied in info.steps)


def _find(workspace: Workspace, info: DatasetInfo, steps: Sequence[Step]) -> str | None:
    """The version that is just that, if there is one already."""
    return next(
        (
            other.id
            for other in list_datasets(workspace)
            if other.is_made_by(info.original_hash, info.mapping, steps)
        ),
        None,
    )


def _forget() -> None:
    STATE.pop(_ASKED, None)
