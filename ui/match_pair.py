"""One row of a match with all of its candidates, to read in full and to choose among."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import streamlit as st

from core.matching.chosen import Candidates, Chosen
from core.matching.decisions import Decision
from core.matching.results import Result, Side
from ui import format as fmt
from ui.language import _

Record = Callable[[Path, list[tuple[int, int]], Decision | None], None]


def show_pair(
    result: Result, candidates: Candidates, chosen: Chosen, left: int, record: Record
) -> None:
    """The whole text of a left row, and its candidates with a button to take each."""
    with st.container(border=True):
        label, text, fields = _row(result, "left", left)
        st.markdown(f"**{fmt.verbatim(label)}** · {fmt.verbatim(text)}{fields}")
        start, stop = np.searchsorted(candidates.left, [left, left + 1]).tolist()
        if start == stop:
            st.caption(_("This row has no candidate."))
        for at in range(start, stop):
            _show_candidate(result, candidates, chosen, at, record)


def _show_candidate(
    result: Result, candidates: Candidates, chosen: Chosen, at: int, record: Record
) -> None:
    right = int(candidates.right[at])
    label, text, fields = _row(result, "right", right)
    marks = {1: ":green[:material/check:]", -1: ":red[:material/close:]", 0: ""}
    decided = int(chosen.decided[at])
    mark = marks[decided]
    if not decided and chosen.listed[at]:
        mark = ":green[:material/join_inner:]"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f":gray[{candidates.rank[at]}]", width=24)
        st.markdown(fmt.number(float(candidates.score[at]), 3), width=56)
        st.markdown(
            f"{mark} **{fmt.verbatim(label)}** · {fmt.verbatim(text)}{fields}", width="stretch"
        )
        pair = [(int(candidates.left[at]), right)]
        wanted = None if decided > 0 else Decision.ACCEPT
        st.button(
            _("Take back") if decided > 0 else _("Take this one"),
            key=f"take_{at}",
            type="tertiary",
            on_click=record,
            args=(result.folder, pair, wanted),
        )


def _row(result: Result, side: Side, place: int) -> tuple[str, str, str]:
    """Label, text and the further columns as a quiet line."""
    row = result.rows(side, [place]).to_pylist()[0]
    names = result.meta.tables[side].fields
    values = [(name, row[f"f{at}"]) for at, name in enumerate(names) if row[f"f{at}"].strip()]
    quiet = " · ".join(f"{fmt.verbatim(name)}: {fmt.verbatim(value)}" for name, value in values)
    return row["label"], row["text"], f"  \n:gray[{quiet}]" if quiet else ""
