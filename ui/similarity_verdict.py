"""The verdict under the matrices: how many right answers are first, and which got worse."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.inspection.sheet import Sheet
from core.inspection.similarity import Place, Verdict
from ui import format as fmt
from ui.language import _, ngettext, say
from ui.similarity_cell import choose_cell
from ui.texts import clipped

_NAMED_WORSE = 5
_NAME_WIDTH = 48


def show_verdict(
    sheet: Sheet, verdict: Verdict, before: Sequence[Place], after: Sequence[Place]
) -> None:
    """The sentence, a button for each question that got worse, and all of them as a table."""
    if not sheet.questions:
        st.caption(
            _(
                "Nothing says which of these texts belong together, so there is no verdict. Two "
                "columns, or rows of a dataset, have right answers."
            )
        )
        return
    box = st.success if verdict.after > verdict.before else st.info
    box = st.warning if verdict.after < verdict.before else box
    box(say(verdict.message()))
    _name_worse(sheet, verdict, before, after)
    _show_table(sheet, before, after)


def _name_worse(
    sheet: Sheet, verdict: Verdict, before: Sequence[Place], after: Sequence[Place]
) -> None:
    """The questions whose right answer fell back, the deepest fall first."""
    if not verdict.worsened:
        return
    worst = sorted(verdict.worsened, key=lambda at: before[at].rank - after[at].rank)
    with st.container(horizontal=True, vertical_alignment="center", key="worse"):
        st.markdown(_("**Got worse:**"), width="content")
        for at in worst[:_NAMED_WORSE]:
            question = sheet.questions[at]
            words = _("{label} {text}: from place {before} to {after}").format(
                label=sheet.labels[question.source],
                text=fmt.verbatim(clipped(sheet.texts[question.source], _NAME_WIDTH)),
                before=before[at].rank,
                after=after[at].rank,
            )
            st.button(
                words,
                key=f"worse_{at}",
                type="tertiary",
                icon=":material/trending_down:",
                on_click=choose_cell,
                args=(sheet, question.source, question.answers[0]),
            )
        more = len(worst) - _NAMED_WORSE
        if more > 0:
            words = ngettext("and {n} more in the table", "and {n} more in the table", more)
            st.caption(words.format(n=fmt.number(more)), width="content")


def _show_table(sheet: Sheet, before: Sequence[Place], after: Sequence[Place]) -> None:
    """For each question: how near its right answer is, and at which place, before and after."""
    frame = pd.DataFrame(
        {
            _("Text"): [sheet.labels[one.source] for one in sheet.questions],
            _("Source"): [sheet.texts[one.source] for one in sheet.questions],
            _("Cosine before"): [place.score for place in before],
            _("Cosine after"): [place.score for place in after],
            _("Place before"): [place.rank for place in before],
            _("Place after"): [place.rank for place in after],
        }
    )
    cosine = st.column_config.NumberColumn(format="%.3f", width="small")
    place = st.column_config.NumberColumn(
        width="small", help=_("1: the right answer is the nearest of all that could answer.")
    )
    st.dataframe(
        frame,
        hide_index=True,
        key="answers",
        alt=_("How near each right answer is to its source, before and after"),
        column_config={
            _("Text"): st.column_config.TextColumn(width="small"),
            _("Source"): st.column_config.TextColumn(
                width="large", help=_("The text that an answer is looked for, such as a question.")
            ),
            _("Cosine before"): cosine,
            _("Cosine after"): cosine,
            _("Place before"): place,
            _("Place after"): place,
        },
    )
