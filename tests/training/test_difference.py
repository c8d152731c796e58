"""What is said to differ between configurations."""

from __future__ import annotations

import pytest

from core.models.bases import BaseConfig
from core.training.config import (
    DatasetConfig,
    EvaluationConfig,
    LossConfig,
    RunConfig,
    TrainingConfig,
)
from core.training.difference import LABELS, MISSING, Difference, differences
from core.training.losses.registry import LOSSES

FIRST = RunConfig(
    name="first",
    dataset=DatasetConfig(id="a", name="Shoes", content_hash="1"),
    base=BaseConfig(kind="bundled"),
    loss=LossConfig(name="MultipleNegativesRankingLoss"),
)


def told(*configs: RunConfig) -> dict[str, tuple[object, ...]]:
    return {one.setting: one.values for one in differences([c.to_dict() for c in configs])}


def test_another_name_is_no_difference() -> None:
    assert told(FIRST, FIRST.model_copy(update={"name": "second"})) == {}


def test_only_what_differs_is_told_with_every_value() -> None:
    longer = FIRST.model_copy(update={"training": TrainingConfig(epochs=3, max_length=128)})
    patient = FIRST.model_copy(update={"evaluation": EvaluationConfig(patience=2)})
    assert told(FIRST, longer, patient) == {
        "training.epochs": (1.0, 3.0, 1.0),
        "training.max_length": (None, 128, None),
        "evaluation.patience": (None, None, 2),
    }


def test_a_base_is_told_by_what_belongs_to_its_kind() -> None:
    static = BaseConfig(kind="static", vocabulary_size=1500)
    other = FIRST.model_copy(update={"base": static})
    assert told(FIRST, other) == {
        "base.kind": ("bundled", "static"),
        "base.vocabulary_size": (MISSING, 1500),
        "base.max_piece_length": (MISSING, 2),
        "base.dimension": (MISSING, 1024),
        "base.start": (MISSING, "own"),
    }
    forgotten = FIRST.model_copy(update={"base": BaseConfig(kind="bundled", vocabulary_size=900)})
    assert told(FIRST, forgotten) == {}


def test_a_loss_counts_with_its_defaults() -> None:
    name = FIRST.loss.name
    default = next(one.default for one in LOSSES[name].parameters if one.name == "scale")
    same = FIRST.model_copy(update={"loss": LossConfig(name=name, parameters={"scale": default})})
    assert told(FIRST, same) == {}
    sharper = FIRST.model_copy(update={"loss": LossConfig(name=name, parameters={"scale": 50.0})})
    assert told(FIRST, sharper) == {"loss.parameters.scale": (default, 50.0)}


def test_a_version_of_a_dataset_is_named_only_where_its_name_is_the_same() -> None:
    version = DatasetConfig(id="b", name="Shoes", content_hash="2")
    assert told(FIRST, FIRST.model_copy(update={"dataset": version})) == {"dataset.id": ("a", "b")}
    other = DatasetConfig(id="c", name="Boots", content_hash="3")
    changed = told(FIRST, FIRST.model_copy(update={"dataset": other}))
    assert changed == {"dataset.name": ("Shoes", "Boots")}


def test_a_recipe_without_a_dataset_can_be_compared() -> None:
    recipe = {"loss": {"name": FIRST.loss.name}, "training": {"epochs": 2.0}}
    found = {one.setting: one.values for one in differences([recipe, FIRST.to_dict()])}
    assert found["training.epochs"] == (2.0, 1.0)
    assert found["dataset.name"] == (MISSING, "Shoes")
    assert not any(setting.startswith("loss.parameters") for setting in found)


@pytest.mark.parametrize("part", ["dataset", "base", "training", "evaluation"])
def test_every_setting_has_a_name_for_people(part: str) -> None:
    settings = {f"{part}.{name}" for name in FIRST.to_dict()[part]}
    untold = {"dataset.content_hash", "base.extend"}
    assert settings - untold <= LABELS.keys()


def test_a_parameter_of_a_loss_has_the_name_of_the_form() -> None:
    assert Difference("loss.parameters.scale", (20.0, 50.0)).label == "Scale"
    assert Difference("loss.parameters.shoes", (1, 2)).label == "loss.parameters.shoes"
