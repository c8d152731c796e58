"""Names for groups of texts: the words, or runs of Chinese characters, that set each one apart."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.retrieval.tokens import lexical_tokens

WORDS_IN_A_NAME = 3
_LONGEST_READ = 200
_LONGEST_GRAM = 4
_FEWEST_TEXTS = 2
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+")


def cluster_names(texts: Sequence[str], labels: NDArray[np.int32]) -> dict[int, str]:
    """A name for each group: up to three terms that are common in it and rare elsewhere.

    A term is a word, or two to four Chinese characters in a row.  Its weight in a group is
    tf log(1 + A / f): tf is the share of the group's texts that have it, f how often all groups
    together have it, A the mean number of terms a group has (class-based TF-IDF; Grootendorst 2022,
    "BERTopic: Neural topic modeling with a class-based TF-IDF procedure").  Longer terms win over
    their own parts.

    Args:
        texts: all texts.
        labels: the group of each; negative for those in none.

    Returns:
        Group to name; a group without any term that two of its texts share gets its first term.
    """
    counts: dict[int, Counter[str]] = {}
    sizes: Counter[int] = Counter()
    for text, label in zip(texts, labels.tolist(), strict=True):
        if label >= 0:
            counts.setdefault(label, Counter()).update(terms(text))
            sizes[label] += 1
    everywhere: Counter[str] = Counter()
    for own in counts.values():
        everywhere.update(own)
    mean = everywhere.total() / max(1, len(counts))
    return {
        label: " · ".join(_best(own, sizes[label], everywhere, mean))
        for label, own in sorted(counts.items())
    }


def terms(text: str) -> set[str]:
    """The terms of a text, each once."""
    plain = unicodedata.normalize("NFKC", text[:_LONGEST_READ]).casefold()
    found = {
        token
        for token in lexical_tokens(_HAN.sub(" ", plain))
        if len(token) > 1 and not token.replace(".", "").replace(",", "").isdigit()
    }
    for run in _HAN.findall(plain):
        for length in range(2, _LONGEST_GRAM + 1):
            found.update(run[at : at + length] for at in range(len(run) - length + 1))
    return found


def _best(own: Counter[str], size: int, everywhere: Counter[str], mean: float) -> list[str]:
    common = {term: n for term, n in own.items() if n >= min(_FEWEST_TEXTS, size)} or own

    def weight(term: str) -> float:
        # A longer term says more than its parts that occur just as often.
        length = 1 + 0.15 * (min(len(term), _LONGEST_GRAM) - 2)
        return own[term] / size * math.log(1 + mean / everywhere[term]) * length

    chosen: list[str] = []
    for term in sorted(common, key=lambda term: (-weight(term), term)):
        if not any(_overlap(term, other) for other in chosen):
            chosen.append(term)
        if len(chosen) == WORDS_IN_A_NAME:
            break
    return chosen


def _overlap(one: str, other: str) -> bool:
    """Whether two terms are pieces of the same words: one holds the other, or they share an end."""
    if one in other or other in one:
        return True
    return _HAN.match(one) is not None and any(
        one[at : at + 2] in other for at in range(len(one) - 1)
    )
