"""Deleting runs: what goes with them, what stays, and the button, in a dialog."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from core.problems import Problem
from core.training.run_removal import Removal, plan_removal, remove_runs
from core.workspace import UnknownItem, Workspace
from ui import format as fmt
from ui.language import _, ngettext, say
from ui.runs_words import state_word

_NAMED = 5


def ask_to_delete(workspace: Workspace, ids: Sequence[str], deleted: Callable[[], None]) -> None:
    """Open the dialog.

    Args:
        workspace: where the runs are.
        ids: the runs: all of them are deleted, or none.
        deleted: is called once they are gone.
    """
    st.dialog(_("Delete for good?"))(_ask)(workspace, ids, deleted)


def _ask(workspace: Workspace, ids: Sequence[str], deleted: Callable[[], None]) -> None:
    """What goes, what stays, and the button; inside the dialog."""
    try:
        removal = plan_removal(workspace, ids)
    except UnknownItem:
        # They have just been deleted: the dialog closes.
        st.rerun()
    except Problem as problem:
        st.error(say(problem), icon=":material/error:")
        return
    _say_refused(removal)
    if not removal.allowed:
        return
    st.markdown("\n".join(f"- {line}" for line in _what_goes(removal)))
    for line in _what_stays(removal):
        st.caption(line)
    st.button(
        _("Delete for good"),
        key="runs_delete_now",
        icon=":material/delete:",
        type="primary",
        on_click=_delete,
        args=(workspace, ids, deleted),
    )


def _say_refused(removal: Removal) -> None:
    for row in removal.active:
        sentence = _("{name} is still {state}. Stop it first, then delete it.")
        words = sentence.format(name=fmt.verbatim(row.name), state=state_word(row.state))
        st.warning(words, icon=":material/warning:")
    for name, user in removal.users:
        sentence = _("{name} is needed by work that has not ended: {user}.")
        words = sentence.format(name=fmt.verbatim(name), user=fmt.verbatim(user))
        st.warning(words, icon=":material/warning:")


def _what_goes(removal: Removal) -> list[str]:
    """What is deleted, a line each."""
    runs, models, exports = len(removal.runs), removal.models, removal.exports
    favourites, noted = removal.favourites, removal.noted
    size = fmt.size(removal.bytes)
    counted = [
        (runs, ngettext("{count} run, {size}", "{count} runs, {size}", runs)),
        (models, ngettext("{count} trained model", "{count} trained models", models)),
        (exports, ngettext("{count} exported zip file", "{count} exported zip files", exports)),
        (favourites, ngettext("{count} favourite", "{count} favourites", favourites)),
        (noted, ngettext("{count} note", "{count} notes", noted)),
    ]
    return [words.format(count=fmt.number(count), size=size) for count, words in counted if count]


def _what_stays(removal: Removal) -> list[str]:
    """What was made with these runs and is not deleted."""
    lines = []
    if removal.descendants:
        names = _(", ").join(fmt.verbatim(name) for name in removal.descendants[:_NAMED])
        lines.append(
            _("These runs began with such a model and keep their own: {names}").format(names=names)
        )
    if removal.reviews:
        words = ngettext(
            "{count} review of mined negatives was made with it and stays.",
            "{count} reviews of mined negatives were made with them and stay.",
            removal.reviews,
        )
        lines.append(words.format(count=fmt.number(removal.reviews)))
    return lines


def _delete(workspace: Workspace, ids: Sequence[str], deleted: Callable[[], None]) -> None:
    try:
        remove_runs(workspace, ids)
    except Problem as problem:
        # One of them has been started again, or is needed since a moment ago.
        st.toast(say(problem), icon=":material/info:")
    else:
        deleted()
