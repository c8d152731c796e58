"""What a setting's value is called: one home for the form, the tables of differences, commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from core.problems import N_, Translate
from core.retrieval.corpora import list_corpora
from core.training.difference import MISSING, Difference
from core.training.losses.registry import LOSSES
from core.training.losses.spec import ChoiceParameter
from core.workspace import Workspace

SCHEDULES = {
    "linear": N_("falls evenly to 0"),
    "cosine": N_("falls to 0 in a curve"),
    "constant": N_("stays as it is"),
}
"""What the learning rate does after the warm-up, in words."""
PRECISIONS = {
    "auto": N_("automatic"),
    "fp32": N_("full (fp32)"),
    "bf16": N_("half (bf16)"),
}
"""The kinds of arithmetic, in words."""
KINDS = {
    "bundled": N_("comes with Pairloom"),
    "folder": N_("a model folder on this computer"),
    "run": N_("the model of an earlier run"),
    "hub": N_("from a hub"),
    "static": N_("static, from your own data"),
}
"""Where a base comes from, in words."""
_WORDS = {
    "base.kind": KINDS,
    "training.schedule": SCHEDULES,
    "training.precision": PRECISIONS,
}
_SHARES = {"training.warmup_share", "evaluation.held_out_share"}
_EXACT = {"training.seed", "training.data_seed"}
_IDS = {"base.run", "evaluation.exam"}
_UNSET = "–"
_SMALL = 1e-3


def value_words(
    difference: Difference,
    value: Any,
    translate: Translate,
    number: Callable[[float], str],
    percent: Callable[[float], str],
    named: Mapping[str, str] | None = None,
) -> str:
    """A value of a setting in words.

    Args:
        difference: the setting.
        value: one of its values.
        translate: turns a message id into the reader's language.
        number: writes a number.
        percent: writes a share between 0 and 1.
        named: what runs and corpora are called, by their ids.
    """
    setting, parameter = difference.setting, difference.parameter
    if value is MISSING or value is None or value in ([], ()):
        return _UNSET
    if isinstance(value, bool):
        return translate(N_("yes")) if value else translate(N_("no"))
    if isinstance(parameter, ChoiceParameter):
        return translate(parameter.options.get(str(value), str(value)))
    if setting in _WORDS:
        return translate(_WORDS[setting].get(value, value))
    if setting == "loss.name":
        return translate(LOSSES[value].title) if value in LOSSES else str(value)
    if setting in _SHARES:
        return percent(value)
    if setting in _EXACT:
        return str(value)
    if isinstance(value, int | float):
        return f"{value:g}" if abs(value) < _SMALL else number(value)
    if setting in _IDS:
        return (named or {}).get(value, value)
    if isinstance(value, list | tuple):
        return translate(N_(", ")).join(_part(one) for one in value)
    return str(value)


def named_in(
    workspace: Workspace, found: Sequence[Difference], runs: Mapping[str, str]
) -> dict[str, str]:
    """What the runs and corpora are called that differences are about; ``runs`` by their ids."""
    named = dict(runs)
    if any(one.setting == "evaluation.exam" for one in found):
        named |= {info.id: info.name for info in list_corpora(workspace)}
    return named


def _part(value: Any) -> str:
    """One of several values: a length of vectors, or a question."""
    return str(value["question"]) if isinstance(value, dict) else str(value)
