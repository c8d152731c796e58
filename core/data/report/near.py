"""Texts that are nearly the same, found without comparing each with each.

MinHash signatures (Broder 1997, "On the resemblance and containment of documents") of pieces of
three characters, by rensa; candidates share a band of their signatures; whatever is a candidate is
then compared exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import rensa

from core.models.vocabulary import folded

SIMILAR = 0.8
"""How many of their pieces of three characters two texts must share, of all that either has."""
_SLOTS, _BAND, _BANDS = 128, 6, 21
"""Two texts that are just similar enough share one of 21 bands of 6 slots with a chance of 99.8%:
1 - (1 - 0.8 ** 6) ** 21."""
_PIECE = 10_000
_SEED = 1
_START, _END = "\x02", "\x03"


def near_pairs(
    rows: Sequence[tuple[str, ...]],
    told: Callable[[float], None],
    allowed: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None,
) -> np.ndarray:
    """Which rows are nearly the same, text by text.

    Letter case, width and white space do not count.

    Args:
        rows: the texts of each row, the same number in each.
        told: is told which share is done.
        allowed: takes the positions of earlier and later rows, says which pairs are of interest.

    Returns:
        An array of shape (pairs, 2): positions of an earlier and a later row.  Of more than two
        that are alike not every pair is there, but every row that is like an earlier one has one.
    """
    plain = [tuple(map(folded, row)) for row in rows]
    candidates = _candidates(_bands(plain, told))
    if allowed is not None and len(candidates):
        candidates = candidates[allowed(candidates[:, 0], candidates[:, 1])]
    grams: dict[str, frozenset[str]] = {}
    near = [
        (first, second)
        for first, second in candidates.tolist()
        if all(map(lambda a, b: _similar(a, b, grams), plain[first], plain[second]))
    ]
    told(1.0)
    return np.array(near, dtype=np.int64).reshape(-1, 2)


def later_of(pairs: np.ndarray) -> np.ndarray:
    """The rows that can go so that each has one like it that stays, ascending."""
    dropped: set[int] = set()
    for first, second in pairs[np.lexsort((pairs[:, 0], pairs[:, 1]))].tolist():
        if first not in dropped:
            dropped.add(second)
    return np.array(sorted(dropped), dtype=np.int64)


def _bands(rows: list[tuple[str, ...]], told: Callable[[float], None]) -> np.ndarray:
    """One number for each band of each row's signature, shape (rows, bands)."""
    bands = np.zeros((len(rows), _BANDS), dtype=np.uint64)
    for start in range(0, len(rows), _PIECE):
        piece = rows[start : start + _PIECE]
        hashes, offsets = _hashes(piece)
        digests = rensa.RMinHash.digest_matrix_from_flat_token_hashes(
            hashes, offsets, _SLOTS, _SEED
        )
        signatures = np.array(digests.to_rows(), dtype=np.uint64)[:, : _BAND * _BANDS]
        mixed = np.zeros((len(piece), _BANDS), dtype=np.uint64)
        for slot in range(_BAND):
            mixed = _mix(mixed ^ signatures[:, slot::_BAND])
        bands[start : start + len(piece)] = mixed
        told(0.9 * min(start + _PIECE, len(rows)) / len(rows))
    return bands


def _hashes(rows: list[tuple[str, ...]]) -> tuple[np.ndarray, np.ndarray]:
    """The hashes of all pieces of three characters, row by row, and where each row's begin.

    A text has its own two ends around it; a piece of the first text is another than the same piece
    of the second one.
    """
    fields = [text for row in rows for text in row]
    joined = "".join(f"{_START}{text}{_END}" for text in fields)
    codes = np.frombuffer(joined.encode("utf-32-le"), np.uint32).astype(np.uint64)
    lengths = np.array([len(text) + 2 for text in fields])
    ends = np.cumsum(lengths)
    salt = np.repeat(np.tile(np.arange(len(rows[0]), dtype=np.uint64), len(rows)), lengths)
    pieces = codes | np.left_shift(salt, np.uint64(63 - 4))
    pieces[:-2] |= np.left_shift(codes[1:-1], np.uint64(21))
    pieces[:-2] ^= np.left_shift(codes[2:], np.uint64(42))
    whole = np.ones(len(codes), dtype=bool)
    whole[ends - 1] = whole[ends - 2] = False
    a_row = (lengths - 2).reshape(len(rows), -1).sum(axis=1)
    offsets = np.concatenate([[0], np.cumsum(a_row)]).astype(np.uint64)
    return _mix(pieces[whole]), offsets


def _mix(values: np.ndarray) -> np.ndarray:
    """Numbers that look random, the same for the same (the finaliser of SplitMix64)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _candidates(bands: np.ndarray) -> np.ndarray:
    """Pairs of rows that share a band: each with the one before it, and with the first of them."""
    rows = len(bands)
    found = np.zeros(0, dtype=np.int64)
    for band in bands.T:
        order = np.argsort(band, kind="stable")
        same = band[order][1:] == band[order][:-1]
        later = np.flatnonzero(same) + 1
        # The place where the run of equal bands begins.
        begins = np.arange(rows)
        begins[later] = 0
        begins = np.maximum.accumulate(begins)[later]
        pairs = [order[start] * rows + order[later] for start in (later - 1, begins)]
        found = np.union1d(found, np.concatenate(pairs))
    return np.stack([found // rows, found % rows], axis=1)


def _similar(first: str, second: str, known: dict[str, frozenset[str]]) -> bool:
    if first == second:
        return True
    one, other = _pieces(first, known), _pieces(second, known)
    if min(len(one), len(other)) < SIMILAR * max(len(one), len(other)):
        return False
    shared = len(one & other)
    return shared >= SIMILAR * (len(one) + len(other) - shared)


def _pieces(text: str, known: dict[str, frozenset[str]]) -> frozenset[str]:
    if text not in known:
        ended = f"{_START}{text}{_END}"
        known[text] = frozenset(ended[at : at + 3] for at in range(len(ended) - 2))
    return known[text]
