"""The job that finds, for each row of one table, the rows of another that fit best."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.folding import fold_spaces
from core.matching.blocks import nearest
from core.matching.params import KEPT, MatchParams
from core.matching.reading import unread_share
from core.matching.results import (
    CANDIDATES_FILE,
    ResultMeta,
    table_meta,
    write_meta,
    write_scored,
    write_table,
    writing,
)
from core.matching.tables import MatchTable, TableChoice, TableInfo, describe_table, read_rows
from core.matching.vectors import TextVectors, read_texts
from core.models.roles import Role
from core.problems import N_, Message
from core.retrieval.fusion import fuse_positions
from core.retrieval.lexical import LexicalIndex
from core.retrieval.ranking import top_k
from core.workspace import Workspace, utc_now

if TYPE_CHECKING:
    from core.jobs.context import JobContext

_READ_LEFT = N_("Reading the first table: {done:,} of {texts:,} new texts")
_READ_RIGHT = N_("Reading the second table: {done:,} of {texts:,} new texts")
_COMPARING = Message(N_("Comparing the rows"))
_INDEXING = Message(N_("Building the word index"))
_DEPTH = 50
"""How deep the two rankings go that are fused; what stands lower adds next to nothing."""
_TOLD_EVERY = 200

Found = tuple[NDArray[np.int64], NDArray[np.float32]]
Group = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Places in the left and in the right table that may be compared with each other."""


def match_tables(job: JobContext) -> None:
    """Match two tables; parameters are those of :class:`~core.matching.params.MatchParams`.

    For each left row the best :data:`~core.matching.params.KEPT` right rows are kept whatever their
    score, so that thresholds can be tried afterwards.  Nothing is done when the result is there.

    Raises:
        Problem: a table or the model cannot be used.
        Stopped: the job was asked to stop; nothing is left but the vectors.
    """
    params = MatchParams.model_validate(job.params)
    if (job.workspace.matches / params.id).is_dir():
        return
    started = time.monotonic()
    params.check()
    if params.model is not None:
        params.model.check()
    job.progress(Message(N_("Reading the tables")))
    sides = [_side(job.workspace, choice, params) for choice in (params.left, params.right)]
    (left, left_info), (right, right_info) = sides
    places, scores = _search(job, params, left, right)
    row, rank = np.nonzero(places >= 0)
    model = params.model
    unread = unread_share(model.folder, [*left.texts, *right.texts]) if model else 0.0
    with writing(job.workspace, params.id) as folder:
        for side, table in (("left", left), ("right", right)):
            write_table(folder, side, table, {})  # type: ignore[arg-type]
        write_scored(
            folder,
            CANDIDATES_FILE,
            {
                "left": row.astype(np.int32),
                "rank": (rank + 1).astype(np.int16),
                "right": places[row, rank].astype(np.int32),
                "score": scores[row, rank],
            },
        )
        tables = {
            "left": table_meta(left, left_info.titles[params.left.text], params.left.label),
            "right": table_meta(right, right_info.titles[params.right.text], params.right.label),
        }
        seconds = time.monotonic() - started
        meta = ResultMeta(
            id=params.id,
            created=utc_now(),
            seconds=seconds,
            match=params,
            tables=tables,
            unread=unread,
        )
        write_meta(folder, meta)


def _side(
    workspace: Workspace, choice: TableChoice, params: MatchParams
) -> tuple[MatchTable, TableInfo]:
    """A table's rows with the column that the filter needs."""
    if params.same is not None:
        column = params.same[0 if choice is params.left else 1]
        choice = choice.model_copy(
            update={"fields": tuple(dict.fromkeys((*choice.fields, column)))}
        )
    return read_rows(workspace, choice), describe_table(workspace, choice.kind, choice.id)


def _search(job: JobContext, params: MatchParams, left: MatchTable, right: MatchTable) -> Found:
    """The best right rows for each left row, [left rows, KEPT], and their scores."""
    groups = list(_groups(params, left, right))
    if params.model is None:
        return _by_words(job, left, right, groups, KEPT)
    # A row that looks for partners asks; those that it looks among answer.
    sides: tuple[tuple[MatchTable, str, float, Role], ...] = (
        (left, _READ_LEFT, 0.0, "query"),
        (right, _READ_RIGHT, 0.4, "document"),
    )
    vectors = [_vectors(job, params, *side) for side in sides]
    deep = KEPT if params.method == "model" else _DEPTH
    found = _by_model(job, vectors[0], vectors[1], groups, deep)
    if params.method == "model":
        return found
    return _fused(vectors[0], vectors[1], found[0], _by_words(job, left, right, groups, deep)[0])


def _groups(params: MatchParams, left: MatchTable, right: MatchTable) -> Iterator[Group]:
    """What may be compared with what: everything, or rows whose filter columns are equal.

    Width, capitals and white space do not count; a blank cell is equal to nothing.
    """
    if params.same is None:
        yield np.arange(len(left)), np.arange(len(right))
        return
    ours, theirs = (
        _places_by_value(table.fields[column])
        for table, column in ((left, params.same[0]), (right, params.same[1]))
    )
    for value, places in ours.items():
        if value and value in theirs:
            yield np.array(places, dtype=np.int64), np.array(theirs[value], dtype=np.int64)


def _places_by_value(cells: list[str]) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for at, cell in enumerate(cells):
        value = fold_spaces(cell)
        places.setdefault(value, []).append(at)
    return places


def _vectors(
    job: JobContext, params: MatchParams, table: MatchTable, words: str, begin: float, role: Role
) -> TextVectors:
    assert params.model is not None

    def told(done: int, texts: int, share: float) -> None:
        job.check_stop()
        job.progress(Message(words, {"done": done, "texts": texts}), begin + 0.4 * share)

    model = params.model
    return read_texts(job.workspace, model.folder, model.fingerprint, table.texts, told, role)


def _by_model(
    job: JobContext, left: TextVectors, right: TextVectors, groups: list[Group], k: int
) -> Found:
    places = np.full((len(left), k), -1, dtype=np.int64)
    scores = np.full((len(left), k), -np.inf, dtype=np.float32)
    done = 0

    for ours, theirs in groups:

        def told(share: float, done: int = done, size: int = len(ours)) -> None:
            job.check_stop()
            job.progress(_COMPARING, 0.8 + 0.1 * (done + share * size) / len(left))

        places[ours], scores[ours] = nearest(left, right, k, told, ours, theirs)
        done += len(ours)
    return places, np.minimum(scores, 1.0)


def _by_words(
    job: JobContext, left: MatchTable, right: MatchTable, groups: list[Group], k: int
) -> Found:
    def indexed(done: int) -> None:
        job.check_stop()
        job.progress(_INDEXING, 0.9 * done / len(right) if k == KEPT else 0.9)

    index = LexicalIndex.build(right.texts, indexed)
    places = np.full((len(left), k), -1, dtype=np.int64)
    scores = np.full((len(left), k), -np.inf, dtype=np.float32)
    done = 0
    for ours, theirs in groups:
        for at in ours.tolist():
            if done % _TOLD_EVERY == 0:
                job.check_stop()
                job.progress(_COMPARING, 0.9 + 0.1 * done / len(left))
            done += 1
            found = index.scores(left.texts[at])[theirs]
            best = top_k(np.where(found > 0, found, np.float32(-np.inf)), k)
            places[at, : len(best)] = theirs[best]
            scores[at, : len(best)] = found[best]
    return places, scores


def _fused(
    left: TextVectors, right: TextVectors, dense: NDArray[np.int64], words: NDArray[np.int64]
) -> Found:
    """In the order of both rankings together; the score stays the model's, which has a meaning."""
    places = np.full((len(left), KEPT), -1, dtype=np.int64)
    scores = np.full((len(left), KEPT), -np.inf, dtype=np.float32)
    for at in range(len(left)):
        best = fuse_positions(dense[at], words[at])[:KEPT]
        if len(best):
            places[at, : len(best)] = best
            scores[at, : len(best)] = right.take(best) @ left.take(np.array([at]))[0]
    return places, np.minimum(scores, 1.0)
