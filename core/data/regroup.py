"""Conversions that put texts together which did not stand in one row.

With a split column they stay on its side: what is made of training rows is for training, and no
text is fetched from the other side.  A row that is made of several others has the row number of the
one that its anchor comes from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from core.data.reading.rows import ROW
from core.data.shapes import (
    ANCHOR,
    HELD_OUT,
    LABEL,
    MATCH_SCORE,
    NEGATIVE,
    POSITIVE,
    SCORE,
    SPLIT,
    TEXT,
)
from core.data.step_kinds import Stepped
from core.problems import N_, Message, Problem


class NoMatchAndOther(Problem):
    what = N_("No anchor has both a match and a text that it does not match.")
    do = N_("Keep the pairs above a score instead, and make triplets of these.")


class NothingUnrelated(Problem):
    what = N_(
        "All rows hang together through shared texts or the same class, so no text is certain to "
        "be a wrong answer."
    )
    do = N_("Keep the table as it is; in training, the other rows of a batch are wrong answers.")


class NoClassOfTwo(Problem):
    what = N_("No class has two different texts that could be paired.")
    do = N_("Check that the right column is chosen as class.")


_TRIPLETS = N_("Triplets made of {rows:,} rows: {count:,}. Rows that fit into none: {unused:,}.")
_PAIRS = N_("Pairs made of {rows:,} rows: {count:,}. Rows that fit into none: {unused:,}.")

PER_CLASS = 1000
"""So many pairs are made of a class at most, unless more are asked for."""


def scored_to_triplets(frame: pd.DataFrame, params: Mapping[str, Any]) -> Stepped:
    """Join each anchor's matches with its non-matches.

    Every match and every non-match of an anchor that has both is used, and no more triplets are
    made than that takes.

    Args:
        frame: scored pairs.
        params: ``threshold``: matches have this score or more (0.5 by default); ``below``:
            non-matches have less than this (the same by default).

    Raises:
        NoMatchAndOther: no anchor has both.
    """
    threshold = float(params.get("threshold", MATCH_SCORE))
    below = float(params.get("below", threshold))
    anchors = _by_side(frame, pd.factorize(frame[ANCHOR])[0])
    positives = pd.factorize(frame[POSITIVE])[0]
    pairs = anchors * (int(positives.max(initial=0)) + 1) + positives
    scores = frame[SCORE].to_numpy()
    match = np.flatnonzero(scores >= threshold)
    match = match[np.unique(pairs[match], return_index=True)[1]]
    other = np.flatnonzero((scores < below) & ~np.isin(pairs, pairs[match]))
    other = other[np.unique(pairs[other], return_index=True)[1]]
    # Both are ordered by pair and so by anchor: an anchor's ones stand in one stretch.
    size = int(anchors.max(initial=0)) + 1
    matches, others = (np.bincount(anchors[rows], minlength=size) for rows in (match, other))
    wanted = np.where((matches > 0) & (others > 0), np.maximum(matches, others), 0)
    if not wanted.any():
        raise NoMatchAndOther
    groups = np.repeat(np.arange(size), wanted)
    turn = np.arange(len(groups)) - np.repeat(np.cumsum(wanted) - wanted, wanted)
    right = match[(np.cumsum(matches) - matches)[groups] + turn % matches[groups]]
    wrong = other[(np.cumsum(others) - others)[groups] + turn % others[groups]]
    order = np.argsort(right, kind="stable")
    right, wrong = right[order], wrong[order]
    triplets = made_of(
        frame,
        right,
        {
            ANCHOR: frame[ANCHOR].take(right),
            POSITIVE: frame[POSITIVE].take(right),
            NEGATIVE: frame[POSITIVE].take(wrong),
        },
    )
    unused = len(frame) - len(np.union1d(right, wrong))
    return done(_TRIPLETS, triplets, len(frame), unused=unused)


def pairs_to_triplets(frame: pd.DataFrame, params: Mapping[str, Any]) -> Stepped:
    """Give each pair a random negative: the match of a pair that it has nothing to do with.

    Pairs that share a text, directly or through others, are of one group; the negative comes from
    another one.

    Args:
        frame: pairs.
        params: ``seed``: the same one gives the same negatives (0 by default).

    Raises:
        NothingUnrelated: all pairs of each side are of one group.
    """
    rows = len(frame)
    codes = pd.factorize(pd.concat([frame[ANCHOR], frame[POSITIVE]], ignore_index=True))[0]
    groups = _linked(codes[:rows], codes[rows:])
    kept, wrong = _draw_unrelated(frame, groups, np.arange(rows), int(params.get("seed", 0)))
    triplets = made_of(
        frame,
        kept,
        {
            ANCHOR: frame[ANCHOR].take(kept),
            POSITIVE: frame[POSITIVE].take(kept),
            NEGATIVE: frame[POSITIVE].take(wrong),
        },
    )
    return done(_TRIPLETS, triplets, rows, unused=rows - len(kept))


def classes_to_pairs(frame: pd.DataFrame, params: Mapping[str, Any]) -> Stepped:
    """Pair texts of the same class, each text once as anchor and once as positive.

    Texts that are in more than one class are left out.

    Args:
        frame: texts with a class.
        params: ``per_class``: at most so many pairs of a class and side (:data:`PER_CLASS` by
            default); ``seed`` (0 by default).

    Raises:
        NoClassOfTwo: no class has two different texts.
    """
    clear, anchors, positives = _pair_up(frame, params)
    texts = {ANCHOR: clear[TEXT].take(anchors), POSITIVE: clear[TEXT].take(positives)}
    unused = len(frame) - len(np.union1d(anchors, positives))
    return done(_PAIRS, made_of(clear, anchors, texts), len(frame), unused=unused)


def classes_to_triplets(frame: pd.DataFrame, params: Mapping[str, Any]) -> Stepped:
    """Pair texts of the same class and add a random text of another class to each pair.

    Args:
        frame: texts with a class.
        params: as for :func:`classes_to_pairs`.

    Raises:
        NoClassOfTwo: no class has two different texts.
        NothingUnrelated: there is only one class on each side.
    """
    clear, anchors, positives = _pair_up(frame, params)
    classes = pd.factorize(clear[LABEL])[0]
    seed = int(params.get("seed", 0))
    kept, wrong = _draw_unrelated(clear, classes, anchors, seed)
    partner = dict(zip(anchors.tolist(), positives.tolist(), strict=True))
    right = np.array([partner[anchor] for anchor in kept.tolist()], dtype=np.int64)
    texts = {
        ANCHOR: clear[TEXT].take(kept),
        POSITIVE: clear[TEXT].take(right),
        NEGATIVE: clear[TEXT].take(wrong),
    }
    unused = len(frame) - len(np.unique(np.concatenate([kept, right, wrong])))
    return done(_TRIPLETS, made_of(clear, kept, texts), len(frame), unused=unused)


def done(template: str, frame: pd.DataFrame, rows: int, **facts: object) -> Stepped:
    """The outcome of a conversion of ``rows`` rows, with the facts that ``template`` tells."""
    message = Message(template, {"count": len(frame), "rows": rows, **facts})
    return Stepped(frame, message, len(frame))


def made_of(
    frame: pd.DataFrame, rows: np.ndarray, columns: Mapping[str, pd.Series]
) -> pd.DataFrame:
    """A frame of new columns whose rows come from the ``rows`` (positions) of another one."""
    made = {role: cells.reset_index(drop=True) for role, cells in columns.items()}
    for role in (SPLIT, ROW):
        if role in frame:
            made[role] = frame[role].take(rows).reset_index(drop=True)
    return pd.DataFrame(made)


def _by_side(frame: pd.DataFrame, codes: np.ndarray) -> np.ndarray:
    """Numbers that differ where ``codes`` or the sides of a split do."""
    codes = codes.astype(np.int64)
    return codes * 2 + np.array(frame[SPLIT] == HELD_OUT) if SPLIT in frame else codes


def _linked(anchors: np.ndarray, positives: np.ndarray) -> np.ndarray:
    """The group of each pair: pairs that share a text, directly or through others, are of one."""
    # Imported here because the web server, which imports this module, seldom converts.
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    texts = int(max(anchors.max(initial=0), positives.max(initial=0))) + 1
    links = (np.ones(len(anchors), dtype=bool), (anchors, positives))
    _, components = connected_components(coo_array(links, shape=(texts, texts)), directed=False)
    return np.asarray(components[anchors])


def _draw_unrelated(
    frame: pd.DataFrame, groups: np.ndarray, rows: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """For each of ``rows`` (positions) a random row of another group on the same side.

    Returns:
        The positions of the rows for which there is one, ascending, and the drawn ones'.

    Raises:
        NothingUnrelated: there is none for any.
    """
    random = np.random.default_rng(seed)
    sides = np.array(frame[SPLIT] == HELD_OUT) if SPLIT in frame else np.zeros(len(frame), bool)
    kept, drawn = [], []
    for side in (False, True):
        # Sorted by group, all but one stretch of the side's rows is of other groups.
        members = np.flatnonzero(sides == side)
        members = members[np.argsort(groups[members], kind="stable")]
        asking = rows[sides[rows] == side]
        start = np.searchsorted(groups[members], groups[asking], side="left")
        end = np.searchsorted(groups[members], groups[asking], side="right")
        choices = len(members) - (end - start)
        asking, start, end, choices = (a[choices > 0] for a in (asking, start, end, choices))
        place = random.integers(0, choices) if len(choices) else choices
        kept.append(asking)
        drawn.append(members[np.where(place < start, place, place + end - start)])
    found = np.concatenate(kept)
    if not len(found):
        raise NothingUnrelated
    order = np.argsort(found, kind="stable")
    return found[order], np.concatenate(drawn)[order]


def _pair_up(
    frame: pd.DataFrame, params: Mapping[str, Any]
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """The texts that are in one class only, and the positions in it of anchors and positives."""
    classes = frame.groupby(TEXT, sort=False)[LABEL].transform("nunique")
    clear = frame[np.array(classes == 1)]
    sides = [TEXT, *([SPLIT] if SPLIT in frame else [])]
    clear = clear[~np.array(clear.duplicated(sides))].reset_index(drop=True)
    groups = _by_side(clear, pd.factorize(clear[LABEL])[0])
    random = np.random.default_rng(int(params.get("seed", 0)))
    order = random.permutation(len(clear))
    order = order[np.argsort(groups[order], kind="stable")]
    _, start, sizes = np.unique(groups[order], return_index=True, return_counts=True)
    rank = np.arange(len(order)) - np.repeat(start, sizes)
    following = np.repeat(start, sizes) + (rank + 1) % np.repeat(sizes, sizes)
    limit = int(params.get("per_class", PER_CLASS))
    chosen = (np.repeat(sizes, sizes) > 1) & (rank < limit)
    if not chosen.any():
        raise NoClassOfTwo
    anchors, positives = order[chosen], order[following[chosen]]
    by_row = np.argsort(anchors)
    return clear, anchors[by_row], positives[by_row]
