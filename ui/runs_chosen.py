"""What can be done with the ticked runs: open, use again, star, tag, note, archive, delete."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import streamlit as st

from core.problems import Problem
from core.training.continuing import clone_config
from core.training.run_index import DAMAGED, RunRow
from core.training.run_notes import LONGEST_NOTE, change_notes
from core.training.runs import load_run
from core.workspace import Workspace
from ui import format as fmt
from ui.language import _, ngettext, say
from ui.pages import go_to
from ui.run_actions import hand_over
from ui.run_deletion import ask_to_delete
from ui.runs import sample_name
from ui.runs_table import tick
from ui.runs_words import metric_label, state_colour, state_word
from ui.selection import select

_NAMED = 5


def show_chosen(workspace: Workspace, chosen: Sequence[RunRow], all_tags: Sequence[str]) -> None:
    """The ticked runs and what can be done with them; ``all_tags`` are those in use anywhere."""
    with st.container(border=True, key="runs_chosen"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            _say_which(chosen)
            if len(chosen) == 1 and chosen[0].state != DAMAGED:
                _of_one(workspace, chosen[0])
            _of_any(workspace, chosen)
        with st.container(horizontal=True, vertical_alignment="top", gap="medium"):
            _tags(workspace, chosen, all_tags)
            if len(chosen) == 1:
                _note(workspace, chosen[0])


def _say_which(chosen: Sequence[RunRow]) -> None:
    with st.container(gap="xxsmall"):
        if len(chosen) > 1:
            words = ngettext("{count} run ticked", "{count} runs ticked", len(chosen))
            st.markdown(f"**{words.format(count=fmt.number(len(chosen)))}**")
            names = [fmt.verbatim(sample_name(row.name)) for row in chosen]
            st.caption(_(", ").join(names[:_NAMED] + (["…"] if len(names) > _NAMED else [])))
            return
        row = chosen[0]
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**{fmt.verbatim(sample_name(row.name))}**", width="content")
            st.badge(state_word(row.state), color=state_colour(row.state))
        st.caption(_outcome(row))


def _outcome(row: RunRow) -> str:
    if row.metric is None or row.before is None or row.after is None:
        return fmt.moment(row.created) if row.created else row.id
    return _("{metric} on held-out rows: {before} before, {after} after").format(
        metric=metric_label(row.metric),
        before=fmt.number(row.before, 3),
        after=fmt.number(row.after, 3),
    )


def _of_one(workspace: Workspace, row: RunRow) -> None:
    if st.button(_("Open"), key="runs_open", icon=":material/monitoring:", type="primary"):
        select("run", row.id)
        go_to("run")
    if st.button(
        _("Use these settings again"),
        key="runs_clone",
        icon=":material/content_copy:",
        help=_("Opens Train with everything filled in, to be changed before the start."),
    ):
        try:
            config = clone_config(load_run(workspace, row.id))
        except Problem as problem:
            st.toast(say(problem), icon=":material/info:")
        else:
            hand_over(config)


def _of_any(workspace: Workspace, chosen: Sequence[RunRow]) -> None:
    starred = all(row.favourite for row in chosen)
    archived = all(row.archived for row in chosen)
    ids = [row.id for row in chosen]
    st.button(
        "",
        key="runs_star",
        icon=":material/star:" if starred else ":material/star_border:",
        help=_("Take the star away") if starred else _("Make it a favourite"),
        on_click=_change,
        args=(workspace, ids),
        kwargs={"favourite": not starred},
    )
    st.button(
        _("Take out of the archive") if archived else _("Archive"),
        key="runs_archive",
        icon=":material/unarchive:" if archived else ":material/archive:",
        help=_("An archived run leaves the lists of all screens. A link to it still opens it."),
        on_click=_change,
        args=(workspace, ids),
        kwargs={"archived": not archived},
    )
    if st.button(_("Delete …"), key="runs_delete", icon=":material/delete:"):
        ask_to_delete(workspace, ids, lambda: tick(()))
    st.button(
        "",
        key="runs_untick",
        icon=":material/close:",
        type="tertiary",
        help=_("Untick"),
        on_click=tick,
        args=((),),
    )


def _tags(workspace: Workspace, chosen: Sequence[RunRow], all_tags: Sequence[str]) -> None:
    """The tags that all of the ticked runs have; what is added or taken away counts for all."""
    common = [tag for tag in chosen[0].tags if all(tag in row.tags for row in chosen)]
    ids = [row.id for row in chosen]
    # Another key for other runs, and for other tags: the field begins with what there is.
    text = "\n".join([*ids, "", *common])
    key = f"runs_tags_{hashlib.sha256(text.encode()).hexdigest()[:12]}"

    def apply() -> None:
        wanted = st.session_state[key]
        _change(
            workspace,
            ids,
            add_tags=[tag for tag in wanted if tag not in common],
            remove_tags=[tag for tag in common if tag not in wanted],
        )

    st.multiselect(
        _("Tags") if len(chosen) == 1 else _("Tags that all of them have"),
        sorted({*all_tags, *common}),
        default=common,
        accept_new_options=True,
        placeholder=_("Type a word, press Enter"),
        key=key,
        on_change=apply,
    )


def _note(workspace: Workspace, row: RunRow) -> None:
    key = f"runs_note_{row.id}"
    st.text_area(
        _("Note"),
        value=row.note,
        height=80,
        max_chars=LONGEST_NOTE,
        placeholder=_("What you tried, and what came of it"),
        key=key,
        on_change=lambda: _change(workspace, [row.id], note=st.session_state[key]),
    )


def _change(workspace: Workspace, ids: Sequence[str], **changes: object) -> None:
    """Note something about runs; somebody else may have deleted one of them."""
    for id in ids:
        try:
            change_notes(workspace, id, **changes)
        except Problem as problem:
            st.toast(say(problem), icon=":material/info:")
