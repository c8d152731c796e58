"""One question, asked of a corpus through several columns side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.problems import N_, Problem
from core.retrieval.answers import Answers, Column
from core.retrieval.corpora import ID, TEXT, Corpus, load_corpus
from core.retrieval.ranking import rank_of, top_k
from core.workspace import Workspace


class EmptyQuestion(Problem):
    what = N_("The question is empty.")
    do = N_("Type a question, or choose one of the examples.")


class NoColumns(Problem):
    what = N_("There is nothing to search with.")
    do = N_("Choose at least one model, or BM25.")


class NothingToSearch(Problem):
    what = N_("{name} holds no text.")
    do = N_("Choose other texts to search in, or add a table of texts.")


class NothingLeft(Problem):
    what = N_("No text of {name} fits the filters.")
    do = N_("Take a filter away, or make it wider.")


@dataclass(frozen=True)
class Hit:
    """One answer.

    Attributes:
        id: the text's id in the corpus.
        fields: the further columns of its row.
        score: cosine, BM25 or the sum of reciprocal ranks; only comparable within a column.
        rank: from 1, among the texts that fit the filters.
        base_rank: its rank in the first column; None when that column does not find it at all
            (no word in common) or has no answer itself.
    """

    id: str
    text: str
    fields: Mapping[str, str]
    score: float
    rank: int
    base_rank: int | None

    @property
    def change(self) -> int | None:
        """How many ranks higher than in the first column (negative: lower); None when unknown."""
        return None if self.base_rank is None else self.base_rank - self.rank


@dataclass(frozen=True)
class Lost:
    """A hit of the first column that another column does not show.

    Attributes:
        hit: as the first column shows it.
        rank: where the other column has it; None when it does not find it at all.
    """

    hit: Hit
    rank: int | None


@dataclass(frozen=True)
class ColumnHits:
    """What one column answers.

    Attributes:
        hits: best first; BM25 may have fewer than asked for.
        shared: how many of them are among the first column's hits; None when that has no answer.
        lost: the first column's hits that are not among them, in its order.
        problem: why there are no hits, e.g. :class:`~core.retrieval.answers.MissingVectors`; the
            others still answer.
    """

    column: Column
    hits: tuple[Hit, ...]
    shared: int | None
    lost: tuple[Lost, ...] = ()
    problem: Problem | None = None


@dataclass(frozen=True)
class SideBySide:
    """The answers to one question; the first column is what the others are compared with.

    ``rows`` is how many texts were searched in: all of the corpus that fit the filters.
    """

    question: str
    columns: tuple[ColumnHits, ...]
    rows: int


def search(
    workspace: Workspace,
    corpus_id: str,
    question: str,
    columns: Sequence[Column],
    k: int = 10,
    mask: NDArray[np.bool_] | None = None,
    *,
    quick: bool = False,
) -> SideBySide:
    """Ask every column the same question.

    A column that cannot answer says why in its ``problem``; the others answer all the same.

    Args:
        workspace: where the corpus is.
        corpus_id: which corpus.
        question: as it was typed; of any length.
        columns: whom to ask; the first one is what the others are compared with.
        k: how many answers each.
        mask: which texts to search in, shape [n] (see :func:`core.retrieval.filters.mask_of`);
            all of them when None.
        quick: look through the quick indexes, where there are any; ranks below 100 are not known
            then, and nearly all hits are the exact ones.

    Raises:
        EmptyQuestion: there is nothing but spaces.
        NoColumns: nobody to ask.
        NothingToSearch, NothingLeft: there is no text, or none that the mask leaves.
        UnknownItem: the corpus does not exist.
        CorpusDamaged: its files cannot be read.
    """
    question = question.strip()
    if not question:
        raise EmptyQuestion
    if not columns:
        raise NoColumns
    corpus = load_corpus(workspace, corpus_id)
    if not corpus.info.rows:
        raise NothingToSearch(name=corpus.info.name)
    if mask is not None and not mask.any():
        raise NothingLeft(name=corpus.info.name)
    answers = Answers.of(workspace, corpus, quick=quick)
    scored: list[NDArray[np.floating[Any]] | Problem] = []
    for column in columns:
        try:
            scored.append(answers.scores(column, question, mask))
        except Problem as problem:
            scored.append(problem)
    base = None if isinstance(scored[0], Problem) else scored[0]
    rows = corpus.info.rows if mask is None else int(mask.sum())
    found = (
        ColumnHits(column, (), None, problem=scores)
        if isinstance(scores, Problem)
        else _column_hits(corpus, column, scores, base, k)
        for column, scores in zip(columns, scored, strict=True)
    )
    return SideBySide(question, tuple(found), rows)


def _column_hits(
    corpus: Corpus,
    column: Column,
    scores: NDArray[np.floating[Any]],
    base: NDArray[np.floating[Any]] | None,
    k: int,
) -> ColumnHits:
    best = top_k(scores, k)
    hits = _hits(corpus, scores, best, base)
    if base is None:
        return ColumnHits(column, hits, None)
    base_best = top_k(base, k)
    gone = base_best[~np.isin(base_best, best)]
    lost = tuple(
        Lost(hit, rank_of(scores, position))
        for position, hit in zip(gone.tolist(), _hits(corpus, base, gone, base), strict=True)
    )
    return ColumnHits(column, hits, len(base_best) - len(gone), lost)


def _hits(
    corpus: Corpus,
    scores: NDArray[np.floating[Any]],
    positions: NDArray[np.int64],
    base: NDArray[np.floating[Any]] | None,
) -> tuple[Hit, ...]:
    """The texts at ``positions`` with their score and rank among ``scores``."""
    hits = []
    places = positions.tolist()
    for position, row in zip(places, corpus.rows(places), strict=True):
        rank = rank_of(scores, position)
        assert rank is not None
        hits.append(
            Hit(
                id=row.pop(ID),
                text=row.pop(TEXT),
                fields=row,
                score=float(scores[position]),
                rank=rank,
                base_rank=None if base is None else rank_of(base, position),
            )
        )
    return tuple(hits)
