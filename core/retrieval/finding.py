"""Finding texts of a corpus by a part of them, for answers that no column showed."""

from __future__ import annotations

from typing import cast

from core.retrieval.corpora import ID, TEXT, Corpus
from core.retrieval.tokens import fold


def find_texts(corpus: Corpus, part: str, limit: int = 20) -> list[dict[str, str]]:
    """The first rows whose text has ``part`` in it, or whose id it is.

    Width and case do not matter (NFKC, casefolded).

    Args:
        corpus: where to look.
        part: what to look for; nothing is found for blanks.
        limit: how many rows at most.

    Returns:
        Rows as :meth:`~core.retrieval.corpora.Corpus.rows` gives them, in corpus order.
    """
    wanted = fold(part.strip())
    if not wanted:
        return []
    places: list[int] = []
    start = 0
    for batch in corpus.batches():
        ids = cast("list[str]", batch.column(ID).to_pylist())
        texts = cast("list[str]", batch.column(TEXT).to_pylist())
        for place, (id, text) in enumerate(zip(ids, texts, strict=True), start):
            if wanted in fold(text) or id == part.strip():
                places.append(place)
                if len(places) == limit:
                    return corpus.rows(places)
        start += batch.num_rows
    return corpus.rows(places)
