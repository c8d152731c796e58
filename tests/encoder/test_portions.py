"""What is asked of the encoder in one request."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from core.encoder import portions as module
from core.encoder.portions import (
    MOST_CHARACTERS,
    MOST_TEXTS,
    STATIC_PACE,
    cost,
    pace,
    portions,
)
from core.models.bundled import bundled_path
from core.models.static import build_static, train_tokenizer


def test_every_text_is_in_one_portion_with_its_like() -> None:
    draw = np.random.default_rng(3)
    texts = ["x" * int(length) for length in draw.integers(0, 300, 1_000)]
    asked = list(portions(texts))
    assert sorted(np.concatenate(asked).tolist()) == list(range(1_000))
    lengths = [[len(texts[at]) for at in places] for places in asked]
    assert lengths == [sorted(part) for part in lengths]
    assert all(a[-1] <= b[0] for a, b in pairwise(lengths))


@pytest.mark.parametrize("length", [1, 100, 500, 50_000])
def test_a_portion_is_bounded(length: int) -> None:
    texts = ["x" * length] * 600
    sizes = [len(places) for places in portions(texts)]
    most = min(MOST_TEXTS, MOST_CHARACTERS // cost(texts[0]))
    assert sizes[:-1] == [most] * (len(sizes) - 1)
    assert sum(sizes) == 600


def test_equal_texts_share_a_portion_and_slices_do_not_mix(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"text {n % 300}" for n in range(600)]
    first = next(iter(portions(texts)))
    assert len({texts[at] for at in first}) == len(first) // 2
    monkeypatch.setattr(module, "_SLICE", 100)
    assert [set((places // 100).tolist()) for places in portions(texts)] == [{n} for n in range(6)]


def test_a_static_model_is_sent_more_at_once_than_a_transformer(tmp_path: Path) -> None:
    write_static(tmp_path / "static")
    assert pace(tmp_path / "static") == STATIC_PACE
    assert pace(bundled_path()) == pace(tmp_path / "missing") == 1
    texts = ["x" * 10] * (STATIC_PACE * MOST_TEXTS + 1)
    assert [len(places) for places in portions(texts, STATIC_PACE)] == [STATIC_PACE * MOST_TEXTS, 1]


def write_static(folder: Path) -> None:
    texts = ["a table", "a chair"]
    build_static(train_tokenizer(texts, 50, 1), texts, 8, 1).save_pretrained(str(folder))


def test_no_texts_are_no_portions() -> None:
    assert list(portions([])) == []
