"""What the model answers: texts that are easily confused, and the user's own questions."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.problems import Message
from core.training.confusables import Confusables, Kind
from core.training.questions import Answers, Asked, OwnQuestions
from ui import format as fmt
from ui.language import _, ngettext, say
from ui.tables import paged
from ui.texts import clipped

_WIDTH = 160
_AT_A_TIME = 5


def show_confusables(test: Confusables | None, left_out: Message | None) -> None:
    """How often the right text is ahead of its twin; or why this was not tested."""
    if test is None and left_out is None:
        return
    st.subheader(_("Can it tell similar things apart?"), anchor=False)
    if test is None:
        st.caption(say(left_out))
        return
    together = test.outcomes[0]
    st.markdown(
        ngettext(
            "{count} held-out question was found whose right answer has a twin: the same product, "
            "drug or text with another strength, form or attribute. The right one is ahead "
            "{before} of the time before training and **{after}** after it.",
            "{count} held-out questions were found whose right answer has a twin: the same "
            "product, drug or text with another strength, form or attribute. The right one is "
            "ahead {before} of the time before training and **{after}** after it.",
            together.count,
        ).format(
            count=fmt.number(together.count),
            before=fmt.percent(together.before),
            after=fmt.percent(together.after),
        )
    )
    names = [_(Kind(one.kind).label) if one.kind else _("all together") for one in test.outcomes]
    st.table(
        pd.DataFrame(
            {
                _("Questions"): [fmt.number(one.count) for one in test.outcomes],
                _("Before training"): [fmt.percent(one.before, 1) for one in test.outcomes],
                _("After training"): [fmt.percent(one.after, 1) for one in test.outcomes],
                _("BM25 keyword search"): [fmt.percent(one.bm25, 1) for one in test.outcomes],
            },
            index=names,
        ),
        border="horizontal",
        alt=_("How often the right text is ahead of its twin"),
    )
    if test.mistakes:
        with st.expander(_("Where it still takes the wrong one"), icon=":material/compare_arrows:"):
            for one in test.mistakes:
                st.markdown(
                    f"**{_shown(one.question)}**  \n"
                    f":green[:material/check:] {_shown(one.right)}  \n"
                    f":red[:material/close:] {_shown(one.twin)}"
                )


def show_own_questions(own: OwnQuestions) -> None:
    """Each of the user's own questions with the first texts before and after."""
    st.subheader(_("Your own questions"), anchor=False)
    texts = ngettext("{count} text", "{count} texts", own.texts).format(count=fmt.number(own.texts))
    if own.corpus is None:
        st.caption(_("Asked of {texts} of the table, the held-out ones first.").format(texts=texts))
    else:
        corpus = fmt.verbatim(_(own.corpus))
        st.caption(_("Asked of {corpus} ({texts}).").format(corpus=corpus, texts=texts))
    for one in paged(own.asked, "own_questions", size=_AT_A_TIME):
        with st.container(border=True):
            _show_question(one)


def _show_question(one: Asked) -> None:
    st.markdown(f"**{_shown(one.question)}**")
    if one.expected:
        st.caption(_("Expected: {text}").format(text=_shown(one.expected)))
    sides = ((_("Before training"), one.before), (_("After training"), one.after))
    for column, (title, answers) in zip(st.columns(2, gap="medium"), sides, strict=True):
        with column:
            st.markdown(f"{title} {_rank(one, answers)}")
            found = zip(answers.texts, answers.similarities, strict=True)
            lines = [
                f"{rank}. {_shown(text)} :gray[{fmt.number(similarity, 3)}]"
                for rank, (text, similarity) in enumerate(found, start=1)
            ]
            st.markdown("\n".join(lines))


def _rank(one: Asked, answers: Answers) -> str:
    """Where the expected text stands, as a badge."""
    if not one.expected:
        return ""
    if answers.rank is None:
        return ":gray-badge[" + _("expected text is not among those searched") + "]"
    colour = "green" if answers.rank == 1 else "gray"
    words = _("expected text at rank {rank}").format(rank=fmt.number(answers.rank))
    return f":{colour}-badge[{words}]"


def _shown(text: str) -> str:
    return fmt.verbatim(clipped(text, _WIDTH))
