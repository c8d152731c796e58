"""Which rows belong together, and the draw of whole groups of them for the held-out side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.data.shapes import ANCHOR, LABEL, MATCH_SCORE, POSITIVE, SCORE, TEXT, Shape

SCORE_BANDS = 10
"""The scores from 0 to 1 are counted in this many bands of equal width."""


@dataclass(frozen=True)
class CodedRows:
    """The rows as numbers.

    ``anchors`` and ``partners`` are positions in ``texts``, the same ones if the rows hold single
    texts; ``matches`` says which rows link the two.  Both sides shall have ``scores`` (0 to 1) or
    ``classes`` (whole numbers from 0 on) alike, if there are any.
    """

    anchors: np.ndarray
    partners: np.ndarray
    matches: np.ndarray
    texts: pd.Index
    single: bool
    scores: np.ndarray | None = None
    classes: np.ndarray | None = None


def code_rows(frame: pd.DataFrame, shape: Shape) -> CodedRows:
    """The rows of a frame with the stored columns of ``shape``."""
    rows = len(frame)
    everything = np.ones(rows, dtype=bool)
    if shape in (Shape.CLASSES, Shape.TEXTS):
        codes, texts = pd.factorize(frame[TEXT])
        classes = pd.factorize(frame[LABEL])[0] if shape is Shape.CLASSES else None
        return CodedRows(codes, codes, everything, texts, True, classes=classes)
    both = pd.concat([frame[ANCHOR], frame[POSITIVE]], ignore_index=True)
    codes, texts = pd.factorize(both)
    anchors, partners = codes[:rows], codes[rows:]
    if shape is Shape.SCORED_PAIRS:
        scores = frame[SCORE].to_numpy(np.float64)
        return CodedRows(anchors, partners, scores >= MATCH_SCORE, texts, False, scores=scores)
    return CodedRows(anchors, partners, everything, texts, False)


def linked_groups(table: CodedRows) -> np.ndarray:
    """Each row's group: matching rows join their two texts, a row belongs to its anchor's group."""
    if table.single:
        return table.anchors
    # Imported here because the web server, which imports this module, seldom splits.
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    texts, matches = len(table.texts), table.matches
    ends = (table.anchors[matches], table.partners[matches])
    links = coo_array((np.ones(int(matches.sum()), dtype=bool), ends), shape=(texts, texts))
    _, components = connected_components(links, directed=False)
    return np.asarray(components[table.anchors])


def draw_groups(
    groups: np.ndarray, table: CodedRows, target: int, random: np.random.Generator
) -> np.ndarray:
    """Which rows are held out: whole groups of about ``target`` rows, drawn stratum by stratum.

    Args:
        groups: a number for each row; those with the same one stay together.
        table: what both sides shall have alike.
        target: how many rows to hold out, as near as whole groups allow.
        random: decides which groups.
    """
    _, first, members = np.unique(groups, return_index=True, return_inverse=True)
    sizes = np.bincount(members)
    strata = _strata(table, first, members, sizes, random)
    # Groups of one stratum stand together, shuffled; the strata stand in their order.
    shuffled = random.permutation(len(sizes))
    order = shuffled[np.argsort(strata[shuffled], kind="stable")]
    pieces = np.split(order, np.flatnonzero(np.diff(strata[order])) + 1)
    if table.classes is not None:
        # One text of each class stays for training.  Where every class has a single text, classes
        # cannot be kept on both sides.
        pieces = [piece[1:] for piece in pieces if len(piece) > 1] or [order]
    rows = sizes[np.concatenate(pieces)].sum()
    chosen = np.zeros(len(sizes), dtype=bool)
    drawn = wanted = 0.0
    for candidates in pieces:
        wanted += target * sizes[candidates].sum() / rows
        # What an earlier stratum took too little or too much is made up for here.
        missing = round(wanted - drawn)
        if missing > 0:
            picked = _fill(candidates, sizes, missing)
            chosen[picked] = True
            drawn += sizes[picked].sum()
    return chosen[members]


def _strata(
    table: CodedRows,
    first: np.ndarray,
    members: np.ndarray,
    sizes: np.ndarray,
    random: np.random.Generator,
) -> np.ndarray:
    """Each group's stratum; those with near numbers are alike.

    Scored pairs: by the group's share of matches (none, fewer than half, others), then by its mean
    score.  Classes: by the class of the group's first row, in random order, so that not always the
    same classes get a row more than others.
    """
    if table.classes is not None:
        return np.asarray(random.permutation(table.classes.max() + 1)[table.classes[first]])
    if table.scores is None:
        return np.zeros(len(sizes), dtype=np.int64)
    match_share = np.bincount(members, weights=table.matches) / sizes
    mean_score = np.bincount(members, weights=table.scores) / sizes
    level = (match_share > 0).astype(np.int64) + (match_share >= 0.5)
    return level * SCORE_BANDS + score_bands(mean_score)


def score_bands(scores: np.ndarray) -> np.ndarray:
    """Which band each score falls into, from 0 on."""
    # The rounding keeps a mean of 0.7 from falling below 0.7.
    bands = np.floor(np.round(scores * SCORE_BANDS, 6)).astype(np.int64)
    return np.clip(bands, 0, SCORE_BANDS - 1)


def _fill(candidates: np.ndarray, sizes: np.ndarray, target: int) -> np.ndarray:
    """Candidates whose sizes add up to about ``target``: a prefix, then whatever still fits."""
    ends = np.cumsum(sizes[candidates])
    prefix = int(np.searchsorted(ends, target, side="right"))
    picked = candidates[:prefix].tolist()
    gap = target - (int(ends[prefix - 1]) if prefix else 0)
    rest = candidates[prefix:]
    for candidate in rest[sizes[rest] <= gap]:
        if gap <= 0:
            break
        if sizes[candidate] <= gap:
            picked.append(int(candidate))
            gap -= int(sizes[candidate])
    if gap > 0:
        left = np.setdiff1d(rest, picked)
        if len(left):
            smallest = left[np.argmin(sizes[left])]
            if sizes[smallest] - gap < gap:
                picked.append(int(smallest))
    return np.array(picked, dtype=np.int64)
