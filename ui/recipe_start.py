"""The way into Train that begins with a model card or a recipe."""

from __future__ import annotations

import streamlit as st

from core.data.store import DatasetInfo
from core.problems import Problem
from core.training.recipes.card import decode
from core.training.recipes.store import Stored, bring_in, list_recipes, name_of
from core.workspace import Workspace
from ui.language import _, plain, say
from ui.recipe_view import show_recipe

_CHOSEN, _WAY, _ROUND = "recipe", "recipe_way", "recipe_round"
_REFUSED = "recipe_refused"
_CHOOSE, _BRING = "choose", "bring"
_BEGINNING = "---\ntags:\n- sentence-transformers\n…"
"""How every card begins."""
_PASTE_HEIGHT = 180


def start_from_recipe(workspace: Workspace, info: DatasetInfo) -> None:
    """Choose a recipe, or bring in a card, look at it, and have the form filled in with it."""
    with st.expander(
        _("Start from a model card or a recipe"), icon=":material/menu_book:", key="recipes"
    ):
        words = {
            _CHOOSE: _("Choose a recipe"),
            _BRING: _("Paste or upload a model card"),
        }
        st.session_state.setdefault(_WAY, _CHOOSE)
        way = st.segmented_control(
            _("How to begin"),
            list(words),
            format_func=words.__getitem__,
            key=_WAY,
            required=True,
            label_visibility="collapsed",
        )
        if way == _BRING:
            _bring(workspace)
            return
        stored = _choose(list_recipes(workspace))
        if stored is not None:
            show_recipe(workspace, stored, info)


def _choose(recipes: list[Stored]) -> Stored | None:
    by_id = {one.id: one for one in recipes}
    if st.session_state.get(_CHOSEN) not in by_id:
        st.session_state.pop(_CHOSEN, None)
    chosen = st.selectbox(
        _("Recipe"),
        list(by_id),
        index=None,
        format_func=lambda id: _label(by_id[id]),
        placeholder=_("Five published models, and the recipes that you saved"),
        key=_CHOSEN,
        persist_state="session",
        help=_("How somebody trained a model: base, loss and settings, without the table."),
    )
    return by_id[chosen] if chosen is not None else None


def _label(stored: Stored) -> str:
    name = plain(name_of(stored))
    return name if stored.ready else _("Your own: {name}").format(name=name)


def _bring(workspace: Workspace) -> None:
    """A card that is pasted, or a file; what can be read becomes a recipe of one's own."""
    turn = st.session_state.get(_ROUND, 0)
    pasted, uploaded = st.columns([3, 2], gap="large")
    with pasted:
        text = st.text_area(
            _("The whole model card (README.md), pasted"),
            height=_PASTE_HEIGHT,
            placeholder=_BEGINNING,
            key=f"card_text_{turn}",
        )
    with uploaded:
        file = st.file_uploader(
            _("Or a file: a model card, or a recipe that was exported"),
            key=f"card_file_{turn}",
            help=_("README.md of any sentence-transformers model, version 2 to 6, or a YAML file."),
        )
    if file is not None:
        text, name = decode(file.getvalue()), file.name
    else:
        name = "README.md"
    st.button(
        _("Read it"),
        key="read_card",
        type="primary",
        icon=":material/menu_book:",
        disabled=not text.strip(),
        on_click=_read,
        args=(workspace, text, name),
    )
    problem = st.session_state.pop(_REFUSED, None)
    if problem is not None:
        st.error(say(problem), icon=":material/error:")


def _read(workspace: Workspace, text: str, name: str) -> None:
    try:
        id, _card = bring_in(workspace, text, name, _)
    except Problem as problem:
        st.session_state[_REFUSED] = problem
        return
    st.session_state[_CHOSEN] = id
    st.session_state[_WAY] = _CHOOSE
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1
