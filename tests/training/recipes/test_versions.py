"""Cards of versions 2 to 5 in their variety, damaged ones, and those of other kinds of models."""

from __future__ import annotations

import time

import pytest

from core.data.shapes import Shape
from core.training.config import LossConfig
from core.training.recipes.card import LARGEST, CardTooLarge, read_card
from core.training.recipes.kinds import NotForVectors
from core.training.recipes.printed import mapping
from core.training.recipes.translate import translate
from core.training.recipes.translated import How
from tests.training.recipes import new_cards, old_cards


def notes(text: str) -> str:
    return " ".join(note.text() for note in translate(read_card(text)).assumed)


def test_version_2_with_a_plain_loader_and_an_evaluator() -> None:
    card = read_card(old_cards.SCORED)
    assert (card.rows, card.loss, card.loss_parameters) == (5760, "CosineSimilarityLoss", {})
    assert (card.max_length, card.dimension, card.pooling) == (256, 384, "mean_tokens")
    assert card.hyperparameters["evaluation_steps"] == 1000
    assert card.hyperparameters["evaluator"].endswith("EmbeddingSimilarityEvaluator")
    assert not {"loss parameters", "fit arguments"} & set(card.unread)
    made = translate(card)
    training = made.training
    assert (training.epochs, training.batch_size, training.learning_rate) == (4, 16, 2e-5)
    # 144 of 4 times 360 steps.
    assert (training.warmup_share, training.schedule) == (0.1, "linear")
    assert not training.separate_duplicates and training.weight_decay == 0.01
    assert {"evaluator", "evaluation_steps"} <= {
        one.name for one in made.settings if one.how is How.GONE
    }
    assert not [one.name for one in made.settings if one.how is How.NOT_TAKEN]


def test_version_2_with_an_enum() -> None:
    card = read_card(old_cards.TRIPLETS)
    assert card.loss_parameters == {
        "distance_metric": "TripletDistanceMetric.EUCLIDEAN",
        "triplet_margin": 2,
    }
    made = translate(card)
    assert made.loss == LossConfig(
        name="TripletLoss", parameters={"distance_metric": "euclidean", "triplet_margin": 2}
    )
    assert made.training.schedule == "cosine" and "loss parameters" not in card.unread
    # Somebody measured, even though the card has no scores.
    assert card.was_measured and "author measured" in notes(old_cards.TRIPLETS)
    assert "measured nothing" in notes(old_cards.CONTRASTIVE)


def test_version_2_with_steps_of_an_epoch() -> None:
    made = translate(read_card(old_cards.CONTRASTIVE))
    assert made.loss.name == "ContrastiveLoss" and made.loss.parameters["margin"] == 0.2
    assert made.loss.parameters["distance_metric"] == "euclidean"
    # 64 of 128 batches in each of three epochs.
    assert (made.training.epochs, made.training.schedule) == (1.5, "constant")


def test_version_2_with_two_tables() -> None:
    card = read_card(old_cards.SEVERAL)
    assert (card.rows, card.more_tables, card.loss) == (
        8885 * 64,
        1,
        "MultipleNegativesRankingLoss",
    )
    assert "learned from 2 tables" in notes(old_cards.SEVERAL)


def test_version_2_whose_batch_size_is_not_known() -> None:
    card = read_card(old_cards.UNKNOWN_SIZE)
    assert card.rows is None and "rows" in card.unread and "batch_size" not in card.hyperparameters
    made = translate(card)
    assert made.training.batch_size == 8 and "per_device_train_batch_size" in notes(
        old_cards.UNKNOWN_SIZE
    )
    (other,) = [one for one in made.settings if one.name == "similarity_fct"]
    assert other.how is How.NOT_TAKEN


def test_version_2_tidied_by_hand() -> None:
    card = read_card(old_cards.TIDIED)
    assert card.rows == 17584 * 32 and card.hyperparameters["epochs"] == 15
    assert translate(card).loss.parameters == {"scale": 25.0}


def test_version_3_with_shorter_vectors() -> None:
    card = read_card(new_cards.VERSION_3_MATRYOSHKA)
    assert (card.base, card.library, card.rows) == ("bert-base-chinese", "3.0.1", 6300)
    assert card.table is not None and card.table.name == "json" and card.shape is Shape.PAIRS
    made = translate(card)
    assert made.loss.name == "MultipleNegativesRankingLoss" and made.loss.matryoshka == (512, 128)
    assert made.training.warmup_share == 0.1 and len(card.losses) == 2
    assert card.examples[0].sentences == ("a boot for wet days", "a pan for the oven", "a sandal")


def test_version_4_with_several_tables_and_their_prompts() -> None:
    card = read_card(new_cards.VERSION_4_SEVERAL)
    assert (card.rows, card.more_tables, card.table.name) == (9000, 1, "all-nli")
    assert card.loss == "MultipleNegativesRankingLoss"
    made = translate(card)
    assert made.training.batch_size == 128 and made.training.precision == "bf16"
    assert made.training.query_prompt == "query: "
    assert "learned from 2 tables" in notes(new_cards.VERSION_4_SEVERAL)


def test_version_5_with_prompts() -> None:
    card = read_card(new_cards.VERSION_5_PROMPTS)
    assert card.shape is Shape.TRIPLETS and card.table.looked_at == 1000
    training = translate(card).training
    assert (training.query_prompt, training.document_prompt) == ("query: ", "document: ")
    assert training.separate_duplicates and training.learning_rate == 2e-5


@pytest.mark.parametrize(
    ("text", "word"), [(new_cards.CROSS_ENCODER, "cross-encoder"), (new_cards.SPLADE, "SPLADE")]
)
def test_cards_of_other_kinds_of_models_are_refused(text: str, word: str) -> None:
    with pytest.raises(NotForVectors) as refused:
        read_card(text)
    assert word in refused.value.text() and "SentenceTransformer" in refused.value.text()


def test_a_damaged_loss_is_said_and_what_can_be_read_is_kept() -> None:
    whole = new_cards.VERSION_3_MATRYOSHKA
    damaged = whole.replace('"matryoshka_weights": [1, 1, 1], "n_dims_per_step": -1}', '"matr')
    card = read_card(damaged)
    assert "loss parameters" in card.unread
    assert translate(card).loss == translate(read_card(whole)).loss
    # Without its name the loss inside is told by the tags, and without these by nothing.
    nameless = damaged.replace('"loss": "MultipleNegativesRankingLoss", ', "")
    assert translate(read_card(nameless)).loss.name == "MultipleNegativesRankingLoss"
    assert "tags name MultipleNegativesRankingLoss" in notes(nameless)
    told = notes(nameless.replace("- loss:MultipleNegativesRankingLoss\n", ""))
    assert "parameters of MatryoshkaLoss could not be read" in told
    assert "does not know the loss" not in told


def test_damaged_arguments_of_fit_are_said() -> None:
    card = read_card(old_cards.SCORED.replace('"epochs": 4,', '"epochs": 4'))
    assert "fit arguments" in card.unread and card.hyperparameters["warmup_steps"] == 144


@pytest.mark.parametrize(
    ("text", "value", "whole"),
    [
        ("{'scale': 20.0, 'similarity_fct': <function cos_sim at 0x7f>}",
         {"scale": 20.0, "similarity_fct": "cos_sim"}, True),
        ("{'distance_metric': TripletDistanceMetric.COSINE, 'triplet_margin': 0.5}",
         {"distance_metric": "TripletDistanceMetric.COSINE", "triplet_margin": 0.5}, True),
        ("{'loss_fct': MSELoss(), 'model': <class 'a.B'>}",
         {"loss_fct": "MSELoss()", "model": "a.B"}, True),
        ('{"a": null, "b": true, "c": 1e-05}', {"a": None, "b": True, "c": 1e-5}, True),
        ("{'scale': 20.0, 'sim", {"scale": 20.0}, False),
        ("", {}, False),
    ],
)  # fmt: skip
def test_dictionaries_as_they_are_printed(text: str, value: dict[str, object], whole: bool) -> None:
    assert mapping(text) == (value, whole)


@pytest.mark.parametrize(
    "piece",
    ["<!--\n", "<li>", "\n", "- `", "# # ", "# a" + " " * 200, "`LoadLoad", "<a: ", "```\n"],
)
def test_a_long_text_without_sense_is_read_quickly(piece: str) -> None:
    whole = new_cards.VERSION_5_PROMPTS
    began = time.process_time()
    card = read_card(whole + piece * ((LARGEST - len(whole)) // len(piece)))
    assert card.rows == 100_000 and time.process_time() - began < 10


def test_a_comment_that_nothing_closes_hides_nothing() -> None:
    whole = new_cards.VERSION_5_PROMPTS
    opened = whole.replace("## Training Details", "<!-- to do\n\n## Training Details")
    assert read_card(opened).rows == 100_000
    # One that is closed does.
    assert read_card(opened.replace("### Training Logs", "-->\n### Training Logs")).rows is None


def test_a_text_that_is_too_long_is_refused_with_the_limit() -> None:
    with pytest.raises(CardTooLarge) as refused:
        read_card("x" * (LARGEST + 1))
    assert f"{LARGEST:,}" in refused.value.text()
