"""All losses side by side: those that fit the table, and what the others would need."""

from __future__ import annotations

import streamlit as st

from core.data.shapes import Shape
from core.data.store import DatasetInfo
from core.training.losses.registry import LOSSES, losses_for
from core.training.losses.spec import (
    ChoiceParameter,
    LossSpec,
    ModelParameter,
    NumberParameter,
    Parameter,
    SwitchParameter,
)
from ui.language import _


def show_loss_table(info: DatasetInfo, *, static: bool) -> None:
    """The losses grouped by the shape of table that they learn from, folded away."""
    with st.expander(_("All losses in a table"), icon=":material/list:"):
        fitting = losses_for(info.shape, static=static)
        _group(_("For this table: {shape}").format(shape=_(info.shape.label)), fitting)
        others = [loss for loss in LOSSES.values() if info.shape not in loss.shapes]
        for shape in Shape:
            group = [loss for loss in others if loss.shapes[0] is shape]
            _group(_("For another table: {shape}").format(shape=_(shape.label)), group)
        if static:
            left_out = [one for one in losses_for(info.shape) if not one.for_static]
            _group(_("For a base that is not static"), left_out)


def _group(heading: str, losses: list[LossSpec]) -> None:
    if losses:
        st.markdown(f"**{heading}**")
        st.markdown(_table(losses))


def _table(losses: list[LossSpec]) -> str:
    head = (_("Loss"), _("What it teaches"), _("When to choose it"), _("Its settings"))
    rows = [
        (
            f"{_(loss.title)} `{loss.name}`",
            _(loss.sentence),
            _(loss.when),
            " · ".join(map(_setting, loss.parameters)) or _("none"),
        )
        for loss in losses
    ]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ("---",) * 4, *rows))


def _setting(parameter: Parameter) -> str:
    """The setting's name, what it is unless it is changed, and what it can be."""
    label = _(parameter.label)
    match parameter:
        case NumberParameter():
            values = _("{default:g} ({minimum:g} to {maximum:g})").format(
                default=parameter.default, minimum=parameter.minimum, maximum=parameter.maximum
            )
        case ChoiceParameter():
            values = _("{default} (one of {count})").format(
                default=_(parameter.options[parameter.default]), count=len(parameter.options)
            )
        case SwitchParameter():
            values = _("on") if parameter.default else _("off")
        case ModelParameter():
            values = _("a model, at first {default}").format(default="all-MiniLM-L6-v2")
    return _("{label}: {values}").format(label=label, values=values)
