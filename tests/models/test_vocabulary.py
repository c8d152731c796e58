"""How well vocabularies read Chinese drug texts, against counts by the library itself."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from core.models.bundled import bundled_path
from core.models.folder import DamagedModelFile
from core.models.static import train_tokenizer
from core.models.vocabulary import SAMPLE, coverage, token_lengths
from core.workspace import PROJECT_ROOT


@pytest.fixture(scope="module")
def drug_texts() -> list[str]:
    pairs = pd.read_csv(PROJECT_ROOT / "sample_data" / "drug_pairs.csv", dtype=str)
    return pd.unique(pairs.iloc[:, :2].to_numpy().ravel()).tolist()


@pytest.fixture(scope="module")
def minilm() -> Path:
    return bundled_path() / "tokenizer.json"


def test_minilm_cannot_read_chinese_drug_labels(minilm: Path, drug_texts: list[str]) -> None:
    found = coverage(minilm, drug_texts)
    assert found.texts == SAMPLE
    assert 0.5 < found.unknown_share < 0.8
    assert found.indistinguishable > 0.1 * found.texts


def test_a_vocabulary_from_the_texts_reads_them_all(tmp_path: Path, drug_texts: list[str]) -> None:
    file = tmp_path / "tokenizer.json"
    train_tokenizer(drug_texts, 2000, 3).save(str(file))
    found = coverage(file, drug_texts)
    assert (found.unknown_share, found.indistinguishable) == (0, 0)


def test_texts_that_look_the_same_are_counted_and_spelling_variants_are_not(minilm: Path) -> None:
    # MiniLM knows neither 镍 nor 鑫 nor 片, but the exclamation mark: 6 of 9 tokens are unknown.
    texts = ["镍片", "鑫片", "镍片！", "ＲＥＤ shoe", "Red  shoe", "red shoe", ""]
    found = coverage(minilm, texts)
    assert (found.texts, found.indistinguishable) == (4, 2)
    assert found.unknown_share == 6 / 9


def test_english_is_read(minilm: Path) -> None:
    found = coverage(minilm, ["a red shoe", "a blue shoe"])
    assert (found.texts, found.unknown_share, found.indistinguishable) == (2, 0, 0)
    assert coverage(minilm, []).unknown_share == 0


def test_the_same_sample_every_time(minilm: Path, drug_texts: list[str]) -> None:
    assert coverage(minilm, drug_texts) == coverage(minilm, reversed(drug_texts))
    assert coverage(minilm, drug_texts, seed=1) != coverage(minilm, drug_texts)


def test_token_lengths_count_special_tokens_and_stop_at_the_limit(minilm: Path) -> None:
    texts = ["shoe", "a red shoe", "shoe " * 600]
    assert token_lengths(minilm, texts, 256).tolist() == [3, 5, 256]
    assert token_lengths(minilm, texts, None).tolist() == [3, 5, 602]


def test_of_many_texts_a_sample_is_counted(minilm: Path) -> None:
    lengths = token_lengths(minilm, ["shoe", "a red shoe"] * SAMPLE, 256)
    assert len(lengths) == SAMPLE
    assert 3.8 < lengths.mean() < 4.2


def test_what_is_no_tokenizer_is_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "tokenizer.json"
    with pytest.raises(DamagedModelFile, match="No such file"):
        coverage(file, ["a"])
    file.write_text('{"model": {}}')
    with pytest.raises(DamagedModelFile, match="it is no tokenizer"):
        token_lengths(file, ["a"], None)
