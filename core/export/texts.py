"""The texts that an export is checked with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count

import numpy as np

TEXTS_COMPARED = 200
FEWEST_TEXTS = 100


def texts_to_compare(held_out: Sequence[str]) -> list[str]:
    """At least 100 distinct texts of all lengths: an even choice from the shortest to the longest.

    Fewer held-out texts are filled up with halves of them and with several of them joined.

    Raises:
        ValueError: there is no text.
    """
    texts = list(dict.fromkeys(held_out))
    if not texts:
        raise ValueError("there must be at least one text")
    variants = _variants(tuple(texts))
    while len(texts) < FEWEST_TEXTS:
        variant = next(variants)
        if variant not in texts:
            texts.append(variant)
    ordered = sorted(texts, key=lambda text: (len(text), text))
    chosen = np.linspace(0, len(ordered) - 1, min(TEXTS_COMPARED, len(ordered))).round()
    return [ordered[index] for index in chosen.astype(int)]


def _variants(texts: Sequence[str]) -> Iterator[str]:
    """First halves, then two neighbours joined, then three …, without end."""
    yield from (text[: len(text) // 2] for text in texts if len(text) > 1)
    for joined in count(2):
        for start in range(len(texts)):
            yield " ".join(texts[(start + step) % len(texts)] for step in range(joined))
