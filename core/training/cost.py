"""What a step costs: floating-point operations, from sizes alone."""

from __future__ import annotations

import math

from core.models.folder import ResolvedBase
from core.training.config import TrainingConfig


def batches_apart(rows: int, batch_size: int, largest: int) -> int:
    """How many batches an epoch takes when no text may come twice in one.

    Args:
        rows: rows to learn from.
        batch_size: rows a batch at most.
        largest: in how many rows the most frequent text stands; 1 when texts may meet.
    """
    return max(math.ceil(rows / batch_size), largest)


def planned_steps(rows: int, training: TrainingConfig, largest: int = 1) -> int:
    """How many times the weights change in a run over ``rows`` rows, counted as the library does.

    An epoch's last batch may be small, and so may the last group of batches that are added up.

    Args:
        rows: rows to learn from.
        training: the settings.
        largest: see :func:`batches_apart`.
    """
    batches = batches_apart(rows, training.batch_size, largest)
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
