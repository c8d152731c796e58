"""The losses: one registry from which the form, the checks and the command line are derived.

To add a loss, add one entry to :data:`LOSSES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.data.shapes import Shape
from core.problems import N_, Problem, Term

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import nn


class UnknownLoss(Problem):
    what = N_("There is no loss named {name}.")
    do = N_("Choose one of: {known}.")


class LossDoesNotFit(Problem):
    what = N_("{loss} cannot learn from {shape}: it needs {needed}.")
    do = N_("Choose a loss that fits, or map the columns in another way on the Data screen.")


class LossParameterWrong(Problem):
    what = N_("{loss} does not take {parameter} = {value}.")
    do = N_("Use a value from {minimum} to {maximum}.")


@dataclass(frozen=True)
class LossParameter:
    """A number that a loss takes.

    Attributes:
        name: the library's own name.
        label: the name on the form.
        help: what it does, for someone who has never heard of it.
    """

    name: str
    label: str
    default: float
    minimum: float
    maximum: float
    help: str


@dataclass(frozen=True)
class LossSpec:
    """A loss: what it wants, what it does in one sentence, and how to build it.

    Attributes:
        name: the class in ``sentence_transformers.losses``, as model cards print it.
        title: a name for people.
        sentence: what it teaches the model, for someone who has never heard of it.
        shapes: the table shapes it can learn from, best first.
        parameters: what can be set.
        in_batch: treats the other rows of a batch as wrong answers, so that no text may repeat.
    """

    name: str
    title: str
    sentence: str
    shapes: tuple[Shape, ...]
    parameters: tuple[LossParameter, ...]
    in_batch: bool
    build: Callable[[SentenceTransformer, Mapping[str, float]], nn.Module]

    def settings(self, given: Mapping[str, float]) -> dict[str, float]:
        """The parameters with ``given`` values in place of the defaults.

        Raises:
            LossParameterWrong: a value is out of range, or the loss has no such parameter.
        """
        known = {parameter.name: parameter for parameter in self.parameters}
        for name, value in given.items():
            parameter = known.get(name)
            if parameter is None or not parameter.minimum <= value <= parameter.maximum:
                raise LossParameterWrong(
                    loss=self.name,
                    parameter=name,
                    value=value,
                    minimum=parameter.minimum if parameter else "-",
                    maximum=parameter.maximum if parameter else "-",
                )
        return {name: given.get(name, parameter.default) for name, parameter in known.items()}


def _multiple_negatives(model: SentenceTransformer, settings: Mapping[str, float]) -> nn.Module:
    from sentence_transformers.sentence_transformer import losses

    return losses.MultipleNegativesRankingLoss(model, scale=settings["scale"])


def _triplet(model: SentenceTransformer, settings: Mapping[str, float]) -> nn.Module:
    from sentence_transformers.sentence_transformer import losses

    return losses.TripletLoss(model, triplet_margin=settings["triplet_margin"])


def _cosine_similarity(model: SentenceTransformer, _settings: Mapping[str, float]) -> nn.Module:
    from sentence_transformers.sentence_transformer import losses

    return losses.CosineSimilarityLoss(model)


def _cosent(model: SentenceTransformer, settings: Mapping[str, float]) -> nn.Module:
    from sentence_transformers.sentence_transformer import losses

    return losses.CoSENTLoss(model, scale=settings["scale"])


_SCALE = LossParameter(
    name="scale",
    label=N_("Scale"),
    default=20.0,
    minimum=1.0,
    maximum=100.0,
    help=N_(
        "How sharply the right answer must stand out. 20 suits nearly everything; "
        "higher values punish near misses harder."
    ),
)

LOSSES: dict[str, LossSpec] = {
    spec.name: spec
    for spec in (
        LossSpec(
            name="MultipleNegativesRankingLoss",
            title=N_("Find the right answer among many"),
            sentence=N_(
                "Each question must pick its own answer out of all the answers in the batch. "
                "The best choice for search."
            ),
            shapes=(Shape.TRIPLETS, Shape.PAIRS),
            parameters=(_SCALE,),
            in_batch=True,
            build=_multiple_negatives,
        ),
        LossSpec(
            name="TripletLoss",
            title=N_("Closer to the right one than to the wrong one"),
            sentence=N_(
                "Pulls each text towards its right match and away from its wrong match "
                "until they are a set distance apart."
            ),
            shapes=(Shape.TRIPLETS,),
            parameters=(
                LossParameter(
                    name="triplet_margin",
                    label=N_("Margin"),
                    # The library's default of 5 is out of reach for unit vectors, whose largest
                    # Euclidean distance is 2.
                    default=0.5,
                    minimum=0.01,
                    maximum=10.0,
                    help=N_(
                        "How much farther away the wrong match must be. Distances here go from "
                        "0 to 2, so a margin above 2 can never be reached."
                    ),
                ),
            ),
            in_batch=False,
            build=_triplet,
        ),
        LossSpec(
            name="CoSENTLoss",
            title=N_("Put pairs in the right order"),
            sentence=N_(
                "Pairs with a higher score must come out more similar than pairs with a lower "
                "score. Usually the better choice for scored pairs."
            ),
            shapes=(Shape.SCORED_PAIRS,),
            parameters=(_SCALE,),
            in_batch=False,
            build=_cosent,
        ),
        LossSpec(
            name="CosineSimilarityLoss",
            title=N_("Hit the given score"),
            sentence=N_("The similarity of each pair must come out as the score in the table."),
            shapes=(Shape.SCORED_PAIRS,),
            parameters=(),
            in_batch=False,
            build=_cosine_similarity,
        ),
    )
}


def loss_named(name: str) -> LossSpec:
    """The loss of that name; raises UnknownLoss."""
    if name not in LOSSES:
        raise UnknownLoss(name=name, known=", ".join(LOSSES))
    return LOSSES[name]


def losses_for(shape: Shape) -> list[LossSpec]:
    """The losses that can learn from a table of this shape, the recommended one first."""
    return [loss for loss in LOSSES.values() if shape in loss.shapes]


def check_fit(loss: LossSpec, shape: Shape) -> None:
    """Refuse a loss that cannot learn from this shape; raises LossDoesNotFit."""
    if shape not in loss.shapes:
        raise LossDoesNotFit(
            loss=loss.name, shape=Term(shape.label), needed=Term(loss.shapes[0].label)
        )
