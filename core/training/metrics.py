"""The figures by which rankings and similarities are judged, from numbers alone.

They equal those of sentence-transformers' own evaluators wherever no two texts are equally similar;
of equally similar texts these count the right one last, so that a model that gives every text the
same vector earns nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CUT_OFF = 10
MAP_CUT_OFF = 100


@dataclass(frozen=True)
class Cut:
    """A threshold on similarities and what it reaches.

    Attributes:
        threshold: from this similarity on, two texts count as a match.
        f1: the harmonic mean of precision and recall.
        precision: the share of the pairs found that are matches.
        recall: the share of the matches that are found.
    """

    threshold: float
    f1: float
    precision: float
    recall: float


def spearman(predicted: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Spearman's rank correlation along the last axis, with average ranks for ties.

    0 where either side is constant.  One number for two vectors, one a row for two matrices.
    """
    # Imported here because the web server, which imports this module, correlates nothing.
    from scipy.stats import rankdata

    return pearson(rankdata(predicted, axis=-1), rankdata(wanted, axis=-1))


def pearson(predicted: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Pearson's correlation along the last axis; 0 where either side is constant."""
    a = np.asarray(predicted, dtype=np.float64)
    b = np.asarray(wanted, dtype=np.float64)
    a = a - a.mean(axis=-1, keepdims=True)
    b = b - b.mean(axis=-1, keepdims=True)
    norm = np.sqrt((a * a).sum(axis=-1) * (b * b).sum(axis=-1))
    return np.divide((a * b).sum(axis=-1), norm, out=np.zeros_like(norm), where=norm > 0)


def relevant_ranks(scores: np.ndarray, relevant: np.ndarray) -> np.ndarray:
    """The ranks (from 1) of the right passages, ascending; infinite for those never found.

    Args:
        scores: a score for each passage, shape [n]; minus infinity where it is not found.
        relevant: the positions of the right passages.
    """
    ranks = [
        np.inf if np.isneginf(scores[index]) else _pessimistic_rank(scores, int(index), relevant)
        for index in relevant
    ]
    return np.sort(np.array(ranks, dtype=np.float64))


def _pessimistic_rank(scores: np.ndarray, index: int, relevant: np.ndarray) -> float:
    higher_or_equal = int(np.count_nonzero(scores >= scores[index]))
    # Right passages that tie with this one share the places among themselves.
    equal_relevant = relevant[scores[relevant] == scores[index]]
    return higher_or_equal - len(equal_relevant) + 1 + int(np.count_nonzero(equal_relevant < index))


def ndcg(ranks: np.ndarray, k: int = CUT_OFF) -> float:
    """NDCG at ``k`` of one question from the ranks of its right passages (gains of 0 and 1)."""
    gain = float(np.sum(1 / np.log2(ranks[ranks <= k] + 1)))
    ideal = float(np.sum(1 / np.log2(np.arange(1, min(len(ranks), k) + 1) + 1)))
    return gain / ideal


def reciprocal_rank(ranks: np.ndarray, k: int = CUT_OFF) -> float:
    """1 / rank of the first right passage; 0 when it is not among the first ``k``."""
    return 1 / float(ranks[0]) if ranks[0] <= k else 0.0


def recall(ranks: np.ndarray, k: int = CUT_OFF) -> float:
    """The share of the right passages that are among the first ``k``."""
    return float(np.mean(ranks <= k))


def ranked_precision(ranks: np.ndarray, k: int = MAP_CUT_OFF) -> float:
    """Average precision at ``k`` of one question; its mean over questions is MAP."""
    found = ranks[ranks <= k]
    return float(np.sum(np.arange(1, len(found) + 1) / found) / min(len(ranks), k))


def average_precision(predicted: np.ndarray, matches: np.ndarray) -> float:
    """Mean precision at each match over all pairs, tied predictions taken as one step."""
    _values, found, seen = _steps(predicted, matches)
    gained = np.diff(found, prepend=0.0)
    return float(np.sum(gained * found / seen) / matches.sum())


def best_f1(predicted: np.ndarray, matches: np.ndarray, total: int | None = None) -> Cut:
    """The threshold with the highest F1, half-way to the next lower similarity.

    Args:
        predicted: similarities, shape [n].
        matches: which of the pairs are matches.
        total: how many matches there are to find, at least one; those among the pairs when None.
    """
    values, found, seen = _steps(predicted, matches)
    precision, recall = found / seen, found / (matches.sum() if total is None else total)
    f1 = np.divide(
        2 * precision * recall, precision + recall, out=np.zeros_like(found), where=found > 0
    )
    best = int(np.argmax(f1))
    return Cut(
        _midpoint(values, best), float(f1[best]), float(precision[best]), float(recall[best])
    )


def best_accuracy(predicted: np.ndarray, matches: np.ndarray) -> tuple[float, float]:
    """The highest share of pairs that a threshold sorts rightly, and that threshold.

    Calling nothing a match counts too; the threshold is then just above the highest similarity.
    """
    values, found, seen = _steps(predicted, matches)
    wrong_below = (~matches).sum() - (seen - found)
    right = (found + wrong_below) / len(predicted)
    best = int(np.argmax(right))
    nothing = float((~matches).mean())
    if nothing >= right[best]:
        return nothing, float(np.nextafter(values[0], np.inf))
    return float(right[best]), _midpoint(values, best)


def at_threshold(predicted: np.ndarray, matches: np.ndarray, threshold: float) -> Cut:
    """What precision and recall are when pairs from ``threshold`` on count as matches."""
    called = predicted >= threshold
    found = int((called & matches).sum())
    precision = found / max(1, int(called.sum()))
    recall = found / max(1, int(matches.sum()))
    f1 = 2 * precision * recall / (precision + recall) if found else 0.0
    return Cut(threshold, f1, precision, recall)


def _steps(predicted: np.ndarray, matches: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The different similarities, the highest first; matches and pairs found down to each."""
    values, inverse = np.unique(-predicted, return_inverse=True)
    found = np.cumsum(np.bincount(inverse, weights=matches, minlength=len(values)))
    seen = np.cumsum(np.bincount(inverse, minlength=len(values)))
    return -values, found, seen


def _midpoint(values: np.ndarray, place: int) -> float:
    if place + 1 == len(values):
        return float(values[place])
    middle = (values[place] + values[place + 1]) / 2
    # Of two neighbouring floats the middle may be rounded down to the next lower similarity.
    return float(values[place] if middle == values[place + 1] else middle)
