"""Where the vectors of a static model start before it learns anything."""

from __future__ import annotations

import streamlit as st

from core.models.bases import OWN, BaseChoice, BaseConfig, resolve
from core.models.catalogue import short_name
from core.problems import Problem
from core.training.runs import list_runs
from core.workspace import Workspace
from ui.language import _, say

_BUNDLED, _RUN, _FOLDER = "bundled", "run:", "folder"


def choose_start(
    workspace: Workspace, choices: list[BaseChoice], base: BaseConfig, key: str
) -> BaseConfig:
    """The base with where its vectors start; any but a static one that is to be made as it is.

    Args:
        workspace: where the models are that it could start from.
        choices: the bases that there are.
        base: what is chosen, with where its vectors start at first.
        key: of the fields.
    """
    if base.kind != "static":
        return base
    words = _words(workspace, choices)
    options = list(words)
    with st.expander(_("Settings of the static model"), icon=":material/tune:"):
        field, why = st.columns([2, 3], vertical_alignment="center")
        start = field.selectbox(
            _("Where its vectors start"),
            options,
            index=options.index(base.start if base.start in words else _FOLDER),
            format_func=words.__getitem__,
            key=f"{key}-start",
        )
        why.caption(
            _(
                "At random, everything is learned from your rows. From another model, a piece "
                "starts where that model puts it, which can help with words that few of your rows "
                "have; the vectors are then as long as that model's."
            )
        )
        if start == _FOLDER:
            path = st.text_input(
                _("Path of that model's folder"),
                value="" if base.start in words else base.start,
                key=f"{key}-start-folder",
                placeholder="/home/me/models/bge-small-zh-v1.5",
            )
            # Until there is one, it starts as it would without.
            start = path.strip() or OWN
        return _checked(workspace, base.model_copy(update={"start": start}))


def _checked(workspace: Workspace, base: BaseConfig) -> BaseConfig:
    """The base; where its start cannot be used, that is said and it starts at random."""
    try:
        resolve(workspace, base)
    except Problem as problem:
        st.error(say(problem))
        return base.model_copy(update={"start": OWN})
    return base


def _words(workspace: Workspace, choices: list[BaseChoice]) -> dict[str, str]:
    """What can be chosen, as ``config.yaml`` says it, with its words."""
    names = {run.id: run.name for run in list_runs(workspace)}
    words = {OWN: _("At random"), _BUNDLED: _("Where all-MiniLM-L6-v2 puts them")}
    for choice in choices:
        config = choice.config
        if config.kind == "run" and config.run:
            name = names.get(config.run, config.run)
            words[f"{_RUN}{config.run}"] = _("Where the run {name} puts them").format(name=name)
        elif config.repo and config.revision:
            folder = workspace.hub_model(config.source, config.repo, config.revision)
            words[str(folder)] = _("Where {name} puts them").format(name=short_name(choice.name))
    words[_FOLDER] = _("Where a model on this computer puts them")
    return words
