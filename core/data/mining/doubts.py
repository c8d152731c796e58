"""Which mined texts may well be right answers that the table does not know, and why."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from core.data.mining.texts import bare
from core.problems import N_, Message

NEAR = 0.05
"""A text whose similarity is less than 5% below the positive's is doubtful.

The share is that of TopK-PercPos in the NV-Retriever paper (https://arxiv.org/abs/2407.15831)."""

ABOVE, CLOSE, SAME, CONTAINS, CONTAINED = 1, 2, 4, 8, 16
"""Reasons for a doubt; a candidate's ``doubts`` are their sum."""

_WORDS = {
    SAME: N_("It is a right answer written with other punctuation."),
    CONTAINS: N_("It contains a whole right answer."),
    CONTAINED: N_("It is the larger part of a right answer."),
    ABOVE: N_(
        "The model finds it at least as near to the anchor as the positive: "
        "{candidate:.2f} against {positive:.2f}."
    ),
    CLOSE: N_(
        "The model finds it almost as near to the anchor as the positive: "
        "{candidate:.2f} against {positive:.2f}."
    ),
}
_SHORTEST = 2
"""Characters; a shorter text is in many others by chance."""


def doubts_from_scores(positive: np.ndarray, candidate: np.ndarray) -> np.ndarray:
    """Reasons (uint8) that lie in the similarities of positives and candidates to their anchors."""
    above = candidate >= positive
    close = candidate > positive - NEAR * np.abs(positive)
    return np.where(above, ABOVE, np.where(close, CLOSE, 0)).astype(np.uint8)


def doubts_from_words(positives: Iterable[str], candidate: str) -> int:
    """Reasons that lie in the words of a candidate and of its anchor's positives."""
    reasons = 0
    short = bare(candidate)
    for positive in map(bare, positives):
        if short == positive:
            reasons |= SAME
        elif len(positive) >= _SHORTEST and positive in short:
            reasons |= CONTAINS
        elif len(short) >= _SHORTEST and 2 * len(short) >= len(positive) and short in positive:
            reasons |= CONTAINED
    return reasons


def doubt_messages(doubts: int, positive: float, candidate: float) -> tuple[Message, ...]:
    """The reasons in words, the weightiest first; ``positive`` and ``candidate`` are scores."""
    scores = {"positive": positive, "candidate": candidate}
    return tuple(
        Message(words, scores if reason in (ABOVE, CLOSE) else {})
        for reason, words in _WORDS.items()
        if doubts & reason
    )
