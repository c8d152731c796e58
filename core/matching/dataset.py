"""Matches as a dataset of pairs, to train on."""

from __future__ import annotations

import hashlib

import pandas as pd

from core.data.check import check_mapping
from core.data.read import Source
from core.data.shapes import ANCHOR, POSITIVE, Mapping
from core.data.store import store_dataset
from core.matching.chosen import Wish, choose
from core.matching.decisions import Decision, read_decisions
from core.matching.export import load_candidates
from core.matching.results import Result
from core.problems import N_, Problem
from core.workspace import Workspace


class NothingToTrainOn(Problem):
    what = N_("No pair counts as a match, so there is nothing to make a dataset of.")
    do = N_("Lower the threshold, or accept some pairs by hand.")


def matches_to_dataset(
    workspace: Workspace, result: Result, wish: Wish, name: str, *, by_hand_only: bool = False
) -> str:
    """Store the pairs that count as matches; returns the dataset's id.

    Args:
        workspace: where to.
        result: a match.
        wish: which candidates count.
        name: what people will call the dataset.
        by_hand_only: only pairs that a person accepted.

    Raises:
        NothingToTrainOn: no pair counts.
        Problem: the pairs make no dataset; see :func:`core.data.store.store_dataset`.
    """
    decisions = read_decisions(result.folder)
    candidates = load_candidates(result)
    chosen = choose(candidates, wish, decisions)
    listed = chosen.listed & (chosen.decided > 0) if by_hand_only else chosen.listed
    if not listed.any():
        raise NothingToTrainOn
    lefts, rights = candidates.left[listed], candidates.right[listed]
    accepted = sorted(pair for pair, word in decisions.items() if word is Decision.ACCEPT)
    frame = pd.DataFrame(
        {
            ANCHOR: result.rows("left", lefts.tolist())["text"].to_pylist(),
            POSITIVE: result.rows("right", rights.tolist())["text"].to_pylist(),
        },
        index=pd.RangeIndex(1, len(lefts) + 1),
        dtype=object,
    )
    mapping = Mapping(ANCHOR, POSITIVE)
    told = f"{result.meta.id} {wish.model_dump_json()} {accepted} {by_hand_only}"
    return store_dataset(
        workspace,
        name=name,
        checked=check_mapping(frame, mapping),
        mapping=mapping,
        source=Source(
            name=f"{result.meta.tables['left'].name} → {result.meta.tables['right'].name}",
            encoding="",
            separator="",
            sha256=hashlib.sha256(told.encode()).hexdigest(),
            rows_read=len(frame),
            quarantined=0,
        ),
    )
