"""What a step costs: floating-point operations and padded tokens, from sizes alone."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from core.models.folder import ResolvedBase
from core.training.config import TrainingConfig

_DRAWS = 200


def planned_steps(rows: int, training: TrainingConfig) -> int:
    """How many times the weights change in a run over ``rows`` rows, counted as the library does.

    An epoch's last batch may be small, and so may the last group of batches that are added up.
    """
    batches = math.ceil(rows / training.batch_size)
    return max(1, math.ceil(math.ceil(batches / training.gradient_accumulation) * training.epochs))


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
