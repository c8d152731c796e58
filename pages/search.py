"""Search: one question to the base, the tuned model and BM25, answered side by side."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.inspection.comparison import Comparison
from core.problems import Problem
from core.retrieval.corpora import Corpus
from core.retrieval.search import Column, EmptyQuestion, SideBySide, score_questions, search
from core.training.runs import Run
from core.workspace import Workspace
from ui import format as fmt
from ui.comparisons import choose_run, compared
from ui.corpora import add_own, add_samples, choose_corpus, encode_missing, missing_of
from ui.hits import show_column, show_scores
from ui.language import _, ngettext, say
from ui.pages import heading
from ui.runs import run_name

STATE = st.session_state
TOP = 10
EXAMPLES = 5
LONG = 2_000
"""From so many characters on a person is told that models read only the beginning."""
workspace = Workspace.open()


def columns_of(run: Run, comparison: Comparison) -> list[Column]:
    """Whom to ask; the base comes first, for the others are compared with it."""
    base, tuned = comparison.base, comparison.tuned
    return [
        Column.dense(
            _("Base: {model}").format(model=comparison.base_name.rpartition("/")[2]),
            base.folder,
            base.fingerprint,
        ),
        Column.dense(
            _("Tuned: {name}").format(name=run_name(run)), tuned.folder, tuned.fingerprint
        ),
        Column.lexical(_("BM25 keyword search")),
    ]


def ask(corpus: Corpus) -> str:
    """The question box and some questions to try."""
    question: str = st.text_input(
        _("Question"),
        key="question",
        type="search",
        placeholder=_("Type a question and press Enter"),
        persist_state="session",
        on_change=lambda: STATE.update(example=None),
    )
    examples = corpus.info.questions
    start = STATE.get("examples_from", 0) % max(len(examples), 1)
    if examples:
        st.pills(
            _("Questions to try"),
            [one.question for one in examples[start : start + EXAMPLES]],
            key="example",
            on_change=take_example,
            label_visibility="collapsed",
        )
    return question


def more_examples(corpus: Corpus) -> None:
    """The button that shows further questions to try."""
    if len(corpus.info.questions) > EXAMPLES:
        st.button(
            _("Other questions"),
            icon=":material/refresh:",
            key="other_examples",
            on_click=lambda: STATE.update(examples_from=STATE.get("examples_from", 0) + EXAMPLES),
        )


def take_example() -> None:
    """A click on an example asks it."""
    if STATE["example"]:
        STATE["question"] = STATE["example"]


def answer(corpus: Corpus, columns: Sequence[Column], question: str) -> None:
    """The columns' answers, or a sentence why there are none."""
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
    with st.spinner(_("Searching … Right after a start the models have to be loaded first.")):
        found: SideBySide = search(workspace, corpus.info.id, question, columns, TOP)
    right = {
        id
        for judged in corpus.info.judged
        if judged.question == found.question
        for id in judged.relevant
    }
    places = st.columns(len(found.columns), gap="small")
    for number, (place, answers) in enumerate(zip(places, found.columns, strict=True)):
        with place:
            show_column(answers, right, TOP, first=number == 0)


def score_all(corpus: Corpus, columns: Sequence[Column], ready: bool) -> None:
    """The button that asks all questions with known answers at once, and what came of it."""
    count = len(corpus.info.judged)
    asked = (corpus.info.id, tuple(column.fingerprint for column in columns))
    label = ngettext("Score the example question", "Score all {n} example questions", count)
    with st.container(horizontal=True):
        more_examples(corpus)
        clicked = count > 0 and st.button(
            label.format(n=fmt.number(count)),
            icon=":material/bar_chart:",
            key="score_all",
            disabled=not ready,
            help=_("How high each column ranks the right answers, on average."),
        )
    if clicked:
        with st.spinner(_("Asking all questions …")):
            table = score_questions(workspace, corpus.info.id, columns, TOP)
        STATE["search_scores"] = (asked, table)
    if STATE.get("search_scores", (None,))[0] == asked:
        with st.expander(
            _("Scores over all example questions"), icon=":material/bar_chart:", expanded=True
        ):
            show_scores(STATE["search_scores"][1])


def show(run: Run, corpus: Corpus) -> None:
    """Everything about one run and one corpus."""
    comparison = compared(run)
    if comparison is None:
        return
    columns = columns_of(run, comparison)
    question = ask(corpus)
    missing = missing_of(corpus, columns)
    try:
        score_all(corpus, columns, ready=not missing)
        encode_missing(workspace, corpus, missing)
        answer(corpus, columns, question)
    except Problem as problem:
        st.error(say(problem), icon=":material/error:")


heading("search")
left, right = st.columns(2)
with left:
    run = choose_run(workspace)
if run is not None:
    with right:
        corpus = choose_corpus(workspace, run)
    with st.expander(
        _("Add texts to search in"),
        icon=":material/library_add:",
        expanded=corpus is None,
        # Another key closes it when something has been added.
        key=f"add_texts_{STATE.get('corpora_added', 0)}",
    ):
        with st.container(horizontal=True):
            add_samples(workspace)
        add_own(workspace)
    if corpus is not None:
        show(run, corpus)
