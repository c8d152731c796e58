"""Vectors are the library's, whatever is read once, cut at once or put into one batch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from core.models import encoding
from core.models.bundled import bundled_path
from core.models.encoding import Role, encode
from tests.models.made import TEXTS, save_bert

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

ODD = [
    "",
    "   ",
    "\n",
    "x",
    "片",
    "a red shoe " * 900,
    "口服一次1～2片，" * 1_250,
    "é É ﬁ ％",
    "😀",
]
MIXED = [
    *TEXTS,
    *ODD,
    *(f"shoe number {n} " * (n % 9) for n in range(40)),
    *(TEXTS[n % len(TEXTS)][: n % 30] for n in range(40)),
    *TEXTS[:5],
    *ODD[:3],
]


def load(folder: Path) -> SentenceTransformer:
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(folder), device="cpu", local_files_only=True)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Several wait for each other on a busy machine."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def bert_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_bert(tmp_path_factory.mktemp("bert") / "model")


@pytest.fixture
def bert(bert_folder: Path) -> SentenceTransformer:
    """A small transformer that reads questions and documents differently."""
    model = load(bert_folder)
    model.prompts = {"query": "of what: ", "passage": "box: ", "other": "a red box "}
    return model


def read_by(monkeypatch: pytest.MonkeyPatch, model: SentenceTransformer) -> list[list[str]]:
    """Fills with the texts that the model is given to read, request by request."""
    asked: list[list[str]] = []
    preprocess = model.preprocess

    def note(texts: list[str], **how: Any) -> Any:
        asked.append(list(texts))
        return preprocess(texts, **how)

    monkeypatch.setattr(model, "preprocess", note)
    return asked


def batches_of(model: SentenceTransformer) -> list[tuple[int, ...]]:
    """Fills with the shapes of the batches that go through the model."""
    shapes: list[tuple[int, ...]] = []
    model[0].register_forward_pre_hook(
        lambda _, inputs: shapes.append(tuple(inputs[0]["input_ids"].shape))
    )
    return shapes


@pytest.mark.parametrize("which", ["bundled", "static"])
def test_vectors_are_those_of_the_library(which: str, static_folder: Path) -> None:
    model = load(bundled_path() if which == "bundled" else static_folder)
    vectors = encode(model, MIXED)
    assert len(MIXED) > 100
    assert vectors.dtype == np.float32
    expected = model.encode(MIXED, normalize_embeddings=True)
    np.testing.assert_allclose(vectors, expected, atol=1e-6)


@pytest.mark.parametrize("role", ["query", "document", None])
@pytest.mark.parametrize("include_prompt", [True, False])
def test_every_role_is_read_with_its_prompt(
    bert: SentenceTransformer, role: Role | None, include_prompt: bool
) -> None:
    bert.default_prompt_name = "other"
    bert.set_pooling_include_prompt(include_prompt)
    # Left behind in training: dropout would be on.
    bert.train()
    vectors = encode(bert, MIXED, role)
    methods = {"query": bert.encode_query, "document": bert.encode_document, None: bert.encode}
    expected = methods[role](MIXED, normalize_embeddings=True)
    np.testing.assert_allclose(vectors, expected, atol=1e-6)
    unprompted = bert.encode(MIXED, prompt="", normalize_embeddings=True)
    assert np.abs(vectors - unprompted).max() > 1e-3


def test_fewer_numbers_and_lengths_as_they_come(static_folder: Path) -> None:
    model = load(static_folder)
    model.truncate_dim = 8
    expected = model.encode(TEXTS)
    assert expected.shape == (len(TEXTS), 8)
    np.testing.assert_allclose(encode(model, TEXTS, unit=False), expected, atol=1e-6)
    assert np.abs(np.linalg.norm(expected, axis=1) - 1).max() > 1e-3


def test_no_texts_are_no_rows(static_folder: Path) -> None:
    assert encode(load(static_folder), []).shape == (0, 32)


def test_slices_bound_what_is_held_and_equal_texts_are_read_once(
    bert: SentenceTransformer, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = encode(bert, MIXED)
    asked = read_by(monkeypatch, bert)
    monkeypatch.setattr(encoding, "_SLICE", 30)
    np.testing.assert_allclose(encode(bert, MIXED), expected, atol=1e-6)
    assert max(map(len, asked)) <= 30
    read = [text for texts in asked for text in texts]
    assert sorted(read) == sorted(set(MIXED))


def test_short_texts_go_in_large_batches_and_long_ones_in_small(
    bert: SentenceTransformer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoding, "_CPU_TOKENS", 256)
    shapes = batches_of(bert)
    texts = [f"{n} " * (40 if n % 2 else 1) for n in range(160)]
    encode(bert, texts)
    assert sum(rows for rows, _ in shapes) == len(texts)
    assert all(rows * width <= 256 for rows, width in shapes)
    assert shapes[0][0] == 4
    assert shapes[-2][0] > 32


def test_a_stop_is_heard_between_batches(
    bert: SentenceTransformer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoding, "_CPU_TOKENS", 64)
    told: list[int] = []
    shapes = batches_of(bert)

    def check() -> None:
        if len(shapes) == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        encode(bert, MIXED, check=check, progress=told.append)
    assert len(shapes) == len(told) == 3
    encode(bert, MIXED, progress=told.append)
    assert told[3:] == sorted(set(told[3:]))
    assert told[-1] == len(MIXED)


def test_a_model_of_somebodys_own_is_left_to_the_library(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import torch
    from sentence_transformers import SentenceTransformer

    class Letters(torch.nn.Module):
        """Counts letters, from what only it knows how to make."""

        def preprocess(self, inputs: list[str], **how: Any) -> dict[str, Any]:
            rows = [[text.count(letter) for letter in "aeioux"] for text in inputs]
            return {"letters": torch.tensor(rows, dtype=torch.float32)}

        def forward(self, features: dict[str, Any]) -> dict[str, Any]:
            return {**features, "sentence_embedding": features["letters"]}

    monkeypatch.setattr(encoding, "_LIBRARY_CHUNK", 20)
    model = SentenceTransformer(modules=[Letters()], device="cpu")
    calls: list[None] = []
    vectors = encode(model, MIXED, "query", check=lambda: calls.append(None))
    np.testing.assert_array_equal(vectors, model.encode_query(MIXED, normalize_embeddings=True))
    assert len(calls) > len(set(MIXED)) // 20
