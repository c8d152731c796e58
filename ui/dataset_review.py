"""The review table: mined negatives a page at a time, each to be accepted, left out, or a match."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core.data.mining.result import BareRows, Undecided, finish_review, preview_result
from core.data.mining.review import Decision, Order, Review
from core.data.shapes import is_negative
from core.data.store import DatasetInfo
from core.problems import N_, Problem
from core.workspace import Workspace
from ui import format as fmt
from ui.dataset_change import announce
from ui.dataset_open import open_dataset
from ui.datasets import dataset_name
from ui.language import _, ngettext, paragraph, say
from ui.tables import paged
from ui.texts import clipped

STATE = st.session_state

_PAGE = 10
_TEXT_WIDTH = 260
_WORDS = {
    Decision.ACCEPT: (N_("Wrong answer"), ":material/check:", "1"),
    Decision.REJECT: (N_("Leave out"), ":material/close:", "2"),
    Decision.MATCH: (N_("Right answer"), ":material/handshake:", "3"),
}
_UNDECIDED: tuple[Undecided, ...] = ("leave_out", "accept")
_ORDERS = {
    Order.DOUBTFUL: N_("Doubtful ones first"),
    Order.TABLE: N_("As in the table"),
}


def show_review(workspace: Workspace, info: DatasetInfo, review: Review) -> None:
    """The candidates and their buttons; at the end the form that makes the new version."""
    finishing = f"finishing_{review.info.id}"
    if STATE.get(finishing):
        _show_finish(workspace, info, review, finishing)
    else:
        st.fragment(_show_candidates)(review, finishing)


def _show_candidates(review: Review, finishing: str) -> None:
    id = review.info.id
    _show_progress(review, finishing)
    with st.container(horizontal=True, vertical_alignment="center"):
        order = st.segmented_control(
            _("Order"),
            list(_ORDERS),
            format_func=lambda name: _(_ORDERS[name]),
            default=Order.DOUBTFUL,
            required=True,
            key=f"order_{id}",
            label_visibility="collapsed",
            persist_state="page",
        )
        left = st.toggle(_("Only those still to decide"), key=f"left_{id}", persist_state="page")
    tools, cards = st.container(), st.container()
    total = review.counts().undecided if left else review.info.candidates
    if not total:
        st.success(_("Every candidate is decided."), icon=":material/check_circle:")
        return
    places = paged(range(total), f"candidates_{id}_{left}", size=_PAGE)
    page = review.page(places[0], len(places), order, undecided_only=left)
    # What counts is on disk; the controls follow it.
    decisions = dict(zip(page.index.tolist(), page["decision"], strict=True))
    for number, decision in decisions.items():
        STATE[_control(id, number, decision)] = decision
    open_numbers = [number for number, decision in decisions.items() if decision is None]
    with tools:
        _show_tools(review, open_numbers)
    with cards:
        for number in decisions:
            _show_candidate(review, number, page.loc[number], open_numbers[:1] == [number])


def _show_progress(review: Review, finishing: str) -> None:
    counts = review.counts()
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.container(gap="xxsmall"):
            st.progress(counts.decided / review.info.candidates, text=say(review.progress))
            facts = [
                _("wrong answers: {n}").format(n=fmt.number(counts.accepted)),
                _("left out: {n}").format(n=fmt.number(counts.rejected)),
                _("right answers: {n}").format(n=fmt.number(counts.matches)),
                _("doubtful ones still to decide: {n}").format(n=fmt.number(counts.doubtful)),
            ]
            st.caption(" · ".join(facts))
        if st.button(
            _("Make the new version …"),
            key="finish_review",
            icon=":material/done_all:",
            type="secondary" if counts.undecided else "primary",
        ):
            STATE[finishing] = True
            st.rerun()


def _show_tools(review: Review, open_numbers: Sequence[int]) -> None:
    """Buttons with keys for the next candidate, and for many at once."""
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        for decision, (label, icon, key) in _WORDS.items():
            st.button(
                _(label),
                key=f"next_{decision}",
                icon=icon,
                shortcut=key,
                disabled=not open_numbers,
                help=_("For the marked candidate, the first one that is not decided."),
                on_click=_decide,
                args=(review, list(open_numbers[:1]), decision),
            )
        st.space("stretch")
        st.button(
            _("The whole page is wrong"),
            key="accept_page",
            icon=":material/playlist_add_check:",
            help=_("Accepts as wrong answers those on this page that are not decided yet."),
            disabled=not open_numbers,
            on_click=_decide,
            args=(review, list(open_numbers), Decision.ACCEPT),
        )
        counts = review.counts()
        rest = counts.undecided - counts.doubtful
        st.button(
            _("All clear ones are wrong ({n})").format(n=fmt.number(rest)),
            key="accept_rest",
            icon=":material/done_all:",
            help=_("Accepts as wrong answers all that are not decided yet and are not doubtful."),
            disabled=not rest,
            on_click=review.accept_rest,
        )


def _show_candidate(review: Review, number: int, candidate: pd.Series[Any], next_up: bool) -> None:
    with st.container(border=True, gap="xsmall", key=f"candidate_{number}"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            with st.container():
                following = _("next")
                mark = f":blue-badge[{following}] " if next_up else ""
                row = _("Row {row}:").format(row=candidate["row"])
                st.markdown(f"{mark}**{row}** {_text(candidate['anchor'])}")
            key = _control(review.info.id, number, candidate["decision"])
            st.segmented_control(
                _("What is the candidate?"),
                list(_WORDS),
                format_func=lambda decision: f"{_WORDS[decision][1]} {_(_WORDS[decision][0])}",
                key=key,
                label_visibility="collapsed",
                on_change=_decide_one,
                args=(review, number, key),
            )
        right, wrong = st.columns(2, gap="medium")
        with right:
            _show_text(_("Right answer"), candidate["positive"], candidate["score_positive"])
        with wrong:
            _show_text(_("Candidate"), candidate["candidate"], candidate["score_candidate"])
        if candidate["why"]:
            why = paragraph(*(say(reason) for reason in candidate["why"]))
            st.markdown(f":orange[:material/help: {why}]")


def _show_text(title: str, text: str, score: float) -> None:
    similarity = _("similarity {value}").format(value=fmt.number(score, 2))
    with st.container(gap="xxsmall"):
        st.caption(f"{title} · {similarity}")
        st.markdown(_text(text))


def _text(text: str) -> str:
    return fmt.verbatim(clipped(text, _TEXT_WIDTH))


def _control(review: str, number: int, decision: Decision | None) -> str:
    # A decision brings a new control: the browser may still send what the old one showed, and
    # that must not count as a person's choice.
    return f"decision_{review}_{number}_{decision or 'open'}"


def _decide(review: Review, numbers: list[int], decision: Decision) -> None:
    if numbers:
        review.decide_many(numbers, decision)


def _decide_one(review: Review, number: int, key: str) -> None:
    review.decide(number, STATE[key])


def _show_finish(workspace: Workspace, info: DatasetInfo, review: Review, finishing: str) -> None:
    """What the decisions make of the dataset, what can be chosen about it, and the button."""
    counts = review.counts()
    with st.container(border=True):
        st.subheader(_("Make the new version"), anchor=False)
        undecided: Undecided = "leave_out"
        rest = counts.undecided - counts.doubtful
        if counts.undecided:
            words = ngettext(
                "{n} candidate is not decided yet.",
                "{n} candidates are not decided yet.",
                counts.undecided,
            )
            take = _("Take those that are not doubtful as wrong answers ({n})")
            undecided = st.radio(
                words.format(n=fmt.number(counts.undecided)),
                _UNDECIDED,
                format_func=lambda choice: (
                    take.format(n=fmt.number(rest)) if choice == "accept" else _("Leave them out")
                ),
                key=f"undecided_{review.info.id}",
            )
        bare_rows: BareRows = "keep"
        if any(map(is_negative, info.columns)) and st.toggle(
            _("Leave out rows that get no new negative"), key=f"bare_{review.info.id}"
        ):
            bare_rows = "leave_out"
        try:
            with st.spinner(_("Counting the rows …")):
                result = preview_result(workspace, review, undecided=undecided, bare_rows=bare_rows)
        except Problem as problem:
            st.warning(say(problem), icon=":material/warning:")
            _back(finishing)
            return
        rows = len(result.frame)
        st.markdown(
            "**"
            + _("{rows} rows: {shape}").format(rows=fmt.number(rows), shape=_(result.shape.label))
            + "**"
        )
        if result.notes:
            st.caption("\n".join(f"- {say(note)}" for note in result.notes))
        name = st.text_input(
            _("Name of the dataset"),
            value=dataset_name(info),
            max_chars=80,
            key=f"finish_name_{review.info.id}",
            width=420,
        )
        with st.container(horizontal=True):
            if st.button(
                _("Make the new version"),
                key="finish_now",
                icon=":material/done_all:",
                type="primary",
            ):
                try:
                    with st.spinner(_("Making the new version …")):
                        version = finish_review(
                            workspace,
                            review.info.id,
                            name=None if name == dataset_name(info) else name,
                            undecided=undecided,
                            bare_rows=bare_rows,
                        )
                except Problem as problem:
                    st.error(say(problem), icon=":material/error:")
                    return
                STATE.pop(finishing)
                open_dataset(version, section="rows")
                announce(version)
                st.rerun()
            _back(finishing)


def _back(finishing: str) -> None:
    st.button(
        _("Back to the candidates"),
        key="finish_back",
        type="tertiary",
        on_click=STATE.pop,
        args=(finishing, None),
    )
