"""How a text becomes words for the lexical index, in Chinese and in any other script."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterator
from functools import cache

from core.folding import fold

# Code points whose Unicode script is Han (Unicode Standard, Scripts.txt).
_HAN = (
    "\u2e80-\u2e99\u2e9b-\u2ef3\u2f00-\u2fd5\u3005\u3007\u3021-\u3029\u3038-\u303b"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufa6d\ufa70-\ufad9"
    "\U00020000-\U0002fa1f\U00030000-\U000323af"
)
_LAST_MARK_OF_LIVING_SCRIPTS = 0x1FFFF


def lexical_tokens(text: str) -> list[str]:
    """The words of ``text``, in reading order and with repetitions.

    The text is normalised (NFKC) and casefolded first.  A run of Latin letters and digits is one
    word (``ax55``, and ``0.25g``: a point or comma between two digits belongs to the number); a
    word of any other script stays whole; a run of Chinese characters gives every character and
    every pair of neighbours, because Chinese does not mark where words end.
    """
    tokens: list[str] = []
    for start, end, han in lexical_runs(folded := fold(text)):
        run = folded[start:end]
        if han:
            for position, character in enumerate(run):
                tokens.append(character)
                if position + 1 < len(run):
                    tokens.append(run[position : position + 2])
        else:
            tokens.append(run)
    return tokens


def lexical_runs(folded: str) -> Iterator[tuple[int, int, bool]]:
    """Where the words and the runs of Chinese characters of a folded text stand.

    Yields:
        Start, end, and whether it is a run of Chinese characters.
    """
    for match in _pattern().finditer(folded):
        yield match.start(), match.end(), match.lastgroup == "han"


@cache
def _pattern() -> re.Pattern[str]:
    # `\w` leaves out combining marks, and so would cut Hindi or Thai words at every vowel sign.
    marks = _marks()
    letter = rf"[^\W_{_HAN}]"
    return re.compile(
        rf"(?P<han>[{_HAN}]+)|(?P<word>{letter}(?:{letter}|[{marks}]|(?<=\d)[.,](?=\d))*)"
    )


def _marks() -> str:
    """The combining marks as the inside of a character class."""
    ranges: list[str] = []
    first: int | None = None
    for code in range(min(_LAST_MARK_OF_LIVING_SCRIPTS, sys.maxunicode) + 1):
        mark = unicodedata.category(chr(code)).startswith("M")
        if mark and first is None:
            first = code
        elif not mark and first is not None:
            ranges.append(f"{chr(first)}-{chr(code - 1)}")
            first = None
    return "".join(ranges)
