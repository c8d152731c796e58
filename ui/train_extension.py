"""Adding to a base's vocabulary what it cannot read in the table, and how fast that is learned."""

from __future__ import annotations

import streamlit as st

from core.data.store import DatasetInfo
from core.models.additions import CannotExtend, check_extensible
from core.models.bases import BaseConfig
from core.models.extension_config import Extension
from core.models.folder import ResolvedBase
from core.training.advice.facts import SAMPLE_ROWS, missing_characters
from core.training.config import RunConfig
from core.training.defaults import reason
from core.workspace import Workspace
from ui import format as fmt
from ui.language import _, ngettext, say

_MOST = 50_000
_LEAST_RATE = 1e-9


def without_extension(base: BaseConfig) -> BaseConfig:
    """The base as the choice of a base knows it."""
    return base.model_copy(update={"extend": None})


def choose_extension(
    workspace: Workspace,
    info: DatasetInfo,
    base: BaseConfig,
    resolved: ResolvedBase,
    given: BaseConfig | None,
    key: str,
) -> BaseConfig:
    """The base with what is to be added to its vocabulary; asks only where there is something.

    Args:
        workspace: where the table is.
        info: the table.
        base: what is chosen, without an extension.
        resolved: the same, resolved.
        given: what the form was filled in with; its extension counts if it is the same base.
        key: of the fields.
    """
    start = given.extend if given is not None and without_extension(given) == base else None
    missing = missing_characters(workspace, info, resolved)
    if not missing and start is None:
        return base
    try:
        check_extensible(resolved)
    except CannotExtend as problem:
        st.caption(say(problem))
        return base
    key = f"{key}-{base.model_dump_json()}"
    wanted = st.checkbox(
        _label(missing, exact=info.rows <= SAMPLE_ROWS),
        value=start is not None,
        key=f"{key}-extend",
        help=_(
            "They begin apart from one another and are learned from your rows. The model's folder "
            "has the larger vocabulary too."
        ),
    )
    if not wanted:
        return base
    start = start or Extension()
    with st.container(horizontal=True):
        characters = st.number_input(
            _("Characters at most"),
            min_value=0,
            max_value=_MOST,
            value=start.characters,
            key=f"{key}-characters",
            help=_("The most frequent ones are added first."),
        )
        pieces = st.number_input(
            _("Words at most"),
            min_value=0,
            max_value=_MOST,
            value=start.pieces,
            key=f"{key}-pieces",
            help=_(
                "Words in at least ten texts that the base cuts into four pieces or more. Leave "
                "it at 0 if your texts have few such words."
            ),
        )
    extend = Extension(characters=characters, pieces=pieces)
    return base.model_copy(update={"extend": extend})


def _label(missing: int, *, exact: bool) -> str:
    if not missing:
        # The form was filled in for another table, or for what stands in few of this one's rows.
        return _("Add what it cannot read to its vocabulary")
    if not exact:
        words = _("Add the characters that it cannot read, {count} or more, to its vocabulary")
    else:
        words = ngettext(
            "Add the {count} character that it cannot read to its vocabulary",
            "Add the {count} characters that it cannot read to its vocabulary",
            missing,
        )
    return words.format(count=fmt.number(missing))


def extension_settings(start: RunConfig, key: str) -> RunConfig:
    """The rate at which added vocabulary learns; ``start`` when nothing is added."""
    if start.base.extend is None:
        return start
    field, why = st.columns([2, 3], vertical_alignment="center")
    why.caption(_(reason("new_rate", static=False)))
    value = start.training.new_rate or start.training.learning_rate
    rate = field.number_input(
        _("Learning rate of the vocabulary"),
        min_value=_LEAST_RATE,
        max_value=10.0,
        value=max(_LEAST_RATE, value),
        format="%g",
        step=value / 2,
        key=f"{key}-newrate",
    )
    training = start.training.model_copy(update={"new_rate": rate})
    return start.model_copy(update={"training": training})
