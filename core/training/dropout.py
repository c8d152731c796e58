"""Dropout that is quick on the CPU.

PyTorch draws one random number for every value, with one thread: on two cores that took a fifth of
a training step of all-MiniLM-L6-v2.  Here a 64-bit number decides about four values.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

_STEPS = 1 << 16
"""The share of values that are left out is a multiple of 1 / 65,536."""


def quick_dropout(values: Tensor, share: float) -> Tensor:
    """Set a ``share`` of the values to 0 at random and make up for them, as ``F.dropout`` does.

    The chance is seeded from PyTorch's own generator, so that a seeded or resumed run, and a part
    of the model that is worked through a second time to save memory, meet the same one.
    """
    dropped: Tensor = _Dropped.apply(values, share)
    return dropped


class _Dropped(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, share: float) -> Tensor:
        out = round(share * _STEPS)
        seed = int(torch.randint(2**63 - 1, ()))
        drawn = np.random.SFC64(seed).random_raw(-(-values.numel() // 4)).view(np.int16)
        kept = torch.from_numpy(drawn[: values.numel()]) >= out - _STEPS // 2
        factors = kept.view(values.shape).to(values.dtype).mul_(_STEPS / (_STEPS - out))
        ctx.save_for_backward(factors)
        return values * factors

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (factors,) = ctx.saved_tensors
        return gradients[0] * factors, None


class QuickDropout(nn.Module):
    """Takes the place of ``nn.Dropout``."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.p = share

    def forward(self, values: Tensor) -> Tensor:
        """Drop in training; hand on otherwise."""
        return quick_dropout(values, self.p) if self.training and 0 < self.p < 1 else values


@contextmanager
def quick_dropouts(model: nn.Module) -> Iterator[None]:
    """Within this context the model's dropouts are quick ones."""
    replaced = [
        (parent, name, child)
        for parent in model.modules()
        for name, child in parent.named_children()
        if type(child) is nn.Dropout
    ]
    for parent, name, child in replaced:
        setattr(parent, name, QuickDropout(child.p).train(child.training))
    try:
        yield
    finally:
        for parent, name, child in replaced:
            setattr(parent, name, child.train(parent.training))
