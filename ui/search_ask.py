"""The view Ask: the question box, how hits look, and what every column answers."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.problems import N_
from core.retrieval.corpora import Corpus
from core.retrieval.filters import mask_of
from core.retrieval.judgements import Mark, judge, judged_question
from core.retrieval.layouts import Look, layout_of
from core.retrieval.search import EmptyQuestion, SideBySide, search
from core.workspace import Workspace
from ui import format as fmt
from ui.hits import View, show_side_by_side
from ui.language import _, ngettext, say
from ui.search_address import follow_link, mirror
from ui.search_columns import Asked
from ui.search_filters import choose_filters
from ui.search_test_set import find_missing

STATE = st.session_state
TOP = 10
EXAMPLES = 5
LONG = 2_000
"""From so many characters on a person is told that models read only the beginning."""
LOOKS = {Look.CARDS: N_("Cards"), Look.SECTIONS: N_("Sections"), Look.PLAIN: N_("Plain texts")}


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
        st.pills(
            _("Questions to try"),
            [one.question for one in examples[start : start + EXAMPLES]],
            key="example",
            on_change=_take_example,
            label_visibility="collapsed",
        )
    return question


def _more_examples(corpus: Corpus) -> None:
    """The button that shows further questions to try."""
    if len(corpus.info.questions) > EXAMPLES:
        st.button(
            _("Other questions"),
            icon=":material/refresh:",
            key="other_examples",
            type="tertiary",
            on_click=lambda: STATE.update(examples_from=STATE.get("examples_from", 0) + EXAMPLES),
        )


def _take_example() -> None:
    """A click on an example asks it."""
    if STATE["example"]:
        STATE["question"] = STATE["example"]


def _choose_look(corpus: Corpus) -> Look:
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


def _choose_index(corpus: Corpus, asked: Sequence[Asked]) -> bool:
    """Whether to look through the quick index; nothing to choose where there is none."""
    graphs = [
        graph
        for one in asked
        if one.column.vectors and (graph := corpus.graph(one.column.vectors)) is not None
    ]
    if not graphs:
        return False
    worst = min(graph.recall for graph in graphs)
    return st.toggle(
        _("Quick index"),
        key="quick_index",
        persist_state="session",
        help=_(
            "Answers sooner, and finds {share} of the ten best texts (measured on this corpus). "
            "Without it every text is looked at, and all ranks are exact."
        ).format(share=fmt.percent(worst, 1)),
    )


def answer(workspace: Workspace, corpus: Corpus, asked: Sequence[Asked], question: str) -> None:
    """The columns' answers, or a sentence why there are none."""
    with st.container(horizontal=True, vertical_alignment="center"):
        look = _choose_look(corpus)
        filters = choose_filters(corpus)
        quick = _choose_index(corpus, asked)
        _more_examples(corpus)
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
        mask = mask_of(corpus, filters)
        found = search(workspace, corpus.info.id, question, columns, TOP, mask, quick=quick)
    if filters:
        _say_how_many(found, corpus)
    judged = judged_question(corpus, question)

    def say_so(id: str, mark: Mark | None) -> None:
        judge(corpus, question, id, mark)

    show_side_by_side(found, View(layout_of(corpus.info.fields), look, judged, say_so), TOP)
    find_missing(corpus, judged)


def _say_how_many(found: SideBySide, corpus: Corpus) -> None:
    """How much the filters leave."""
    sentence = ngettext(
        "The filters leave {n} of {all} text.",
        "The filters leave {n} of {all} texts.",
        corpus.info.rows,
    )
    st.caption(sentence.format(n=fmt.number(found.rows), all=fmt.number(corpus.info.rows)))
