"""The answers of base, tuned model and BM25 side by side, and how each does on all questions."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.retrieval.search import (
    ColumnHits,
    ColumnKind,
    ColumnScores,
    Hit,
    MissingVectors,
    ScoreTable,
)
from ui import charts
from ui import format as fmt
from ui.language import _, ngettext, plain, say
from ui.texts import clipped

_SHOWN_WIDTH = 200
_COLOURS = (charts.BASE, charts.TUNED, charts.BM25)
_METRICS = {"nDCG": "ndcg", "MRR": "mrr", "Recall": "recall"}


def show_column(answers: ColumnHits, relevant: Collection[str], asked: int, first: bool) -> None:
    """One column: its best texts with rank, score, and what became of their rank in the base.

    Args:
        answers: what the column found.
        relevant: the ids of the right answers, if the question is one whose answers are known.
        asked: how many texts were asked for.
        first: whether this is the column that the others are compared with.
    """
    st.markdown(f"**{fmt.verbatim(answers.column.name)}**")
    if isinstance(answers.problem, MissingVectors):
        st.info(_("Answers as soon as it has read the corpus."), icon=":material/hourglass_top:")
        return
    if answers.problem is not None:
        st.warning(say(answers.problem), icon=":material/warning:")
        return
    st.caption(_summary(answers, relevant, asked, first))
    if not answers.hits:
        st.info(_("No text has a word in common with the question."), icon=":material/info:")
    for hit in answers.hits:
        with st.container(border=True, gap="xxsmall"):
            _show_hit(hit, answers, hit.id in relevant, asked, first)


def _summary(answers: ColumnHits, relevant: Collection[str], asked: int, first: bool) -> str:
    """Where the first right answer stands, and what the scores are or how many the base has too.

    As many lines in every column, so that the answers start at the same height.
    """
    lines = []
    if relevant:
        ranks = [hit.rank for hit in answers.hits if hit.id in relevant]
        lines.append(
            _("right answer at rank {rank}").format(rank=ranks[0])
            if ranks
            else _("no right answer among the first {n}").format(n=asked)
        )
    if first or answers.shared is None:
        lines.append(
            _("scores: cosine")
            if answers.column.kind is ColumnKind.DENSE
            else _("scores: BM25, without an upper limit")
        )
    else:
        lines.append(_("{n} of them in the base's list too").format(n=answers.shared))
    return "  \n".join(lines)


def _show_hit(hit: Hit, answers: ColumnHits, right: bool, asked: int, first: bool) -> None:
    digits = 3 if answers.column.kind is ColumnKind.DENSE else 2
    head = [f"**{hit.rank}**", f":gray[{fmt.number(hit.score, digits)}]"]
    if not first:
        head.append(_change(hit, asked))
    if right:
        head.append(":green-badge[:material/check: " + _("right answer") + "]")
    st.markdown(" &nbsp; ".join(head))
    shown = clipped(hit.text, _SHOWN_WIDTH)
    st.markdown(
        fmt.verbatim(shown), help=None if shown == hit.text.strip() else fmt.verbatim(hit.text)
    )
    quiet = [
        clipped(value, 60)
        for value in hit.fields.values()
        if value.strip() and value.strip() not in hit.text
    ]
    if quiet:
        st.caption(fmt.verbatim(" · ".join(quiet)))


def _change(hit: Hit, asked: int) -> str:
    """How many ranks the text has gained against the base, or that the base did not show it."""
    if hit.base_rank is None:
        return ":violet[" + _("new") + "]"
    if hit.base_rank > asked:
        words = _("new, was {rank}").format(rank=fmt.number(hit.base_rank))
        return f":violet[{words}]"
    if not hit.change:
        return ":gray[=]"
    return f":green[▲{hit.change}]" if hit.change > 0 else f":orange[▼{-hit.change}]"


def show_scores(table: ScoreTable) -> None:
    """All questions with known answers: bars and figures of the three columns."""
    title = ngettext(
        "{n} question with known answers, higher is better",
        "{n} questions with known answers, higher is better",
        table.questions,
    ).format(n=fmt.number(table.questions))
    charts.show(scores_chart(table, title), "search_scores", alt=title)
    rows = [_figures(column, table.k) for column in table.columns]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        key="search_scores_table",
        alt=title,
        column_config={
            f"{metric}@{table.k}": st.column_config.NumberColumn(format="%.3f", width="small")
            for metric in _METRICS
        },
    )
    for column in table.columns:
        if column.problem is not None:
            st.warning(say(column.problem), icon=":material/warning:")


def scores_chart(table: ScoreTable, title: str) -> go.Figure:
    """One group of bars for each figure, one colour for each column."""
    figure = go.Figure()
    for column, colour in zip(table.columns, _COLOURS, strict=False):
        values = [getattr(column, name) for name in _METRICS.values()]
        if column.problem is not None:
            continue
        figure.add_bar(
            x=[f"{metric}@{table.k}" for metric in _METRICS],
            y=values,
            name=clipped(column.column.name, 40),
            marker_color=colour,
            text=[f"{value:.3f}" for value in values],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{x}: <b>%{y:.4f}</b>",
        )
    figure.update_layout(charts.layout(title, height=340, barmode="group", bargap=0.35))
    figure.update_yaxes(range=[0, 1.08], title_text=_("Mean over the questions"))
    return figure


def _figures(column: ColumnScores, k: int) -> dict[str, object]:
    interval = ""
    if column.ndcg_interval is not None:
        interval = " – ".join(fmt.number(end, 3) for end in column.ndcg_interval)
    return {
        _("Column"): column.column.name if column.problem is None else plain(column.problem),
        **{f"{metric}@{k}": getattr(column, name) for metric, name in _METRICS.items()},
        _("95% interval of nDCG"): interval,
    }
