"""What can be made of texts that were picked on a map: dataset versions, candidates for review."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.data.mining.job import describe
from core.data.mining.params import MiningParams
from core.data.mining.review import ReviewInfo, write_review
from core.data.mining.texts import TextTable, plain, read_texts
from core.data.reading.rows import ROW
from core.data.shapes import ANCHOR, POSITIVE, text_roles
from core.data.steps import Step
from core.data.store import derive_dataset, load_dataset
from core.models.roles import Role
from core.problems import N_, Problem
from core.retrieval.ranking import top_k
from core.training.runs import Run
from core.workspace import Workspace, new_id, utc_now

CANDIDATES_EACH = 3
"""How many selected texts are proposed as wrong answers to each selected anchor."""

Encode = Callable[[Sequence[str], Role], NDArray[np.float32]]
"""Texts and what they are read as to the tuned model's unit vectors."""


class NoRowSelected(Problem):
    what = N_("No row of the dataset {name} holds a selected text.")
    do = N_("Select other texts; this dataset may have been changed since.")


class NothingToReview(Problem):
    what = N_("None of the selected texts can be a wrong answer to another one of them.")
    do = N_(
        "Select texts of which some are anchors and others are answers in the dataset {name}, and "
        "which do not belong together already."
    )


def rows_with(frame: pd.DataFrame, texts: Sequence[str]) -> NDArray[np.bool_]:
    """Which rows of a dataset hold at least one of ``texts``, shape [rows]."""
    wanted = set(texts)
    found = np.zeros(len(frame), dtype=bool)
    for role in text_roles(frame.columns):
        found |= frame[role].isin(wanted).to_numpy()
    return found


def version_of(workspace: Workspace, dataset_id: str, texts: Sequence[str], *, keep: bool) -> str:
    """A new version of a dataset with only the rows that hold one of ``texts``, or without them.

    Args:
        workspace: where the dataset is.
        dataset_id: which dataset.
        texts: the selected texts.
        keep: whether these rows stay and all others go, or the other way round.

    Returns:
        The version's id.  Leaving out rows is a step, so it can be undone there.

    Raises:
        UnknownItem, DatasetUnreadable: the dataset is gone or damaged.
        NoRowSelected: none of its rows holds one of the texts.
        TooFewRowsLeft, SideWouldBeEmpty: what is left could not be trained on.
    """
    dataset = load_dataset(workspace, dataset_id)
    frame = dataset.frame()
    selected = rows_with(frame, texts)
    if not selected.any():
        raise NoRowSelected(name=dataset.info.name)
    numbers = frame[ROW].to_numpy()
    # A number can stand for several rows; those that stay must not go with one of them.
    gone = np.setdiff1d(numbers, numbers[selected]) if keep else np.unique(numbers[selected])
    steps = [applied.step for applied in dataset.info.steps]
    if len(gone):
        steps.append(Step("drop_rows", {"rows": gone.tolist()}))
    return derive_dataset(workspace, dataset_id, steps)


def review_of(
    workspace: Workspace, run: Run, dataset_id: str, texts: Sequence[str], encode: Encode
) -> str:
    """Propose selected texts as wrong answers to one another, to be gone through as a review.

    Every selected anchor gets the nearest other selected texts, as the tuned model sees it, that
    the dataset does not know as its answers.

    Args:
        workspace: where the review goes.
        run: whose tuned model says what is near.
        dataset_id: the dataset that the texts are from.
        texts: the selected texts.
        encode: gives the tuned model's vectors.

    Returns:
        The review's id.

    Raises:
        UnknownItem, DatasetUnreadable: the dataset is gone or damaged.
        NothingToReview: it has no anchors and positives, or none of the texts fit together.
        Problem: the model cannot be loaded.
    """
    dataset = load_dataset(workspace, dataset_id)
    frame = dataset.frame()
    if ANCHOR not in frame or POSITIVE not in frame:
        raise NothingToReview(name=dataset.info.name)
    table = read_texts(frame)
    wanted = set(map(plain, texts))
    picked = np.array([at for at, text in enumerate(table.texts) if plain(text) in wanted], int)
    anchors = np.intersect1d(picked, table.anchors)
    pool = np.intersect1d(picked, table.corpus)
    proposals = _proposals(table, anchors, pool, encode)
    if proposals.empty:
        raise NothingToReview(name=dataset.info.name)
    candidates = describe(proposals, table, frame)
    info = ReviewInfo(
        id=new_id(f"selection {dataset.info.name}"),
        dataset=dataset.info.id,
        dataset_name=dataset.info.name,
        content_hash=dataset.info.content_hash,
        model=run.name,
        params=MiningParams(dataset=dataset.info.id, model=run.id, how_many=CANDIDATES_EACH),
        created=utc_now(),
        candidates=len(candidates),
        likely_false=int(candidates["likely_false"].sum()),
        anchors=len(anchors),
        anchors_without=len(anchors) - int(proposals["anchor"].nunique()),
        corpus=len(pool),
    )
    draft = workspace.reviews / f".unfinished-{info.id}-{secrets.token_hex(4)}"
    draft.mkdir()
    write_review(draft, info, candidates)
    draft.rename(workspace.reviews / info.id)
    return info.id


def _proposals(
    table: TextTable, anchors: NDArray[np.int64], pool: NDArray[np.int64], encode: Encode
) -> pd.DataFrame:
    """The nearest allowed texts of ``pool`` for each of ``anchors``, as mining proposes them."""
    rows: list[tuple[int, int, int, float, float, int]] = []
    if len(anchors) and len(pool):
        matches = np.flatnonzero(np.isin(table.anchors, anchors))
        needed = np.unique(np.concatenate([pool, table.positives[matches]]))
        asking = encode([table.texts[code] for code in anchors], "query")
        vectors = encode([table.texts[code] for code in needed], "document")
        place = {int(code): at for at, code in enumerate(needed)}
        barred = table.forbidden(anchors)[:, np.searchsorted(table.corpus, pool)].toarray()
        of_pool = vectors[[place[int(code)] for code in pool]]
        for anchor, own, forbidden in zip(anchors.tolist(), asking, barred, strict=True):
            scores = np.where(forbidden, -np.inf, of_pool @ own).astype(np.float32)
            answers = matches[table.anchors[matches] == anchor]
            to_answers = [float(vectors[place[int(table.positives[at])]] @ own) for at in answers]
            hardest = int(np.argmin(to_answers))
            for rank, found in enumerate(top_k(scores, CANDIDATES_EACH).tolist(), start=1):
                score = float(scores[found])
                match = int(answers[hardest])
                rows.append((anchor, match, int(pool[found]), to_answers[hardest], score, rank))
    columns = ["anchor", "match", "candidate", "score_positive", "score_candidate", "rank"]
    return pd.DataFrame(rows, columns=columns)
