"""The widget examples on the screen: their labels, the groups that were changed, the form."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_uppercase

import streamlit as st

from core.inspection.widgets import NEGATIVE, OTHER, POSITIVE, Example
from core.problems import N_
from ui import format as fmt
from ui.language import _
from ui.texts import clipped

ROLE_NAMES = {
    POSITIVE: N_("right answer"),
    NEGATIVE: N_("wrong answer"),
    OTHER: N_("another text"),
}
_CHANGED = "changed_examples"
_LISTED_WIDTH = 96


def current_examples(run_id: str, originals: Sequence[Example]) -> tuple[Example, ...]:
    """The examples of a run, with the groups that were changed in this session."""
    changed = _changed(run_id)
    return tuple(changed.get(number, example) for number, example in enumerate(originals))


def text_labels(examples: Sequence[Example]) -> list[str]:
    """The short name of every text, group after group: A1 is the source of group 1."""
    return [
        f"{letter}{number}"
        for number, example in enumerate(examples, start=1)
        for letter in ascii_uppercase[: len(example.texts)]
    ]


def list_group(example: Example) -> None:
    """The texts of one group by letter, what each of them is, and the right one marked."""
    roles = [_("source"), *(_(ROLE_NAMES[role]) for role in example.roles)]
    right = [False, *(role == POSITIVE for role in example.roles)]
    for letter, text, role, is_right in zip(
        ascii_uppercase, example.texts, roles, right, strict=False
    ):
        words = fmt.verbatim(clipped(text, _LISTED_WIDTH))
        mark = f":green[:material/check_circle: {role}]" if is_right else f":gray[{role}]"
        st.markdown(f"**{letter}** {mark}  \n{words}")


def edit_group(run_id: str, number: int, example: Example, original: Example) -> None:
    """The form that changes one group (``number`` from 0) for this session."""
    key = f"group_{run_id}_{number}_{st.session_state.get(_version_key(run_id), 0)}"
    letters = ascii_uppercase[1 : len(example.texts)]
    right = [
        letter for letter, role in zip(letters, example.roles, strict=True) if role == POSITIVE
    ]
    with st.form(key, border=False):
        texts = [st.text_area(_("A: source"), value=example.source, height=70, key=f"{key}_A")]
        for place, letter, text in zip(
            st.columns(len(letters)), letters, example.sentences, strict=True
        ):
            texts.append(
                place.text_area(
                    _("{letter}: text").format(letter=letter),
                    value=text,
                    height=130,
                    key=f"{key}_{letter}",
                )
            )
        chosen = st.segmented_control(
            _("Right answer"),
            list(letters),
            default=right[0] if right else None,
            key=f"{key}_right",
        )
        with st.container(horizontal=True):
            compare = st.form_submit_button(_("Compare"), icon=":material/sync:", type="primary")
            reset = st.form_submit_button(
                _("Reset to the held-out examples"), icon=":material/undo:"
            )
    if reset:
        _changed(run_id).clear()
        st.session_state[_version_key(run_id)] = st.session_state.get(_version_key(run_id), 0) + 1
        st.rerun()
    if compare:
        blank = [
            letter for letter, text in zip(ascii_uppercase, texts, strict=False) if not text.strip()
        ]
        if blank:
            sentence = _("Text {letter} is empty. Fill it in, then compare again.")
            st.error(sentence.format(letter=blank[0]), icon=":material/error:")
            return
        _changed(run_id)[number] = _example(texts, letters, chosen, original)
        st.rerun()


def _example(texts: Sequence[str], letters: str, right: str | None, original: Example) -> Example:
    """What the form says; a text that was not touched keeps its role and its score."""
    roles, scores = [], []
    same_source = texts[0] == original.source
    for letter, text, was, role, score in zip(
        letters, texts[1:], original.sentences, original.roles, original.scores, strict=True
    ):
        untouched = same_source and text == was
        kept = role if untouched and role != POSITIVE else OTHER
        roles.append(POSITIVE if letter == right else kept)
        scores.append(score if untouched else None)
    return Example(texts[0], tuple(texts[1:]), tuple(roles), tuple(scores))


def _changed(run_id: str) -> dict[int, Example]:
    kept: dict[str, dict[int, Example]] = st.session_state.setdefault(_CHANGED, {})
    return kept.setdefault(run_id, {})


def _version_key(run_id: str) -> str:
    return f"examples_version_{run_id}"
