"""Search: one question to several models side by side, judging the answers, many questions."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.cli import search_commands
from core.cli.lines import Line
from core.problems import N_, Problem
from core.retrieval.corpora import Corpus
from core.retrieval.encode_job import missing_models
from core.retrieval.search import NoColumns
from core.workspace import Workspace
from ui.command_line import show_commands
from ui.comparisons import choose_run
from ui.corpora import choose_corpus, encode_missing
from ui.language import _, say
from ui.pages import heading
from ui.search_address import follow_link, mirror, offer_link
from ui.search_ask import TOP, answer, ask
from ui.search_columns import Asked, choose_columns
from ui.search_filters import chosen_filters
from ui.search_many import show_many
from ui.search_test_set import show_panel, show_test_set
from ui.search_texts import show_texts

STATE = st.session_state
VIEWS = {
    "ask": N_("Ask"),
    "test": N_("Your test set"),
    "many": N_("Many questions"),
    "texts": N_("Texts to search"),
}
workspace = Workspace.open()


def choose_view() -> tuple[str, DeltaGenerator]:
    """The control above everything that belongs to one corpus, and the place of the link."""
    follow_link("view", "search_view", VIEWS)
    STATE.setdefault("search_view", "ask")
    with st.container(horizontal=True, vertical_alignment="center"):
        view: str = st.segmented_control(
            _("View"),
            list(VIEWS),
            format_func=lambda view: _(VIEWS[view]),
            required=True,
            key="search_view",
            persist_state="session",
            label_visibility="collapsed",
            width="stretch",
        )
        mirror("view", None if view == "ask" else view)
        return view, st.container(width="content")


def ask_again(question: str) -> None:
    """A question of a list, asked where its hits are shown."""
    STATE.update(question=question, example=None, search_view="ask")


def show(corpus: Corpus, asked: Sequence[Asked], view: str) -> None:
    """One corpus, through the models that were chosen."""
    columns = [one.column for one in asked]
    missing = missing_models(corpus, columns)
    if view == "ask":
        question = ask(corpus)
    encode_missing(workspace, corpus, columns, missing)
    if not columns:
        raise NoColumns
    if view == "ask":
        try:
            answer(workspace, corpus, asked, question)
        except Problem as problem:
            st.error(say(problem), icon=":material/error:")
        show_panel(workspace, corpus, asked)
    elif view == "test":
        show_test_set(workspace, corpus, asked)
    else:
        show_many(workspace, corpus, asked, not missing, ask_again)


def commands_of(corpus: Corpus, asked: Sequence[Asked], view: str) -> list[Line]:
    """What is asked, as it is chosen now."""
    if view == "texts":
        return search_commands.texts()
    keys = [one.key for one in asked]
    if view != "ask":
        return search_commands.questions(corpus.info.id, keys, judged=view == "test")
    return search_commands.search(
        STATE.get("question") or "",
        corpus.info.id,
        keys,
        filters=chosen_filters(corpus),
        top=TOP,
        quick=bool(STATE.get("quick_index")),
    )


heading("search")
left, right = st.columns(2)
with left:
    run = choose_run(workspace)
with right:
    corpus = choose_corpus(workspace, run)
if corpus is None:
    show_texts(workspace, None, [])
    show_commands(workspace, search_commands.texts())
else:
    asked = choose_columns(workspace, run)
    view, place = choose_view()
    try:
        if view == "texts":
            show_texts(workspace, corpus, asked)
        else:
            show(corpus, asked, view)
        show_commands(workspace, commands_of(corpus, asked, view))
    except Problem as problem:
        st.error(say(problem), icon=":material/error:")
    # Last, when all that belongs into the address is there.
    with place:
        offer_link()
