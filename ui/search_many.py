"""Many questions at once: where they come from, figures, and which questions were won and lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from core.data.read import Table, read_table
from core.data.reading.formats import SUFFIXES
from core.problems import Problem
from core.retrieval.corpora import Corpus
from core.retrieval.judgements import judged_questions, scorable
from core.retrieval.metrics import LEAST_FOR_INTERVAL
from core.retrieval.question_runs import (
    DEPTH,
    QuestionRun,
    ask_params,
    load_question_run,
)
from core.retrieval.question_runs import K as TOP
from core.retrieval.question_sets import (
    QuestionSet,
    keep_set,
    list_sets,
    make_set,
    questions_in,
)
from core.retrieval.scoring import ScoreTable
from core.retrieval.table_columns import ANSWER_NAMES, QUESTION_NAMES, named_column
from core.workspace import Workspace
from ui import format as fmt
from ui import jobs
from ui.datasets import show_quarantine, table_sentence
from ui.language import _, ngettext, paragraph, say
from ui.search_columns import Asked
from ui.search_scores import NDCG_HELP, show_bars, show_figures
from ui.texts import clipped

STATE = st.session_state
_ROWS_HIGH = 420

Ask = Callable[[str], None]
"""Asks one question in the view where hits are shown."""


def show_many(
    workspace: Workspace, corpus: Corpus, asked: Sequence[Asked], ready: bool, ask: Ask
) -> None:
    """The whole view.

    Args:
        workspace: where everything is.
        corpus: what is asked.
        asked: the columns.
        ready: whether every model has read the corpus.
        ask: is called with a question that somebody clicked on.
    """
    _add_questions(corpus)
    questions = _choose_set(corpus)
    if questions is None:
        st.info(
            _("Bring in a table of questions, with their right answers if you know them."),
            icon=":material/quiz:",
        )
        return
    _describe(questions)
    if not asked:
        return
    columns = [one.column for one in asked]
    result = load_question_run(corpus, questions.id, columns)
    if result is None:
        _have_them_asked(workspace, corpus, questions, asked, ready)
        return
    if result.answered:
        _show_scores(result, asked)
    else:
        st.info(
            _("No right answers are known, so there are no figures: compare what was found."),
            icon=":material/info:",
        )
    if len(columns) > 1:
        _show_pairs(corpus, questions, result, ask)
    st.download_button(
        _("Download all answers as CSV"),
        lambda: result.table().to_csv(index=False).encode("utf-8-sig", "replace"),
        file_name=f"{questions.name or 'questions'}.csv",
        mime="text/csv",
        icon=":material/download:",
        key="questions_csv",
    )


def _choose_set(corpus: Corpus) -> QuestionSet | None:
    """A drop-down of all lists of questions; the corpus's own first."""
    sets: dict[str, QuestionSet] = {}
    judged = scorable(judged_questions(corpus))
    for name, questions in (
        (_("Questions that came with these texts"), corpus.info.questions),
        (_("Your test set"), judged),
    ):
        if questions:
            one = make_set(name, questions)
            sets[one.id] = one
    for one in list_sets(corpus):
        sets.setdefault(one.id, one)
    if not sets:
        return None
    if STATE.get("question_set") not in sets:
        STATE["question_set"] = next(iter(sets))
    chosen = st.selectbox(
        _("List of questions"),
        list(sets),
        format_func=lambda id: f"{sets[id].name} · {_count(len(sets[id].questions))}",
        key="question_set",
        persist_state="session",
    )
    return sets[chosen]


def _describe(questions: QuestionSet) -> None:
    known = ngettext(
        "The right answer of {n} question is known.",
        "The right answers of {n} questions are known.",
        questions.answered,
    )
    st.caption(known.format(n=fmt.number(questions.answered)))
    if questions.unknown_count:
        sentence = ngettext(
            "{n} answer in the table is not among these texts and was left out, e.g. “{example}”.",
            "{n} answers in the table are not among these texts and were left out, e.g. "
            "“{example}”.",
            questions.unknown_count,
        )
        example = fmt.verbatim(clipped(questions.unknown[0], 60))
        st.warning(
            sentence.format(n=fmt.number(questions.unknown_count), example=example),
            icon=":material/warning:",
        )


def _add_questions(corpus: Corpus) -> None:
    """Upload a table, say which column is what, keep its questions."""
    with st.expander(
        _("Bring in questions"),
        icon=":material/upload_file:",
        # Another key closes it when something has been added.
        key=f"add_questions_{STATE.get('questions_added', 0)}",
    ):
        file = st.file_uploader(
            _("A table with one question in every row"),
            type=list(SUFFIXES),
            help=_("CSV, Excel, JSON or Parquet, also in a .gz or .zip archive"),
            key=f"questions_upload_{STATE.get('questions_added', 0)}",
        )
        if file is None:
            return
        try:
            with st.spinner(_("Reading {file} …").format(file=fmt.verbatim(file.name))):
                table = _read(file.file_id, file.getvalue(), file.name)
        except Problem as problem:
            st.error(say(problem), icon=":material/error:")
            return
        st.markdown(table_sentence(table))
        show_quarantine(table)
        _choose_columns_of(corpus, table, Path(file.name).stem)


def _choose_columns_of(corpus: Corpus, table: Table, stem: str) -> None:
    columns = [str(column) for column in table.frame.columns]
    left, right = st.columns(2)
    question = left.selectbox(
        _("Column with the questions"),
        columns,
        index=named_column(columns, QUESTION_NAMES) or 0,
        key="questions_column",
    )
    others = [column for column in columns if column != question]
    answers = right.selectbox(
        _("Column with right answers (optional)"),
        others,
        index=named_column(others, ANSWER_NAMES),
        placeholder=_("not known"),
        key="answers_column",
        help=_("Ids of texts or the texts themselves; several with | between them."),
    )
    name = st.text_input(_("Name"), value=stem, max_chars=80, key="questions_name")
    if st.button(_("Add"), icon=":material/add:", type="primary", key="questions_add"):
        try:
            with st.spinner(_("Looking for the answers among the texts …")):
                made = questions_in(corpus, name.strip() or stem, table.frame, question, answers)
                id = keep_set(corpus, made)
        except Problem as problem:
            st.error(say(problem), icon=":material/error:")
            return
        STATE.pop("questions_table", None)
        STATE["questions_added"] = STATE.get("questions_added", 0) + 1
        STATE["question_set"] = id
        st.rerun()


def _have_them_asked(
    workspace: Workspace,
    corpus: Corpus,
    questions: QuestionSet,
    asked: Sequence[Asked],
    ready: bool,
) -> None:
    """The button that asks them all, then how far the job is."""
    columns = [one.column for one in asked]
    wanted = jobs.Wanted(
        "ask_questions",
        ask_params(corpus.info.id, questions.id, columns),
        "questions",
        _("Asking all questions"),
    )
    if STATE.get("questions_asked") != wanted.key:
        if st.button(
            ngettext("Ask this question", "Ask all {n} questions", len(questions.questions)).format(
                n=fmt.number(len(questions.questions))
            ),
            icon=":material/play_arrow:",
            type="primary",
            key="ask_all",
            disabled=not ready,
            help=None if ready else _("As soon as every model has read these texts."),
        ):
            keep_set(corpus, questions)
            STATE["questions_asked"] = wanted.key
            st.rerun()
        return
    jobs.replace(workspace, "questions", wanted)
    jobs.follow(workspace, [wanted])


def _show_scores(result: QuestionRun, asked: Sequence[Asked]) -> None:
    table = ScoreTable(result.answered, TOP, result.scores)
    title = ngettext(
        "{n} question with known answers, higher is better",
        "{n} questions with known answers, higher is better",
        table.questions,
    ).format(n=fmt.number(table.questions))
    show_bars(table, [one.colour for one in asked], "search_scores", title)
    show_figures(table, "search_scores_table", title)


def _show_pairs(corpus: Corpus, questions: QuestionSet, result: QuestionRun, ask: Ask) -> None:
    """Two columns against each other, question by question."""
    names = [column.name for column in result.columns]
    left, right = st.columns(2)
    before = left.selectbox(
        _("Before"), range(len(names)), format_func=names.__getitem__, key="pair_before"
    )
    after = right.selectbox(
        _("After"), range(len(names)), index=1, format_func=names.__getitem__, key="pair_after"
    )
    if before == after:
        st.info(_("Choose two different ones."), icon=":material/info:")
        return
    if result.answered:
        st.markdown(verdict(result, before, after))
        table = result.compare(before, after)
        shown = _rank_frame(table)
    else:
        table = result.differences(before, after)
        shown = _difference_frame(corpus, table)
    key = f"pairs_{questions.id}_{before}_{after}"

    def clicked() -> None:
        rows = STATE[key].selection.rows
        if rows:
            ask(str(table["question"].iloc[rows[0]]))

    st.caption(_("Click at the left edge of a row to ask that question."))
    st.dataframe(
        shown,
        hide_index=True,
        key=key,
        alt=_("Questions that were won and lost"),
        on_select=clicked,
        selection_mode="single-row",
        column_config={
            _("nDCG@10 gained"): st.column_config.NumberColumn(
                format="%+.3f", help=_(NDCG_HELP).format(k=TOP)
            )
        },
        height=min(_ROWS_HIGH, 36 * (len(shown) + 1) + 2),
    )


def verdict(result: QuestionRun, before: int, after: int) -> str:
    """How many questions were won and lost, and whether that could be chance."""
    won, lost = result.won_and_lost(before, after)
    mean, interval = result.gain(before, after)
    words = _(
        "Questions won: {won} (their nDCG@10 rose), lost: {lost} (it fell), as before: {same}."
    ).format(
        won=fmt.number(won),
        lost=fmt.number(lost),
        same=fmt.number(result.answered - won - lost),
    )
    if interval is None:
        figures = _("nDCG@10 changes by {mean}.").format(mean=_signed(mean))
        few = _(
            "Whether that is chance cannot be told from fewer than {n} questions with known "
            "answers."
        )
        return paragraph(words, figures, few.format(n=LEAST_FOR_INTERVAL))
    low, high = interval
    figures = _("nDCG@10 changes by {mean} (95% interval {low} to {high}).").format(
        mean=_signed(mean), low=_signed(low), high=_signed(high)
    )
    if low > 0:
        meaning = _("That is an improvement beyond chance.")
    elif high < 0:
        meaning = _("It got worse, and not by chance.")
    else:
        meaning = _("That may be chance.")
    return paragraph(words, figures, meaning)


def _rank_frame(table: pd.DataFrame) -> pd.DataFrame:
    far = _("after {n}").format(n=DEPTH)
    ranks = {
        name: [far if pd.isna(rank) else str(int(rank)) for rank in table[name]]
        for name in ("before", "after")
    }
    return pd.DataFrame(
        {
            _("Question"): table["question"].tolist(),
            _("Rank before"): ranks["before"],
            _("Rank after"): ranks["after"],
            _("Ranks gained"): table["change"].astype(int).tolist(),
            _("nDCG@10 gained"): table["gain"].tolist(),
        }
    )


def _difference_frame(corpus: Corpus, table: pd.DataFrame) -> pd.DataFrame:
    """What stands first before and after, for questions whose answers nobody knows."""
    places = corpus.places([*table["before"], *table["after"]])
    rows = corpus.rows(list(places.values()))
    texts = {row["id"]: clipped(row["text"], 80) for row in rows}
    return pd.DataFrame(
        {
            _("Question"): table["question"].tolist(),
            _("First before"): [texts.get(id, "") for id in table["before"]],
            _("First after"): [texts.get(id, "") for id in table["after"]],
            _("Shared of the first {n}").format(n=TOP): table["shared"].tolist(),
        }
    )


def _read(file_id: str, content: bytes, name: str) -> Table:
    """The uploaded table, read once while its columns are being chosen."""
    if STATE.get("questions_table", (None,))[0] != file_id:
        STATE["questions_table"] = (file_id, read_table(content, name, minimum_columns=1))
    table: Table = STATE["questions_table"][1]
    return table


def _signed(value: float) -> str:
    return ("+" if value >= 0 else "−") + fmt.number(abs(value), 3)


def _count(count: int) -> str:
    return ngettext("{n} question", "{n} questions", count).format(n=fmt.number(count))
