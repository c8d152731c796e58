"""The loss of a card: from what the library prints of its parameters to ours."""

from __future__ import annotations

from typing import Any

from core.problems import N_, Message
from core.training.config import LossConfig
from core.training.losses.registry import LOSSES
from core.training.losses.spec import (
    ChoiceParameter,
    LossSpec,
    ModelParameter,
    Parameter,
    Value,
)
from core.training.recipes.facts import Card
from core.training.recipes.translated import How, Translated

_SAME: dict[str, tuple[Any, ...]] = {
    "similarity_fct": ("cos_sim", "pairwise_cos_sim", "pairwise_angle_sim", "cosine_similarity"),
    "loss_fct": ("torch.nn.modules.loss.MSELoss", "torch.nn.modules.loss.CrossEntropyLoss"),
    "cos_score_transformation": ("torch.nn.modules.linear.Identity",),
    "gather_across_devices": (False, None),
    "size_average": (True, None),
    "show_progress_bar": (True, False, None),
    "matryoshka_weights": (None,),
    "n_dims_per_step": (-1, None),
}
"""Parameters without a field here, and the values of them that our loss has anyway."""
_DISTANCES = {"eucl": "euclidean", "cos": "cosine", "manh": "manhattan"}

_NOT_HERE = N_("Pairloom's {loss} has no such setting; the run goes without it.")
_GUIDE = N_("A guide model is chosen on this computer; the bundled one stands in.")
_WEIGHTS = N_("All lengths count alike here.")
_UNKNOWN_LOSS = N_(
    "Pairloom does not know the loss {loss}; the one that suits such a table best stands in."
)
_LOST_LOSS = N_(
    "The parameters of {loss} could not be read, so what loss stood inside it is not known; the "
    "one that suits such a table best stands in."
)
_INNER_LOSS = N_("The card's tags name {inner} beside {loss}: it is taken for the loss inside.")
_MORE_TABLES = N_(
    "The model learned from {count} tables, each with a loss; the first of them is taken."
)
_NO_LOSS = N_("The card names no loss; the one that suits such a table best stands in.")


def read_loss(card: Card) -> tuple[LossConfig | None, list[Translated], list[Message]]:
    """The card's loss as ours.

    Returns:
        The loss, None when there is none like it here; what became of each of its parameters; what
        was assumed.
    """
    if card.loss is None:
        return None, [], [Message(_NO_LOSS)]
    name, printed, lengths = card.loss, dict(card.loss_parameters), tuple[int, ...]()
    settings: list[Translated] = []
    notes: list[Message] = []
    if card.more_tables:
        notes.append(Message(_MORE_TABLES, {"count": card.more_tables + 1}))
    if name in ("MatryoshkaLoss", "Matryoshka2dLoss"):
        name = str(printed.pop("loss", "")).partition("(")[0].rpartition(".")[2]
        if not name:
            name = _tagged_loss(card)
            if not name:
                return None, settings, [*notes, Message(_LOST_LOSS, {"loss": card.loss})]
            notes.append(Message(_INNER_LOSS, {"inner": name, "loss": card.loss}))
        lengths, settings = _lengths(printed)
        printed = {
            key: value
            for key, value in printed.items()
            if key not in ("matryoshka_dims", "matryoshka_weights", "n_dims_per_step")
        }
    if name not in LOSSES:
        return None, settings, [*notes, Message(_UNKNOWN_LOSS, {"loss": name})]
    spec = LOSSES[name]
    parameters: dict[str, Value] = {}
    known = {parameter.name: parameter for parameter in spec.parameters}
    for key, value in printed.items():
        one = _parameter(spec, known.get(key), key, value)
        if one is None:
            continue
        settings.append(one)
        if one.setting is not None:
            parameters[key] = one.became
    # The longest length is the whole vector, which is trained anyway.
    shorter = tuple(one for one in lengths if card.dimension is None or one < card.dimension)
    loss = LossConfig(name=name, parameters=parameters, matryoshka=shorter)
    return loss, settings, notes


def _tagged_loss(card: Card) -> str:
    """The loss besides the outer one that the library's tags name; "" where they do not."""
    tagged = [tag.removeprefix("loss:") for tag in card.tags if tag.startswith("loss:")]
    return next((name for name in tagged if name != card.loss and name in LOSSES), "")


def _lengths(printed: dict[str, Any]) -> tuple[tuple[int, ...], list[Translated]]:
    """The shorter vector lengths of a MatryoshkaLoss, and what became of its weights."""
    dims = printed.get("matryoshka_dims")
    lengths = tuple(int(one) for one in dims) if isinstance(dims, list) else ()
    name, setting = "matryoshka_dims", "loss.matryoshka"
    settings = [Translated(name, dims, How.CHANGED, name, setting, list(lengths))]
    weights = printed.get("matryoshka_weights")
    if isinstance(weights, list) and len(set(weights)) > 1:
        note = Message(_WEIGHTS)
        name = "matryoshka_weights"
        settings.append(Translated(name, weights, How.NOT_TAKEN, name, note=note))
    return lengths, settings


def _parameter(
    spec: LossSpec, parameter: Parameter | None, name: str, value: Any
) -> Translated | None:
    """What becomes of a parameter; None for one that is so anyway."""
    if parameter is None:
        if value in _SAME.get(name, ()):
            return None
        note = Message(_NOT_HERE, {"loss": spec.name})
        return Translated(name, value, How.NOT_TAKEN, name, note=note)
    setting = f"loss.parameters.{name}"
    if isinstance(parameter, ModelParameter):
        default, note = parameter.default, Message(_GUIDE)
        return Translated(name, value, How.CHANGED, name, setting, default, note)
    became = _value(parameter, value)
    if not parameter.accepts(became):
        note = Message(_NOT_HERE, {"loss": spec.name})
        return Translated(name, value, How.NOT_TAKEN, name, note=note)
    how = How.TAKEN if became == value else How.CHANGED
    return Translated(name, value, how, name, setting, became)


def _value(parameter: Parameter, value: Any) -> Any:
    """A printed value as ours: choices without the class that they belong to."""
    if isinstance(parameter, ChoiceParameter):
        if isinstance(value, list | tuple):
            return ",".join(map(str, value))
        if value is None:
            return "none"
        bare = str(value).rpartition(".")[2].lower()
        if parameter.name == "distance_metric":
            return next((full for key, full in _DISTANCES.items() if bare.startswith(key)), bare)
        return bare
    return value
