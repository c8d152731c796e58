"""Which scripts and which troublesome characters each text holds, found for millions at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow.compute as pc
import regex

from core.problems import N_

SCRIPTS: dict[str, str] = {
    "Han": N_("Chinese characters"),
    "Kana": N_("Japanese kana"),
    "Hangul": N_("Korean letters"),
    "Latin": N_("Latin letters"),
    "Cyrillic": N_("Cyrillic letters"),
    "Greek": N_("Greek letters"),
    "Arabic": N_("Arabic letters"),
    "Hebrew": N_("Hebrew letters"),
    "Thai": N_("Thai letters"),
    "Devanagari": N_("Devanagari letters"),
    "Other": N_("letters of other scripts"),
}
"""The scripts that are told apart: Unicode's name (kana is both of its kinds), name for people."""

LOST, CONTROL, PRIVATE, UNASSIGNED = "Lost", "Control", "Private", "Unassigned"
"""Characters that should not be there: U+FFFD, control characters other than tabs and ends of
lines, private use, and what Unicode has not assigned."""

_CLASSES = [*SCRIPTS, LOST, CONTROL, PRIVATE, UNASSIGNED]
_PATTERNS = {
    "Kana": r"[\p{Script=Hiragana}\p{Script=Katakana}]",
    "Other": r"\p{L}",
    LOST: "\ufffd",
    CONTROL: r"[\p{Cc}--[\t\n\r]]",
    PRIVATE: r"\p{Co}",
    UNASSIGNED: r"\p{Cn}",
}


def _pattern(name: str) -> str:
    return _PATTERNS.get(name) or rf"[\p{{Script={name}}}&&\p{{L}}]"


_CLASSIFY = regex.compile(
    "|".join(f"(?P<{name}>{_pattern(name)})" for name in _CLASSES), regex.VERSION1
)
_UNSEEN, _PLAIN = 255, 254
_PIECE = 20_000
_BITS = np.array(
    [1 << place if place < len(_CLASSES) else 0 for place in range(256)], dtype=np.uint32
)
# A Chinese character says about as much as a short word: “LED灯泡 Pro” is Chinese.
_LETTERS_A_CHINESE_CHARACTER = 3


@dataclass(frozen=True)
class Marks:
    """What the characters of each different text are.

    Attributes:
        holds: one number a text, with a bit for every class of characters that it holds.
        main: the script most of its letters are in, as a place in :data:`SCRIPTS`; -1 for none.
    """

    holds: np.ndarray
    main: np.ndarray

    def having(self, name: str) -> np.ndarray:
        """Which texts hold a character of the class ``name``, a script or a kind of trouble."""
        return (self.holds >> _CLASSES.index(name)) & 1 == 1

    def mainly(self, name: str) -> np.ndarray:
        """Which texts are mainly written in the script ``name``."""
        return self.main == _CLASSES.index(name)


def mark_texts(texts: Any) -> Marks:
    """Look at every character of every text of an Arrow array."""
    table = np.full(0x110000, _UNSEEN, dtype=np.uint8)
    holds, main = [], []
    for start in range(0, len(texts), _PIECE):
        piece = texts[start : start + _PIECE]
        # A line's end behind every text, so that none is empty where sums are taken.
        joined = "\n".join([*piece.to_pylist(), ""])
        codes = np.frombuffer(joined.encode("utf-32-le"), np.uint32)
        lengths = pc.utf8_length(piece).to_numpy() + 1
        starts = np.cumsum(lengths) - lengths
        classes = _classes(codes, table)
        held = np.bitwise_or.reduceat(_BITS[classes], starts)
        holds.append(held)
        main.append(_main(classes, lengths, held))
    if not holds:
        return Marks(np.zeros(0, np.uint32), np.zeros(0, np.int8))
    return Marks(np.concatenate(holds), np.concatenate(main))


def _classes(codes: np.ndarray, table: np.ndarray) -> np.ndarray:
    """The class of each character; ``table`` learns those that were not seen before."""
    classes = table[codes]
    unseen = np.unique(codes[classes == _UNSEEN])
    if len(unseen):
        for code in unseen.tolist():
            found = _CLASSIFY.match(chr(code))
            table[code] = _CLASSES.index(found.lastgroup or "") if found else _PLAIN
        classes = table[codes]
    return classes


def _main(classes: np.ndarray, lengths: np.ndarray, held: np.ndarray) -> np.ndarray:
    """The script that most letters of each text are in."""
    scripts = held & np.uint32((1 << len(SCRIPTS)) - 1)
    # Of one bit alone the logarithm is its place; without any it is -1.
    main = np.frexp(scripts.astype(np.float64))[1].astype(np.int8) - 1
    several = (scripts & (scripts - 1)) != 0
    if several.any():
        counted = classes[np.repeat(several, lengths)]
        ends = np.cumsum(lengths[several])
        counts = np.zeros((len(SCRIPTS), len(ends)), dtype=np.int32)
        for place in range(len(SCRIPTS)):
            counts[place] = np.add.reduceat(
                counted == place, ends - lengths[several], dtype=np.int32
            )
        counts[0] *= _LETTERS_A_CHINESE_CHARACTER
        main[several] = counts.argmax(axis=0)
    return main
