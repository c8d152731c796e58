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
_KEPT = 5_000
"""The pieces of so many texts are kept at a time: about 60 MB."""
_SEED = 1
_START, _END = "\x02", "\x03"


def near_pairs(
    texts: Sequence[str],
    rows: np.ndarray,
    told: Callable[[float], None],
    allowed: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None,
) -> np.ndarray:
    """Which rows are nearly the same, text by text.

    Letter case, width and white space do not count.

    Args:
        texts: all texts.
        rows: shape (rows, texts a row): places in ``texts``.
        told: is told which share is done.
        allowed: takes the positions of earlier and later rows, says which pairs are of interest.

    Returns:
        An array of shape (pairs, 2): positions of an earlier and a later row.  Of more than two
        that are alike not every pair is there, but every row that is like an earlier one has one.
    """
    plain = list(map(folded, texts))
    candidates = _candidates(_bands(plain, rows, lambda share: told(0.5 * share)))
    if allowed is not None and len(candidates):
        candidates = candidates[allowed(candidates[:, 0], candidates[:, 1])]
    known: dict[int, frozenset[str]] = {}
    near = np.ones(len(candidates), dtype=bool)
    for start in range(0, len(candidates), _PIECE):
        told(0.5 + 0.5 * start / len(candidates))
        for at, (one, other) in enumerate(candidates[start : start + _PIECE], start):
            near[at] = all(
                first == second or _similar(first, second, plain, known)
                for first, second in zip(rows[one].tolist(), rows[other].tolist(), strict=True)
            )
    told(1.0)
    return candidates[near]


def later_of(pairs: np.ndarray) -> np.ndarray:
    """The rows that can go so that each has one like it that stays, ascending."""
    dropped: set[int] = set()
    for first, second in pairs[np.lexsort((pairs[:, 0], pairs[:, 1]))].tolist():
        if first not in dropped:
            dropped.add(second)
    return np.array(sorted(dropped), dtype=np.int64)


def _bands(texts: list[str], rows: np.ndarray, told: Callable[[float], None]) -> np.ndarray:
    """One number for each band of each row's signature, shape (rows, bands)."""
    bands = np.zeros((len(rows), _BANDS), dtype=np.uint64)
    for start in range(0, len(rows), _PIECE):
        piece = rows[start : start + _PIECE]
        hashes, offsets = _hashes([texts[place] for place in piece.ravel()], rows.shape[1])
        digests = rensa.RMinHash.digest_matrix_from_flat_token_hashes(
            hashes, offsets, _SLOTS, _SEED
        )
        signatures = np.array(digests.to_rows(), dtype=np.uint64)[:, : _BAND * _BANDS]
        mixed = np.zeros((len(piece), _BANDS), dtype=np.uint64)
        for slot in range(_BAND):
            mixed = _mix(mixed ^ signatures[:, slot::_BAND])
        bands[start : start + len(piece)] = mixed
        told(min(start + _PIECE, len(rows)) / len(rows))
    return bands


def _hashes(fields: list[str], width: int) -> tuple[np.ndarray, np.ndarray]:
    """The hashes of all pieces of three characters, row by row, and where each row's begin.

    ``fields`` are the texts of all rows one after another, ``width`` of them a row.

    A text has its own two ends around it; a piece of the first text is another than the same piece
    of the second one.
    """
    joined = "".join(f"{_START}{text}{_END}" for text in fields)
    codes = np.frombuffer(joined.encode("utf-32-le"), np.uint32).astype(np.uint64)
    lengths = np.array([len(text) + 2 for text in fields])
    ends = np.cumsum(lengths)
    salt = np.repeat(np.tile(np.arange(width, dtype=np.uint64), len(fields) // width), lengths)
    pieces = codes | np.left_shift(salt, np.uint64(63 - 4))
    pieces[:-2] |= np.left_shift(codes[1:-1], np.uint64(21))
    pieces[:-2] ^= np.left_shift(codes[2:], np.uint64(42))
    whole = np.ones(len(codes), dtype=bool)
    whole[ends - 1] = whole[ends - 2] = False
    a_row = (lengths - 2).reshape(-1, width).sum(axis=1)
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
    found = [np.zeros(0, dtype=np.int64)]
    for band in bands.T:
        order = np.argsort(band, kind="stable")
        same = band[order][1:] == band[order][:-1]
        later = np.flatnonzero(same) + 1
        # The place where the run of equal bands begins.
        begins = np.arange(rows)
        begins[later] = 0
        begins = np.maximum.accumulate(begins)[later]
        found += [order[start] * rows + order[later] for start in (later - 1, begins)]
    # Sorted and not hashed: many times as fast for tens of millions of numbers.
    pairs = np.sort(np.concatenate(found))
    pairs = pairs[np.append(True, pairs[1:] != pairs[:-1])[: len(pairs)]]
    return np.stack([pairs // rows, pairs % rows], axis=1)


def _similar(first: int, second: int, texts: list[str], known: dict[int, frozenset[str]]) -> bool:
    if texts[first] == texts[second]:
        return True
    one, other = _pieces(first, texts, known), _pieces(second, texts, known)
    if min(len(one), len(other)) < SIMILAR * max(len(one), len(other)):
        return False
    shared = len(one & other)
    return shared >= SIMILAR * (len(one) + len(other) - shared)


def _pieces(place: int, texts: list[str], known: dict[int, frozenset[str]]) -> frozenset[str]:
    if place not in known:
        if len(known) >= _KEPT:
            known.clear()
        ended = f"{_START}{texts[place]}{_END}"
        known[place] = frozenset(ended[at : at + 3] for at in range(len(ended) - 2))
    return known[place]
