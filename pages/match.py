"""Match: the rows of one table that fit those of another, and what stands twice in a table."""

from __future__ import annotations

import streamlit as st

from core.matching.results import ResultMeta, delete_result, list_results, load_result
from core.problems import N_, Problem
from core.workspace import UnknownItem, Workspace
from ui import format as fmt
from ui.language import _, say
from ui.match_duplicates import show_duplicates
from ui.match_form import (
    VIEW,
    forget_work,
    model_words,
    show_duplicates_form,
    show_match_form,
    show_work,
)
from ui.match_result import match_title, show_match
from ui.match_tables import table_name
from ui.pages import heading
from ui.selection import select, selected
from ui.tables import paged

STATE = st.session_state
VIEWS = {"match": N_("Match two tables"), "duplicates": N_("Near-duplicates in a table")}
workspace = Workspace.open()


def title_of(meta: ResultMeta) -> str:
    """What a result is called."""
    if meta.match is not None:
        return match_title((meta.tables["left"].name, meta.tables["right"].name))
    return _("Near-duplicates in {table}").format(table=table_name(meta.tables["table"].name))


def facts_of(meta: ResultMeta) -> str:
    """With what and when a result was made."""
    params = meta.match or meta.duplicates
    assert params is not None
    model = params.model
    how = model_words(model.role, model.name) if model else _("BM25 keyword search")
    if meta.match is not None and meta.match.method == "both":
        how = _("{model} and BM25").format(model=how)
    made = _("made in {seconds}").format(seconds=fmt.duration(meta.seconds))
    return " · ".join([fmt.verbatim(how), fmt.moment(meta.created), made])


def show_open(id: str) -> None:
    """The result that is open, or how far the work for it is."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            _("New match and earlier results"),
            key="close_match",
            icon=":material/arrow_back:",
            type="tertiary",
            on_click=select,
            args=("match", None),
        )
    try:
        result = load_result(workspace, id)
    except UnknownItem as problem:
        if not show_work(workspace, id):
            st.warning(say(problem), icon=":material/warning:")
        return
    except Problem as problem:
        st.error(say(problem), icon=":material/error:")
        return
    forget_work()
    st.subheader(fmt.verbatim(title_of(result.meta)), anchor=False)
    st.caption(facts_of(result.meta))
    try:
        if result.meta.match is not None:
            show_match(workspace, result)
        else:
            show_duplicates(workspace, result)
    except Problem as problem:
        st.error(say(problem), icon=":material/error:")


def show_list() -> None:
    """The form, and below it what was made before."""
    view = st.segmented_control(
        _("View"),
        list(VIEWS),
        format_func=lambda name: _(VIEWS[name]),
        default="match",
        required=True,
        key=VIEW,
        persist_state="session",
        label_visibility="collapsed",
    )
    if view == "match":
        show_match_form(workspace)
    else:
        show_duplicates_form(workspace)
    results = list_results(workspace)
    if results:
        st.subheader(_("Earlier results"), anchor=False)
    for meta in paged(results, "match_results", size=5):
        show_card(meta)


def show_card(meta: ResultMeta) -> None:
    """One earlier result."""
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        with st.container(gap="xxsmall"):
            st.markdown(f"**{fmt.verbatim(title_of(meta))}**")
            st.caption(facts_of(meta))
        st.button(
            _("Open"),
            key=f"open_{meta.id}",
            icon=":material/open_in_new:",
            on_click=select,
            args=("match", meta.id),
        )
        with st.popover(_("Delete"), icon=":material/delete:", type="tertiary"):
            st.caption(_("Deletes this result and what was decided by hand. The tables stay."))
            if st.button(_("Delete for good"), key=f"delete_{meta.id}"):
                delete_result(workspace, meta.id)
                st.rerun()


heading("match")
opened = selected("match")
if opened:
    show_open(opened)
else:
    show_list()
