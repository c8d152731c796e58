"""Names for groups of texts: the words, or runs of Chinese characters, that set each one apart."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.folding import fold
from core.retrieval.tokens import lexical_tokens

WORDS_IN_A_NAME = 3
_LONGEST_READ = 100
_LONGEST_GRAM = 4
_LONGEST_TERM = 8
_FEWEST_TEXTS = 2
_NEARLY_ALL = 0.9
_MORE_THAN_ELSEWHERE = 1.25
"""How many times commoner than in all texts a term has to be in a group to tell it apart."""
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+")


def cluster_names(texts: Sequence[str], labels: NDArray[np.int32]) -> dict[int, str]:
    """A name for each group: up to three terms that are common in it and rare elsewhere.

    A term is a word, or two to four Chinese characters in a row, which then grow into the longest
    piece of text that nearly always holds them.  Its weight in a group is
    tf log(1 + A / f): tf is the share of the group's texts that have it, f how often all groups
    together have it, A the mean number of terms a group has (class-based TF-IDF; Grootendorst 2022,
    "BERTopic: Neural topic modeling with a class-based TF-IDF procedure").

    Args:
        texts: all texts.
        labels: the group of each; negative for those in none.

    Returns:
        Group to name; a group without any term that two of its texts share gets its first term.
    """
    members: dict[int, list[str]] = {}
    for text, label in zip(texts, labels.tolist(), strict=True):
        if label >= 0:
            members.setdefault(label, []).append(_plain(text))
    counts = {
        label: Counter(term for text in own for term in terms(text))
        for label, own in sorted(members.items())
    }
    everywhere: Counter[str] = Counter()
    for found in counts.values():
        everywhere.update(found)
    mean = everywhere.total() / max(1, len(counts))
    texts_in_all = sum(map(len, members.values()))
    names = {}
    for label, found in counts.items():
        size = len(members[label])
        common = {
            term: math.log(1 + mean / everywhere[term]) * n / size
            for term, n in found.items()
            if n >= _FEWEST_TEXTS
            and (
                n / size > _MORE_THAN_ELSEWHERE * everywhere[term] / texts_in_all
                or len(counts) == 1
            )
        }
        names[label] = " · ".join(_best(common or dict(found), members[label]))
    return names


def terms(text: str) -> set[str]:
    """The terms of a text, each once."""
    plain = _plain(text)
    found = {
        token
        for token in lexical_tokens(_HAN.sub(" ", plain))
        if len(token) > 1 and not token.replace(".", "").replace(",", "").isdigit()
    }
    for run in _HAN.findall(plain):
        for length in range(2, _LONGEST_GRAM + 1):
            found.update(run[at : at + length] for at in range(len(run) - length + 1))
    return found


def _plain(text: str) -> str:
    return fold(text[:_LONGEST_READ])


def _best(weights: dict[str, float], texts: Sequence[str]) -> list[str]:
    """The weightiest terms that do not say the same."""
    chosen: list[str] = []
    for term in sorted(weights, key=lambda term: (-weights[term], -len(term), term)):
        if any(_same_words(term, other) for other in chosen):
            continue
        grown = _grown(term, texts) if _HAN.fullmatch(term) else term
        # What it grew into may hold what was chosen before.
        chosen = [other for other in chosen if other not in grown]
        chosen.append(grown)
        if len(chosen) == WORDS_IN_A_NAME:
            break
    return chosen


def _grown(term: str, texts: Sequence[str]) -> str:
    """The longest run of Chinese characters that nearly every text with ``term`` has around it."""
    while len(term) < _LONGEST_TERM:
        before: Counter[str] = Counter()
        after: Counter[str] = Counter()
        holders = 0
        for text in texts:
            at = text.find(term)
            if at >= 0:
                holders += 1
                before[text[at - 1 : at]] += 1
                after[text[at + len(term) : at + len(term) + 1]] += 1
        (left, many_left), (right, many_right) = before.most_common(1)[0], after.most_common(1)[0]
        if many_left >= _NEARLY_ALL * holders and _HAN.fullmatch(left):
            term = left + term
        elif many_right >= _NEARLY_ALL * holders and _HAN.fullmatch(right):
            term = term + right
        else:
            break
    return term


def _same_words(one: str, other: str) -> bool:
    """Whether two terms are pieces of the same words: one holds the other, or they share an end."""
    if one in other or other in one:
        return True
    return _HAN.match(one) is not None and any(
        one[at : at + 2] in other for at in range(len(one) - 1)
    )
