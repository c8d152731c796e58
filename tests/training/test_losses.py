"""The losses: what fits which table, settings within their ranges, and each one really at work."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.data.shapes import Shape
from core.training.losses.registry import (
    LOSSES,
    BatchSizeOdd,
    LossDoesNotFit,
    LossNotForStatic,
    MatryoshkaDoesNotFit,
    MatryoshkaTooLong,
    NoLossFits,
    TooFewClasses,
    TooManyGrades,
    UnknownLoss,
    build_loss,
    check_batch,
    check_fit,
    check_matryoshka,
    grades_of,
    loss_named,
    losses_for,
    require_batches,
    training_columns,
)
from core.training.losses.spec import (
    Batches,
    LossContext,
    LossParameterUnknown,
    LossParameterWrong,
    LossSpec,
    NumberParameter,
)
from tests.training.conftest import sample_frame

EVERY = pytest.mark.parametrize("loss", LOSSES.values(), ids=list(LOSSES))


@pytest.mark.parametrize("shape", [shape for shape in Shape if shape is not Shape.TEXTS])
def test_every_shape_but_single_texts_has_a_loss(shape: Shape) -> None:
    offered = losses_for(shape)
    assert offered and losses_for(shape, static=True)
    for loss in offered:
        check_fit(loss, shape)
    for loss in LOSSES.values():
        if loss not in offered:
            with pytest.raises(LossDoesNotFit, match=f"cannot learn from {shape.label}"):
                check_fit(loss, shape)


def test_single_texts_are_sent_back_to_data() -> None:
    with pytest.raises(NoLossFits, match=r"trained on single texts alone.*Data screen"):
        check_fit(LOSSES["TripletLoss"], Shape.TEXTS)


def test_the_first_of_a_shape_is_the_recommended_one() -> None:
    first = {shape: losses_for(shape)[0].name for shape in Shape if shape is not Shape.TEXTS}
    assert first == {
        Shape.PAIRS: "MultipleNegativesRankingLoss",
        Shape.TRIPLETS: "MultipleNegativesRankingLoss",
        Shape.SEVERAL_NEGATIVES: "MultipleNegativesRankingLoss",
        Shape.SCORED_PAIRS: "CoSENTLoss",
        Shape.CLASSES: "BatchHardSoftMarginTripletLoss",
    }


def test_a_static_base_is_not_offered_what_cannot_train_it() -> None:
    names = [loss.name for loss in losses_for(Shape.PAIRS, static=True)]
    assert names == [
        "MultipleNegativesRankingLoss",
        "MultipleNegativesSymmetricRankingLoss",
        "MegaBatchMarginLoss",
    ]
    with pytest.raises(LossNotForStatic, match="GISTEmbedLoss cannot train a static model"):
        check_fit(LOSSES["GISTEmbedLoss"], Shape.PAIRS, static=True)


@EVERY
def test_settings_have_defaults_that_are_allowed(loss: LossSpec) -> None:
    assert all(parameter.accepts(parameter.default) for parameter in loss.parameters)
    assert loss.settings({}) == {one.name: one.default for one in loss.parameters}


@EVERY
def test_default_margins_can_be_reached_by_unit_vectors(loss: LossSpec) -> None:
    margins = [one for one in loss.parameters if "margin" in one.name]
    numbers = [one.default for one in margins if isinstance(one, NumberParameter)]
    assert all(number < 2 for number in numbers)


@pytest.mark.parametrize(
    ("value", "allowed"),
    [
        ({"triplet_margin": -1.0}, r"0\.01 … 100"),
        ({"triplet_margin": True}, r"0\.01 … 100"),
        ({"distance_metric": "hamming"}, "euclidean, cosine, manhattan"),
    ],
)
def test_a_setting_out_of_range_is_refused(value: dict[str, Any], allowed: str) -> None:
    with pytest.raises(LossParameterWrong, match=f"TripletLoss does not take .*{allowed}"):
        LOSSES["TripletLoss"].settings(value)


def test_whole_numbers_and_unknown_settings() -> None:
    cached = LOSSES["CachedMultipleNegativesRankingLoss"]
    assert cached.settings({"mini_batch_size": 8})["mini_batch_size"] == 8
    with pytest.raises(LossParameterWrong):
        cached.settings({"mini_batch_size": 8.5})
    with pytest.raises(LossParameterUnknown, match=r"no setting named scale.*distance_metric"):
        LOSSES["TripletLoss"].settings({"scale": 20.0})


def test_an_unknown_loss_is_answered_with_those_that_exist() -> None:
    with pytest.raises(UnknownLoss, match="Choose one of: MultipleNegativesRankingLoss"):
        loss_named("MagicLoss")


def test_batches_by_class_are_even() -> None:
    by_class = LOSSES["BatchAllTripletLoss"]
    check_batch(by_class, 4)
    check_batch(LOSSES["CoSENTLoss"], 1)
    for size in (2, 7):
        with pytest.raises(BatchSizeOdd, match=f"a batch of {size} does not work"):
            check_batch(by_class, size)


def test_shorter_vectors_must_be_shorter_and_possible() -> None:
    check_matryoshka(LOSSES["CoSENTLoss"], (64, 32), 384)
    with pytest.raises(MatryoshkaTooLong, match="384 numbers, so 500"):
        check_matryoshka(LOSSES["CoSENTLoss"], (500,), 384)
    with pytest.raises(MatryoshkaDoesNotFit, match="SoftmaxLoss"):
        check_matryoshka(LOSSES["SoftmaxLoss"], (64,), 384)


ROWS = 8


def rows_of(shape: Shape) -> pd.DataFrame:
    """Eight rows of the product sample in this shape, as a dataset has them."""
    sample = sample_frame(ROWS)
    pairs = sample[["anchor", "positive"]].assign(row=range(2, ROWS + 2), split="train")
    match shape:
        case Shape.PAIRS:
            return pairs
        case Shape.TRIPLETS:
            return pairs.assign(negative=sample["negative"])
        case Shape.SEVERAL_NEGATIVES:
            others = sample["positive"].iloc[::-1].to_numpy()
            return pairs.assign(negative=sample["negative"], negative_2=others)
        case Shape.SCORED_PAIRS:
            return pairs.assign(score=np.array([1, 0, 0.5, 0, 1, 1, 0, 0.5], dtype=np.float32))
        case _:
            labels = ["鞋", "鞋", "茶", "茶", "鞋", "茶", "灯", "灯"]
            return pd.DataFrame({"text": sample["positive"], "label": labels, "row": pairs["row"]})


def test_the_trainer_sees_texts_in_order_and_nothing_else() -> None:
    ranking = LOSSES["MultipleNegativesRankingLoss"]
    columns = training_columns(ranking, rows_of(Shape.SEVERAL_NEGATIVES))
    assert list(columns) == ["anchor", "positive", "negative", "negative_2"]


def test_each_loss_gets_the_labels_it_wants() -> None:
    scored, classes = rows_of(Shape.SCORED_PAIRS), rows_of(Shape.CLASSES)
    wanted = {
        "CoSENTLoss": ("score", [1, 0, 0.5, 0, 1, 1, 0, 0.5]),
        "ContrastiveLoss": ("label", [1, 0, 1, 0, 1, 1, 0, 1]),
        "SoftmaxLoss": ("label", [2, 0, 1, 0, 2, 2, 0, 1]),
    }
    for name, (column, values) in wanted.items():
        assert training_columns(LOSSES[name], scored)[column].tolist() == values
    labels = training_columns(LOSSES["BatchAllTripletLoss"], classes)["label"]
    # Sorted by name: 灯, 茶, 鞋.
    assert labels.tolist() == [2, 2, 1, 1, 2, 1, 0, 0]


def test_a_classifier_over_many_scores_is_refused() -> None:
    frame = pd.concat([rows_of(Shape.SCORED_PAIRS)] * 3, ignore_index=True)
    frame["score"] = np.linspace(0, 1, len(frame), dtype=np.float32)
    with pytest.raises(TooManyGrades, match="24 different scores"):
        training_columns(LOSSES["SoftmaxLoss"], frame)


def test_classes_of_one_text_cannot_be_told_apart() -> None:
    loss = LOSSES["BatchHardTripletLoss"]
    frame = rows_of(Shape.CLASSES).assign(label=[*"鞋鞋茶灯书笔锅碗"])
    with pytest.raises(TooFewClasses, match="only 1 of the training rows' classes"):
        require_batches(loss, training_columns(loss, frame))


def direct(name: str, **settings: Any) -> Callable[[Any, Any], Any]:
    """Makes a loss by hand, with the library's class alone."""

    def make(model: Any, _guide: Any) -> Any:
        from sentence_transformers.sentence_transformer import losses

        return getattr(losses, name)(model, **settings)

    return make


def by_class(name: str) -> Callable[[Any, Any], Any]:
    def make(model: Any, _guide: Any) -> Any:
        from sentence_transformers.sentence_transformer import losses

        extra = {} if "SoftMargin" in name else {"margin": 0.5}
        return getattr(losses, name)(model, **extra)

    return make


def guided(name: str) -> Callable[[Any, Any], Any]:
    def make(model: Any, guide: Any) -> Any:
        from sentence_transformers.sentence_transformer import losses

        return getattr(losses, name)(model, guide)

    return make


def softmax(model: Any, _guide: Any) -> Any:
    from sentence_transformers.sentence_transformer import losses

    return losses.SoftmaxLoss(model, model.get_embedding_dimension(), 3)


DIRECT: dict[str, Callable[[Any, Any], Any]] = {
    "MultipleNegativesRankingLoss": direct("MultipleNegativesRankingLoss"),
    "CachedMultipleNegativesRankingLoss": direct("CachedMultipleNegativesRankingLoss"),
    "MultipleNegativesSymmetricRankingLoss": direct("MultipleNegativesSymmetricRankingLoss"),
    "CachedMultipleNegativesSymmetricRankingLoss": direct(
        "CachedMultipleNegativesSymmetricRankingLoss"
    ),
    "GISTEmbedLoss": guided("GISTEmbedLoss"),
    "CachedGISTEmbedLoss": guided("CachedGISTEmbedLoss"),
    "MegaBatchMarginLoss": direct("MegaBatchMarginLoss"),
    "TripletLoss": direct("TripletLoss", triplet_margin=0.5),
    "OnlineContrastiveLoss": direct("OnlineContrastiveLoss"),
    "ContrastiveLoss": direct("ContrastiveLoss"),
    "BatchHardSoftMarginTripletLoss": by_class("BatchHardSoftMarginTripletLoss"),
    "BatchSemiHardTripletLoss": by_class("BatchSemiHardTripletLoss"),
    "BatchHardTripletLoss": by_class("BatchHardTripletLoss"),
    "BatchAllTripletLoss": by_class("BatchAllTripletLoss"),
    "CoSENTLoss": direct("CoSENTLoss"),
    "AnglELoss": direct("AnglELoss"),
    "CosineSimilarityLoss": direct("CosineSimilarityLoss"),
    "SoftmaxLoss": softmax,
}


def batch(model: Any, columns: pd.DataFrame) -> tuple[list[dict[str, Any]], Any]:
    """What the library's collator would hand to the loss, on fresh copies each time."""
    import torch

    texts = [name for name in columns if name not in ("label", "score")]
    features = [model.preprocess(columns[name].tolist()) for name in texts]
    labels = [torch.tensor(columns[name].to_numpy()) for name in columns if name not in texts]
    return features, labels[0] if labels else None


def load(folder: Path) -> Any:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder), device="cpu")
    model.eval()  # without dropout the same batch gives the same loss
    return model


@EVERY
@pytest.mark.parametrize("matryoshka", [(), (16,)], ids=["plain", "matryoshka"])
def test_each_loss_is_the_librarys_and_teaches(
    loss: LossSpec, matryoshka: tuple[int, ...], tiny_base: Path, tmp_path: Path
) -> None:
    import torch
    from sentence_transformers.sentence_transformer import losses

    if matryoshka and not loss.matryoshka:
        pytest.skip("checked to be refused above")
    frame = rows_of(loss.shapes[0])
    columns = training_columns(loss, frame)
    model, twin = load(tiny_base), load(tiny_base)
    context = LossContext(grades_of(loss, frame), lambda _name: load(tiny_base))
    torch.manual_seed(3)
    ours = build_loss(loss, model, {}, context, matryoshka)
    torch.manual_seed(3)
    theirs = DIRECT[loss.name](twin, load(tiny_base))
    if matryoshka:
        theirs = losses.MatryoshkaLoss(twin, theirs, [32, 16])
    value = ours(*batch(model, columns))
    assert value.item() > 0
    torch.testing.assert_close(value, theirs(*batch(twin, columns)))

    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    optimizer = torch.optim.SGD(ours.parameters(), lr=0.1)
    value.backward()
    optimizer.step()
    moved = [n for n, tensor in model.state_dict().items() if not torch.equal(tensor, before[n])]
    assert moved
    model.save_pretrained(str(tmp_path / "model"))
    texts = frame[columns.columns[0]].tolist()
    np.testing.assert_allclose(
        load(tmp_path / "model").encode(texts), model.encode(texts), atol=1e-6
    )


@pytest.mark.parametrize(
    "loss",
    [one for one in LOSSES.values() if one.for_static],
    ids=[one.name for one in LOSSES.values() if one.for_static],
)
def test_each_loss_for_static_models_teaches_one(loss: LossSpec) -> None:
    import torch

    from core.models.static import build_static, train_tokenizer

    frame = rows_of(loss.shapes[0])
    columns = training_columns(loss, frame)
    texts = [t for name in columns if name not in ("label", "score") for t in columns[name]]
    model = build_static(train_tokenizer(texts, 300, 3), texts, 16, 1)
    context = LossContext(grades_of(loss, frame), load)
    built = build_loss(loss, model, {}, context)
    before = model[0].embedding.weight.detach().clone()
    optimizer = torch.optim.SGD(built.parameters(), lr=0.1)
    built(*batch(model, columns)).backward()
    optimizer.step()
    assert not torch.equal(model[0].embedding.weight, before)


def test_the_ways_of_comparing_give_other_losses(tiny_base: Path) -> None:
    columns = rows_of(Shape.PAIRS)[["anchor", "positive"]]
    context = LossContext(0, load)
    ranking = LOSSES["MultipleNegativesRankingLoss"]
    both = "query_to_doc,doc_to_query"
    values = set()
    for settings in (
        {},
        {"directions": both, "partition_mode": "per_direction"},
        {"directions": "query_to_doc,query_to_query,doc_to_query,doc_to_doc"},
        {"hardness_mode": "in_batch_negatives", "hardness_strength": 9.0},
    ):
        model = load(tiny_base)
        values.add(build_loss(ranking, model, settings, context)(*batch(model, columns)).item())
    assert len(values) == 4
    assert ranking.batches is Batches.NO_DUPLICATES
