"""Losses that set distances: of triplets, of matches and non-matches, of classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from core.data.shapes import Shape
from core.problems import N_
from core.training.losses.spec import (
    Batches,
    Build,
    ChoiceParameter,
    Labels,
    LossContext,
    LossSpec,
    NumberParameter,
    Value,
)

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import nn

Settings = Mapping[str, Value]

UNIT_REACH = {"euclidean": 2.0, "cosine": 2.0}
"""The largest distance that two vectors of length 1 can have; Manhattan's depends on the width."""


def _metric(default: str, *, manhattan: bool) -> ChoiceParameter:
    options = {"euclidean": N_("straight line (Euclidean)"), "cosine": N_("angle (cosine)")}
    if manhattan:
        options["manhattan"] = N_("along the axes (Manhattan)")
    return ChoiceParameter(
        name="distance_metric",
        label=N_("Distance"),
        default=default,
        options=options,
        help=N_(
            "How far apart two texts are. For vectors of length 1, straight line and cosine "
            "both go from 0 to 2."
        ),
    )


def _margin(name: str, default: float) -> NumberParameter:
    return NumberParameter(
        name=name,
        label=N_("Margin"),
        # The library's default of 5 is out of reach for unit vectors, whose largest Euclidean
        # distance is 2.
        default=default,
        minimum=0.01,
        maximum=100.0,
        help=N_(
            "How much farther away the wrong match must be. Distances here go from "
            "0 to 2, so a margin above 2 can never be reached."
        ),
    )


def _triplet(model: SentenceTransformer, settings: Settings, _context: LossContext) -> nn.Module:
    from sentence_transformers.sentence_transformer import losses

    metric = getattr(losses.TripletDistanceMetric, str(settings["distance_metric"]).upper())
    return losses.TripletLoss(
        model, distance_metric=metric, triplet_margin=settings["triplet_margin"]
    )


_SIAMESE = {"euclidean": "EUCLIDEAN", "cosine": "COSINE_DISTANCE", "manhattan": "MANHATTAN"}


def _contrastive(
    model: SentenceTransformer, settings: Settings, _context: LossContext
) -> nn.Module:
    from sentence_transformers.sentence_transformer import losses

    metric = getattr(losses.SiameseDistanceMetric, _SIAMESE[str(settings["distance_metric"])])
    return losses.ContrastiveLoss(model, distance_metric=metric, margin=settings["margin"])


def _online_contrastive(
    model: SentenceTransformer, settings: Settings, _context: LossContext
) -> nn.Module:
    from sentence_transformers.sentence_transformer import losses

    metric = getattr(losses.SiameseDistanceMetric, _SIAMESE[str(settings["distance_metric"])])
    return losses.OnlineContrastiveLoss(model, distance_metric=metric, margin=settings["margin"])


def _by_class(name: str) -> Build:
    """Builds one of the losses over classes, which differ in which triplets they look at."""

    def build(model: SentenceTransformer, settings: Settings, _context: LossContext) -> nn.Module:
        from sentence_transformers.sentence_transformer import losses

        distance: Callable[..., object] = getattr(
            losses.BatchHardTripletLossDistanceFunction, f"{settings['distance_metric']}_distance"
        )
        rest = {key: value for key, value in settings.items() if key != "distance_metric"}
        return getattr(losses, name)(model, distance_metric=distance, **rest)

    return build


_MATCH_MARGIN = NumberParameter(
    name="margin",
    label=N_("Margin"),
    default=0.5,
    minimum=0.01,
    maximum=100.0,
    help=N_(
        "How far apart texts that do not match must be at least. Distances here go from 0 to 2."
    ),
)
_CLASS_METRIC = _metric("euclidean", manhattan=False)

LOSSES = (
    LossSpec(
        name="TripletLoss",
        title=N_("Closer to the right one than to the wrong one"),
        sentence=N_(
            "Pulls each text towards its right match and away from its wrong match "
            "until they are a set distance apart."
        ),
        when=N_("When the negatives of the table are chosen with care and only they should count."),
        shapes=(Shape.TRIPLETS,),
        parameters=(_metric("euclidean", manhattan=True), _margin("triplet_margin", 0.5)),
        build=_triplet,
        rank=10,
    ),
    LossSpec(
        name="OnlineContrastiveLoss",
        title=N_("Matches together, the rest apart – hard cases only"),
        sentence=N_(
            "Pulls matching pairs together and pushes the others apart, looking only at the pairs "
            "of a batch that are on the wrong side."
        ),
        when=N_("For yes-or-no pairs; usually better than the plain contrastive loss."),
        shapes=(Shape.SCORED_PAIRS,),
        parameters=(_metric("cosine", manhattan=True), _MATCH_MARGIN),
        labels=Labels.MATCH,
        build=_online_contrastive,
        rank=20,
    ),
    LossSpec(
        name="ContrastiveLoss",
        title=N_("Matches together, the rest apart"),
        sentence=N_("Pulls matching pairs together and pushes the others apart by a set distance."),
        when=N_("For yes-or-no pairs, when every pair should count."),
        shapes=(Shape.SCORED_PAIRS,),
        parameters=(_metric("cosine", manhattan=True), _MATCH_MARGIN),
        labels=Labels.MATCH,
        build=_contrastive,
        rank=21,
    ),
    LossSpec(
        name="BatchHardSoftMarginTripletLoss",
        title=N_("Classes apart, hardest cases, no margin to choose"),
        sentence=N_(
            "In each batch, a text's farthest text of its own class must come closer than the "
            "nearest of another class."
        ),
        when=N_("The place to start for texts with a class: there is nothing to set."),
        shapes=(Shape.CLASSES,),
        parameters=(_CLASS_METRIC,),
        labels=Labels.CLASS,
        batches=Batches.BY_CLASS,
        build=_by_class("BatchHardSoftMarginTripletLoss"),
        rank=0,
    ),
    LossSpec(
        name="BatchSemiHardTripletLoss",
        title=N_("Classes apart, middling cases"),
        sentence=N_(
            "Looks at texts of other classes that are farther than the own class, but not by the "
            "margin yet."
        ),
        when=N_("When the hardest cases are wrong labels and training falls apart."),
        shapes=(Shape.CLASSES,),
        parameters=(_CLASS_METRIC, _margin("margin", 0.5)),
        labels=Labels.CLASS,
        batches=Batches.BY_CLASS,
        build=_by_class("BatchSemiHardTripletLoss"),
        rank=10,
    ),
    LossSpec(
        name="BatchHardTripletLoss",
        title=N_("Classes apart, hardest cases"),
        sentence=N_(
            "Each text's farthest text of its own class must come closer than the nearest of "
            "another class, by a set margin."
        ),
        when=N_("When the labels are clean and the classes look alike."),
        shapes=(Shape.CLASSES,),
        parameters=(_CLASS_METRIC, _margin("margin", 0.5)),
        labels=Labels.CLASS,
        batches=Batches.BY_CLASS,
        build=_by_class("BatchHardTripletLoss"),
        rank=11,
    ),
    LossSpec(
        name="BatchAllTripletLoss",
        title=N_("Classes apart, all cases"),
        sentence=N_(
            "Every text must be closer to those of its own class than to those of any other, by a "
            "set margin."
        ),
        when=N_("When there are few texts a class."),
        shapes=(Shape.CLASSES,),
        parameters=(_CLASS_METRIC, _margin("margin", 0.5)),
        labels=Labels.CLASS,
        batches=Batches.BY_CLASS,
        build=_by_class("BatchAllTripletLoss"),
        rank=12,
    ),
)
