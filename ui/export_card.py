"""The model card on the Export screen: what a person fills in, and how the card reads."""

from __future__ import annotations

import re

import streamlit as st

from core.data.report import LANGUAGES
from core.export.card.facts import CardFacts, card_facts
from core.export.card.form import LICENCES, CardForm
from core.export.card.render import card_file, card_form, render_card
from core.export.card.words import CARD_LANGUAGES, Words
from core.training.runs import Run
from core.workspace import Workspace
from ui.language import _, current_language

_HEIGHT = 720
_TAGS = re.compile(r"</?(?:details|summary|ul|code)>")
_AREA_HEIGHT = 90


def show_card(workspace: Workspace, run: Run) -> CardForm:
    """The form on the left, the card on the right; returns what is filled in."""
    facts = card_facts(workspace, run.id)
    left, right = st.columns([2, 3], gap="medium")
    with left:
        form = _fill_in(run, card_form(facts), table_words=facts.table_words)
    with right:
        _preview(facts, form)
    return form


def _fill_in(run: Run, saved: CardForm, *, table_words: bool) -> CardForm:
    """What a person adds; returned as it is saved."""
    with st.form(f"card_{run.id}", border=True):
        show_texts = st.toggle(
            _("Show texts of the table"),
            saved.show_texts,
            help=_(
                "Three sample rows, five questions with answers, and your own questions. Turn it "
                "off when the table is private: then no text of it is in the card."
            ),
        )
        if table_words:
            st.caption(
                _(
                    "Words of the table go along in any case: this model's vocabulary was made "
                    "from them, and tokenizer.json of every form lists it."
                )
            )
        license = st.selectbox(
            _("Licence"),
            ["", *dict.fromkeys([*LICENCES, *filter(None, [saved.license])])],
            index=_place(["", *LICENCES], saved.license),
            format_func=lambda name: name or _("not given yet"),
        )
        language = st.multiselect(
            _("Languages of the texts"),
            sorted({*LANGUAGES, *saved.language}),
            list(saved.language),
            format_func=lambda code: _(LANGUAGES.get(code, code)),
            placeholder=_("not given yet"),
        )
        intended = _area(_("What it is for"), saved.intended)
        out_of_scope = _area(_("What it is not for"), saved.out_of_scope)
        limitations = _area(_("Where it is known to be wrong"), saved.limitations)
        authors = st.text_input(_("Who answers for it"), saved.authors, max_chars=200)
        cards = st.segmented_control(
            _("Write the card in"),
            list(CARD_LANGUAGES),
            selection_mode="multi",
            default=list(saved.cards),
            format_func=CARD_LANGUAGES.__getitem__,
        )
        pressed = st.form_submit_button(_("Save"), type="primary", icon=":material/save:")
    if not pressed:
        return saved
    form = CardForm(
        cards=tuple(cards) or saved.cards,
        language=tuple(language),
        license=license or "",
        intended=intended,
        out_of_scope=out_of_scope,
        limitations=limitations,
        authors=authors,
        show_texts=show_texts,
    )
    form.save(run.folder)
    st.toast(_("Saved. The next export brings this card."), icon=":material/check:")
    return form


def _area(label: str, text: str) -> str:
    return st.text_area(label, text, height=_AREA_HEIGHT, max_chars=4_000)


def _place(names: list[str], name: str) -> int:
    return names.index(name) if name in names else len(names)


def _preview(facts: CardFacts, form: CardForm) -> None:
    """The card as it reads, and its text to take along."""
    own = current_language().split("_")[0]
    first = own if own in form.cards else form.cards[0]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        language = first
        if len(form.cards) > 1:
            language = st.segmented_control(
                _("Card"),
                list(form.cards),
                default=first,
                required=True,
                format_func=CARD_LANGUAGES.__getitem__,
                label_visibility="collapsed",
                key=f"card_language_{facts.run.id}",
            )
        text = render_card(facts, form, Words(language))
        name = card_file(form, language)
        st.download_button(name, text, name, "text/markdown", icon=":material/download:")
    with st.container(border=True, height=_HEIGHT):
        st.markdown(readable(text))


def readable(card: str) -> str:
    """A card as Streamlit shows it: without what hubs read, without HTML, dollars as they are."""
    body = card.split("\n---\n", 1)[-1]
    parts = re.split(r"(^\s*```.*?^\s*```)", body, flags=re.MULTILINE | re.DOTALL)
    return "".join(part if at % 2 else _plain(part) for at, part in enumerate(parts))


def _plain(text: str) -> str:
    text = re.sub(r"<li>(.*?)</li>", r" \1 ", text).replace("<br>", " ")
    text = re.sub(r"<summary>.*?</summary>", "", text)
    text = _TAGS.sub("", text)
    return re.sub(r"(?<!\\)([$~])", r"\\\1", re.sub(r":(?=[\w-]+\[)", r"\\:", text))
