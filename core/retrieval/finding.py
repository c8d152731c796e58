"""Finding texts of a corpus by a part of them, for answers that no column showed."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.retrieval.corpora import ID, TEXT, Corpus
from core.retrieval.tokens import fold

_KEPT = 64
_CASEFOLDED = {"ß": "ss", "ς": "σ"}
"""Where casefolding is more than lower case, of what is still in use after NFKC."""


def find_texts(corpus: Corpus, part: str, limit: int = 20) -> list[dict[str, str]]:
    """The first rows whose text has ``part`` in it, or whose id it is.

    Width and case do not matter (NFKC, casefolded).  Half a million texts take about a second, and
    nothing when they are looked through for the same again, as whenever a screen is drawn.

    Args:
        corpus: where to look.
        part: what to look for; nothing is found for blanks.
        limit: how many rows at most.

    Returns:
        Rows as :meth:`~core.retrieval.corpora.Corpus.rows` gives them, in corpus order.

    Raises:
        CorpusDamaged: the texts cannot be read.
    """
    if not part.strip():
        return []
    return corpus.rows(_places(corpus, part.strip(), limit))


@lru_cache(maxsize=_KEPT)
def _places(corpus: Corpus, part: str, limit: int) -> tuple[int, ...]:
    wanted = fold(part)
    places: list[int] = []
    start = 0
    for batch in corpus.batches([ID, TEXT]):
        found = pc.match_substring(_folded(batch.column(TEXT), wanted), wanted)
        found = pc.or_(found, pc.equal(batch.column(ID), pa.scalar(part)))
        here = np.flatnonzero(found.to_numpy(zero_copy_only=False)) + start
        places.extend(here.tolist()[: limit - len(places)])
        if len(places) == limit:
            break
        start += batch.num_rows
    return tuple(places)


def _folded(texts: pa.Array[Any], wanted: str) -> pa.Array[Any]:
    """Texts as :func:`~core.retrieval.tokens.fold` makes them, as far as ``wanted`` can tell."""
    normalised = pc.call_function("utf8_normalize", [texts], pc.Utf8NormalizeOptions("NFKC"))
    folded = pc.utf8_lower(normalised)
    for letter, instead in _CASEFOLDED.items():
        if instead[0] in wanted:
            folded = pc.replace_substring(folded, letter, instead)
    return folded
