"""Whether a model can read the texts at all: what it does not know looks all the same to it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core.models.vocabulary import coverage
from core.problems import Problem
from core.training.advice.data import UNREADABLE_SHARE

__all__ = ["UNREADABLE_SHARE", "unread_share"]


def unread_share(model: Path, texts: Sequence[str]) -> float:
    """Which share of the texts' tokens (0 to 1) the model's vocabulary does not know.

    Of more than 2,000 texts that many are looked at.  0 for a model that reads in a way of its own.

    Args:
        model: the model's folder.
        texts: what it reads.
    """
    file = next(iter(sorted(model.rglob("tokenizer.json"))), None)
    if file is None:
        return 0.0
    try:
        return coverage(file, texts).unknown_share
    except Problem:
        # Whoever loads the model says what is wrong with it.
        return 0.0
