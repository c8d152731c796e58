"""The quick index of large corpora: turning it on, and what it misses, measured on this corpus."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.retrieval.corpora import Corpus
from core.retrieval.hnsw import GraphInfo
from ui import format as fmt
from ui.language import _, paragraph
from ui.search_address import linked, mirror
from ui.search_columns import Asked

STATE = st.session_state
_PART, _ON = "quick", "1"


def choose_index(corpus: Corpus, asked: Sequence[Asked]) -> bool:
    """Whether to look through the quick index; nothing to choose where there is none."""
    graphs = _graphs(corpus, asked)
    if not graphs:
        mirror(_PART, None)
        return False
    if linked(_PART) == _ON:
        STATE["quick_index"] = True
    worst = min((graph for _one, graph in graphs), key=lambda graph: graph.recall)
    quick = st.toggle(
        _("Quick index"),
        key="quick_index",
        persist_state="session",
        help=_(
            "Answers sooner, and finds {share} of the ten best texts (measured on these texts). "
            "Without it every text is looked at, and all ranks are exact."
        ).format(share=fmt.percent(worst.recall, 1)),
    )
    mirror(_PART, _ON if quick else None)
    return quick


def say_what_is_missed(corpus: Corpus, asked: Sequence[Asked]) -> None:
    """What the quick index of each model finds, as a warning where that is too little."""
    for one, graph in _graphs(corpus, asked):
        words = _what_it_finds(one, graph)
        if graph.good:
            st.caption(words)
            continue
        advice = _("That is too little to compare models by: turn it off to see exact ranks.")
        st.warning(paragraph(words, advice), icon=":material/warning:")


def say_index(corpus: Corpus, one: Asked) -> None:
    """What the quick index over one model's vectors finds, and how quickly, if there is one."""
    graph = corpus.graph(one.column.vectors) if one.column.vectors else None
    if graph is None:
        return
    time = _("A question takes {quick} instead of {exact} milliseconds.").format(
        quick=fmt.number(graph.milliseconds, 1), exact=fmt.number(graph.exact_milliseconds, 1)
    )
    st.caption(paragraph(_what_it_finds(one, graph), time))


def _what_it_finds(one: Asked, graph: GraphInfo) -> str:
    """Two sentences: how much is found, and how that is known."""
    found = _(
        "The quick index of {model} finds {ten} of the ten best texts and {hundred} of the best "
        "hundred."
    ).format(
        model=fmt.verbatim(one.column.name),
        ten=fmt.percent(graph.recall, 1),
        hundred=fmt.percent(graph.recall_deep, 1),
    )
    measured = (
        _("Measured with {n} of the questions that came with these texts.")
        if graph.own_questions
        else _("Measured with {n} of these texts as questions, before it knew them.")
    )
    return paragraph(found, measured.format(n=fmt.number(graph.questions)))


def _graphs(corpus: Corpus, asked: Sequence[Asked]) -> list[tuple[Asked, GraphInfo]]:
    """The quick indexes of the models that are asked, each once."""
    found = {}
    for one in asked:
        vectors = one.column.vectors
        graph = corpus.graph(vectors) if vectors else None
        if graph is not None:
            found.setdefault(vectors, (one, graph))
    return list(found.values())
