"""Choosing what the model should learn: the loss and its settings."""

from __future__ import annotations

import streamlit as st

from core.data.store import DatasetInfo
from core.models.folder import ResolvedBase
from core.training.config import LossConfig
from core.training.losses.registry import losses_for
from core.training.losses.spec import (
    ChoiceParameter,
    LossSpec,
    ModelParameter,
    NumberParameter,
    Parameter,
    SwitchParameter,
    Value,
)
from core.training.runs import list_runs
from core.workspace import Workspace
from ui.language import _

_OFFERED = 3
"""So many losses are listed at once; the others come when somebody asks for them."""
_FOLDER = "folder"
_SHORTER = (768, 512, 256, 128, 64, 32)


def choose_loss(info: DatasetInfo, base: ResolvedBase) -> LossSpec:
    """Which loss, among those that can learn from the table's shape and train this base."""
    fitting = losses_for(info.shape, static=base.kind == "static")
    everything = len(fitting) <= _OFFERED or st.toggle(
        _("Show all {count} losses that fit").format(count=len(fitting)), key="all-losses"
    )
    losses = fitting if everything else fitting[:_OFFERED]
    loss = st.radio(
        _("What the model should learn (loss)"),
        losses,
        format_func=lambda loss: _(loss.title),
        captions=[f"{_(loss.sentence)} {_(loss.when)} `{loss.name}`" for loss in losses],
        key=f"loss-{info.shape}-{len(losses)}",
        help=_("Only losses that can learn from this shape of table are listed."),
    )
    return loss or losses[0]


def loss_settings(workspace: Workspace, loss: LossSpec, base: ResolvedBase, key: str) -> LossConfig:
    """The settings of the loss, filled in with what suits nearly everything."""
    parameters = {
        parameter.name: _widget(workspace, parameter, f"{key}-{parameter.name}")
        for parameter in loss.parameters
    }
    return LossConfig(
        name=loss.name, parameters=parameters, matryoshka=_shorter_vectors(loss, base, key)
    )


def _widget(workspace: Workspace, parameter: Parameter, key: str) -> Value:
    label, help = _(parameter.label), _(parameter.help)
    match parameter:
        case NumberParameter():
            cast = int if parameter.whole else float
            return st.number_input(
                label,
                min_value=cast(parameter.minimum),
                max_value=cast(parameter.maximum),
                value=cast(parameter.default),
                help=help,
                key=key,
            )
        case ChoiceParameter():
            return st.selectbox(
                label,
                list(parameter.options),
                index=list(parameter.options).index(parameter.default),
                format_func=lambda value: _(parameter.options[value]),
                help=help,
                key=key,
            )
        case SwitchParameter():
            return st.checkbox(label, value=parameter.default, help=help, key=key)
        case ModelParameter():
            return _choose_guide(workspace, parameter, key)


def _choose_guide(workspace: Workspace, parameter: ModelParameter, key: str) -> str:
    names = {f"run:{run.id}": run.name for run in list_runs(workspace) if run.model is not None}
    words = {
        "bundled": "all-MiniLM-L6-v2",
        **{id: _("Earlier run: {name}").format(name=name) for id, name in names.items()},
        _FOLDER: _("A model folder on this computer"),
    }
    chosen = st.selectbox(
        _(parameter.label),
        list(words),
        format_func=words.__getitem__,
        help=_(parameter.help),
        key=key,
    )
    if chosen != _FOLDER:
        return chosen
    path = st.text_input(_("Path of the guide model's folder"), key=f"{key}-path")
    return path.strip() or parameter.default


def _shorter_vectors(loss: LossSpec, base: ResolvedBase, key: str) -> tuple[int, ...]:
    """The vector lengths for which the model is trained besides the full one."""
    lengths = [length for length in _SHORTER if length < base.dimension]
    if not loss.matryoshka or not lengths:
        return ()
    chosen = st.multiselect(
        _("Also usable with shorter vectors"),
        lengths,
        placeholder=_("only the full {count} numbers").format(count=base.dimension),
        help=_(
            "Trains the first numbers of each vector to do the whole work (MatryoshkaLoss), so "
            "that an index can keep fewer of them. It costs a little quality at full length."
        ),
        key=f"{key}-matryoshka",
    )
    return tuple(sorted(chosen, reverse=True))
