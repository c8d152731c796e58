"""The texts that an export is checked with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np

from core.problems import N_, Message

TEXTS_COMPARED = 200
FEWEST_TEXTS = 100


@dataclass(frozen=True)
class Compared:
    """What an export is checked with.

    Attributes:
        texts: distinct texts, the shortest first.
        made: how many of them are no held-out texts but made of some: halves and several joined.
    """

    texts: list[str]
    made: int


def texts_to_compare(held_out: Sequence[str]) -> Compared:
    """At least 100 distinct texts of all lengths: an even choice from the shortest to the longest.

    Fewer held-out texts are filled up with halves of them and with several of them joined.

    Raises:
        ValueError: there is no text.
    """
    own = dict.fromkeys(held_out)
    texts = list(own)
    if not texts:
        raise ValueError("there must be at least one text")
    variants = _variants(tuple(texts))
    while len(texts) < FEWEST_TEXTS:
        variant = next(variants)
        if variant not in texts:
            texts.append(variant)
    ordered = sorted(texts, key=lambda text: (len(text), text))
    places = np.linspace(0, len(ordered) - 1, min(TEXTS_COMPARED, len(ordered))).round()
    chosen = [ordered[index] for index in places.astype(int)]
    return Compared(chosen, sum(text not in own for text in chosen))


def said_of(texts: int, made: int) -> Message:
    """What the texts of a check are, in a sentence.

    Args:
        texts: how many there are.
        made: how many of them are made of held-out texts.
    """
    if not made:
        return Message(N_("All of these texts are held out."))
    return Message(
        N_(
            "{held_out} of these texts are held out; {made} are made of those: halves, and several "
            "joined."
        ),
        {"held_out": texts - made, "made": made},
    )


def _variants(texts: Sequence[str]) -> Iterator[str]:
    """First halves, then two neighbours joined, then three …, without end."""
    yield from (text[: len(text) // 2] for text in texts if len(text) > 1)
    for joined in count(2):
        for start in range(len(texts)):
            yield " ".join(texts[(start + step) % len(texts)] for step in range(joined))
