"""Search: one question to several models side by side, judging the answers, many questions."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.problems import N_, Problem
from core.retrieval.corpora import Corpus
from core.retrieval.filters import mask_of
from core.retrieval.judgements import Mark, judge, judged_question
from core.retrieval.layouts import Look, layout_of
from core.retrieval.search import EmptyQuestion, NoColumns, SideBySide, search
from core.workspace import Workspace
from ui import format as fmt
from ui.comparisons import choose_run
from ui.corpora import choose_corpus, encode_missing, missing_of, show_texts
from ui.hits import View, show_side_by_side
from ui.language import _, ngettext, say
from ui.pages import heading
from ui.search_address import follow_link, mirror, offer_link
from ui.search_columns import Asked, choose_columns
from ui.search_filters import choose_filters
from ui.search_many import show_many
from ui.search_test_set import find_missing, show_panel, show_test_set

STATE = st.session_state
TOP = 10
EXAMPLES = 5
LONG = 2_000
"""From so many characters on a person is told that models read only the beginning."""
VIEWS = {
    "ask": N_("Ask"),
    "test": N_("Your test set"),
    "many": N_("Many questions"),
    "texts": N_("Texts"),
}
LOOKS = {Look.CARDS: N_("Cards"), Look.SECTIONS: N_("Sections"), Look.PLAIN: N_("Plain texts")}
workspace = Workspace.open()


def choose_view() -> str:
    """The control above everything that belongs to one corpus."""
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
        offer_link()
    return view


def ask(corpus: Corpus) -> str:
    """The question box and some questions to try."""
    follow_link("q", "question")
    question: str = st.text_input(
        _("Question"),
        key="question",
        type="search",
        placeholder=_("Type a question and press Enter"),
        persist_state="session",
        on_change=lambda: STATE.update(example=None),
    )
    mirror("q", question.strip())
    examples = corpus.info.questions
    start = STATE.get("examples_from", 0) % max(len(examples), 1)
    if examples:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.pills(
                _("Questions to try"),
                [one.question for one in examples[start : start + EXAMPLES]],
                key="example",
                on_change=take_example,
                label_visibility="collapsed",
            )
            more_examples(corpus)
    return question


def more_examples(corpus: Corpus) -> None:
    """The button that shows further questions to try."""
    if len(corpus.info.questions) > EXAMPLES:
        st.button(
            _("Other questions"),
            icon=":material/refresh:",
            key="other_examples",
            type="tertiary",
            on_click=lambda: STATE.update(examples_from=STATE.get("examples_from", 0) + EXAMPLES),
        )


def take_example() -> None:
    """A click on an example asks it."""
    if STATE["example"]:
        STATE["question"] = STATE["example"]


def ask_again(question: str) -> None:
    """A question of a list, asked where its hits are shown."""
    STATE.update(question=question, example=None, search_view="ask")


def choose_look(corpus: Corpus) -> Look:
    """How hits look; what suits the corpus unless somebody says otherwise."""
    key = f"look_{corpus.info.id}"
    suited = layout_of(corpus.info.fields).look
    follow_link("look", key, LOOKS)
    STATE.setdefault(key, suited)
    look: Look = st.segmented_control(
        _("Look"),
        list(LOOKS),
        format_func=lambda look: _(LOOKS[look]),
        required=True,
        key=key,
        persist_state="session",
        label_visibility="collapsed",
    )
    mirror("look", None if look == suited else str(look))
    return Look(look)


def answer(corpus: Corpus, asked: Sequence[Asked], question: str) -> None:
    """The columns' answers, or a sentence why there are none."""
    with st.container(horizontal=True, vertical_alignment="center"):
        look = choose_look(corpus)
        filters = choose_filters(corpus)
    if not question.strip():
        # Somebody who has not typed anything yet has done nothing wrong.
        empty = EmptyQuestion()
        st.info(say(empty if question else empty.advice()), icon=":material/search:")
        return
    if len(question) > LONG:
        st.info(
            _(
                "This question has {n} characters. Most models read only the beginning of a text "
                "this long; BM25 reads all of it."
            ).format(n=fmt.number(len(question))),
            icon=":material/info:",
        )
    columns = [one.column for one in asked]
    with st.spinner(_("Searching … Right after a start the models have to be loaded first.")):
        found = search(workspace, corpus.info.id, question, columns, TOP, mask_of(corpus, filters))
    if filters:
        say_how_many(found, corpus)
    judged = judged_question(corpus, question)

    def say_so(id: str, mark: Mark | None) -> None:
        judge(corpus, question, id, mark)

    show_side_by_side(found, View(layout_of(corpus.info.fields), look, judged, say_so), TOP)
    find_missing(corpus, judged)


def say_how_many(found: SideBySide, corpus: Corpus) -> None:
    """How much the filters leave."""
    sentence = ngettext(
        "The filters leave {n} of {all} text.",
        "The filters leave {n} of {all} texts.",
        corpus.info.rows,
    )
    st.caption(sentence.format(n=fmt.number(found.rows), all=fmt.number(corpus.info.rows)))


def show(corpus: Corpus, asked: Sequence[Asked], view: str) -> None:
    """One corpus, through the models that were chosen."""
    columns = [one.column for one in asked]
    missing = missing_of(corpus, columns)
    if view == "ask":
        question = ask(corpus)
    encode_missing(workspace, corpus, columns, missing)
    if not columns:
        raise NoColumns
    if view == "ask":
        try:
            answer(corpus, asked, question)
        except Problem as problem:
            st.error(say(problem), icon=":material/error:")
        show_panel(workspace, corpus, asked)
    elif view == "test":
        show_test_set(workspace, corpus, asked)
    else:
        show_many(workspace, corpus, asked, not missing, ask_again)


heading("search")
left, right = st.columns(2)
with left:
    run = choose_run(workspace)
with right:
    corpus = choose_corpus(workspace, run)
if corpus is None:
    show_texts(workspace, None)
else:
    asked = choose_columns(workspace, run)
    view = choose_view()
    try:
        if view == "texts":
            show_texts(workspace, corpus)
        else:
            show(corpus, asked, view)
    except Problem as problem:
        st.error(say(problem), icon=":material/error:")
