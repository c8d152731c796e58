"""Which characters of a text are also in the question: what a reader's eye looks for."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from core.folding import fold
from core.retrieval.tokens import lexical_runs, lexical_tokens

# Characters that stand in nearly every question and every text: marked alone they would say
# nothing.  In a pair of neighbours that both have, they are marked.
_PARTICLES = frozenset("的了是在有和与及或不我你他它这那个吗呢吧啊么什怎哪")
_VOICED = "\uff9e\uff9f"


@dataclass(frozen=True)
class Part:
    """A piece of a text, and whether the question has it too."""

    text: str
    marked: bool


def mark(text: str, question: str) -> list[Part]:
    """``text`` in pieces, those marked that the question has in common with it.

    The words are those of the lexical index (:mod:`core.retrieval.tokens`), so full-width and
    half-width, large and small letters are the same.  Chinese characters that stand side by side
    become one piece.

    Args:
        text: what was found; the pieces joined are this text.
        question: what was asked.
    """
    words = _words(question)
    folded, origin = _folded_with_origin(text)
    marked = [False] * len(text)
    for start, end, han in lexical_runs(folded):
        for first, last in _shared(folded, start, end, han, words):
            for place in range(first, last):
                for at in range(*origin[place]):
                    marked[at] = True
    parts: list[Part] = []
    begin = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or marked[at] != marked[begin]:
            parts.append(Part(text[begin:at], marked[begin]))
            begin = at
    return parts


@lru_cache(maxsize=8)
def _words(question: str) -> frozenset[str]:
    """The question's words; kept, because all hits are marked with the same ones."""
    return frozenset(lexical_tokens(question))


def _shared(
    folded: str, start: int, end: int, han: bool, words: frozenset[str]
) -> list[tuple[int, int]]:
    """Where a run has words of the question, as pairs of start and end."""
    if not han:
        return [(start, end)] if folded[start:end] in words else []
    places = []
    for at in range(start, end):
        if folded[at] in words and folded[at] not in _PARTICLES:
            places.append((at, at + 1))
        if at + 2 <= end and folded[at : at + 2] in words:
            places.append((at, at + 2))
    return places


def _folded_with_origin(text: str) -> tuple[str, list[tuple[int, int]]]:
    """The folded text, and for each of its characters the range of ``text`` that it came from.

    Folding can make one character of several and several of one, so it is done for one character
    with its combining marks at a time, across which nothing is joined (but Korean letters that are
    written one by one, which nobody types).
    """
    folded: list[str] = []
    origin: list[tuple[int, int]] = []
    start = 0
    while start < len(text):
        end = start + 1
        while end < len(text) and (unicodedata.combining(text[end]) or text[end] in _VOICED):
            end += 1
        piece = fold(text[start:end])
        folded.append(piece)
        origin += [(start, end)] * len(piece)
        start = end
    return "".join(folded), origin
