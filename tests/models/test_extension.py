"""Extended bases: apart, exact, and the same for anybody who has sentence-transformers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from core.models.bundled import bundled_path
from core.models.extension import extend_model, word_embeddings
from core.models.extension_config import Extension
from core.models.extension_start import DISTANCE, Material, company_rows, drawn_rows
from core.models.vocabulary import coverage
from core.workspace import PROJECT_ROOT
from tests.models.made import TEXTS, save_bert

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

ENGLISH = ["A red shoe", "2 boxes of blue shoes (no. 42.5)", "shoes/shoe"]
MIXED = [
    *TEXTS,
    *ENGLISH,
    "镍片" * 50,  # longer than the base reads
    *(f"{name} AX{number} 0.25g 37℃" for name in ("镍片", "红鞋", "shoe") for number in range(28)),
]
APART = 0.95
"""No two added rows may be nearer to each other than this cosine."""


@pytest.fixture(scope="module")
def bert_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_bert(tmp_path_factory.mktemp("bert") / "model")


def load(folder: Path) -> SentenceTransformer:
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(folder), device="cpu", local_files_only=True)


def rows_of(model: SentenceTransformer) -> np.ndarray:
    return word_embeddings(model).weight.detach().numpy().copy()


def closest(rows: np.ndarray) -> float:
    units = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    alike = units @ units.T
    np.fill_diagonal(alike, -1)
    return float(alike.max())


def unknown_share(folder: Path) -> float:
    return coverage(folder / "tokenizer.json", MIXED).unknown_share


def test_what_was_there_stays_as_it_was(bert_folder: Path) -> None:
    model = load(bert_folder)
    model.max_seq_length = 48
    rows, vectors = rows_of(model), model.encode(ENGLISH)
    ids = model.tokenizer(ENGLISH)["input_ids"]
    added = extend_model(model, MIXED, Extension(), 1)
    assert len(rows_of(model)) == len(rows) + len(added.pieces)
    np.testing.assert_array_equal(rows_of(model)[: len(rows)], rows)
    np.testing.assert_array_equal(model.encode(ENGLISH), vectors)
    assert model.tokenizer(ENGLISH)["input_ids"] == ids
    assert model.max_seq_length == 48


def test_what_is_saved_is_read_with_the_same_ids_and_vectors(
    bert_folder: Path, tmp_path: Path
) -> None:
    assert unknown_share(bert_folder) > 0.35
    model = load(bert_folder)
    extend_model(model, MIXED, Extension(), 1)
    model.save_pretrained(str(tmp_path / "model"))
    assert unknown_share(tmp_path / "model") == 0
    again = load(tmp_path / "model")
    # What is saved twice is still the same.
    again.save_pretrained(str(tmp_path / "copy"))
    first, second = (tmp_path / name / "tokenizer.json" for name in ("model", "copy"))
    assert first.read_text(encoding="utf-8") == second.read_text(encoding="utf-8")
    assert again.tokenizer(MIXED)["input_ids"] == model.tokenizer(MIXED)["input_ids"]
    assert again.tokenizer.is_fast and again.max_seq_length == 64
    np.testing.assert_array_equal(rows_of(again), rows_of(model))
    np.testing.assert_array_equal(again.encode(MIXED), model.encode(MIXED))


def test_the_same_texts_and_seed_give_the_same_rows(bert_folder: Path) -> None:
    rows = []
    for texts, seed in ((MIXED, 1), (MIXED[::-1], 1), (MIXED, 2)):
        model = load(bert_folder)
        extend_model(model, texts, Extension(), seed)
        rows.append(rows_of(model))
    np.testing.assert_allclose(rows[0], rows[1], atol=1e-6)
    assert not np.allclose(rows[0], rows[2], atol=1e-3)


def test_a_base_that_reads_everything_stays_as_it_is(bert_folder: Path) -> None:
    model = load(bert_folder)
    rows = rows_of(model)
    assert extend_model(model, ENGLISH, Extension(), 1).pieces == ()
    np.testing.assert_array_equal(rows_of(model), rows)


def test_what_is_added_twice_is_added_once(bert_folder: Path) -> None:
    model = load(bert_folder)
    extend_model(model, MIXED, Extension(characters=5), 1)
    rows = rows_of(model)
    added = extend_model(model, MIXED, Extension(), 1)
    assert len(rows_of(model)) == len(rows) + len(added.pieces)
    np.testing.assert_array_equal(rows_of(model)[: len(rows)], rows)
    assert extend_model(model, MIXED, Extension(), 1).pieces == ()


def test_rows_that_a_base_has_to_spare_are_used(bert_folder: Path) -> None:
    model = load(bert_folder)
    size = len(rows_of(model))
    model.transformers_model.resize_token_embeddings(size + 500, mean_resizing=False)
    added = extend_model(model, MIXED, Extension(), 1)
    assert len(rows_of(model)) == size + 500 > size + len(added.pieces)
    assert closest(rows_of(model)[size : size + len(added.pieces)]) < APART


def test_a_multilingual_tokenizer_of_the_library_keeps_what_is_added(tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.sentence_transformer.modules import Pooling
    from transformers import XLMRobertaConfig, XLMRobertaModel, XLMRobertaTokenizer

    special = [(token, 0.0) for token in ("<s>", "<pad>", "</s>", "<unk>")]
    pieces = [("▁", -2.0), ("▁shoe", -3.0), ("s", -4.0), ("的", -9.0), ("<mask>", 0.0)]
    settings = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 4}
    size = len(special) + len(pieces)
    XLMRobertaModel(
        XLMRobertaConfig(vocab_size=size, max_position_embeddings=66, **settings)
    ).save_pretrained(tmp_path / "plain")
    tokenizer = XLMRobertaTokenizer(vocab=[*special, *pieces], model_max_length=64)
    tokenizer.save_pretrained(tmp_path / "plain")
    modules = [Transformer(str(tmp_path / "plain")), Pooling(32)]
    model = SentenceTransformer(modules=modules, device="cpu")
    texts = ["shoes 镍的", "鑫镍<mask>", "shoes"]
    before = model.tokenizer(texts)["input_ids"]
    added = extend_model(model, texts, Extension(), 1)
    ids = model.tokenizer(texts)["input_ids"]
    assert added.pieces == ("镍", "鑫") and ids[2] == before[2]
    assert ids[0] == [0, 5, 6, 4, size, 7, 2] and ids[1][-2] == size - 1
    model.save_pretrained(str(tmp_path / "model"))
    again = load(tmp_path / "model")
    assert again.tokenizer(texts)["input_ids"] == ids
    np.testing.assert_array_equal(again.encode(texts), model.encode(texts))


def test_minilm_reads_drug_labels_and_its_new_rows_are_apart() -> None:
    pairs = pd.read_csv(PROJECT_ROOT / "sample_data" / "drug_pairs.csv", dtype=str)
    texts = pd.unique(pairs.iloc[:, :2].to_numpy().ravel()).tolist()
    model = load(bundled_path())
    old = rows_of(model)
    vectors = model.encode(ENGLISH)
    added = extend_model(model, texts, Extension(), 42)
    new = rows_of(model)[len(old) :]
    assert len(new) == len(added.pieces) > 1_500
    assert closest(new) < APART
    # Nor does any of them stand on an old one.
    units = [part / np.linalg.norm(part, axis=1, keepdims=True) for part in (new, old)]
    assert (units[0] @ units[1].T).max() < 0.99
    np.testing.assert_array_equal(model.encode(ENGLISH), vectors)


def material(**changes: object) -> Material:
    random = np.random.default_rng(0)
    rows = random.normal(size=(400, 16)) @ random.normal(size=(16, 16)) + 3
    given = {
        "rows": rows.astype(np.float32),
        "usual": np.arange(10, 400),
        "first": 400,
        "reads": ["x"] * 3_000,
        "parts": [[]] * 3_000,
        "texts": [],
        "seed": 0,
        **changes,
    }
    return Material(**given)


def test_drawn_rows_have_the_mean_and_covariance_of_the_base() -> None:
    given = material()
    drawn, usual = drawn_rows(given), given.rows[10:]
    np.testing.assert_allclose(drawn.mean(axis=0), usual.mean(axis=0), atol=0.5)
    theirs = np.cov(usual, rowvar=False)
    difference = np.abs(np.cov(drawn, rowvar=False) - theirs).max()
    assert difference < 0.15 * np.abs(theirs).max()


def test_a_row_leans_to_its_parts_or_else_to_the_tokens_in_the_same_company() -> None:
    # 401 and 20 stand between the same tokens; 400 is made of 30; of 402 nothing is known.
    random = np.random.default_rng(1)
    texts = []
    for _ in range(400):
        around = random.integers(100, 110, size=4)
        texts.append(np.array([*around[:2], random.choice([401, 20]), *around[2:]]))
        other = random.integers(200, 390, size=6)
        texts.append(other)
    given = material(reads=["a", "b", "c"], parts=[[30], [], []], texts=texts)
    rows = company_rows(given)
    mean = given.rows[10:].mean(axis=0)
    lean = rows - mean

    def cosine(left: np.ndarray, right: np.ndarray) -> float:
        return float(left @ right / np.linalg.norm(left) / np.linalg.norm(right))

    drawn = drawn_rows(given) - mean
    assert cosine(lean[0], given.rows[30] - mean) > cosine(drawn[0], given.rows[30] - mean) + 0.2
    group = given.rows[[20, *range(100, 110)]].mean(axis=0) - mean
    assert cosine(lean[1], group) > cosine(drawn[1], group) + 0.2
    np.testing.assert_allclose(lean[2], DISTANCE * drawn[2], atol=1e-5)
