"""Static models: everything readable has a piece, the same texts give the same files, anywhere."""

from __future__ import annotations

import string
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from core.export.verify import verify_folder
from core.models.static import _apart, build_static, inverse_document_frequency, train_tokenizer
from core.workspace import PROJECT_ROOT
from tests.models.made import TEXTS

UNKNOWN = 1
_TRAIN = """
import sys
from core.models.static import train_tokenizer
from tests.models.made import TEXTS
sys.stdout.write(train_tokenizer(TEXTS[::int(sys.argv[1])], 400, 3).to_str())
"""


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_tokenizer(TEXTS, 400, 3)


def test_training_characters_and_ascii_are_never_unknown(tokenizer: Tokenizer) -> None:
    characters = {character for text in TEXTS for character in text} | set(string.printable)
    for text in (*TEXTS, *characters):
        assert UNKNOWN not in tokenizer.encode(text).ids, text


def test_a_character_of_no_training_text_is_cut_into_its_bytes(tokenizer: Tokenizer) -> None:
    assert tokenizer.encode("ж").tokens == ["<0xD0>", "<0xB6>"]
    assert tokenizer.encode("鬱").ids != tokenizer.encode("鬯").ids


def test_a_table_with_more_characters_than_the_vocabulary_has_room_for_gets_them_all() -> None:
    characters = [chr(0x4E00 + number) for number in range(600)]
    crowded = train_tokenizer(["".join(characters), "红色跑鞋"], 500, 3)
    assert all(UNKNOWN not in crowded.encode(character).ids for character in characters)


def test_no_piece_is_longer_than_asked(tokenizer: Tokenizer) -> None:
    pieces = set(tokenizer.get_vocab()) - {"[PAD]", "[UNK]", *(f"<0x{n:02X}>" for n in range(256))}
    assert max(len(piece) for piece in pieces if not piece.isascii()) == 3
    assert len(pieces) <= 450


@pytest.mark.parametrize("code", ["0.25g", "AX55"])
def test_codes_stay_apart_from_the_words_around_them(tokenizer: Tokenizer, code: str) -> None:
    alone = tokenizer.encode(code).tokens
    assert "".join(alone) == code.lower()
    for text in (f"每粒{code}，每板", f"{code}号", f"({code})"):
        tokens = tokenizer.encode(text).tokens
        begin = tokens.index(alone[0])
        assert tokens[begin : begin + len(alone)] == alone


def test_known_codes_stay_whole_and_others_are_cut() -> None:
    texts = [*TEXTS, "每粒0.25g", "每片0.25g", "路由器AX55好", "AX55 坏", "只有一次的QZ91"]
    made = train_tokenizer(texts, 400, 2)
    assert made.encode("每片0.25g，每板").tokens.count("0.25g") == 1
    assert made.encode("路由器AX55").tokens[-1] == "ax55"
    cut = made.encode("QZ91").tokens
    assert len(cut) > 1 and "".join(cut) == "qz91"
    assert UNKNOWN not in made.encode("XK-7731/b 0.0009mg").ids


def test_width_and_case_do_not_matter(tokenizer: Tokenizer) -> None:
    assert tokenizer.encode("ＡＸ５５").ids == tokenizer.encode("ax55").ids


def test_two_processes_make_the_same_tokenizer_in_whatever_order_the_texts_come() -> None:
    made = [
        subprocess.run(
            [sys.executable, "-c", _TRAIN, step],
            cwd=PROJECT_ROOT,
            env={"PYTHONHASHSEED": seed, "RAYON_NUM_THREADS": threads},
            capture_output=True,
            check=True,
        ).stdout
        for step, seed, threads in (("1", "1", "1"), ("-1", "2", "2"))
    ]
    assert made[0] == made[1]
    assert b'"Unigram"' in made[0]


def test_what_is_in_every_text_weighs_least(tokenizer: Tokenizer) -> None:
    weights = inverse_document_frequency(tokenizer, TEXTS)
    everywhere, seldom = tokenizer.token_to_id("："), tokenizer.token_to_id("a")
    (colon,) = set(tokenizer.encode("：").ids)
    assert everywhere in (None, colon)
    assert weights[colon] == 0.01
    assert weights[seldom] > 1
    assert weights.min() == 0.01


def test_a_process_that_knows_only_sentence_transformers_gives_the_same_vectors(
    static_folder: Path,
) -> None:
    from sentence_transformers import SentenceTransformer

    texts = [*TEXTS, "没见过的字 ж", "0.25g", "AX55", " ", "long " * 3000]
    model = SentenceTransformer(str(static_folder), device="cpu")
    vectors = model.encode(texts)
    # The model itself ends with vectors of length 1 (a blank text has none).
    lengths = np.linalg.norm(vectors, axis=1)
    assert np.allclose(np.delete(lengths, len(TEXTS) + 3), 1, atol=1e-6)
    assert verify_folder(static_folder, texts, vectors) <= 1e-7
    assert not np.allclose(vectors[0], vectors[1])


def test_a_start_from_a_bases_vectors_keeps_their_directions(tokenizer: Tokenizer) -> None:
    count = tokenizer.get_vocab_size()
    starts = np.random.default_rng(0).normal(size=(count, 24)).astype(np.float32)
    starts[7] = np.nan
    model = build_static(tokenizer, TEXTS, 384, 5, starts)
    rows = model[0].embedding.weight.detach().numpy()
    assert rows.shape == (count, 24)
    assert np.isfinite(rows).all()
    cosines = (rows * starts).sum(axis=1) / np.linalg.norm(rows, axis=1)
    assert np.allclose(np.delete(cosines / np.linalg.norm(starts, axis=1), 7), 1, atol=1e-5)
    # As long as rows that were drawn are on average, and as the piece is rare.
    weights = inverse_document_frequency(tokenizer, TEXTS)
    lengths = np.linalg.norm(rows, axis=1)
    assert np.allclose(np.delete(lengths, 7), np.delete(0.01 * 24**0.5 * weights, 7), rtol=1e-4)
    drawn = build_static(tokenizer, TEXTS, 24, 5)[0].embedding.weight.detach().numpy()
    assert np.allclose(rows[7], drawn[7])


def test_pieces_of_a_small_table_are_not_alike_by_chance() -> None:
    rows = _apart(np.random.default_rng(1).normal(size=(150, 64)))
    for block in (rows[:64], rows[64:128], rows[128:]):
        assert np.allclose(block @ block.T, 64 * np.eye(len(block)))


def test_a_question_leans_towards_its_answer_and_not_to_others(tokenizer: Tokenizer) -> None:
    questions = ["清", "脑", "丹"]
    answers = ["AX55 router", "grey wool", "0.25g"]
    pairs = list(zip(questions, answers, strict=True))
    plain, leaning = (
        build_static(tokenizer, TEXTS, 1024, 5, pairs=chosen) for chosen in ([], pairs)
    )
    before = plain.encode(questions) @ plain.encode(answers).T
    after = leaning.encode(questions) @ leaning.encode(answers).T
    own = np.eye(3, dtype=bool)
    assert np.abs(before).max() < 0.1
    assert after[own].min() > 0.05 > after[~own].max()
