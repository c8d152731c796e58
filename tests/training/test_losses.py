"""The registry of losses: what fits which table, and parameters within their ranges."""

from __future__ import annotations

import pytest

from core.data.shapes import Shape
from core.training.losses import (
    LOSSES,
    LossDoesNotFit,
    LossParameterWrong,
    UnknownLoss,
    check_fit,
    loss_named,
    losses_for,
)


@pytest.mark.parametrize("shape", list(Shape))
def test_every_shape_has_a_loss_and_every_offered_loss_fits(shape: Shape) -> None:
    offered = losses_for(shape)
    assert offered
    for loss in offered:
        check_fit(loss, shape)
    for loss in LOSSES.values():
        if loss not in offered:
            with pytest.raises(LossDoesNotFit, match=f"cannot learn from {shape.label}"):
                check_fit(loss, shape)


def test_the_names_are_the_librarys() -> None:
    from sentence_transformers.sentence_transformer import losses

    assert all(hasattr(losses, name) for name in LOSSES)


def test_parameters_have_defaults_within_their_ranges() -> None:
    for loss in LOSSES.values():
        for parameter in loss.parameters:
            assert parameter.minimum <= parameter.default <= parameter.maximum
        assert loss.settings({}) == {p.name: p.default for p in loss.parameters}


def test_the_default_margin_can_be_reached_by_unit_vectors() -> None:
    (margin,) = LOSSES["TripletLoss"].parameters
    assert margin.default < 2


@pytest.mark.parametrize(("name", "value"), [("triplet_margin", -1.0), ("scale", 20.0)])
def test_a_parameter_out_of_range_or_unknown_is_refused(name: str, value: float) -> None:
    with pytest.raises(LossParameterWrong, match=f"TripletLoss does not take {name}"):
        LOSSES["TripletLoss"].settings({name: value})


def test_an_unknown_loss_is_answered_with_those_that_exist() -> None:
    with pytest.raises(UnknownLoss, match="Choose one of: MultipleNegativesRankingLoss"):
        loss_named("MagicLoss")
