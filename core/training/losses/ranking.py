"""Losses in which the right answer must stand out from the other answers of the batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from core.data.shapes import Shape
from core.problems import N_
from core.training.losses.spec import (
    Batches,
    ChoiceParameter,
    LossContext,
    LossSpec,
    ModelParameter,
    NumberParameter,
    SwitchParameter,
    Value,
)

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import nn

Settings = Mapping[str, Value]

SCALE = NumberParameter(
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
_DIRECTIONS = ChoiceParameter(
    name="directions",
    label=N_("Who is compared with whom"),
    default="query_to_doc",
    options={
        "query_to_doc": N_("each question with all answers"),
        "query_to_doc,doc_to_query": N_("both ways: answers also with all questions"),
        "query_to_doc,query_to_query,doc_to_query,doc_to_doc": N_(
            "all ways: also questions with questions, answers with answers"
        ),
    },
    help=N_(
        "The first suits search. “Both ways” suits tables in which either side may be asked for. "
        "“All ways” finds more wrong examples in a batch; it helps when there are no negatives."
    ),
)
_PARTITION = ChoiceParameter(
    name="partition_mode",
    label=N_("One sum or one for each direction"),
    default="joint",
    options={
        "joint": N_("all directions together"),
        "per_direction": N_("each direction by itself, then the mean"),
    },
    help=N_("Matters only with several directions; “each by itself” is for “both ways” only."),
)
_HARDNESS = ChoiceParameter(
    name="hardness_mode",
    label=N_("Extra weight for close wrong answers"),
    default="none",
    options={
        "none": N_("none"),
        "in_batch_negatives": N_("for the other rows' answers"),
        "hard_negatives": N_("for the negatives of the table"),
        "all_negatives": N_("for both"),
    },
    help=N_("Wrong answers that the model finds similar count more. Try it when training stalls."),
)
_STRENGTH = NumberParameter(
    name="hardness_strength",
    label=N_("Strength of the extra weight"),
    default=0.0,
    minimum=0.0,
    maximum=20.0,
    help=N_("0 is none. The papers behind it use 5 for a table's negatives and 9 for a batch's."),
)
_MINI_BATCH = NumberParameter(
    name="mini_batch_size",
    label=N_("Rows in memory at a time"),
    default=32,
    minimum=1,
    maximum=1024,
    whole=True,
    help=N_("Less needs less memory and changes nothing in what is learned."),
)
_GUIDE = ModelParameter(
    name="guide",
    label=N_("Guide model"),
    help=N_(
        "A model that already knows the matter. What it finds closer to the question than the "
        "right answer is not counted as wrong."
    ),
)
_TEMPERATURE = NumberParameter(
    name="temperature",
    label=N_("Temperature"),
    default=0.01,
    minimum=0.001,
    maximum=1.0,
    help=N_("The opposite of scale: lower is sharper. 0.01 is the library's default."),
)
_MARGIN_STRATEGY = ChoiceParameter(
    name="margin_strategy",
    label=N_("How the guide's margin counts"),
    default="absolute",
    options={"absolute": N_("as a difference"), "relative": N_("as a share")},
    help=N_(
        "Whether the margin below is subtracted from the right answer's similarity or a share."
    ),
)
_GUIDE_MARGIN = NumberParameter(
    name="margin",
    label=N_("Guide's margin"),
    default=0.0,
    minimum=-1.0,
    maximum=1.0,
    help=N_("Above 0, answers almost as close as the right one are not counted as wrong either."),
)
_CONTRAST_ANCHORS = SwitchParameter(
    name="contrast_anchors",
    label=N_("Also push questions apart"),
    default=True,
    help=N_("Off when many questions of the table mean nearly the same."),
)
_CONTRAST_POSITIVES = SwitchParameter(
    name="contrast_positives",
    label=N_("Also push answers apart"),
    default=True,
    help=N_("Off when many answers of the table mean nearly the same."),
)


def _ranking_settings(settings: Settings) -> dict[str, Any]:
    hardness = settings["hardness_mode"]
    return {
        "scale": settings["scale"],
        "directions": tuple(str(settings["directions"]).split(",")),
        "partition_mode": settings["partition_mode"],
        "hardness_mode": None if hardness == "none" else hardness,
        "hardness_strength": settings["hardness_strength"],
    }


def _multiple_negatives(
    model: SentenceTransformer, settings: Settings, _context: LossContext
) -> nn.Module:
    from sentence_transformers.sentence_transformer import losses

    return losses.MultipleNegativesRankingLoss(model, **_ranking_settings(settings))


def _cached_multiple_negatives(
    model: SentenceTransformer, settings: Settings, _context: LossContext
) -> nn.Module:
    from sentence_transformers.sentence_transformer import losses

    return losses.CachedMultipleNegativesRankingLoss(
        model, **_ranking_settings(settings), mini_batch_size=settings["mini_batch_size"]
    )


def _symmetric(model: SentenceTransformer, settings: Settings, _context: LossContext) -> nn.Module:
    from sentence_transformers.sentence_transformer import losses

    return losses.MultipleNegativesSymmetricRankingLoss(model, scale=settings["scale"])


def _cached_symmetric(
    model: SentenceTransformer, settings: Settings, _context: LossContext
) -> nn.Module:
    from sentence_transformers.sentence_transformer import losses

    return losses.CachedMultipleNegativesSymmetricRankingLoss(
        model, scale=settings["scale"], mini_batch_size=settings["mini_batch_size"]
    )


def _gist(model: SentenceTransformer, settings: Settings, context: LossContext) -> nn.Module:
    from sentence_transformers.sentence_transformer import losses

    rest = {name: value for name, value in settings.items() if name != "guide"}
    return losses.GISTEmbedLoss(model, context.load_model(str(settings["guide"])), **rest)


def _cached_gist(model: SentenceTransformer, settings: Settings, context: LossContext) -> nn.Module:
    from sentence_transformers.sentence_transformer import losses

    rest = {name: value for name, value in settings.items() if name != "guide"}
    return losses.CachedGISTEmbedLoss(model, context.load_model(str(settings["guide"])), **rest)


def _mega_batch(model: SentenceTransformer, settings: Settings, _context: LossContext) -> nn.Module:
    from sentence_transformers.base.losses.gradcache import has_static_embedding_input
    from sentence_transformers.sentence_transformer import losses

    return losses.MegaBatchMarginLoss(
        model,
        **settings,
        # A static model's texts have no common length by which they could be cut into parts.
        use_mini_batched_version=not has_static_embedding_input(model),
    )


_RANKING = (SCALE, _DIRECTIONS, _PARTITION, _HARDNESS, _STRENGTH)
_PAIRED = (Shape.TRIPLETS, Shape.SEVERAL_NEGATIVES, Shape.PAIRS)
_GUIDED = (
    _GUIDE,
    _TEMPERATURE,
    _MARGIN_STRATEGY,
    _GUIDE_MARGIN,
    _CONTRAST_ANCHORS,
    _CONTRAST_POSITIVES,
)

LOSSES = (
    LossSpec(
        name="MultipleNegativesRankingLoss",
        title=N_("Find the right answer among many"),
        sentence=N_(
            "Each question must pick its own answer out of all the answers in the batch. "
            "The best choice for search."
        ),
        when=N_("Nearly always, for pairs and triplets; larger batches teach more."),
        shapes=_PAIRED,
        parameters=_RANKING,
        batches=Batches.NO_DUPLICATES,
        build=_multiple_negatives,
        rank=0,
    ),
    LossSpec(
        name="CachedMultipleNegativesRankingLoss",
        title=N_("Find the right answer among many, in little memory"),
        sentence=N_(
            "The same as the first, but the batch is worked through in small parts: batches of "
            "hundreds fit into little memory, at the price of about half the speed."
        ),
        when=N_("When the batch that you want does not fit into memory."),
        shapes=_PAIRED,
        parameters=(*_RANKING, _MINI_BATCH),
        batches=Batches.NO_DUPLICATES,
        for_static=False,
        build=_cached_multiple_negatives,
        rank=20,
    ),
    LossSpec(
        name="MultipleNegativesSymmetricRankingLoss",
        title=N_("Find the right answer, and the right question"),
        sentence=N_(
            "Questions must find their answers and answers their questions, out of all in the "
            "batch."
        ),
        when=N_("When both columns are of one kind, such as two names of one product."),
        shapes=(Shape.PAIRS,),
        parameters=(SCALE,),
        batches=Batches.NO_DUPLICATES,
        build=_symmetric,
        rank=10,
    ),
    LossSpec(
        name="CachedMultipleNegativesSymmetricRankingLoss",
        title=N_("Find answer and question, in little memory"),
        sentence=N_("The symmetric loss, worked through in small parts to save memory."),
        when=N_("When the batch that you want does not fit into memory."),
        shapes=(Shape.PAIRS,),
        parameters=(SCALE, _MINI_BATCH),
        batches=Batches.NO_DUPLICATES,
        for_static=False,
        build=_cached_symmetric,
        rank=21,
    ),
    LossSpec(
        name="GISTEmbedLoss",
        title=N_("Find the right answer, with a guide"),
        sentence=N_(
            "A second model looks at every batch and takes out “wrong” answers that are really "
            "right ones."
        ),
        when=N_("When many rows of the table answer one another's questions too."),
        shapes=(Shape.TRIPLETS, Shape.PAIRS),
        parameters=_GUIDED,
        batches=Batches.NO_DUPLICATES,
        for_static=False,
        build=_gist,
        rank=30,
    ),
    LossSpec(
        name="CachedGISTEmbedLoss",
        title=N_("Find the right answer, with a guide, in little memory"),
        sentence=N_("The guided loss, worked through in small parts to save memory."),
        when=N_("When the batch that you want does not fit into memory."),
        shapes=(Shape.TRIPLETS, Shape.PAIRS),
        parameters=(*_GUIDED, _MINI_BATCH),
        batches=Batches.NO_DUPLICATES,
        for_static=False,
        build=_cached_gist,
        rank=31,
    ),
    LossSpec(
        name="MegaBatchMarginLoss",
        title=N_("Beat the closest wrong answer of a large batch"),
        sentence=N_(
            "In each batch, only the most similar wrong answer counts: it must come below one "
            "mark, the right answer above another."
        ),
        when=N_("For pairs of paraphrases, with batches of 500 rows or more."),
        shapes=(Shape.PAIRS,),
        parameters=(
            NumberParameter(
                name="positive_margin",
                label=N_("Right answers above"),
                default=0.8,
                minimum=-1.0,
                maximum=1.0,
                help=N_("The similarity that a right answer should have at least."),
            ),
            NumberParameter(
                name="negative_margin",
                label=N_("Wrong answers below"),
                default=0.3,
                minimum=-1.0,
                maximum=1.0,
                help=N_("The similarity that a wrong answer should have at most."),
            ),
            NumberParameter(
                name="mini_batch_size",
                label=N_("Rows in memory at a time"),
                default=50,
                minimum=1,
                maximum=1024,
                whole=True,
                help=N_("Less needs less memory and changes nothing in what is learned."),
            ),
        ),
        batches=Batches.NO_DUPLICATES,
        build=_mega_batch,
        rank=40,
    ),
)
