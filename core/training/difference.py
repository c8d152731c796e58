"""What differs between configurations: the settings that are not the same, with all their values.

One home for it: runs are compared with runs, recipes with recipes, and each with the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from core.problems import N_
from core.training.losses.registry import LOSSES
from core.training.losses.spec import Parameter


class _Missing(Enum):
    MISSING = "missing"

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing.MISSING
"""Stands where a configuration has no such setting, which is not the same as null."""

_UNTOLD = {"version", "name", "recipe", "examples", "dataset.content_hash"}
_OF_BASES: Mapping[str, tuple[str, ...]] = {
    "bundled": (),
    "folder": ("path",),
    "run": ("run",),
    "hub": ("source", "repo", "revision"),
    "static": ("vocabulary_size", "max_piece_length", "dimension", "start"),
}
"""What a base of each kind is told by; whatever else its configuration says has no effect."""

LABELS: Mapping[str, str] = {
    "dataset.name": N_("Dataset"),
    "dataset.id": N_("Version of the dataset"),
    "base.kind": N_("Kind of base"),
    "base.path": N_("Path of the model folder"),
    "base.run": N_("Model of the run"),
    "base.source": N_("Hub"),
    "base.repo": N_("Base model"),
    "base.revision": N_("Revision of the base"),
    "base.extend.characters": N_("Added characters"),
    "base.extend.pieces": N_("Added pieces"),
    "base.vocabulary_size": N_("Pieces in the vocabulary"),
    "base.max_piece_length": N_("Longest piece (characters)"),
    "base.dimension": N_("Numbers in a vector"),
    "base.start": N_("Vectors start from"),
    "loss.name": N_("Loss"),
    "loss.matryoshka": N_("Shorter vectors too"),
    "training.epochs": N_("Epochs"),
    "training.batch_size": N_("Batch size"),
    "training.gradient_accumulation": N_("Gradient accumulation"),
    "training.learning_rate": N_("Learning rate"),
    "training.new_rate": N_("Learning rate of the token vectors"),
    "training.max_length": N_("Maximum length (tokens)"),
    "training.gradient_checkpointing": N_("Gradient checkpointing"),
    "training.warmup_share": N_("Warm-up"),
    "training.schedule": N_("Learning rate after the warm-up"),
    "training.weight_decay": N_("Weight decay"),
    "training.precision": N_("Arithmetic"),
    "training.structured_negatives": N_("Wrong answers from the table's structure"),
    "training.separate_duplicates": N_("Keep repeated texts apart"),
    "training.group_by_length": N_("Texts of like length together"),
    "training.query_prompt": N_("Prompt for questions"),
    "training.document_prompt": N_("Prompt for the other texts"),
    "training.seed": N_("Seed"),
    "training.data_seed": N_("Seed of the order"),
    "evaluation.held_out_share": N_("Held-out share"),
    "evaluation.exam": N_("Exam"),
    "evaluation.evaluations": N_("Looks at the model"),
    "evaluation.keep_best": N_("Keep the best"),
    "evaluation.patience": N_("Patience (looks without a better score)"),
    "evaluation.questions": N_("Questions of your own"),
    "evaluation.confusables": N_("Test texts that are easily confused"),
}
"""What people call the settings, by their path in ``config.yaml``."""


@dataclass(frozen=True)
class Difference:
    """A setting that is not the same in all configurations.

    Attributes:
        setting: its path in ``config.yaml``, such as ``training.epochs``.
        values: the value in each configuration, in their order; :data:`MISSING` where it has none.
    """

    setting: str
    values: tuple[Any, ...]

    @property
    def label(self) -> str:
        """What people call the setting, as a message id; its path where it has no other name."""
        parameter = self.parameter
        return parameter.label if parameter else LABELS.get(self.setting, self.setting)

    @property
    def parameter(self) -> Parameter | None:
        """The loss's parameter that this setting is; None where it is none."""
        name = self.setting.removeprefix("loss.parameters.")
        if name == self.setting:
            return None
        known = (one for loss in LOSSES.values() for one in loss.parameters)
        return next((one for one in known if one.name == name), None)


def differences(configurations: Sequence[Mapping[str, Any]]) -> list[Difference]:
    """The settings in which configurations differ, in the order of ``config.yaml``.

    Names are left out, and what has no effect: sizes of a static vocabulary where the base is not
    static, for example.  A parameter that a loss was not given counts with its default.

    Args:
        configurations: plain values as of :meth:`core.training.config.RunConfig.to_dict`; a part
            may be missing, as in a recipe, which has no dataset.
    """
    flat = [dict(_flatten(_effective(one))) for one in configurations]
    found = []
    for setting in dict.fromkeys(path for one in flat for path in one):
        values = tuple(one.get(setting, MISSING) for one in flat)
        if setting not in _UNTOLD and any(value != values[0] for value in values):
            found.append(Difference(setting, values))
    if any(one.setting == "dataset.name" for one in found):
        # Its id says nothing that its name does not.
        return [one for one in found if one.setting != "dataset.id"]
    return found


def _effective(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration without what has no effect, and with the defaults of its loss."""
    data = dict(configuration)
    base = data.get("base")
    if base and base.get("kind") in _OF_BASES:
        told = {"kind", *_OF_BASES[base["kind"]]}
        extend = {"extend": base["extend"]} if base.get("extend") else {}
        data["base"] = {name: base[name] for name in base if name in told} | extend
    loss = data.get("loss")
    if loss and loss.get("name") in LOSSES:
        defaults = {one.name: one.default for one in LOSSES[loss["name"]].parameters}
        data["loss"] = loss | {"parameters": defaults | dict(loss.get("parameters") or {})}
    return data


def _flatten(data: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in data.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value
