"""BM25 against the formula worked out by hand, and its life on disk."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from core.retrieval.lexical import LexicalIndex
from core.retrieval.tokens import lexical_tokens

TEXTS = [
    "阿莫西林胶囊的规格：0.25g",
    "阿莫西林颗粒 for children",
    "头孢克肟胶囊 0.1g, 0.1g",
    "red red apple",
    "——",
]


def test_three_short_texts_by_hand() -> None:
    index = LexicalIndex.build(["a b", "a a c", "d"])
    # N = 3, mean length 2; "a" is in 2 texts: idf = ln(1 + 1.5 / 2.5) = ln 1.6.
    idf = math.log(1.6)
    expected = [
        idf * 1 / (1 + 1.5 * (0.25 + 0.75 * 2 / 2)),
        idf * 2 / (2 + 1.5 * (0.25 + 0.75 * 3 / 2)),
        0.0,
    ]
    np.testing.assert_allclose(index.scores("A"), expected, rtol=1e-6)
    positions, scores = index.search("a", 10)
    assert positions.tolist() == [1, 0]
    np.testing.assert_allclose(scores, [expected[1], expected[0]], rtol=1e-6)


@pytest.mark.parametrize("question", ["阿莫西林 0.25g", "红 red red", "胶囊", "没有的词"])
def test_any_question_against_the_formula(question: str) -> None:
    words = [lexical_tokens(text) for text in TEXTS]
    mean = sum(map(len, words)) / len(words)
    expected = []
    for text in words:
        counts = Counter(text)
        score = 0.0
        for word in lexical_tokens(question):
            df = sum(word in other for other in words)
            if df:
                idf = math.log(1 + (len(words) - df + 0.5) / (df + 0.5))
                length = 1.5 * (1 - 0.75 + 0.75 * len(text) / mean)
                score += idf * counts[word] / (counts[word] + length)
        expected.append(score)
    np.testing.assert_allclose(LexicalIndex.build(TEXTS).scores(question), expected, rtol=1e-5)


def test_only_texts_that_share_a_word_are_found() -> None:
    index = LexicalIndex.build(TEXTS)
    positions, scores = index.search("apple", 5)
    assert positions.tolist() == [3]
    assert (scores > 0).all()
    for question in ["xyz", "", "？！"]:
        positions, scores = index.search(question, 5)
        assert positions.size == 0
        assert scores.size == 0


def test_texts_without_any_word_can_be_indexed() -> None:
    index = LexicalIndex.build(["——", "!!"])
    assert len(index) == 2
    assert index.search("!!", 3)[0].size == 0


def test_no_texts_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        LexicalIndex.build([])


def test_saved_and_loaded_it_answers_the_same(tmp_path: Path) -> None:
    index = LexicalIndex.build(TEXTS)
    folder = tmp_path / "corpus" / "lexical"
    index.save(folder)
    index.save(folder)  # a second job that was late
    loaded = LexicalIndex.load(folder)
    assert len(loaded) == len(TEXTS)
    for question in ["阿莫西林", "0.1g", "apple"]:
        np.testing.assert_array_equal(loaded.scores(question), index.scores(question))
    assert [path.name for path in folder.parent.iterdir()] == ["lexical"]


def test_progress_can_stop_the_building() -> None:
    seen: list[int] = []

    def progress(done: int) -> None:
        seen.append(done)
        if done >= 2_000:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        LexicalIndex.build(["a"] * 5_000, progress)
    assert seen == [0, 1_000, 2_000]
