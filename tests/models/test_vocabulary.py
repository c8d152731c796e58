"""How well vocabularies read Chinese drug texts, against counts by the library itself."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from tokenizers import Tokenizer, models

from core.models.bundled import bundled_path
from core.models.folder import DamagedModelFile
from core.models.static import train_tokenizer
from core.models.vocabulary import (
    SAMPLE,
    alike,
    coverage,
    read_texts,
    token_lengths,
    unknown_characters,
)
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


def test_a_reading_is_what_the_library_reads(minilm: Path, drug_texts: list[str]) -> None:
    texts = drug_texts[:500]
    tokenizer = Tokenizer.from_file(str(minilm))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokens = [tokenizer.encode(text, add_special_tokens=False).tokens for text in texts]
    reading = read_texts(minilm, [texts[:123], [], texts[123:]])
    assert reading.tokens.tolist() == list(map(len, tokens))
    assert reading.unknown.tolist() == [part.count("[UNK]") for part in tokens]
    assert reading.special == 2
    unknown = sum(part.count("[UNK]") for part in tokens)
    assert reading.unknown_share == unknown / sum(map(len, tokens))
    assert read_texts(minilm, []).unknown_share == 0


def test_texts_with_the_same_tokens_are_a_group_unless_they_say_the_same(minilm: Path) -> None:
    texts = ["镍片", "a shoe", "鑫片", "A  Shoe", "镍 片", "", " ", "another shoe"]
    groups = alike(read_texts(minilm, [texts]), texts.__getitem__)
    assert groups == [[0, 2, 4]]
    assert alike(read_texts(minilm, []), texts.__getitem__) == []


def test_unknown_characters_are_counted_also_inside_words(minilm: Path) -> None:
    # MiniLM gives up on the whole word “x镍y” and on a word of more than 100 letters.
    texts = ["镍 x鑫y 镍", "shoe", "鑫", "a" * 101]
    counts = unknown_characters(minilm, texts)
    assert counts == {"镍": 2, "鑫": 2, "a" * 101: 1}


def test_a_vocabulary_without_an_unknown_token_knows_everything(tmp_path: Path) -> None:
    file = tmp_path / "tokenizer.json"
    Tokenizer(models.BPE({"a": 0}, [])).save(str(file))
    assert unknown_characters(file, ["a镍"]) == {}
    assert read_texts(file, [["a镍"]]).unknown.tolist() == [0]


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
