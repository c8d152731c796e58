"""Settings of cards of versions 2 to 6 become ours; what cannot is said."""

from __future__ import annotations

from dataclasses import fields

import pytest

from core.training.config import EvaluationConfig, LossConfig, TrainingConfig
from core.training.recipes.arguments import INSTALLED, NO_BEARING, RENAMED
from core.training.recipes.card import read_card
from core.training.recipes.facts import Card, Column, Table
from core.training.recipes.store import NAMES, load_recipe
from core.training.recipes.translate import translate
from core.training.recipes.translated import How
from core.workspace import Workspace
from tests.training.recipes.cards import VERSION_2, VERSION_3, VERSION_6

AS_ON_A_CARD = TrainingConfig(
    max_length=256,
    warmup_share=0.0,
    precision="fp32",
    separate_duplicates=False,
    group_by_length=False,
)
RUNS = {
    "card-000": (LossConfig(name="CosineSimilarityLoss"), {"epochs": 20, "batch_size": 16}),
    "card-001": (
        LossConfig(
            name="TripletLoss", parameters={"distance_metric": "euclidean", "triplet_margin": 5}
        ),
        {"epochs": 2, "batch_size": 16},
    ),
    "card-002": (
        LossConfig(name="MultipleNegativesRankingLoss", parameters={"scale": 20.0}),
        {"epochs": 3, "batch_size": 64},
    ),
    "card-003": (
        LossConfig(name="MultipleNegativesRankingLoss", parameters={"scale": 20.0}),
        {"epochs": 3, "batch_size": 32},
    ),
    "card-004": (LossConfig(name="CosineSimilarityLoss"), {"epochs": 3, "batch_size": 256}),
}


def how(card: Card) -> dict[str, tuple[How, str | None, object]]:
    return {one.name: (one.how, one.setting, one.became) for one in translate(card).settings}


@pytest.mark.parametrize("id", NAMES)
def test_the_five_cards_become_configurations(workspace: Workspace, id: str) -> None:
    recipe = load_recipe(workspace, id).recipe
    loss, changes = RUNS[id]
    assert recipe.loss == loss
    assert recipe.training == AS_ON_A_CARD.model_copy(update=changes)
    assert recipe.evaluation == EvaluationConfig(keep_best=False)
    if id == "card-003":
        assert recipe.base.kind == "hub" and recipe.base.repo == "BAAI/bge-small-zh-v1.5"
        assert recipe.base.revision == "7999e1d3359715c523056ef9478215996d62a620"
    else:
        assert recipe.base.kind == "bundled"


def test_what_the_installed_version_renamed_and_dropped_is_listed(workspace: Workspace) -> None:
    card = load_recipe(workspace, "card-000").card
    assert card is not None
    found = {one.name: one for one in translate(card).settings}
    renamed = {name: one.now for name, one in found.items() if one.renamed}
    assert renamed["warmup_ratio"] == "warmup_steps" and renamed["no_cuda"] == "use_cpu"
    assert renamed["group_by_length"] == "train_sampling_strategy"
    dropped = {name for name, one in found.items() if one.how is How.GONE and one.now is None}
    assert dropped >= {"overwrite_output_dir", "use_ipex", "fp16_backend", "ray_scope"}
    assert not any(one.how is How.NOT_TAKEN for one in found.values())
    # Every setting of the card is accounted for.
    told = {*found, *translate(card).without_bearing}
    assert told == card.hyperparameters.keys()


def test_the_arguments_of_fit() -> None:
    made = translate(read_card(VERSION_2))
    assert made.training == TrainingConfig(
        epochs=4,
        batch_size=32,
        learning_rate=3e-5,
        max_length=128,
        # 100 of 4 times 250 steps.
        warmup_share=0.1,
        weight_decay=0.01,
        precision="fp32",
        separate_duplicates=True,
        group_by_length=False,
    )
    assert made.loss == LossConfig(name="MultipleNegativesRankingLoss", parameters={"scale": 30.0})
    assert how(read_card(VERSION_2))["scheduler"] == (How.CHANGED, "training.schedule", "linear")


def test_steps_of_an_epoch_and_steps_of_all_become_epochs() -> None:
    table = Table(rows=160)
    for given, epochs in (({"epochs": 2, "steps_per_epoch": 10}, 1.0), ({"max_steps": 60}, 3.0)):
        printed = {"batch_size": 8, **given}
        made = translate(Card(loss="CoSENTLoss", table=table, hyperparameters=printed))
        assert made.training.epochs == epochs


def test_version_3_with_what_cannot_be_had_here() -> None:
    card = read_card(VERSION_3)
    made, found = translate(card), how(card)
    assert made.loss.name == "MultipleNegativesRankingLoss" and made.loss.matryoshka == (256,)
    assert found["matryoshka_weights"][0] is How.NOT_TAKEN
    assert found["optim"][0] is How.NOT_TAKEN and found["max_grad_norm"][0] is How.NOT_TAKEN
    assert found["lr_scheduler_type"] == (How.CHANGED, "training.schedule", "linear")
    assert found["warmup_ratio"] == (How.TAKEN, "training.warmup_share", 0.1)
    training = made.training
    assert (training.query_prompt, training.document_prompt) == ("query: ", "passage: ")
    assert (training.precision, training.gradient_accumulation) == ("bf16", 16)
    assert training.separate_duplicates and made.evaluation.keep_best
    assert found["tf32"][0] is How.NOT_TAKEN


def test_version_6() -> None:
    made = translate(read_card(VERSION_6))
    training = made.training
    assert (training.warmup_share, training.new_rate, training.seed) == (0.1, 0.001, 7)
    # 14 steps of 32 rows are two and a bit times 216.
    assert training.epochs == pytest.approx(14 * 32 / 216, abs=1e-3)
    assert made.loss == LossConfig(
        name="BatchSemiHardTripletLoss", parameters={"distance_metric": "euclidean", "margin": 5}
    )


def test_where_a_card_says_nothing_the_librarys_defaults_are_assumed() -> None:
    card = Card(loss="CoSENTLoss", hyperparameters={"learning_rate": 1e-4})
    made = translate(card)
    assert (made.training.batch_size, made.training.epochs) == (8, 3)
    assert "num_train_epochs" in " ".join(note.text() for note in made.assumed)
    assert [one.name for one in made.settings] == ["learning_rate"]


def test_a_value_out_of_range_is_said_and_not_taken() -> None:
    card = Card(loss="CoSENTLoss", hyperparameters={"num_train_epochs": 5000, "seed": -1})
    made = translate(card)
    assert {one.how for one in made.settings} == {How.NOT_TAKEN}
    assert all(one.note is not None for one in made.settings)


def test_an_unknown_loss_is_said_and_the_one_for_the_shape_stands_in() -> None:
    columns = (Column(name="a", type="string"), Column(name="b", type="string"))
    made = translate(Card(loss="ContrastiveTensionLoss", table=Table(rows=9, columns=columns)))
    assert made.loss.name == "MultipleNegativesRankingLoss"
    assert "ContrastiveTensionLoss" in made.assumed[0].text()


def test_a_parameter_that_our_loss_has_not_is_said() -> None:
    printed = {"scale": 20.0, "similarity_fct": "dot_score"}
    card = Card(loss="MultipleNegativesRankingLoss", loss_parameters=printed)
    assert how(card)["similarity_fct"][0] is How.NOT_TAKEN
    assert translate(card).loss.parameters == {"scale": 20.0}


def test_the_list_of_the_librarys_arguments_is_the_librarys() -> None:
    from sentence_transformers import SentenceTransformerTrainingArguments

    assert {field.name for field in fields(SentenceTransformerTrainingArguments)} == INSTALLED
    assert set(RENAMED.values()) <= INSTALLED
    # Every argument that bears on the model is handled or said not to be there.
    assert not NO_BEARING & {"learning_rate", "optim", "label_smoothing_factor"}
