"""Choosing what the model should learn: the loss and its settings."""

from __future__ import annotations

from collections.abc import Callable

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
from core.training.runs import list_runs, offered
from core.workspace import Workspace
from ui.language import _, paragraph

_OFFERED = 3
"""So many losses are listed at once; the others come when somebody asks for them."""
_FOLDER = "folder"
_SHORTER = (768, 512, 256, 128, 64, 32)


def choose_loss(
    info: DatasetInfo, base: ResolvedBase, wanted: str | None, key: Callable[[str], str]
) -> LossSpec:
    """Which loss, among those that can learn from the table's shape and train this base.

    Args:
        info: the table.
        base: what training starts from.
        wanted: the loss that is chosen at first, if it is among them; else the recommended one.
        key: makes the field's key.
    """
    static = base.kind == "static"
    fitting = losses_for(info.shape, static=static)
    everything = len(fitting) <= _OFFERED or st.toggle(
        _("Show all {count} losses that fit").format(count=len(fitting)), key="all-losses"
    )
    losses = fitting if everything else fitting[:_OFFERED]
    # One that was chosen, by a button or while all were shown, does not vanish from a short list.
    losses += [loss for loss in fitting if loss.name == wanted and loss not in losses]
    loss = st.radio(
        _("What the model should learn (loss)"),
        losses,
        index=next((at for at, one in enumerate(losses) if one.name == wanted), 0),
        format_func=lambda loss: _(loss.title),
        captions=[paragraph(_(loss.sentence), _(loss.when), f"`{loss.name}`") for loss in losses],
        key=key(f"loss-{info.shape}-{static}-{'-'.join(one.name for one in losses)}"),
        help=_("Only losses that can learn from this shape of table are listed."),
    )
    return loss or losses[0]


def loss_settings(
    workspace: Workspace, loss: LossSpec, base: ResolvedBase, start: LossConfig, key: str
) -> LossConfig:
    """The settings of the loss, folded away; filled in from ``start``."""
    shorter = _shorter_lengths(loss, base)
    if not loss.parameters and not shorter:
        return start
    values = loss.settings(start.parameters)
    with st.expander(_("Settings of this loss"), icon=":material/tune:"):
        parameters = {}
        for parameter in loss.parameters:
            field, why = st.columns([2, 3], vertical_alignment="center")
            why.caption(_(parameter.help))
            with field:
                parameters[parameter.name] = _widget(
                    workspace, parameter, values[parameter.name], f"{key}-{parameter.name}"
                )
        matryoshka = _shorter_vectors(shorter, base, start, key) if shorter else ()
    return LossConfig(name=loss.name, parameters=parameters, matryoshka=matryoshka)


def _widget(workspace: Workspace, parameter: Parameter, value: Value, key: str) -> Value:
    label = _(parameter.label)
    match parameter:
        case NumberParameter():
            cast = int if parameter.whole else float
            return st.number_input(
                label,
                min_value=cast(parameter.minimum),
                max_value=cast(parameter.maximum),
                value=cast(value),
                format=None if parameter.whole else "%g",
                key=key,
            )
        case ChoiceParameter():
            return st.selectbox(
                label,
                list(parameter.options),
                index=list(parameter.options).index(str(value)),
                format_func=lambda value: _(parameter.options[value]),
                key=key,
            )
        case SwitchParameter():
            return st.checkbox(label, value=bool(value), key=key)
        case ModelParameter():
            return _choose_guide(workspace, parameter, str(value), key)


def _choose_guide(workspace: Workspace, parameter: ModelParameter, value: str, key: str) -> str:
    runs = offered(list_runs(workspace), value.removeprefix("run:"))
    names = {f"run:{run.id}": run.name for run in runs if run.model is not None}
    words = {
        "bundled": "all-MiniLM-L6-v2",
        **{id: _("Earlier run: {name}").format(name=name) for id, name in names.items()},
        _FOLDER: _("A model folder on this computer"),
    }
    chosen = st.selectbox(
        _(parameter.label),
        list(words),
        index=list(words).index(value if value in words else _FOLDER),
        format_func=words.__getitem__,
        key=key,
    )
    if chosen != _FOLDER:
        return chosen
    path = st.text_input(
        _("Path of the guide model's folder"),
        value="" if value in words else value,
        key=f"{key}-path",
    )
    return path.strip() or parameter.default


def _shorter_lengths(loss: LossSpec, base: ResolvedBase) -> list[int]:
    return [length for length in _SHORTER if length < base.dimension] if loss.matryoshka else []


def _shorter_vectors(
    lengths: list[int], base: ResolvedBase, start: LossConfig, key: str
) -> tuple[int, ...]:
    """The vector lengths for which the model is trained besides the full one."""
    given = [length for length in start.matryoshka if length < base.dimension]
    field, why = st.columns([2, 3], vertical_alignment="center")
    chosen = field.multiselect(
        _("Also usable with shorter vectors"),
        sorted({*lengths, *given}, reverse=True),
        default=given,
        placeholder=_("only the full {count} numbers").format(count=base.dimension),
        key=f"{key}-matryoshka",
    )
    why.caption(
        _(
            "Trains the first numbers of each vector to do the whole work (MatryoshkaLoss), so "
            "that an index can keep fewer of them. It costs a little quality at full length."
        )
    )
    return tuple(sorted(chosen, reverse=True))
