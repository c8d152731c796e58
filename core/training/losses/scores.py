"""Losses that learn from the scores of pairs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from core.data.shapes import Shape
from core.problems import N_
from core.training.losses.ranking import SCALE
from core.training.losses.spec import Labels, LossContext, LossSpec, SwitchParameter, Value

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import nn

Settings = Mapping[str, Value]

MOST_GRADES = 20
"""With more different scores than this, a classifier over scores makes no sense."""


def _cosent(model: SentenceTransformer, settings: Settings, _context: LossContext) -> nn.Module:
    from sentence_transformers.sentence_transformer import losses

    return losses.CoSENTLoss(model, scale=settings["scale"])


def _angle(model: SentenceTransformer, settings: Settings, _context: LossContext) -> nn.Module:
    from sentence_transformers.sentence_transformer import losses

    return losses.AnglELoss(model, scale=settings["scale"])


def _cosine_similarity(
    model: SentenceTransformer, _settings: Settings, _context: LossContext
) -> nn.Module:
    from sentence_transformers.sentence_transformer import losses

    return losses.CosineSimilarityLoss(model)


def _softmax(model: SentenceTransformer, settings: Settings, context: LossContext) -> nn.Module:
    from sentence_transformers.sentence_transformer import losses

    return losses.SoftmaxLoss(model, model.get_embedding_dimension(), context.grades, **settings)


LOSSES = (
    LossSpec(
        name="CoSENTLoss",
        title=N_("Put pairs in the right order"),
        sentence=N_(
            "Pairs with a higher score must come out more similar than pairs with a lower "
            "score. Usually the better choice for scored pairs."
        ),
        when=N_("For scored pairs of any kind; the order of the scores counts, not their size."),
        shapes=(Shape.SCORED_PAIRS,),
        parameters=(SCALE,),
        labels=Labels.SCORE,
        build=_cosent,
        rank=0,
    ),
    LossSpec(
        name="AnglELoss",
        title=N_("Put pairs in the right order, by angle"),
        sentence=N_("Like the first, but compares angles, which still differ between near twins."),
        when=N_("When most pairs of the table are very similar or very different."),
        shapes=(Shape.SCORED_PAIRS,),
        parameters=(SCALE,),
        labels=Labels.SCORE,
        build=_angle,
        rank=10,
    ),
    LossSpec(
        name="CosineSimilarityLoss",
        title=N_("Hit the given score"),
        sentence=N_("The similarity of each pair must come out as the score in the table."),
        when=N_("When the scores themselves matter, not only their order."),
        shapes=(Shape.SCORED_PAIRS,),
        labels=Labels.SCORE,
        build=_cosine_similarity,
        rank=15,
    ),
    LossSpec(
        name="SoftmaxLoss",
        title=N_("Sort pairs into grades"),
        sentence=N_(
            "A small classifier on top of the model learns which grade each pair has; the model "
            "learns along with it."
        ),
        when=N_("For a few grades without an order; for search another loss is better."),
        shapes=(Shape.SCORED_PAIRS,),
        parameters=(
            SwitchParameter(
                name="concatenation_sent_rep",
                label=N_("Show it both texts"),
                default=True,
                help=N_("The classifier sees the two vectors."),
            ),
            SwitchParameter(
                name="concatenation_sent_difference",
                label=N_("Show it their difference"),
                default=True,
                help=N_("The classifier sees how far the two vectors differ in each number."),
            ),
            SwitchParameter(
                name="concatenation_sent_multiplication",
                label=N_("Show it their product"),
                default=False,
                help=N_("The classifier sees the product of the two vectors in each number."),
            ),
        ),
        labels=Labels.GRADE,
        matryoshka=False,
        build=_softmax,
        rank=40,
    ),
)
