"""Questions of the user's own: the table in which they are written, kept with the dataset."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.problems import Problem
from core.training.question_sets import MOST, load_questions, save_questions, tidy_questions
from core.workspace import Workspace
from ui import format as fmt
from ui.language import _, ngettext, say

_QUESTION, _EXPECTED = "question", "expected"


def edit_questions(workspace: Workspace, family: str) -> None:
    """A table of the questions that are asked after every run; what is typed is kept at once.

    Args:
        workspace: where they are kept.
        family: the dataset's, since all its versions share them (``DatasetInfo.family``).
    """
    key = f"own_questions_{family}"
    first = f"{key}_first"
    try:
        kept = load_questions(workspace, family)
    except Problem as problem:
        st.error(say(problem), icon=":material/error:")
        return
    # The table must begin with the same rows as long as it is on the screen, or it forgets what
    # was typed since; once it was away, what is kept counts.
    if key not in st.session_state or first not in st.session_state:
        rows = [(one.question, one.expected) for one in kept]
        st.session_state[first] = pd.DataFrame(rows, columns=[_QUESTION, _EXPECTED], dtype="str")
    st.caption(
        _(
            "Asked after every run on this table, before and after training side by side. In "
            "“Should find”, write words that stand in the text that should come first, or nothing."
        )
    )
    edited = st.data_editor(
        st.session_state[first],
        key=key,
        num_rows="dynamic",
        hide_index=True,
        width="stretch",
        placeholder="",
        column_config={
            _QUESTION: st.column_config.TextColumn(_("Question"), max_chars=500, width="large"),
            _EXPECTED: st.column_config.TextColumn(_("Should find"), max_chars=200),
        },
    )
    asked = tidy_questions(zip(edited[_QUESTION], edited[_EXPECTED], strict=True))
    if asked != kept:
        save_questions(workspace, family, asked)
    count = ngettext("{count} question is kept.", "{count} questions are kept.", len(asked))
    said = [count.format(count=fmt.number(len(asked)))] if asked else []
    if len(asked) == MOST:
        said.append(_("More than that are not asked."))
    if said:
        st.caption(" ".join(said))
