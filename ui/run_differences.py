"""What differs between configurations, as a table for people: a row a setting, a column each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core.problems import N_
from core.training.difference import MISSING, Difference
from core.training.losses.spec import ChoiceParameter
from ui import format as fmt
from ui.language import _
from ui.runs_words import loss_title
from ui.train_settings import PRECISIONS, SCHEDULES

_KINDS = {
    "bundled": N_("comes with Pairloom"),
    "folder": N_("a model folder on this computer"),
    "run": N_("the model of an earlier run"),
    "hub": N_("from a hub"),
    "static": N_("static, from your own data"),
}
_WORDS = {
    "base.kind": _KINDS,
    "training.schedule": SCHEDULES,
    "training.precision": PRECISIONS,
}
_SHARES = {"training.warmup_share", "evaluation.held_out_share"}
_EXACT = {"training.seed", "training.data_seed"}
_UNSET = "–"
LABEL_WIDTH = 230
"""Pixels for the names of settings and scores, the same in tables that stand below each other."""


def show_differences(names: Sequence[str], found: Sequence[Difference]) -> None:
    """The settings that differ, in the order of the form.

    Args:
        names: what each configuration is called; no two alike.
        found: what :func:`core.training.difference.differences` told.
    """
    if not found:
        st.caption(_("All settings are the same."))
        return
    table = pd.DataFrame(
        [[value_words(one, value) for value in one.values] for one in found],
        columns=list(names),
        index=[_(one.label) for one in found],
    )
    st.dataframe(
        table,
        height="content",
        column_config={"_index": st.column_config.TextColumn(_("Setting"), width=LABEL_WIDTH)},
        alt=_("The settings that differ"),
    )


def value_words(difference: Difference, value: Any) -> str:
    """A value of a setting in words."""
    setting, parameter = difference.setting, difference.parameter
    if value is MISSING or value is None or value in ([], ()):
        return _UNSET
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(parameter, ChoiceParameter):
        return _(parameter.options.get(str(value), str(value)))
    if setting in _WORDS:
        return _(_WORDS[setting].get(value, value))
    if setting == "loss.name":
        return loss_title(value)
    if setting in _SHARES:
        return fmt.percent(value)
    if setting in _EXACT:
        return str(value)
    if isinstance(value, int | float):
        return f"{value:g}" if abs(value) < 1e-3 else fmt.number(value)
    if isinstance(value, list | tuple):
        return _(", ").join(_part(one) for one in value)
    return str(value)


def _part(value: Any) -> str:
    """One of several values: a length of vectors, or a question."""
    return str(value["question"]) if isinstance(value, dict) else str(value)
