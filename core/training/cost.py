"""What a step costs: floating-point operations and padded tokens, from sizes alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.models.folder import ResolvedBase

_DRAWS = 200


def forward_flops(base: ResolvedBase, texts: int, tokens: int) -> float:
    """Operations of encoding ``texts`` texts padded to ``tokens`` tokens with a transformer.

    Two for each parameter that is multiplied and each token (Kaplan et al. 2020, "Scaling laws for
    neural language models", section 2.1); besides, each layer multiplies queries by keys and
    weights by values, each time two operations for every pair of tokens and every unit of width.
    """
    multiplied = base.parameters - base.embedding_parameters
    attention = 2 * base.layers * base.hidden * tokens
    return float(texts * tokens * 2 * (multiplied + attention))


def step_flops(base: ResolvedBase, texts: int, tokens: int) -> float:
    """Operations of a training step: the backward pass costs twice the forward pass (ibid.)."""
    return 3 * forward_flops(base, texts, tokens)


def padded_length(lengths: NDArray[np.int64], batch_size: int, seed: int = 0) -> float:
    """To how many tokens the texts of a random batch are padded, on average.

    Args:
        lengths: tokens of each text of a column (or of a sample), at least one.
        batch_size: texts a batch.
        seed: makes the answer the same every time.
    """
    draws = np.random.default_rng(seed).choice(lengths, size=(_DRAWS, batch_size))
    return float(draws.max(axis=1).mean())
