"""Finding texts of a corpus by a part of them, for answers that no column showed."""

from __future__ import annotations

from core.retrieval.corpora import Corpus
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
    places = []
    for place, (id, text) in enumerate(zip(corpus.ids(), corpus.texts(), strict=True)):
        if wanted in fold(text) or id == part.strip():
            places.append(place)
            if len(places) == limit:
                break
    return corpus.rows(places)
