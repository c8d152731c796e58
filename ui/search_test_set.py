"""A person's own test set: marking answers, what the columns reach on it, what else it serves."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.data.check import MINIMUM_ROWS
from core.problems import Problem
from core.retrieval.answers import Answers
from core.retrieval.corpora import ID, TEXT, Corpus
from core.retrieval.finding import find_texts
from core.retrieval.judged_rows import judged_rows, judged_table, store_judged
from core.retrieval.judgements import (
    FEW_QUESTIONS,
    JudgedQuestion,
    Mark,
    has_judged,
    judge,
    judged_questions,
    scorable,
    undo,
)
from core.retrieval.scoring import ScoreTable, score_questions
from core.workspace import Workspace
from ui import format as fmt
from ui.language import _, ngettext, paragraph, say
from ui.pages import go_to
from ui.search_columns import Asked
from ui.search_scores import show_figures
from ui.selection import select
from ui.texts import clipped

STATE = st.session_state
K = 10
_FOUND = 8


def this_session() -> str:
    """Who judges here: another tab, and another person, is another one."""
    if "judge" not in STATE:
        STATE["judge"] = secrets.token_hex(4)
    name: str = STATE["judge"]
    return name


def find_missing(corpus: Corpus, judged: JudgedQuestion) -> None:
    """A field that finds a text that no column showed, to be marked as a right answer."""
    with st.expander(_("A right answer is missing?"), icon=":material/add_task:"):
        part = st.text_input(
            _("Find it by some of its words"),
            key="missing_part",
            placeholder=_("Words that stand in the text, or its id"),
        )
        rows = find_texts(corpus, part, _FOUND)
        if part.strip() and not rows:
            st.info(_("No text has these words."), icon=":material/search_off:")
        for number, row in enumerate(rows):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.markdown(fmt.verbatim(clipped(row[TEXT], 110)), width="stretch")
                st.button(
                    _("Already right") if row[ID] in judged.relevant else _("This is right"),
                    key=f"missing_{number}",
                    icon=":material/check:",
                    disabled=row[ID] in judged.relevant,
                    on_click=judge,
                    args=(corpus, judged.question, row[ID], Mark.RIGHT),
                    kwargs={"missing": True, "by": this_session()},
                )


def show_panel(workspace: Workspace, corpus: Corpus, asked: Sequence[Asked]) -> None:
    """What the columns reach on everything that was judged so far."""
    questions = judged_questions(corpus)
    with st.container(border=True, key="test_set"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown("**" + _("Your test set") + "**", width="stretch")
            _undo_button(corpus)
        if not questions:
            st.caption(
                _(
                    "Mark answers with ✓ (right) or ✕ (wrong). The questions you have judged "
                    "become a test set of your own, and every model is scored on it here."
                )
            )
            return
        _show_scores(workspace, corpus, asked, questions)


def show_test_set(workspace: Workspace, corpus: Corpus, asked: Sequence[Asked]) -> None:
    """The view of everything that was judged: figures, list, file, training data."""
    questions = judged_questions(corpus)
    if not questions:
        st.info(
            _(
                "Nothing is judged yet. Ask a question and mark the answers with ✓ (right) or ✕ "
                "(wrong): a test set of your own grows from that."
            ),
            icon=":material/checklist:",
        )
        return
    with st.container(border=True, key="test_set"):
        _show_scores(workspace, corpus, asked, questions)
    _show_list(corpus, questions)
    with st.container(horizontal=True):
        _undo_button(corpus)
        st.download_button(
            _("Download as CSV"),
            judged_table(corpus, questions).to_csv(index=False).encode("utf-8-sig", "replace"),
            file_name="judgements.csv",
            mime="text/csv",
            icon=":material/download:",
            key="judgements_csv",
        )
    _use_for_training(workspace, corpus, questions)


def _undo_button(corpus: Corpus) -> None:
    st.button(
        _("Undo"),
        icon=":material/undo:",
        key="undo_judgement",
        disabled=not has_judged(corpus, this_session()),
        help=_("Take back what you marked last, since this page was opened."),
        on_click=undo,
        args=(corpus, this_session()),
    )


def _show_scores(
    workspace: Workspace,
    corpus: Corpus,
    asked: Sequence[Asked],
    questions: Sequence[JudgedQuestion],
) -> None:
    scored = scorable(questions)
    st.markdown(_sentence(len(questions), len(scored)))
    if not scored or not asked:
        return
    with st.spinner(_("Asking all judged questions …")):
        table = _scores(workspace, corpus, asked, questions)
    show_figures(table, "test_set_figures", _("Your test set"))
    st.caption(_("Over all texts, without filters; higher is better."))


def _sentence(judged: int, scored: int) -> str:
    """How many questions there are, and what that is worth."""
    sentences = [
        ngettext("{n} question judged.", "{n} questions judged.", judged).format(
            n=fmt.number(judged)
        )
    ]
    if judged > scored:
        sentences.append(
            ngettext(
                "{n} of them has no right answer yet and does not count.",
                "{n} of them have no right answer yet and do not count.",
                judged - scored,
            ).format(n=fmt.number(judged - scored))
        )
    if scored < FEW_QUESTIONS:
        sentences.append(
            _(
                "That is few: one more question can turn the figures around. From about {n} on "
                "they mean something."
            ).format(n=FEW_QUESTIONS)
        )
    return paragraph(*sentences)


def _scores(
    workspace: Workspace,
    corpus: Corpus,
    asked: Sequence[Asked],
    questions: Sequence[JudgedQuestion],
) -> ScoreTable:
    """The figures, counted again when a mark or a column is another than before.

    A question is ranked once by each column: a further mark changes only what counts as right.
    """
    columns = [one.column for one in asked]
    key = (corpus.info.content_hash, tuple(columns), tuple(questions))
    kept = STATE.get("test_set_scores")
    if kept is not None and kept[0] == key:
        table: ScoreTable = kept[1]
        return table
    answers: Answers | None = STATE.get("test_set_answers")
    if answers is None or answers.corpus.info.id != corpus.info.id:
        answers = STATE["test_set_answers"] = Answers.of(workspace, corpus)
    table = score_questions(
        workspace, corpus.info.id, columns, K, questions=scorable(questions), answers=answers
    )
    if all(column.problem is None for column in table.columns):
        STATE["test_set_scores"] = (key, table)
    return table


def _show_list(corpus: Corpus, questions: Sequence[JudgedQuestion]) -> None:
    frame = pd.DataFrame(
        {
            _("Question"): [one.question for one in questions],
            _("Right"): [len(one.relevant) for one in questions],
            _("Wrong"): [len(one.wrong) for one in questions],
            _("Not shown by any model"): [len(one.missing) for one in questions],
        }
    )
    st.dataframe(
        frame, hide_index=True, key="judged_list", alt=_("Your test set"), height="content"
    )


def _use_for_training(
    workspace: Workspace, corpus: Corpus, questions: Sequence[JudgedQuestion]
) -> None:
    """Make a dataset of what was judged."""
    with st.expander(_("Use as training data"), icon=":material/model_training:"):
        counts = {
            with_wrong: len(judged_rows(corpus, questions, with_wrong=with_wrong))
            for with_wrong in (False, True)
        }
        with_wrong = st.radio(
            _("What becomes a row"),
            [False, True],
            format_func=lambda wrong: (
                _("Question, right and wrong text ({n} rows): the wrong ones are hard negatives")
                if wrong
                else _("Question and right text ({n} rows)")
            ).format(n=fmt.number(counts[wrong])),
            key="judged_with_wrong",
        )
        name = st.text_input(
            _("Name"),
            value=_("Judged in Search"),
            max_chars=80,
            key="judged_name",
        )
        st.caption(
            _(
                "A model that was trained on these questions cannot be tested with them any more: "
                "its figures here would be too good."
            )
        )
        few = counts[with_wrong] < MINIMUM_ROWS
        if few:
            words = _("A dataset has at least {minimum} rows: judge some more answers first.")
            st.caption(words.format(minimum=MINIMUM_ROWS))
        if st.button(
            _("Make a dataset"), icon=":material/table_view:", key="judged_store", disabled=few
        ):
            try:
                id = store_judged(workspace, corpus, questions, name, with_wrong=with_wrong)
            except Problem as problem:
                st.error(say(problem), icon=":material/error:")
                return
            select("dataset", id)
            go_to("data")
