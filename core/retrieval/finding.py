"""Finding texts of a corpus by a part of them, for answers that no column showed."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.folding import fold_column, holding
from core.retrieval.corpora import ID, TEXT, Corpus

_KEPT = 64


def find_texts(corpus: Corpus, part: str, limit: int = 20) -> list[dict[str, str]]:
    """The first rows whose text has ``part`` in it, or whose id it is.

    Width and capitals do not matter (:mod:`core.folding`).  Half a million texts take about a
    second, and nothing when the same is looked for again, as whenever a screen is drawn.

    Args:
        corpus: where to look.
        part: what to look for.
        limit: so many rows at most.

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
    places: list[int] = []
    start = 0
    for batch in corpus.batches([ID, TEXT]):
        found = holding(fold_column(batch.column(TEXT)), part)
        found |= pc.equal(batch.column(ID), pa.scalar(part)).to_numpy(zero_copy_only=False)
        here = np.flatnonzero(found) + start
        places.extend(here.tolist()[: limit - len(places)])
        if len(places) == limit:
            break
        start += batch.num_rows
    return tuple(places)
