"""What a model sees of a text, against the ids that its own ``preprocess`` makes."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.models.bundled import bundled_path
from core.models.extension import extend_model
from core.models.extension_config import Extension
from core.models.seen import SeenText, seen_texts
from tests.models.made import TEXTS, save_bert, save_static

RARE = "红色 shoe 阿莫西林"


def load(folder: Path):
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(folder), device="cpu", local_files_only=True)


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory):
    return load(save_bert(tmp_path_factory.mktemp("bert") / "model"))


def ids_of(model, seen: SeenText) -> list[int]:
    tokenizer = model.tokenizer
    to_id = getattr(tokenizer, "convert_tokens_to_ids", getattr(tokenizer, "token_to_id", None))
    return [to_id(piece.token) for piece in seen.pieces or ()]


def test_unknown_characters_are_marked_with_their_own_text(bert) -> None:
    (seen,) = seen_texts(bert, [RARE])
    read = bert.preprocess([RARE])["input_ids"][0].tolist()
    assert ids_of(bert, seen) == read[1:-1]
    assert [piece.text for piece in seen.pieces if not piece.known] == list("红色阿莫西林")
    assert [piece.text for piece in seen.pieces if piece.known] == ["shoe"]
    assert {piece.token for piece in seen.pieces if not piece.known} == {"[UNK]"}
    assert seen.cut_off == ""


def test_what_is_beyond_the_limit_is_said(bert) -> None:
    text = "a red box " + "shoe " * 100
    (seen,) = seen_texts(bert, [text])
    assert len(seen.pieces) == bert.max_seq_length - 2
    assert seen.tokens == 103
    assert [piece.text for piece in seen.pieces] == text.split()[: len(seen.pieces)]
    assert seen.cut_off.split() == text.split()[len(seen.pieces) :]


def test_an_extended_vocabulary_knows_what_it_was_given(tmp_path: Path) -> None:
    model = load(save_bert(tmp_path / "model"))
    before = seen_texts(model, [TEXTS[0]])[0]
    extend_model(model, TEXTS, Extension(), 1)
    after = seen_texts(model, [TEXTS[0]])[0]
    assert not all(piece.known for piece in before.pieces)
    assert all(piece.known for piece in after.pieces)
    assert ids_of(model, after) == model.preprocess([TEXTS[0]])["input_ids"][0].tolist()[1:-1]


def test_a_static_model_reads_all_of_a_long_text(tmp_path: Path) -> None:
    model = load(save_static(tmp_path / "static"))
    long = "布洛芬缓释片" * 2_000
    short, whole = seen_texts(model, [TEXTS[0], long])
    assert ids_of(model, short) == model.preprocess([TEXTS[0]])["input_ids"].tolist()
    assert "".join(piece.text for piece in short.pieces) == TEXTS[0]
    assert whole.cut_off == ""
    assert "".join(piece.text for piece in whole.pieces) == long


def test_bytes_of_a_strange_character_show_it_once(tmp_path: Path) -> None:
    (seen,) = seen_texts(load(save_static(tmp_path / "static")), ["龘"])
    assert [piece.text for piece in seen.pieces] == ["龘", "", ""]
    assert all(piece.token.startswith("<0x") for piece in seen.pieces)


def test_a_prompt_is_part_of_what_is_read(bert) -> None:
    bert.prompts, bert.default_prompt_name = {"p": "a red "}, "p"
    try:
        (seen,) = seen_texts(bert, ["box"])
    finally:
        bert.default_prompt_name = None
    assert [piece.text for piece in seen.pieces] == ["a", "red", "box"]


def test_an_empty_text_has_no_pieces_and_json_loses_nothing(bert) -> None:
    empty, rare = seen_texts(bert, ["", RARE])
    assert empty == SeenText((), "", 0)
    for seen in (empty, rare, SeenText(None)):
        assert SeenText.from_json(seen.to_json()) == seen


def test_the_bundled_model_cuts_a_long_chinese_text() -> None:
    model = load(bundled_path())
    text = "阿莫西林胶囊" * 1_700
    (seen,) = seen_texts(model, [text])
    assert len(seen.pieces) == model.max_seq_length - 2
    assert text.endswith(seen.cut_off) and len(seen.cut_off) > 9_000
