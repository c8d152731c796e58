"""Model cards of every version: what is read, and the five published ones field by field."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.data.shapes import Shape
from core.training.recipes.card import CardTooLarge, NotACard, decode, read_card, read_card_file
from core.training.recipes.evidence import with_evidence
from core.training.recipes.facts import Card, Column, Example, Garbling, Point
from core.training.recipes.store import NAMES, load_recipe
from core.workspace import PROJECT_ROOT, Workspace
from tests.training.recipes.cards import VERSION_2, VERSION_3, VERSION_6

CARDS = Path(os.environ.get("PAIRLOOM_CARDS", PROJECT_ROOT.parent / "shared" / "cards"))
MINILM = "sentence-transformers/all-MiniLM-L6-v2"

FACTS = {
    "card-000": {
        "base": MINILM,
        "revision": "fa97f6e7cb1a59073dff9e6b13e2715cf7475ac9",
        "dimension": 384,
        "modules": ("Transformer", "Pooling", "Normalize"),
        "rows": 36421,
        "shape": Shape.SCORED_PAIRS,
        "columns": [
            ("sentence_0", "string", "tokens", 8, 14.77, 256),
            ("sentence_1", "string", "tokens", 6, 100.69, 256),
            ("label", "float", "", 0, 0.16, 1),
        ],
        "loss": "CosineSimilarityLoss",
        "loss_parameters": {"loss_fct": "torch.nn.modules.loss.MSELoss"},
        "set": {"batch": 16, "num_train_epochs": 20},
        "hyperparameters": 115,
        "curve": (91, (500, 0.2196, 0.0949), (45500, 19.9824, 0.0154)),
        "versions": ("3.10.16", "3.3.1", "4.47.1", "2.5.1+cu124", "1.2.1", "3.2.0", "0.21.0"),
        "garbled": None,
        "unread": ("evaluation",),
    },
    "card-001": {
        "base": MINILM,
        "revision": "c9745ed1d9f207416be6d2e6f8de32d1f16199bf",
        "dimension": 384,
        "modules": ("Transformer", "Pooling", "Normalize"),
        "rows": 500,
        "shape": Shape.TRIPLETS,
        "columns": [
            ("sentence_0", "string", "tokens", 7, 13.59, 26),
            ("sentence_1", "string", "tokens", 20, 32.96, 48),
            ("sentence_2", "string", "tokens", 20, 32.35, 48),
        ],
        "loss": "TripletLoss",
        "loss_parameters": {
            "distance_metric": "TripletDistanceMetric.EUCLIDEAN",
            "triplet_margin": 5,
        },
        "set": {"batch": 16, "num_train_epochs": 2},
        "hyperparameters": 117,
        "curve": None,
        "versions": ("3.9.6", "5.0.0", "4.53.2", "2.7.1", "1.8.1", "4.0.0", "0.21.2"),
        "garbled": Garbling(encoding="Windows-1254", lines=27, lost=157, by_template=True),
        "unread": ("log", "evaluation"),
    },
    "card-002": {
        "base": MINILM,
        "revision": "c9745ed1d9f207416be6d2e6f8de32d1f16199bf",
        "dimension": 384,
        "modules": ("Transformer", "Pooling", "Normalize"),
        "rows": 532761,
        "shape": Shape.PAIRS,
        "columns": [
            ("sentence_0", "string", "tokens", 4, 8.88, 34),
            ("sentence_1", "string", "tokens", 17, 79.92, 197),
        ],
        "loss": "MultipleNegativesRankingLoss",
        "loss_parameters": {"scale": 20.0, "similarity_fct": "cos_sim"},
        "set": {"batch": 64},
        "hyperparameters": 115,
        "curve": (49, (500, 0.0601, 0.0186), (24500, 2.9429, 0.0075)),
        "versions": ("3.11.13", "4.1.0", "4.53.2", "2.6.0+cu124", "1.9.0", "2.14.4", "0.21.2"),
        "garbled": None,
        "unread": ("evaluation",),
    },
    "card-003": {
        "base": "BAAI/bge-small-zh-v1.5",
        "revision": "7999e1d3359715c523056ef9478215996d62a620",
        "dimension": 512,
        "modules": ("Transformer", "Pooling"),
        "rows": 5435,
        "shape": Shape.PAIRS,
        "columns": [
            ("sentence_0", "string", "tokens", 34, 92.38, 256),
            ("sentence_1", "string", "tokens", 34, 92.38, 256),
        ],
        "loss": "MultipleNegativesRankingLoss",
        "loss_parameters": {
            "scale": 20.0,
            "similarity_fct": "cos_sim",
            "gather_across_devices": False,
        },
        "set": {"batch": 32},
        "hyperparameters": 119,
        "curve": (1, (500, 2.9412, 0.0052), (500, 2.9412, 0.0052)),
        "versions": ("3.12.9", "5.1.2", "4.57.3", "2.9.1+cpu", "1.12.0", "4.4.1", "0.22.1"),
        "garbled": Garbling(encoding="Windows-1254", lines=27, lost=501, by_template=True),
        "unread": ("evaluation",),
    },
    "card-004": {
        "base": MINILM,
        "revision": "c9745ed1d9f207416be6d2e6f8de32d1f16199bf",
        "dimension": 384,
        "modules": ("Transformer", "Pooling", "Normalize"),
        "rows": 76608,
        "shape": Shape.SCORED_PAIRS,
        "columns": [
            ("sentence_0", "string", "tokens", 2, 3.49, 4),
            ("sentence_1", "string", "tokens", 18, 92.53, 256),
            ("label", "float", "", 0, 0.5, 1),
        ],
        "loss": "CosineSimilarityLoss",
        "loss_parameters": {"loss_fct": "torch.nn.modules.loss.MSELoss"},
        "set": {"batch": 256, "disable_tqdm": False},
        "hyperparameters": 114,
        "curve": (1, (500, 1.6667, 0.3572), (500, 1.6667, 0.3572)),
        "versions": ("3.11.11", "3.4.1", "4.51.1", "2.5.1+cu124", "1.3.0", "3.5.0", "0.21.0"),
        "garbled": Garbling(encoding="Windows-1252", lines=2, lost=0, by_template=True),
        "unread": ("evaluation",),
    },
}
PACKAGES = (
    "Python",
    "Sentence Transformers",
    "Transformers",
    "PyTorch",
    "Accelerate",
    "Datasets",
    "Tokenizers",
)


def told(column: Column) -> tuple[object, ...]:
    return column.name, column.type, column.unit, column.least, column.mean, column.most


def line(point: Point) -> tuple[object, ...]:
    assert not point.scores
    return point.step, point.epoch, point.loss


@pytest.mark.parametrize("id", NAMES)
def test_every_field_of_the_five_cards(workspace: Workspace, id: str) -> None:
    card, facts = load_recipe(workspace, id).card, FACTS[id]
    assert card is not None and card.table is not None
    for name in (
        "base", "revision", "dimension", "modules", "rows", "shape", "loss", "loss_parameters",
        "garbled", "unread",
    ):  # fmt: skip
        assert getattr(card, name) == facts[name], name
    assert [told(column) for column in card.table.columns] == facts["columns"]
    assert (card.max_length, card.similarity, card.pooling) == (
        256,
        "Cosine Similarity",
        "mean_tokens",
    )
    assert card.table.looked_at == (500 if id == "card-001" else 1000)
    assert card.measured is None and card.more_tables == 0 and card.evaluations == ()
    assert card.table.name is None and card.license is None and card.languages == ()
    batch = facts["set"]["batch"]
    given = {name: value for name, value in facts["set"].items() if name != "batch"}
    assert card.non_default == given | {
        "per_device_train_batch_size": batch,
        "per_device_eval_batch_size": batch,
        "multi_dataset_batch_sampler": "round_robin",
    }
    assert len(card.hyperparameters) == facts["hyperparameters"]
    assert card.hyperparameters["learning_rate"] == 5e-05
    assert card.hyperparameters["adam_epsilon"] == 1e-08
    assert card.hyperparameters["accelerator_config"]["even_batches"] is True
    if facts["curve"] is None:
        assert card.curve == ()
    else:
        length, first, last = facts["curve"]
        assert (len(card.curve), line(card.curve[0]), line(card.curve[-1])) == (length, first, last)
    assert card.versions == dict(zip(PACKAGES, facts["versions"], strict=True))
    assert f"loss:{card.loss}" in card.tags and f"dataset_size:{card.rows}" in card.tags
    # Facts only: nothing of its author's table.
    assert card.examples == () and card.table.samples == ()


@pytest.mark.skipif(not CARDS.is_dir(), reason="the published cards are not on this computer")
@pytest.mark.parametrize("id", NAMES)
def test_the_cards_themselves_are_read_to_these_facts(workspace: Workspace, id: str) -> None:
    (path,) = CARDS.glob(f"{id.removeprefix('card-')}_*")
    card = read_card_file(path)
    assert len(card.examples) == 5 and all(len(one.sentences) == 3 for one in card.examples)
    assert card.table is not None and len(card.table.samples) == 3
    assert all(len(row) == len(card.table.columns) for row in card.table.samples)
    assert all(text for row in card.table.samples for text in row)
    texts = "".join(str(one) for one in card.examples)
    assert ("�" in texts) == (id in ("card-001", "card-003"))
    ready = load_recipe(workspace, id).card
    found = with_evidence(workspace, card).facts()
    assert ready is not None and path.name in ready.source
    assert found.model_copy(update={"source": ready.source}) == ready
    assert load_recipe(workspace, id).recipe.examples == ()


@pytest.mark.skipif(not CARDS.is_dir(), reason="the published cards are not on this computer")
def test_garbled_texts_are_repaired_and_what_is_lost_is_marked() -> None:
    (path,) = CARDS.glob("001_*")
    card = read_card_file(path)
    assert card.examples[3].source == "寻找一款K7"
    assert card.examples[0].source == "我想买一个羽毛��"
    (path,) = CARDS.glob("004_*")
    assert any("2\u2009years" in text for text in read_card_file(path).examples[0].sentences)


def test_a_card_of_version_2(workspace: Workspace) -> None:
    card = read_card(VERSION_2)
    assert (card.title, card.base, card.dimension, card.max_length) == (
        "shoes/finder",
        None,
        768,
        128,
    )
    assert card.loss == "MultipleNegativesRankingLoss" and card.loss_parameters["scale"] == 30.0
    assert card.rows == 8000 and card.shape is None
    assert card.pooling == "mean_tokens" and card.modules == ("Transformer", "Pooling")
    assert card.hyperparameters == {
        "batch_size": 32,
        "batch_sampler": "no_duplicates",
        "epochs": 4,
        "evaluation_steps": 0,
        "evaluator": "NoneType",
        "max_grad_norm": 1,
        "optimizer_class": "<class 'torch.optim.adamw.AdamW'>",
        "scheduler": "WarmupLinear",
        "steps_per_epoch": None,
        "warmup_steps": 100,
        "weight_decay": 0.01,
        "lr": 3e-05,
    }
    assert {"base", "columns", "log", "evaluation"} <= set(card.unread)


def test_a_card_of_version_3_with_scores_and_a_loss_around_another() -> None:
    card = read_card(VERSION_3)
    assert card.revision == "a5beb1e3e68b9ab74eb54cfd186867f64f240e1a"
    assert (card.license, card.languages, card.pooling) == ("apache-2.0", ("en",), "cls_token")
    assert card.examples == (
        Example(source="red shoe", sentences=("a red shoe | size 40", "a blue boot")),
    )
    assert card.table is not None and card.table.name == "json"
    assert card.table.samples == (("a | b", "which?"),)
    assert card.loss_parameters["matryoshka_dims"] == [768, 256]
    (scores,) = card.evaluations
    assert (scores.title, scores.evaluator) == (
        "Information Retrieval",
        "InformationRetrievalEvaluator",
    )
    assert scores.names == ("dim_768",) and scores.metrics["cosine_ndcg@10"] == (0.8042,)
    assert card.curve == (
        Point(step=10, epoch=0.8122, loss=1.5602),
        Point(step=12, epoch=0.9746, scores={"dim_768_cosine_ndcg@10": 0.7911}),
    )
    assert card.losses == card.curve[:1] and card.unread == ()


def test_a_card_of_version_6_with_classes_and_a_held_out_table() -> None:
    card = read_card(VERSION_6)
    assert card.table is not None and card.shape is Shape.CLASSES
    assert card.table.columns[1].shares == {"0": 0.625, "1": 0.375}
    assert card.pooling == "mean" and card.library == "6.2.0"
    assert card.measured is not None and card.measured.rows == 24
    assert card.curve[0].scores == {"Validation Loss": 1.6437}
    assert card.non_default["learning_rate_mapping"] == {
        "^model\\.word_embeddings\\.weight$": 0.001
    }


def test_a_card_with_windows_line_ends_a_mark_or_in_gbk_is_the_same() -> None:
    plain = read_card(VERSION_3)
    assert read_card(VERSION_3.replace("\n", "\r\n")) == plain
    assert read_card(decode(b"\xef\xbb\xbf" + VERSION_3.encode())) == plain
    chinese = VERSION_3.replace("red shoe", "红色鞋子")
    assert read_card(decode(chinese.encode("gbk"))).examples[0].source == "红色鞋子"


def test_a_card_whose_front_matter_is_broken_is_read_as_far_as_it_goes() -> None:
    card = read_card(VERSION_3.replace("license: apache-2.0", "license: [apache"))
    assert "front matter" in card.unread and card.examples == ()
    assert card.base == "BAAI/bge-base-en-v1.5" and card.loss == "MatryoshkaLoss"


def test_what_is_no_card_is_refused() -> None:
    for text in ("", "a,b\n1,2\n", "# My notes\n\nbuy shoes\n"):
        with pytest.raises(NotACard):
            read_card(text)
    with pytest.raises(CardTooLarge):
        read_card(VERSION_3 + "x" * 500_000)


def test_facts_hold_no_texts() -> None:
    card: Card = read_card(VERSION_3).facts()
    assert "red shoe" not in str(card) and "which?" not in str(card)
