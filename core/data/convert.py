"""Conversions: steps that change what a row holds.  The registry is :data:`CONVERSIONS`.

Those that bring texts of different rows together are in :mod:`core.data.regroup`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from core.data.fixes import repeats
from core.data.reading.rows import ROW
from core.data.regroup import (
    classes_to_pairs,
    classes_to_triplets,
    done,
    made_of,
    pairs_to_triplets,
    scored_to_triplets,
)
from core.data.shapes import (
    ANCHOR,
    HELD_OUT,
    MATCH_SCORE,
    NEGATIVE,
    POSITIVE,
    SCORE,
    SPLIT,
    TEXT,
    Shape,
    is_negative,
    negative_role,
    text_roles,
)
from core.data.step_kinds import StepKind, Stepped
from core.data.structure import structured_negatives
from core.problems import N_, Problem


class NoPairAboveThreshold(Problem):
    what = N_("No pair has a score of {threshold:g} or more.")
    do = N_("Choose a lower score from which on two texts count as a match.")


class NothingToGroup(Problem):
    what = N_("No pair has more than one negative, so there is nothing to put into one row.")
    do = N_("Keep the triplets as they are.")


_ABOVE = N_(
    "Pairs kept of {rows:,} scored pairs, those with a score from {threshold:g}: {count:,}."
)
_TO_PAIRS = N_("Pairs made of {rows:,} rows by leaving out their negatives: {count:,}.")
_GROUPED = N_("Rows of {negatives} negatives each, made of {rows:,} triplets: {count:,}.")
_UNFOLDED = N_("Triplets made of {rows:,} rows with several negatives: {count:,}.")
_TEXTS = N_("Different single texts taken from {rows:,} rows: {count:,}.")
_SCORED = N_("Scored pairs made of {rows:,} rows, 1 for matches and 0 for negatives: {count:,}.")

MOST_NEGATIVES = 5
"""Rows with several negatives get at most so many, unless more are asked for."""


def scored_to_pairs(frame: pd.DataFrame, params: Mapping[str, Any]) -> Stepped:
    """Keep the pairs with a score of ``params["threshold"]`` (0.5 by default) or more, without it.

    Raises:
        NoPairAboveThreshold: there is none.
    """
    threshold = float(params.get("threshold", MATCH_SCORE))
    pairs = frame[frame[SCORE] >= threshold].drop(columns=SCORE)
    if pairs.empty:
        raise NoPairAboveThreshold(threshold=threshold)
    return done(_ABOVE, pairs[~repeats(pairs)], len(frame), threshold=threshold)


def drop_negatives(frame: pd.DataFrame, params: Mapping[str, Any]) -> Stepped:
    """Make pairs by leaving the negatives out; equal pairs become one.  ``params`` is empty."""
    pairs = frame.drop(columns=[role for role in text_roles(frame.columns) if is_negative(role)])
    return done(_TO_PAIRS, pairs[~repeats(pairs)], len(frame))


def group_negatives(frame: pd.DataFrame, params: Mapping[str, Any]) -> Stepped:
    """Put the negatives of triplets with the same anchor and positive into one row.

    All rows have the same number of negatives.  A pair that has more gets several rows, one that
    has fewer repeats its own, so that no negative is lost.

    Args:
        frame: triplets.
        params: ``negatives``: how many a row gets (as many as a pair has, at most
            :data:`MOST_NEGATIVES`, by default).

    Raises:
        NothingToGroup: no pair has two different negatives.
    """
    different = frame[~repeats(frame)]
    keys = [ANCHOR, POSITIVE, *([SPLIT] if SPLIT in frame else [])]
    groups = different.groupby(keys, sort=False).ngroup().to_numpy()
    sizes = np.bincount(groups)
    if sizes.max(initial=0) < 2:
        raise NothingToGroup
    width = max(2, int(params.get("negatives", min(MOST_NEGATIVES, sizes.max()))))
    ordered = np.argsort(groups, kind="stable")
    starts = np.cumsum(sizes) - sizes
    chunks = -(-sizes // width)
    group = np.repeat(np.arange(len(sizes)), chunks)
    chunk = np.arange(len(group)) - np.repeat(np.cumsum(chunks) - chunks, chunks)
    first = ordered[starts[group]]
    texts = {ANCHOR: different[ANCHOR].take(first), POSITIVE: different[POSITIVE].take(first)}
    for place in range(width):
        turn = (chunk * width + place) % sizes[group]
        texts[negative_role(place)] = different[NEGATIVE].take(ordered[starts[group] + turn])
    return done(_GROUPED, made_of(different, first, texts), len(frame), negatives=width)


def unfold_negatives(frame: pd.DataFrame, params: Mapping[str, Any]) -> Stepped:
    """Make a triplet of every different negative of a row.  ``params`` is empty."""
    roles = [role for role in text_roles(frame.columns) if is_negative(role)]
    negatives = [frame[role].to_numpy(object) for role in roles]
    places, texts = [], []
    for place, negative in enumerate(negatives):
        new = np.ones(len(frame), dtype=bool)
        for earlier in negatives[:place]:
            new &= negative != earlier
        places.append(np.flatnonzero(new))
        texts.append(negative[new])
    rows = np.concatenate(places)
    order = np.argsort(rows, kind="stable")
    rows = rows[order]
    columns = {
        ANCHOR: frame[ANCHOR].take(rows),
        POSITIVE: frame[POSITIVE].take(rows),
        NEGATIVE: pd.Series(np.concatenate(texts)[order], dtype=frame[NEGATIVE].dtype),
    }
    return done(_UNFOLDED, made_of(frame, rows, columns), len(frame))


def to_texts(frame: pd.DataFrame, params: Mapping[str, Any]) -> Stepped:
    """Take every different text of every role; one on both sides stays held out only."""
    roles = text_roles(frame.columns)
    rows = np.tile(np.arange(len(frame)), len(roles))
    texts = pd.concat([frame[role] for role in roles], ignore_index=True)
    order = np.argsort(rows, kind="stable")
    if SPLIT in frame:
        training = np.array(frame[SPLIT] != HELD_OUT)[rows[order]]
        order = order[np.argsort(training, kind="stable")]
    order = order[~np.array(texts.take(order).duplicated())]
    order = order[np.argsort(rows[order], kind="stable")]
    singles = made_of(frame, rows[order], {TEXT: texts.take(order)})
    return done(_TEXTS, singles, len(frame))


def triplets_to_scored(frame: pd.DataFrame, params: Mapping[str, Any]) -> Stepped:
    """Make scored pairs: 1 for anchor and positive, 0 for anchor and negative.

    Equal pairs become one; a pair that is a match in any row is a match.  ``params`` is empty.
    """
    roles = [role for role in text_roles(frame.columns) if role != ANCHOR]
    rows = np.tile(np.arange(len(frame)), len(roles))
    pairs = made_of(
        frame,
        rows,
        {
            ANCHOR: frame[ANCHOR].take(rows),
            POSITIVE: pd.concat([frame[role] for role in roles]),
            SCORE: pd.Series((np.arange(len(rows)) < len(frame)).astype(np.float32)),
        },
    )
    # Matches stand first, so that they are what is kept of equal pairs.
    scored = pairs[~np.array(pairs.duplicated([ANCHOR, POSITIVE]))]
    return done(_SCORED, scored.sort_values(ROW, kind="stable"), len(frame))


_NEGATIVES = (Shape.TRIPLETS, Shape.SEVERAL_NEGATIVES)

CONVERSIONS = (
    StepKind(
        "scored_to_pairs",
        N_("Pairs above a score"),
        N_(
            "Keeps the pairs that match, without their scores. Opens the losses that find the "
            "right answer among many, such as MultipleNegativesRankingLoss."
        ),
        (Shape.SCORED_PAIRS,),
        scored_to_pairs,
        Shape.PAIRS,
    ),
    StepKind(
        "scored_to_triplets",
        N_("Triplets from scored pairs"),
        N_(
            "Joins each anchor's matches with its non-matches. Opens TripletLoss and, with a "
            "wrong answer close to each right one, MultipleNegativesRankingLoss."
        ),
        (Shape.SCORED_PAIRS,),
        scored_to_triplets,
        Shape.TRIPLETS,
    ),
    StepKind(
        "pairs_to_triplets",
        N_("Triplets with random wrong answers"),
        N_(
            "Gives each pair the match of an unrelated pair as wrong answer. Opens TripletLoss. "
            "Wrong answers that are mined are harder and teach more."
        ),
        (Shape.PAIRS,),
        pairs_to_triplets,
        Shape.TRIPLETS,
    ),
    StepKind(
        "structured_negatives",
        N_("Negatives from the table's structure"),
        N_(
            "For answers that say before a colon what they are about, such as “K7 keyboard: …”: "
            "gives each row another property of the same thing and the same property of another "
            "thing as wrong answers. MultipleNegativesRankingLoss learns most from such rows."
        ),
        (Shape.PAIRS,),
        structured_negatives,
        Shape.SEVERAL_NEGATIVES,
    ),
    StepKind(
        "classes_to_pairs",
        N_("Pairs of the same class"),
        N_(
            "Pairs each text with another one of its class. Opens MultipleNegativesRankingLoss, "
            "which suits many small classes: with few classes, the other rows of a batch are often "
            "of the same class and wrongly count as wrong answers."
        ),
        (Shape.CLASSES,),
        classes_to_pairs,
        Shape.PAIRS,
    ),
    StepKind(
        "classes_to_triplets",
        N_("Triplets from classes"),
        N_(
            "Pairs each text with another one of its class and one of another class. Opens "
            "TripletLoss, which suits few large classes, too."
        ),
        (Shape.CLASSES,),
        classes_to_triplets,
        Shape.TRIPLETS,
    ),
    StepKind(
        "drop_negatives",
        N_("Pairs without the negatives"),
        N_(
            "Leaves the negatives out. Opens the losses for pairs only, such as "
            "MultipleNegativesSymmetricRankingLoss, and helps where negatives are wrong."
        ),
        _NEGATIVES,
        drop_negatives,
        Shape.PAIRS,
    ),
    StepKind(
        "group_negatives",
        N_("Several negatives in one row"),
        N_(
            "Puts the negatives of the same anchor and positive into one row, for "
            "MultipleNegativesRankingLoss: the pair is then not repeated for each negative."
        ),
        (Shape.TRIPLETS,),
        group_negatives,
        Shape.SEVERAL_NEGATIVES,
    ),
    StepKind(
        "unfold_negatives",
        N_("One row for each negative"),
        N_("Makes a triplet of each negative. Opens TripletLoss."),
        (Shape.SEVERAL_NEGATIVES,),
        unfold_negatives,
        Shape.TRIPLETS,
    ),
    StepKind(
        "triplets_to_scored",
        N_("Scored pairs from negatives"),
        N_(
            "Makes two kinds of pairs: 1 for matches, 0 for negatives. Opens CosineSimilarityLoss, "
            "CoSENTLoss and the other losses for scores."
        ),
        _NEGATIVES,
        triplets_to_scored,
        Shape.SCORED_PAIRS,
    ),
    StepKind(
        "to_texts",
        N_("Single texts"),
        N_(
            "Keeps every different text and nothing else. Opens what learns from texts alone, "
            "without pairs."
        ),
        tuple(shape for shape in Shape if shape is not Shape.TEXTS),
        to_texts,
        Shape.TEXTS,
    ),
)
"""The conversions, in the order in which they are offered."""


def conversions_for(shape: Shape) -> list[StepKind]:
    """The conversions that a table of this shape can take, each with the shape it ``makes``."""
    return [kind for kind in CONVERSIONS if shape in kind.shapes]
