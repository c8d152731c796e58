"""Operations against a count by hand."""

from __future__ import annotations

import pytest

from core.models.bundled import bundled_path
from core.models.folder import ResolvedBase, read_folder
from core.training.cost import forward_flops, step_flops


@pytest.fixture(scope="module")
def minilm() -> ResolvedBase:
    return read_folder(bundled_path())


@pytest.mark.parametrize(("texts", "tokens"), [(1, 8), (32, 80), (16, 256)])
def test_a_forward_pass_of_minilm_against_a_count_layer_by_layer(
    minilm: ResolvedBase, texts: int, tokens: int
) -> None:
    width, feed_forward, layers = 384, 1536, 6
    projections = 4 * 2 * width * width  # queries, keys, values and what follows them
    attention = 2 * 2 * tokens * width  # each token with every token, twice
    feeding = 2 * 2 * width * feed_forward
    by_hand = texts * tokens * layers * (projections + attention + feeding)
    # Biases, norms and the pooler, which the count by hand leaves out, are below 2%.
    assert forward_flops(minilm, texts, tokens) == pytest.approx(by_hand, rel=0.02)


def test_a_step_costs_three_forward_passes_and_longer_texts_more_than_their_share(
    minilm: ResolvedBase,
) -> None:
    assert step_flops(minilm, 4, 64) == 3 * forward_flops(minilm, 4, 64)
    assert forward_flops(minilm, 8, 64) == 2 * forward_flops(minilm, 4, 64)
    assert forward_flops(minilm, 4, 128) > 2 * forward_flops(minilm, 4, 64)
