"""How many texts are encoded at once: so few that others wait a moment only, and of like length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

MOST_TEXTS = 256
MOST_CHARACTERS = 30_000
"""Some five seconds of MiniLM on two cores: what a stop request waits for at most."""
_SLICE = 32_768
_LONGEST_COUNTED = 2_000
"""What comes after this many characters is cut off by nearly every model and costs nothing."""


def cost(text: str) -> int:
    """What encoding a text takes, in characters."""
    return min(len(text), _LONGEST_COUNTED)


def portions(texts: Sequence[str]) -> Iterator[NDArray[np.int64]]:
    """The places of texts to send in one request each, until every text has been in one.

    Texts of like length share a request, so that they need little padding, and equal texts do, so
    that they are read once.  That is done for one slice of the texts after the other, so that what
    is written from the requests is written near to each other.
    """
    for start in range(0, len(texts), _SLICE):
        places = range(start, min(start + _SLICE, len(texts)))
        portion: list[int] = []
        characters = 0
        for at in sorted(places, key=lambda at: (len(texts[at]), texts[at])):
            characters += cost(texts[at])
            if portion and (len(portion) == MOST_TEXTS or characters > MOST_CHARACTERS):
                yield np.array(portion, dtype=np.int64)
                portion, characters = [], cost(texts[at])
            portion.append(at)
        yield np.array(portion, dtype=np.int64)
