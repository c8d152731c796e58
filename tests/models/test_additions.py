"""What a vocabulary lacks, against what the tokenizer itself says of characters and words."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers

from core.models.additions import (
    LEAST_TEXTS,
    Additions,
    CannotExtend,
    check_extensible,
    extended,
    find_additions,
)
from core.models.bundled import bundled_path
from core.models.extension_config import Extension
from core.models.folder import DamagedModelFile, ResolvedBase, read_folder
from core.workspace import PROJECT_ROOT
from tests.models.made import TEXTS

ALL = Extension(characters=50_000)


@pytest.fixture(scope="module")
def drug_texts() -> list[str]:
    pairs = pd.read_csv(PROJECT_ROOT / "sample_data" / "drug_pairs.csv", dtype=str)
    return pd.unique(pairs.iloc[:, :2].to_numpy().ravel()).tolist()


@pytest.fixture(scope="module")
def minilm() -> Path:
    return bundled_path() / "tokenizer.json"


def opened(data: dict[str, Any]) -> Tokenizer:
    tokenizer = Tokenizer.from_str(json.dumps(data))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def with_additions(file: Path, added: Additions) -> tuple[Tokenizer, Tokenizer, int]:
    """The tokenizer before and after, and the first new id."""
    before = json.loads(file.read_text(encoding="utf-8"))
    after, first = extended(before, added.pieces)
    return opened(before), opened(after), first


def test_the_characters_are_those_that_the_tokenizer_does_not_know_by_themselves(
    minilm: Path, drug_texts: list[str]
) -> None:
    tokenizer = Tokenizer.from_file(str(minilm))
    tokenizer.no_padding()
    counts = Counter(character for text in drug_texts for character in text)
    chinese = {one for one in counts if "一" <= one <= "鿿"}
    unknown = {
        one
        for one in chinese
        if tokenizer.encode(one, add_special_tokens=False).tokens == ["[UNK]"]
    }
    found = find_additions(minilm, drug_texts, ALL)
    assert {one for one in found.characters if "一" <= one <= "鿿"} == unknown
    assert len(unknown) > 1_000
    order = [counts[one] for one in found.characters if one in unknown]
    assert order == sorted(order, reverse=True)


def test_with_them_everything_is_read_and_what_was_read_is_read_as_before(
    minilm: Path, drug_texts: list[str]
) -> None:
    found = find_additions(minilm, drug_texts, ALL)
    before, after, first = with_additions(minilm, found)
    assert first == before.get_vocab_size()
    assert [after.token_to_id(piece) for piece in found.pieces] == list(
        range(first, first + len(found.pieces))
    )
    unknown = before.token_to_id("[UNK]")
    for text in drug_texts:
        ids, old = after.encode(text).ids, before.encode(text).ids
        assert unknown not in ids
        if unknown not in old:
            assert ids == old
    english = ["A red shoe, size 42.5", "Café au lait", "hydrochlorothiazide 25mg/ml"]
    assert [after.encode(text).ids for text in english] == [
        before.encode(text).ids for text in english
    ]


def test_the_most_frequent_ones_come_first_up_to_the_limit(minilm: Path) -> None:
    texts = ["镍镍鑫", "镍鑫", "镍片钛", "shoe"]
    assert find_additions(minilm, texts, ALL).characters == ("镍", "鑫", "片", "钛")
    few = find_additions(minilm, texts, Extension(characters=2))
    assert (few.characters, few.pieces) == (("镍", "鑫"), ("镍", "鑫"))
    assert find_additions(minilm, texts, Extension(characters=0)) == Additions()


def test_what_may_stand_within_a_word_gets_a_piece_for_that_too(minilm: Path) -> None:
    found = find_additions(minilm, ["25℃ 镍℃", "Ａ5"], ALL)
    assert set(found.pieces) == {"镍", "℃", "##℃", "ａ", "##ａ"}
    assert found.reads == tuple(piece.removeprefix("##") for piece in found.pieces)
    _, after, _ = with_additions(minilm, found)
    assert after.encode("℃ 37℃ 5Ａ", add_special_tokens=False).tokens == [
        "℃",
        "37",
        "##℃",
        "5",
        "##ａ",
    ]


@pytest.mark.parametrize(
    ("normalizer", "characters"),
    [
        (normalizers.BertNormalizer(lowercase=True, strip_accents=True), "镍片\u1112\u1161\u11ab"),
        (normalizers.BertNormalizer(lowercase=True, strip_accents=False), "é镍片한"),
        (normalizers.BertNormalizer(lowercase=False, strip_accents=False), "ÉA镍片한"),
        (
            normalizers.BertNormalizer(
                lowercase=True, strip_accents=False, handle_chinese_chars=False
            ),
            "é镍片한",
        ),
    ],
)
def test_what_the_tokenizers_normaliser_makes_of_a_character_is_added(
    tmp_path: Path, normalizer: normalizers.Normalizer, characters: str
) -> None:
    vocabulary = {"[UNK]": 0, "e": 1, "##e": 2, "a": 3, "##a": 4}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    file = tmp_path / "tokenizer.json"
    tokenizer.save(str(file))
    text = "ÉA 镍片 한"
    found = find_additions(file, [text], ALL)
    assert set(found.characters) == set(characters)
    before, after, _ = with_additions(file, found)
    assert 0 in before.encode(text).ids
    # In any order and beside anything.
    assert 0 not in after.encode(f"{text} 한É片A镍 片镍eaÉ한").ids


def test_words_in_many_tokens_are_added_when_they_are_frequent(minilm: Path) -> None:
    texts = [f"hydrochlorothiazide {number}" for number in range(LEAST_TEXTS)]
    texts += ["omeprazolum"] * (LEAST_TEXTS - 1) + ["shoe metformin"] * 20  # in three
    found = find_additions(minilm, texts, Extension(pieces=5))
    assert (found.words, found.pieces) == (("hydrochlorothiazide",),) * 2
    before, after, first = with_additions(minilm, found)
    assert len(before.encode("Hydrochlorothiazide").ids) > 5
    assert after.encode("Hydrochlorothiazide", add_special_tokens=False).ids == [first]
    assert find_additions(minilm, texts, Extension(pieces=0)) == Additions()


def unigram(file: Path, beside: list[tuple[int, str]] = []) -> Path:  # noqa: B006
    pieces = [
        ("<unk>", 0.0),
        ("▁", -2.0),
        ("▁shoe", -3.0),
        ("s", -4.0),
        ("▁好", -3.5),
        ("的", -9.0),
    ]
    tokenizer = Tokenizer(models.Unigram(pieces, 0, False))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    data = json.loads(tokenizer.to_str())
    data["added_tokens"] = [
        {
            "id": id,
            "content": token,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": True,
        }
        for id, token in beside
    ]
    file.write_text(json.dumps(data), encoding="utf-8")
    return file


def test_a_unigram_vocabulary_gets_characters_at_the_lowest_score(tmp_path: Path) -> None:
    file = unigram(tmp_path / "tokenizer.json")
    found = find_additions(file, ["shoes 镍的好", "℃"], ALL)
    # NFKC makes two characters of ℃.
    assert found.pieces == ("C", "°", "好", "镍") == found.characters
    before, after, first = with_additions(file, found)
    assert first == 6
    assert after.encode("shoes 镍的好").tokens == ["▁shoe", "s", "▁", "镍", "的", "好"]
    for text in ("shoes 的", "好", "shoe 好的"):
        assert after.encode(text).ids == before.encode(text).ids


def test_tokens_beside_a_unigram_vocabulary_keep_their_ids(tmp_path: Path) -> None:
    file = unigram(tmp_path / "tokenizer.json", [(6, "<mask>"), (7, "<x>")])
    found = find_additions(file, ["镍<mask>"], ALL)
    before, after, first = with_additions(file, found)
    assert (found.pieces, first) == (("镍",), 8)
    assert after.encode("<mask>镍<x>shoe").tokens[0] == "<mask>"
    assert after.encode("<mask>shoes<x>").ids == before.encode("<mask>shoes<x>").ids


def test_a_bpe_vocabulary_of_characters_gets_the_missing_ones(tmp_path: Path) -> None:
    file = tmp_path / "tokenizer.json"
    vocabulary = {"<unk>": 0, "s": 1, "h": 2, "o": 3, "e": 4, "sh": 5}
    tokenizer = Tokenizer(models.BPE(vocabulary, [("s", "h")], unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.decoder = decoders.BPEDecoder()
    tokenizer.save(str(file))
    found = find_additions(file, ["shoe镍"], ALL)
    before, after, _ = with_additions(file, found)
    assert after.encode("shoe镍").tokens == ["sh", "o", "e", "镍"]
    assert after.encode("shoe").ids == before.encode("shoe").ids


def refusal(folder: Path, model: models.Model, **parts: Any) -> str:
    """What is said of a base with such a tokenizer."""
    tokenizer = Tokenizer(model)
    for name, part in parts.items():
        setattr(tokenizer, name, part)
    file = folder / "tokenizer.json"
    tokenizer.save(str(file))
    assert find_additions(file, ["镍"], ALL) == Additions()
    base = ResolvedBase("Base", "transformer", folder, file, 8, 64, 1, 1)
    with pytest.raises(CannotExtend) as caught:
        check_extensible(base)
    return str(caught.value)


def test_what_cannot_be_extended_is_refused_in_a_sentence(
    tmp_path: Path, static_folder: Path
) -> None:
    words = refusal(tmp_path, models.WordLevel({"<unk>": 0}, "<unk>"))
    assert "whole words only" in words
    fallback = models.BPE({"<unk>": 0}, [], unk_token="<unk>", byte_fallback=True)
    assert "byte by byte" in refusal(tmp_path, fallback)
    bytes_first = pre_tokenizers.ByteLevel()
    assert "byte by byte" in refusal(
        tmp_path, models.BPE({"a": 0}, [], unk_token="a"), pre_tokenizer=bytes_first
    )
    marked = models.BPE({"<unk>": 0}, [], unk_token="<unk>", end_of_word_suffix="</w>")
    assert "ends of words" in refusal(tmp_path, marked)
    with pytest.raises(CannotExtend, match="static model"):
        check_extensible(read_folder(static_folder))
    check_extensible(read_folder(bundled_path()))


def test_what_is_no_tokenizer_is_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "tokenizer.json"
    with pytest.raises(DamagedModelFile, match="No such file"):
        find_additions(file, TEXTS, ALL)
    file.write_text("{}")
    with pytest.raises(DamagedModelFile, match="it is no tokenizer"):
        find_additions(file, TEXTS, ALL)
