"""What a finished run gives to compare: its texts for the map."""

from __future__ import annotations

import numpy as np

from core.inspection.comparison import background_texts

HELD_OUT = [f"text {number}" for number in range(3000)]


def test_the_background_is_a_sample_without_the_examples() -> None:
    texts = background_texts(HELD_OUT, ["text 5", "text 2999"])
    assert len(texts) == len(set(texts)) == 2000
    assert set(texts) <= set(HELD_OUT) - {"text 5", "text 2999"}
    assert texts == background_texts(HELD_OUT, ["text 5", "text 2999"])
    early = [int(text.split()[1]) for text in texts[:300]]
    assert 1300 < np.mean(early) < 1700


def test_another_example_changes_one_text_of_the_background() -> None:
    before = background_texts(HELD_OUT, ["text 5"])
    after = background_texts(HELD_OUT, [before[7]])
    assert len(set(before) - set(after)) <= 1


def test_few_or_repeated_texts_are_all_there_once() -> None:
    assert sorted(background_texts(["b", "a", "b", "c"], ["c"])) == ["a", "b"]
    assert background_texts([], ["a"]) == []
