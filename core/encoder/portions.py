"""How many texts are encoded at once: so few that others wait a moment only, and of like length."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MOST_TEXTS = 256
MOST_CHARACTERS = 30_000
"""Some five seconds of MiniLM on two cores: what a stop request waits for at most."""
STATIC_PACE = 32
"""A static model only looks its vectors up; so many times as many texts take it no longer."""
_SLICE = 32_768
_LONGEST_COUNTED = 2_000
"""What comes after this many characters is cut off by nearly every model and costs nothing."""


def cost(text: str) -> int:
    """What encoding a text takes, in characters."""
    return min(len(text), _LONGEST_COUNTED)


def pace(model: Path) -> int:
    """How many times as many texts as of a transformer may be encoded at once with this model.

    Where two models read one corpus at the same time they take turns, so without it the quicker one
    would be as late as the slower one.
    """
    try:
        first = json.loads((model / "modules.json").read_text(encoding="utf-8"))[0]["type"]
    except (OSError, ValueError, LookupError, TypeError):
        # A plain transformers folder, or one that the encoder will refuse in words.
        return 1
    return STATIC_PACE if str(first).endswith("StaticEmbedding") else 1


def portions(texts: Sequence[str], pace: int = 1) -> Iterator[NDArray[np.int64]]:
    """The places of texts to send in one request each, until every text has been in one.

    Texts of like length share a request, so that they need little padding, and equal texts do, so
    that they are read once.  That is done for one slice of the texts after the other, so that what
    is written from the requests is written near to each other.

    Args:
        texts: what is to be encoded.
        pace: of the model that encodes them, see :func:`pace`.
    """
    for start in range(0, len(texts), _SLICE):
        places = range(start, min(start + _SLICE, len(texts)))
        portion: list[int] = []
        characters = 0
        for at in sorted(places, key=lambda at: (len(texts[at]), texts[at])):
            characters += cost(texts[at])
            full = len(portion) == pace * MOST_TEXTS or characters > pace * MOST_CHARACTERS
            if portion and full:
                yield np.array(portion, dtype=np.int64)
                portion, characters = [], cost(texts[at])
            portion.append(at)
        yield np.array(portion, dtype=np.int64)
