"""Choosing a base model, and what has to be known about it before an hour is spent."""

from __future__ import annotations

import streamlit as st

from core.data.store import DatasetInfo
from core.models.bases import BaseChoice, BaseConfig
from core.models.folder import ResolvedBase
from core.problems import Term
from core.training.advice.facts import reading_of
from core.training.runs import list_runs
from core.workspace import Workspace
from ui import format as fmt
from ui.language import _

_FOLDER = "folder"


def choose_base(
    workspace: Workspace,
    choices: list[BaseChoice],
    info: DatasetInfo,
    given: BaseConfig | None,
    key: str,
) -> BaseConfig:
    """The base model to start from: one of ``choices``, or a local folder.

    Args:
        workspace: where earlier runs are.
        choices: what is offered.
        info: the table that it is to learn from.
        given: what is chosen at first; None for what suits the table.
        key: of the field.
    """
    names = {run.id: run.name for run in list_runs(workspace)}
    # A size of vocabulary or of vectors that was set somewhere else is kept.
    configs = [_like(choice.config, given) for choice in choices]
    words = {
        config.model_dump_json(): _choice_name(choice, names)
        for config, choice in zip(configs, choices, strict=True)
    } | {_FOLDER: _("A model folder on this computer")}
    preset = "static" if info.sample and info.sample.startswith("drug") else "bundled"
    first = next(at for at, config in enumerate(configs) if config.kind == preset)
    if given is not None and given.kind == "folder":
        first = len(configs)
    elif given in configs:
        first = configs.index(given)
    chosen = st.selectbox(
        _("Base model"),
        list(words),
        index=first,
        format_func=words.__getitem__,
        key=key,
        help=_("The model that training starts from."),
    )
    if chosen == _FOLDER:
        path = st.text_input(
            _("Path of the model folder"),
            value=(given.path if given is not None else None) or "",
            key=f"{key}-folder",
            placeholder="/home/me/models/bge-small-zh-v1.5",
            help=_("On the computer that runs Pairloom. Only safetensors weights are opened."),
        )
        return BaseConfig(kind="folder", path=path.strip() or None)
    return BaseConfig.model_validate_json(chosen)


def show_base_facts(workspace: Workspace, base: ResolvedBase, info: DatasetInfo) -> None:
    """What the base is, and whether it can read this table."""
    facts = [_("vectors of {count} numbers").format(count=base.dimension)]
    if base.kind == "static" and base.path is None:
        facts.append(_("reads texts of any length"))
        st.caption(" · ".join(facts))
        st.caption(
            _(
                "Made from nothing but your texts: a vocabulary of pieces that occur in them, "
                "and one vector a piece. It learns in seconds and reads every character, but it "
                "does not see word order, and words that were never in your table mean nothing "
                "to it. It is compared with all-MiniLM-L6-v2 as it is."
            )
        )
        return
    facts.append(_("{count} million parameters").format(count=fmt.number(base.parameters / 1e6, 1)))
    facts.append(
        _("reads up to {count} tokens of a text").format(count=base.max_length)
        if base.max_length
        else _("reads texts of any length")
    )
    st.caption(" · ".join(facts))
    share = fmt.percent(reading_of(workspace, info, base).unknown_share)
    st.caption(_("Unknown to its vocabulary: {share} of this table.").format(share=share))


def _like(config: BaseConfig, given: BaseConfig | None) -> BaseConfig:
    static = given is not None and given.kind == config.kind == "static"
    return given if static and given is not None else config


def _choice_name(choice: BaseChoice, names: dict[str, str]) -> str:
    if choice.config.kind == "run":
        run = choice.config.run or ""
        return _("Earlier run: {name}").format(name=names.get(run, run))
    return _(choice.name) if isinstance(choice.name, Term) else choice.name
