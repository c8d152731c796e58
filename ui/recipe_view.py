"""One recipe: what it says, what would have been said about it, what is better, and its use."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from core.cli import commands
from core.data.store import DatasetInfo
from core.models.bases import STATIC_NAME, BaseConfig
from core.models.bundled import BUNDLED_NAME
from core.problems import N_, Message, Problem
from core.training.difference import MISSING, Difference
from core.training.recipes.better import Better, better
from core.training.recipes.facts import Card
from core.training.recipes.recipe import Recipe, of_card, usable
from core.training.recipes.remarks import remarks
from core.training.recipes.store import Stored, delete_recipe, name_of
from core.training.recipes.translated import How, Translated, Translation
from core.workspace import Workspace
from ui import format as fmt
from ui.command_line import show_lines
from ui.language import _, ngettext, paragraph, plain, say
from ui.run_differences import value_words
from ui.runs_words import loss_title
from ui.texts import clipped
from ui.train_form import fill_in
from ui.train_warnings import BADGES

_NOTES = "recipe_notes"
_SHORT, _TEXT = 40, 140

_HOW = {
    How.TAKEN: N_("as on the card"),
    How.CHANGED: N_("said in another way"),
    How.NOT_TAKEN: N_("cannot be had here"),
}
_SWITCH = {True: N_("on"), False: N_("off")}


def show_recipe(workspace: Workspace, stored: Stored, info: DatasetInfo) -> None:
    """All about a recipe, with the buttons that fill the form in.

    Args:
        workspace: where bases and recipes are.
        stored: the recipe.
        info: the dataset that is chosen on Train.
    """
    recipe, facts = stored.recipe, stored.card
    st.caption(" · ".join(_facts(recipe)))
    improved = None
    if facts is not None:
        _show_remarks(workspace, recipe)
        improved = better(workspace, recipe)
    _show_ways(workspace, stored, improved, info)
    if facts is not None:
        _translated, translation, notes = of_card(workspace, facts, recipe.name)
        _show_translation(translation, notes, facts)
    _show_texts(recipe)
    _show_file(workspace, stored)
    with st.container(gap="xsmall"):
        show_lines(workspace, commands.recipe(stored.id, info.id, better=improved is not None))


def base_name(base: BaseConfig) -> str:
    """What a base is called, without looking whether it is there."""
    match base.kind:
        case "bundled":
            return BUNDLED_NAME.rpartition("/")[2]
        case "static":
            return _(STATIC_NAME)
        case "hub":
            return base.repo or "?"
        case "run":
            return _("Earlier run: {name}").format(name=base.run)
    return base.path or "?"


def setting_words(value: Any) -> str:
    """The value of a setting, for a table."""
    if value is MISSING or value is None or value == ():
        return "–"
    if isinstance(value, bool):
        return _(_SWITCH[value])
    if isinstance(value, int | float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        return _(", ").join(map(setting_words, value))
    return clipped(str(value), _SHORT)


def _facts(recipe: Recipe) -> list[str]:
    card, training = recipe.card, recipe.training
    named = card.base if card is not None and card.base else base_name(recipe.base)
    facts = [
        _("base {name}").format(name=fmt.verbatim(named)),
        f"{loss_title(recipe.loss.name)} (`{recipe.loss.name}`)",
        _("epochs: {count}").format(count=fmt.number(training.epochs)),
        _("batch size {size}").format(size=training.batch_size),
        _("learning rate {rate}").format(rate=f"{training.learning_rate:g}"),
    ]
    if card is not None:
        if card.rows and card.shape:
            told = _("{rows} {shape}")
            facts.append(told.format(rows=fmt.number(card.rows), shape=_(card.shape.label)))
        elif card.rows:
            facts.append(ngettext("{n} row", "{n} rows", card.rows).format(n=fmt.number(card.rows)))
        if card.dimension:
            facts.append(_("vectors of {count} numbers").format(count=fmt.number(card.dimension)))
        if card.similarity:
            facts.append(fmt.verbatim(card.similarity))
        if card.library:
            facts.append(f"sentence-transformers {card.library}")
    return facts


def _show_remarks(workspace: Workspace, recipe: Recipe) -> None:
    found = remarks(workspace, recipe)
    if not found:
        return
    st.markdown("**" + _("What Pairloom would have told its author") + "**")
    with st.container(gap="xsmall"):
        for one in found:
            st.markdown(f"{BADGES[one.severity]} {say(one.message)} :small[{say(one.why)}]")


def _show_ways(
    workspace: Workspace, stored: Stored, improved: Better | None, info: DatasetInfo
) -> None:
    """The recipe as it is, and the better one beside it."""
    problem = _unfit(workspace, stored.recipe, info)
    if problem is not None:
        st.warning(say(problem), icon=":material/block:")
    as_is, beside = st.columns(2, gap="medium") if improved else (st.container(), None)
    with as_is, st.container(border=True, height="stretch"):
        st.markdown("**" + (_("As on the card") if stored.card else _("As it was saved")) + "**")
        if improved is not None:
            _show_values(improved, 0)
        _fill_button(workspace, stored, stored.recipe, info, "fill_recipe")
        st.caption(_("Fills the form below in; nothing is started."))
    if beside is None or improved is None:
        _say_notes(stored)
        return
    with beside, st.container(border=True, height="stretch"):
        st.markdown("**" + _("Better for such a table") + "**")
        if improved.first is not None:
            st.markdown(f":orange[:material/warning:] {say(improved.first)}")
        _show_changes(improved)
        _fill_button(workspace, stored, improved.recipe, info, "fill_better")
    _say_notes(stored)


def _fill_button(
    workspace: Workspace, stored: Stored, recipe: Recipe, info: DatasetInfo, key: str
) -> None:
    st.button(
        _("Fill in the form"),
        key=key,
        icon=":material/edit_note:",
        disabled=_unfit(workspace, recipe, info) is not None,
        on_click=_fill,
        args=(workspace, stored, recipe, info),
    )


def _unfit(workspace: Workspace, recipe: Recipe, info: DatasetInfo) -> Problem | None:
    try:
        usable(workspace, recipe, info)
    except Problem as problem:
        return problem
    return None


def _fill(workspace: Workspace, stored: Stored, recipe: Recipe, info: DatasetInfo) -> None:
    fitted, notes = usable(workspace, recipe, info)
    named = fitted.model_copy(update={"name": plain(name_of(stored))})
    fill_in(named.config(info, stored.id))
    st.session_state[_NOTES] = (stored.id, notes)


def _say_notes(stored: Stored) -> None:
    """That the form was filled in, and what had to be changed for this table."""
    filled, notes = st.session_state.pop(_NOTES, (None, []))
    if filled == stored.id:
        text = paragraph(_("The form below is filled in."), *(say(note) for note in notes))
        (st.warning if notes else st.success)(text, icon=":material/edit_note:")


def _show_changes(improved: Better) -> None:
    _show_values(improved, 1)
    with st.expander(_("Why"), icon=":material/help:", type="compact"):
        st.markdown(
            "\n".join(
                f"- **{_label(change.difference)}**: {say(change.why)}"
                for change in improved.changes
                if change.why is not None
            )
        )


def _show_values(improved: Better, place: int) -> None:
    """The settings that differ, as they are on the card (0) or in the better recipe (1)."""
    told = [one.difference for one in improved.changes]
    st.markdown("\n".join(f"- {_label(one)}: **{_words(one, place, improved)}**" for one in told))


def _label(one: Difference) -> str:
    return _("Base model") if one.setting == "base.kind" else _(one.label)


def _words(one: Difference, place: int, improved: Better) -> str:
    if one.setting == "base.kind":
        card = improved.recipe.card
        first = card.base if card and card.base else setting_words(one.values[0])
        return fmt.verbatim(first if place == 0 else base_name(improved.recipe.base))
    if one.setting == "loss.name":
        name = str(one.values[place])
        return fmt.verbatim(f"{loss_title(name)} ({name})")
    return fmt.verbatim(value_words(one, one.values[place]))


def _show_translation(translation: Translation, notes: tuple[Message, ...], card: Card) -> None:
    """What became of the card's settings, what was assumed, what could not be read."""
    with st.expander(_("What was read, and what became of it"), icon=":material/translate:"):
        _say_list(_("Could not be read:"), [_(name) for name in card.unreadable])
        _say_list(_("The card does not say:"), [_(name) for name in card.untold])
        _say_list(_("Assumed:"), [say(note) for note in notes])
        kept = [one for one in translation.settings if one.how is not How.GONE]
        if kept:
            st.dataframe(
                pd.DataFrame([_row(one) for one in kept]),
                hide_index=True,
                key="recipe_settings",
                alt=_("The settings of the card and what became of each"),
            )
        renamed = [f"`{one.name}` → `{one.now}`" for one in translation.settings if one.renamed]
        gone = [
            f"`{one.name}`"
            for one in translation.settings
            if one.how is How.GONE and one.now is None
        ]
        _say_list(_("Renamed by the installed version:"), renamed, inline=True)
        _say_list(_("Dropped by the installed version:"), gone, inline=True)
        count = len(translation.without_bearing)
        if count:
            st.caption(
                ngettext(
                    "{count} more setting changes nothing in the model, or is the default.",
                    "{count} more settings change nothing in the model, or are the default.",
                    count,
                ).format(count=fmt.number(count))
            )


def _row(one: Translated) -> dict[str, str]:
    here = Difference(one.setting, ()) if one.setting else None
    return {
        _("On the card"): one.name,
        _("Value"): setting_words(one.value),
        _("Here"): _(here.label) if here else "–",
        _("Becomes"): value_words(here, one.became) if here else "–",
        _("How it was taken"): _(_HOW[one.how]),
        _("Note"): plain(one.note) if one.note else "",
    }


def _say_list(title: str, items: list[str], *, inline: bool = False) -> None:
    if not items:
        return
    if inline:
        comma = _(", ")
        st.caption(f"{title} {comma.join(items)}")
    else:
        st.markdown(f"{title}\n" + "\n".join(f"- {item}" for item in items))


def _show_texts(recipe: Recipe) -> None:
    """The texts of the card's widget, repaired."""
    lines = [
        f"- {fmt.verbatim(clipped(one.source, _TEXT))}\n"
        + "\n".join(f"  - {fmt.verbatim(clipped(text, _TEXT))}" for text in one.sentences)
        for one in recipe.examples
    ]
    if not lines:
        return
    with st.expander(_("Texts on the card"), icon=":material/format_quote:"):
        st.caption(
            _(
                "A run that is started from this recipe offers them on Inspect, to compare how the "
                "base and the new model see them."
            )
        )
        if recipe.card is not None and recipe.card.garbled is not None:
            st.caption(
                _("Repaired as far as they could be; � stands for a character that is lost.")
            )
        st.markdown("\n".join(lines))


def _show_file(workspace: Workspace, stored: Stored) -> None:
    with st.container(horizontal=True, gap="small"):
        st.download_button(
            _("Download as YAML"),
            stored.recipe.to_yaml(),
            file_name=f"{stored.id}.yaml",
            mime="application/yaml",
            key="recipe_file",
            icon=":material/download:",
        )
        if not stored.ready:
            st.button(
                _("Delete this recipe"),
                key="recipe_delete",
                icon=":material/delete:",
                on_click=_delete,
                args=(workspace, stored.id),
            )


def _delete(workspace: Workspace, id: str) -> None:
    try:
        delete_recipe(workspace, id)
    except Problem as problem:
        # Somebody else was quicker.
        st.toast(say(problem), icon=":material/info:")
