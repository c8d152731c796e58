"""Splitting a dataset's rows into training and held-out rows so that no text is on both sides."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from core.data.shapes import ANCHOR, MATCH_SCORE, POSITIVE, SCORE, Shape
from core.problems import N_, Message

MINIMUM_HELD_OUT = 10
"""Fewer held-out rows than this say little; tables of fewer than 50 rows hold out a fifth."""


class SplitBy(StrEnum):
    """What stays together on one side."""

    GROUP = "group"
    ANCHOR = "anchor"
    ROW = "row"


_MESSAGES = {
    SplitBy.GROUP: N_(
        "{held_out:,} of {rows:,} rows are held out. "
        "No anchor and no matching text is on both sides."
    ),
    SplitBy.ANCHOR: N_(
        "{held_out:,} of {rows:,} rows are held out, by anchor: {largest:,} rows are linked with "
        "one another through shared texts, too many to hold out together. "
        "Matching texts that are on both sides: {leaked:,}."
    ),
    SplitBy.ROW: N_(
        "{held_out:,} of {rows:,} rows are held out at random: {largest:,} rows have the same "
        "anchor, so anchors are on both sides. Matching texts that are on both sides: {leaked:,}."
    ),
}


@dataclass(frozen=True)
class Split:
    """Positions of training and held-out rows (int64, ascending), and how they were parted.

    ``leaked`` counts the different matching texts that are on both sides; ``message`` says it all.
    """

    train: np.ndarray
    held_out: np.ndarray
    by: SplitBy
    leaked: int
    message: Message


def split_rows(frame: pd.DataFrame, shape: Shape, share: float, seed: int) -> Split:
    """Hold out about ``share`` of the rows of a checked frame.

    Rows that share a text as anchor or match stay together, and so do rows linked through others; a
    scored pair is a match from a score of 0.5 on, below it counts by its anchor only.  When such a
    group is larger than the held-out part, rows are kept together by anchor only; when that cannot
    come near the share either, by nothing.  Scored pairs are drawn so that both sides have about
    the same share of matches.

    Args:
        frame: columns anchor and positive, and score for scored pairs; at least two rows.
        shape: the dataset's shape.
        share: the part to hold out, between 0 and 1.
        seed: the same rows, share and seed give the same split.

    Raises:
        ValueError: the share is not between 0 and 1, or there are fewer than two rows.
    """
    rows = len(frame)
    if not 0 < share < 1 or rows < 2:
        raise ValueError(f"cannot hold out {share} of {rows} rows")
    target = max(round(share * rows), min(MINIMUM_HELD_OUT, rows // 5), 1)
    target = min(target, rows - 1)
    texts = pd.concat([frame[ANCHOR], frame[POSITIVE]], ignore_index=True)
    codes, _ = pd.factorize(texts)
    anchors, positives = codes[:rows], codes[rows:]
    if shape is Shape.SCORED_PAIRS:
        matches = frame[SCORE].to_numpy() >= MATCH_SCORE
    else:
        matches = np.ones(rows, dtype=bool)
    random = np.random.default_rng(seed)

    by, members = SplitBy.GROUP, _linked(anchors, positives, matches)
    largest = int(np.bincount(members).max())
    held = _draw(members, matches, target, random)
    if largest > target or held.all():
        by, members = SplitBy.ANCHOR, anchors
        held = _draw(members, matches, target, random)
        if held.all() or not target / 2 <= held.sum() <= target * 2:
            by, members = SplitBy.ROW, np.arange(rows)
            largest = int(np.bincount(anchors).max())
            held = _draw(members, matches, target, random)
    leaked = len(np.intersect1d(positives[held & matches], positives[~held & matches]))
    facts = {"held_out": int(held.sum()), "rows": rows, "largest": largest, "leaked": leaked}
    return Split(
        train=np.flatnonzero(~held),
        held_out=np.flatnonzero(held),
        by=by,
        leaked=leaked,
        message=Message(_MESSAGES[by], facts),
    )


def _linked(anchors: np.ndarray, positives: np.ndarray, matches: np.ndarray) -> np.ndarray:
    """Each row's group: matching rows join their two texts, a row belongs to its anchor's group."""
    # Imported here because the web server, which imports this module, seldom splits.
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    texts = int(max(anchors.max(), positives.max())) + 1
    links = (np.ones(int(matches.sum()), dtype=bool), (anchors[matches], positives[matches]))
    _, components = connected_components(coo_array(links, shape=(texts, texts)), directed=False)
    return np.asarray(components[anchors])


def _draw(
    groups: np.ndarray, matches: np.ndarray, target: int, random: np.random.Generator
) -> np.ndarray:
    """Which rows are held out: whole groups of about ``target`` rows, drawn by share of matches."""
    _, members = np.unique(groups, return_inverse=True)
    sizes = np.bincount(members)
    match_share = np.bincount(members, weights=matches) / sizes
    strata = (match_share > 0).astype(int) + (match_share >= 0.5)
    chosen = np.zeros(len(sizes), dtype=bool)
    drawn = wanted = 0.0
    for stratum in np.unique(strata):
        candidates = random.permutation(np.flatnonzero(strata == stratum))
        wanted += target * sizes[candidates].sum() / len(groups)
        # What an earlier stratum took too little or too much is made up for here.
        picked = _fill(candidates, sizes, round(wanted - drawn))
        chosen[picked] = True
        drawn += sizes[picked].sum()
    return chosen[members]


def _fill(candidates: np.ndarray, sizes: np.ndarray, target: int) -> np.ndarray:
    """Candidates whose sizes add up to about ``target``: a prefix, then whatever still fits."""
    ends = np.cumsum(sizes[candidates])
    prefix = int(np.searchsorted(ends, target, side="right"))
    picked = candidates[:prefix].tolist()
    gap = target - (int(ends[prefix - 1]) if prefix else 0)
    rest = candidates[prefix:]
    for candidate in rest:
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
