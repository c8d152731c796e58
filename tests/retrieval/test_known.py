"""What a model has read in one part of the workbench is not read again in another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.inspection.vectors import text_vectors
from core.matching.vectors import read_texts
from core.retrieval import known
from core.retrieval.corpora import create_corpus, load_corpus
from core.retrieval.encode_job import encode_corpus, encode_params
from core.workspace import Workspace
from tests.retrieval.stand_in import CharacterEncoder, running_job

MODEL = Path("/models/tuned")
TEXTS = [f"第{number}双鞋" for number in range(40)]


def _search(workspace: Workspace, texts: list[str]) -> np.ndarray:
    table = pd.DataFrame({"text": texts})
    id = create_corpus(workspace, "shoes", table, text_column="text")
    encode_corpus(running_job(workspace, "encode_corpus", encode_params(id, MODEL, "ab12")))
    index = load_corpus(workspace, id).dense_index("ab12")
    assert index is not None
    return np.asarray(index.vectors)


def _inspect(workspace: Workspace, texts: list[str]) -> np.ndarray:
    return text_vectors(workspace, MODEL, "ab12", texts)


def _match(workspace: Workspace, texts: list[str]) -> np.ndarray:
    found = read_texts(workspace, MODEL, "ab12", texts, lambda *_: None)
    return found.take(np.arange(len(texts)))


PARTS = {"search": _search, "inspect": _inspect, "match": _match}


@pytest.mark.parametrize("second", PARTS)
@pytest.mark.parametrize("first", PARTS)
def test_a_text_is_read_once_for_all_parts(
    workspace: Workspace,
    encoder: CharacterEncoder,
    monkeypatch: pytest.MonkeyPatch,
    first: str,
    second: str,
) -> None:
    monkeypatch.setattr(known, "WORTH_LOOKING", 10)
    PARTS[first](workspace, TEXTS)
    encoder.asked.clear()
    texts = ["一把伞", *reversed(TEXTS)]
    got = PARTS[second](workspace, texts)
    assert encoder.texts == ["一把伞"]
    np.testing.assert_array_equal(got, CharacterEncoder().encode(workspace, MODEL, texts))


def test_few_texts_are_read_rather_than_looked_for(
    workspace: Workspace, encoder: CharacterEncoder
) -> None:
    _search(workspace, TEXTS)
    encoder.asked.clear()
    _inspect(workspace, TEXTS[:3])
    assert encoder.texts == TEXTS[:3]


def test_a_corpus_that_is_no_more_is_passed_over(
    workspace: Workspace, encoder: CharacterEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known, "WORTH_LOOKING", 10)
    _search(workspace, TEXTS)
    (folder,) = workspace.corpora.glob("shoes-*")
    (folder / "text_hashes.npy").unlink()
    (folder / "texts.parquet").write_bytes(b"damaged")
    encoder.asked.clear()
    _match(workspace, TEXTS)
    assert sorted(encoder.texts) == sorted(TEXTS)
