"""Finding texts of a corpus by a part of them, for answers that no column showed."""

from __future__ import annotations

from typing import cast

from core.folding import fold_column, holding
from core.retrieval.corpora import ID, TEXT, Corpus


def find_texts(corpus: Corpus, part: str, limit: int = 20) -> list[dict[str, str]]:
    """The first rows whose text has ``part`` in it, or whose id it is.

    Width and capitals do not matter (:mod:`core.folding`).

    Args:
        corpus: where to look.
        part: what to look for; nothing is found for blanks.
        limit: how many rows at most.

    Returns:
        Rows as :meth:`~core.retrieval.corpora.Corpus.rows` gives them, in corpus order.
    """
    part = part.strip()
    if not part:
        return []
    places: list[int] = []
    start = 0
    for batch in corpus.batches():
        ids = cast("list[str]", batch.column(ID).to_pylist())
        held = holding(fold_column(batch.column(TEXT)), part)
        for place, (id, here) in enumerate(zip(ids, held.tolist(), strict=True), start):
            if here or id == part:
                places.append(place)
                if len(places) == limit:
                    return corpus.rows(places)
        start += batch.num_rows
    return corpus.rows(places)
