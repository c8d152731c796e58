"""What the columns answer, side by side: cards, sections of labels or plain texts."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from core.problems import N_
from core.retrieval.answers import ColumnKind, MissingVectors
from core.retrieval.judgements import JudgedQuestion, Mark
from core.retrieval.layouts import Layout, Look, take_apart
from core.retrieval.marks import Part, mark
from core.retrieval.search import ColumnHits, Hit, Lost, SideBySide
from ui import format as fmt
from ui.language import _, ngettext, say
from ui.texts import clipped

_SHOWN = 110
"""So many characters of a text are shown before it is folded."""
_IN_A_ROW = 4
_CHIP = (
    "display:inline-block;border:1px solid rgba(128,128,128,.45);border-radius:999px;"
    "padding:0 .55em;margin:.15em .3em .15em 0;font-size:.8em"
)
_MARK = "background:rgba(250,190,40,.34);color:inherit;border-radius:.2em;padding:.05em 0"

_SCORE_HELP = {
    ColumnKind.DENSE: N_(
        "The cosine of the model's vectors for question and text. 1 means that it sees no "
        "difference, 0 that it sees nothing in common. Compare numbers within one column only."
    ),
    ColumnKind.LEXICAL: N_(
        "BM25: the more words both have, the rarer these words and the shorter the text, the "
        "higher. Compare numbers within one column only."
    ),
    ColumnKind.FUSED: N_(
        "A text gets 1 / (60 + rank) points for its rank with the model, and as many for its rank "
        "with BM25. Compare numbers within one column only."
    ),
}

Judge = Callable[[str, Mark | None], None]
"""Takes a text's id and what it is now; None takes back what was said."""

_NOTHING = {
    ColumnKind.LEXICAL: N_("No text has a word in common with the question."),
    ColumnKind.DENSE: N_(
        "The model has no usable numbers for these texts, so it finds none of them. Choose another "
        "model; the training of this one has gone wrong."
    ),
    ColumnKind.FUSED: N_(
        "The model has no usable numbers for these texts, and none of them has a word in common "
        "with the question."
    ),
}
"""Why a column of each kind finds nothing at all."""


@dataclass(frozen=True)
class View:
    """How the hits of one question are shown.

    Attributes:
        layout: which fields of the corpus play a part.
        look: cards, sections or plain texts.
        judged: what is known and was said about the question's texts.
        judge: is called when somebody says something about a text.
    """

    layout: Layout
    look: Look
    judged: JudgedQuestion
    judge: Judge


def show_side_by_side(found: SideBySide, view: View, asked: int) -> None:
    """All columns; ``asked`` is how many hits each was asked for."""
    count = len(found.columns)
    # Five and six columns stand in two rows of three.
    width = count if count <= _IN_A_ROW else -(-count // 2)
    for start in range(0, count, width):
        places = st.columns(width, gap="small")
        for number, place in zip(range(start, min(start + width, count)), places, strict=False):
            with place:
                _show_column(found, number, view, asked)


def _show_column(found: SideBySide, number: int, view: View, asked: int) -> None:
    answers = found.columns[number]
    st.markdown(f"**{fmt.verbatim(answers.column.name)}**")
    if isinstance(answers.problem, MissingVectors):
        st.info(_("Answers as soon as it has read the corpus."), icon=":material/hourglass_top:")
        return
    if answers.problem is not None:
        st.warning(say(answers.problem), icon=":material/warning:")
        return
    st.caption(
        _summary(answers, number, view, asked, others=len(found.columns) > 1),
        help=_(_SCORE_HELP[answers.column.kind]),
    )
    if not answers.hits:
        st.info(_(_NOTHING[answers.column.kind]), icon=":material/info:")
    for hit in answers.hits:
        with st.container(border=True, gap="xxsmall", key=f"hit_{number}_{hit.rank}"):
            compared = number > 0 and answers.shared is not None
            _show_hit(hit, answers.column.kind, found.question, number, view, asked, compared)
    if number and answers.lost:
        _show_lost(answers.lost, view)


def _summary(answers: ColumnHits, number: int, view: View, asked: int, others: bool) -> str:
    """Where the first right answer stands, how many hits the first column has too, what scores are.

    As many lines in every column, so that the answers start at the same height.
    """
    lines = []
    relevant = view.judged.relevant
    if relevant:
        ranks = [hit.rank for hit in answers.hits if hit.id in relevant]
        lines.append(
            _("right answer at rank {rank}").format(rank=ranks[0])
            if ranks
            else _("no right answer among the first {n}").format(n=asked)
        )
    if number and answers.shared is not None:
        lines.append(_("{n} of them in the first column too").format(n=answers.shared))
    else:
        first = not number and others
        lines.append(_("what the others are compared with") if first else " ")
    lines.append(
        {
            ColumnKind.DENSE: _("scores: how near in meaning, at most 1"),
            ColumnKind.LEXICAL: _("scores: words in common, no upper limit"),
            ColumnKind.FUSED: _("scores: points for both ranks"),
        }[answers.column.kind]
    )
    return "  \n".join(lines)


def _show_hit(
    hit: Hit,
    kind: ColumnKind,
    question: str,
    number: int,
    view: View,
    asked: int,
    compared: bool,
) -> None:
    digits = {ColumnKind.DENSE: 3, ColumnKind.LEXICAL: 2, ColumnKind.FUSED: 4}[kind]
    head = [f"**{hit.rank}**", f":gray[{fmt.number(hit.score, digits)}]"]
    if compared:
        head.append(_change(hit, asked))
    said = view.judged.mark(hit.id)
    with st.container(horizontal=True, vertical_alignment="center", gap="xxsmall"):
        st.markdown(" &nbsp; ".join(head), width="stretch")
        _judge_buttons(hit, said, number, view.judge)
    if hit.id in view.judged.relevant:
        st.markdown(":green-badge[:material/check: " + _("right answer") + "]")
    elif said is Mark.WRONG:
        st.markdown(":red-badge[:material/close: " + _("wrong") + "]")
    st.html(hit_html(hit, question, view))


def _judge_buttons(hit: Hit, said: Mark | None, number: int, judge: Judge) -> None:
    """Right and wrong; another click on what was said takes it back."""
    for word, label, chosen, help in (
        (Mark.RIGHT, ":material/check:", ":green[:material/check_circle:]", _("This is right")),
        (Mark.WRONG, ":material/close:", ":red[:material/cancel:]", _("This is wrong")),
    ):
        st.button(
            chosen if said is word else label,
            key=f"{word}_{number}_{hit.rank}",
            type="tertiary",
            help=_("Take this back") if said is word else help,
            on_click=judge,
            args=(hit.id, None if said is word else word),
        )


def hit_html(hit: Hit, question: str, view: View) -> str:
    """The text of a hit with what it has in common with the question marked, as safe HTML."""
    shown = take_apart(hit.text, hit.fields, view.layout, view.look)
    parts = []
    if shown.title:
        size = "1.08em" if view.look is Look.CARDS else "1em"
        parts.append(
            f'<div class="hit-title" style="font-size:{size};font-weight:600;line-height:1.35">'
            f"{_marked(shown.title, question)}</div>"
        )
    if shown.section:
        parts.append(
            f'<div style="opacity:.75;font-size:.88em;font-weight:600">'
            f"{_marked(shown.section, question)}</div>"
        )
    if shown.price:
        parts.append(f'<div style="font-weight:600">{html.escape(shown.price)}</div>')
    parts.append(_foldable(shown.body, question))
    if shown.chips:
        chips = "".join(
            f'<span style="{_CHIP}" title="{html.escape(name)}">'
            f"{html.escape(clipped(entry, 40))}</span>"
            for name, entry in shown.chips
        )
        parts.append(f"<div>{chips}</div>")
    style = "font-size:.95em;line-height:1.5;overflow-wrap:anywhere"
    return f'<div style="{style}">{"".join(parts)}</div>'


def _foldable(text: str, question: str) -> str:
    """A text; of a long one the beginning, the rest after a click."""
    if len(text) <= _SHOWN * 3 // 2:
        return f"<div>{_marked(text, question)}</div>"
    # Marked as a whole: the fold may fall into a word.
    parts = mark(text, question)
    return (
        f'<details><summary style="cursor:pointer">{_pieces(parts, 0, _SHOWN)}…</summary>'
        f"…{_pieces(parts, _SHOWN, len(text))}</details>"
    )


def _marked(text: str, question: str) -> str:
    return _pieces(mark(text, question), 0, len(text))


def _pieces(parts: Sequence[Part], start: int, stop: int) -> str:
    """The characters from ``start`` to ``stop`` of a marked text as HTML."""
    pieces = []
    at = 0
    for part in parts:
        cut = part.text[max(start - at, 0) : max(stop - at, 0)]
        at += len(part.text)
        if cut:
            shown = html.escape(cut).replace("\n", "<br>")
            pieces.append(f'<mark style="{_MARK}">{shown}</mark>' if part.marked else shown)
    return "".join(pieces)


def _show_lost(lost: Sequence[Lost], view: View) -> None:
    """The first column's hits that this one does not show, folded."""
    label = ngettext(
        "{n} text of the first column is not here",
        "{n} texts of the first column are not here",
        len(lost),
    ).format(n=fmt.number(len(lost)))
    with st.expander(label, icon=":material/remove_circle_outline:"):
        for one in lost:
            where = (
                _("not found")
                if one.rank is None
                else _("here at rank {rank}").format(rank=fmt.number(one.rank))
            )
            title = take_apart(one.hit.text, one.hit.fields, view.layout, view.look).title
            words = clipped(title or one.hit.text, 60)
            st.markdown(f"**{one.hit.rank}** · {fmt.verbatim(words)} · :orange[{where}]")


def _change(hit: Hit, asked: int) -> str:
    """How many ranks the text gained against the first column, or that it is new there."""
    if hit.base_rank is None:
        return ":violet[" + _("new") + "]"
    if hit.base_rank > asked:
        words = _("new, was {rank}").format(rank=fmt.number(hit.base_rank))
        return f":violet[{words}]"
    if not hit.change:
        return ":gray[=]"
    return f":green[▲{hit.change}]" if hit.change > 0 else f":orange[▼{-hit.change}]"
