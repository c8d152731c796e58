"""Choosing a base model, and what has to be known about it before an hour is spent."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.data.store import DatasetInfo
from core.models.bases import BaseChoice, BaseConfig
from core.models.catalogue import (
    STATIC_LIMITS,
    BaseRow,
    Recommendation,
    describe_bases,
    recommend,
)
from core.models.folder import ResolvedBase
from core.problems import Term
from core.training.advice.facts import reading_of
from core.training.runs import list_runs
from core.workspace import Workspace
from ui import format as fmt
from ui.language import _
from ui.train_extension import without_extension
from ui.train_form import take_base

_FOLDER = "folder"
_PATIENCE_SECONDS = 1.0
"""How long a page waits for figures of bases that nothing is known about yet."""


def look_at_bases(workspace: Workspace, info: DatasetInfo) -> tuple[list[BaseRow], Recommendation]:
    """The bases with what is known about them and the table so far, and the one to take."""
    rows = describe_bases(workspace, info, _PATIENCE_SECONDS)
    return rows, recommend(rows, info)


def first_base(given: BaseConfig | None, advice: Recommendation, key: str) -> BaseConfig:
    """The base that the form starts with: what it was filled in with, or what is recommended.

    It stays the same for as long as the form does, whatever is typed, fetched or trained meanwhile.

    Args:
        given: what the form was filled in with, if it was.
        advice: what is recommended.
        key: of the choice of a base; tells this form from others.
    """
    remembered = f"{key}-first"
    if remembered not in st.session_state:
        st.session_state[remembered] = given or advice.config
    first: BaseConfig = st.session_state[remembered]
    return first


def choose_base(
    workspace: Workspace, choices: list[BaseChoice], given: BaseConfig, key: str
) -> BaseConfig:
    """The base model to start from: one of ``choices``, or a local folder; without an extension.

    Args:
        workspace: where earlier runs are.
        choices: what is offered.
        given: what is chosen at first.
        key: of the field.
    """
    names = {run.id: run.name for run in list_runs(workspace)}
    words = {base_option(choice.config, given): _choice_name(choice, names) for choice in choices}
    words[_FOLDER] = _("A model folder on this computer")
    options = list(words)
    start = _FOLDER if given.kind == "folder" else base_option(given, given)
    chosen = st.selectbox(
        _("Base model"),
        options,
        index=options.index(start) if start in options else 0,
        format_func=words.__getitem__,
        key=key,
        help=_("The model that training starts from."),
    )
    if chosen == _FOLDER:
        path = st.text_input(
            _("Path of the model folder"),
            value=given.path or "",
            key=f"{key}-folder",
            placeholder="/home/me/models/bge-small-zh-v1.5",
            help=_("On the computer that runs Pairloom. Only safetensors weights are opened."),
        )
        return BaseConfig(kind="folder", path=path.strip() or None)
    return BaseConfig.model_validate_json(chosen)


def base_chooser(
    workspace: Workspace, info: DatasetInfo, given: BaseConfig, key: str
) -> Callable[[BaseConfig], None]:
    """A function that makes a base the chosen one.

    Args:
        workspace: where the bases are.
        info: the table that is to be learned from.
        given: what was chosen at first.
        key: of the choice of a base.
    """
    return lambda config: take_base(workspace, info, config, key, base_option(config, given))


def show_base_facts(
    workspace: Workspace, base: ResolvedBase, info: DatasetInfo, advice: Recommendation
) -> None:
    """What the base is, and whether it can read this table."""
    facts = [_("vectors of {count} numbers").format(count=fmt.number(base.dimension))]
    if base.kind == "static" and base.path is None:
        facts.append(_("can read texts of any length"))
        made = _(
            "Made from nothing but your texts: a vocabulary of pieces that occur in them, "
            "and one vector a piece. It is compared with all-MiniLM-L6-v2 as it is."
        )
        # Where it is recommended, its limits stand there.
        limits = [] if advice.config.kind == "static" else [_(STATIC_LIMITS)]
        st.caption("  \n".join([" · ".join(facts), made, *limits]))
        return
    facts.append(_("{count} million parameters").format(count=fmt.number(base.parameters / 1e6, 1)))
    facts.append(
        _("reads up to {count} tokens of a text").format(count=base.max_length)
        if base.max_length
        else _("can read texts of any length")
    )
    share = fmt.percent(reading_of(workspace, info, base).unknown_share)
    facts.append(_("cannot read {share} of this table").format(share=share))
    st.caption(" · ".join(facts))


def base_option(config: BaseConfig, given: BaseConfig) -> str:
    """What stands for the base in the list of choices.

    A size of vocabulary or of vectors that was set somewhere else (``given``) is kept.
    """
    like = given if given.kind == config.kind == "static" else config
    return without_extension(like).model_dump_json()


def _choice_name(choice: BaseChoice, names: dict[str, str]) -> str:
    if choice.config.kind == "run":
        run = choice.config.run or ""
        return _("Earlier run: {name}").format(name=names.get(run, run))
    return _(choice.name) if isinstance(choice.name, Term) else choice.name
