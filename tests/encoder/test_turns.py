"""How requests share the encoding thread: short turns, even lengths, everybody in their order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.encoder.server import CHARACTERS_A_TURN, TEXTS_A_TURN, Work
from core.problems import Problem

MODEL = Path("model")


def turns(work: Work) -> list[list[str]]:
    """Do all the work with vectors that hold a text's length and first character."""
    done = []
    while work.left:
        texts = work.take(TEXTS_A_TURN, CHARACTERS_A_TURN)
        done.append(texts)
        work.put(np.array([[len(text), ord(text[0])] for text in texts], dtype=np.float32))
    return done


def test_vectors_come_back_in_the_order_of_the_texts() -> None:
    texts = [chr(ord("a") + number % 26) * (1 + number * 37 % 400) for number in range(500)]
    work = Work(MODEL, texts)
    turns(work)
    expected = [[len(text), ord(text[0])] for text in texts]
    assert work.result().tolist() == expected


def test_texts_of_like_length_are_encoded_together() -> None:
    texts = ["x" * (1 if number % 2 else 20) for number in range(2 * TEXTS_A_TURN)]
    assert [{len(text) for text in turn} for turn in turns(Work(MODEL, texts))] == [{1}, {20}]


@pytest.mark.parametrize("length", [500, 1_999, 100_000])
def test_a_turn_of_long_texts_holds_few_of_them(length: int) -> None:
    done = turns(Work(MODEL, ["x" * length] * 40))
    assert {len(turn) for turn in done[:-1]} == {CHARACTERS_A_TURN // min(length, 2_000)}


def test_a_text_longer_than_any_turn_still_gets_one() -> None:
    assert len(Work(MODEL, ["x" * 10_000] * 3).take(64, characters=10)) == 1


def test_a_problem_reaches_whoever_waits() -> None:
    work = Work(MODEL, ["x"])
    work.fail(Problem(detail="no"))
    with pytest.raises(Problem, match="no words for: no"):
        work.result()
