"""The job that makes a corpus searchable: its lexical index and one model's vectors."""

from __future__ import annotations

import os
import secrets
import tempfile
import time
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.encoder import client
from core.encoder.portions import cost, pace, portions
from core.problems import N_, Message, Problem
from core.retrieval.answers import LEXICAL_AT_ONCE_ROWS, Column, ColumnKind, Encode
from core.retrieval.corpora import Corpus, load_corpus
from core.retrieval.hnsw import LEAST_QUESTIONS, SAMPLE_QUESTIONS, build_graph
from core.retrieval.known import KnownVectors, find_known
from core.retrieval.lexical import LexicalIndex

if TYPE_CHECKING:
    from core.jobs.context import JobContext

_ABANDONED_SECONDS = 24 * 3600.0


class EncoderGaveWrongShape(Problem):
    what = N_(
        "The model gave {got} vectors of width {width} where {rows} of width {expected} "
        "were expected."
    )
    do = N_("Check that the model folder has not changed since, then start the encoding again.")


def encode_params(corpus_id: str, model: Path | None, fingerprint: str | None) -> dict[str, Any]:
    """The parameters of an ``encode_corpus`` job.

    Args:
        corpus_id: which corpus.
        model: the model's folder, or None to build the lexical index only.
        fingerprint: the model's fingerprint, under which the vectors are kept.
    """
    return {
        "corpus": corpus_id,
        "model": str(model) if model is not None else None,
        "fingerprint": fingerprint,
    }


def missing_models(corpus: Corpus, columns: Sequence[Column]) -> list[Column]:
    """The columns whose models have not read the corpus yet, each model once."""
    missing: dict[str, Column] = {}
    for column in columns:
        if column.fingerprint and corpus.dense_index(column.fingerprint) is None:
            missing.setdefault(column.fingerprint, column)
    return list(missing.values())


def words_missing(corpus: Corpus, columns: Sequence[Column]) -> bool:
    """Whether a column needs the word index of a corpus too large to index it while one waits."""
    return (
        any(column.kind is not ColumnKind.DENSE for column in columns)
        and corpus.info.rows > LEXICAL_AT_ONCE_ROWS
        and not corpus.lexical_folder.is_dir()
    )


def encode_corpus(job: JobContext) -> None:
    """Build what is missing of a corpus's indexes; parameters as :func:`encode_params` makes them.

    Words, vectors, and for large corpora a quicker index over these; each appears whole or not at
    all, and is of use while the next one is being built.  Nothing is computed that is already
    there.

    Raises:
        UnknownItem: the corpus has been deleted.
        Problem: the encoder cannot load the model.
    """
    corpus = load_corpus(job.workspace, job.params["corpus"])
    if not corpus.lexical_folder.is_dir():
        _build_lexical(job, corpus)
    model, fingerprint = job.params["model"], job.params["fingerprint"]
    if model is None:
        return
    encode = partial(client.encode, job.workspace)
    if corpus.dense_index(fingerprint) is None:
        store_vectors(job, corpus, Path(model), fingerprint, encode)
    if corpus.lacks_graph(fingerprint):
        store_graph(job, corpus, Path(model), fingerprint, encode)


def store_vectors(
    job: JobContext, corpus: Corpus, model: Path, fingerprint: str, encode: Encode
) -> None:
    """Encode a corpus with one model and keep its vectors; they appear whole or not at all.

    Equal texts are encoded once, and not at all when another corpus has been encoded with them.

    Args:
        job: hears of the progress and is asked between requests whether to stop.
        corpus: which corpus.
        model: the model's folder.
        fingerprint: the model's fingerprint, under which the vectors are kept.
        encode: who encodes: the encoder process, or a job that has the model loaded already.

    Raises:
        EncoderGaveWrongShape: the model changed between two requests.
        Stopped: the job was asked to stop.
    """
    final = corpus.vectors_path(fingerprint)
    final.parent.mkdir(exist_ok=True)
    _remove_abandoned(final.parent)
    known = find_known(job.workspace, corpus, fingerprint)
    unfinished = final.parent / f".{fingerprint}-{secrets.token_hex(4)}.npy"
    vectors = _Vectors(unfinished, corpus.info.rows)
    try:
        if known.dimension is not None:
            known.fill(vectors.of_width(known.dimension), job.check_stop)
        for places, asked in _requests(job, corpus, known, model):
            vectors.put(places, encode(model, asked))
        known.repeat(vectors.written)
        vectors.written.flush()
        os.replace(unfinished, final)
    finally:
        unfinished.unlink(missing_ok=True)


def store_graph(
    job: JobContext, corpus: Corpus, model: Path, fingerprint: str, encode: Encode
) -> None:
    """Build the approximate index over a corpus's vectors, measured with its own questions.

    Args:
        job: hears of the progress and is asked now and then whether to stop.
        corpus: which corpus; its vectors are there.
        model: the model's folder.
        fingerprint: the model's fingerprint.
        encode: who encodes the questions.

    Raises:
        Stopped: the job was asked to stop.
    """
    exact = corpus.dense_index(fingerprint)
    assert exact is not None
    rows = len(exact)

    def progress(done: int) -> None:
        job.check_stop()
        job.progress(
            Message(
                N_("Building the quick index: {done} of {rows} texts"),
                {"done": done, "rows": rows},
            ),
            done / rows,
        )

    progress(0)
    asked = list(dict.fromkeys(question.question for question in corpus.info.questions))
    questions = None
    if len(asked) >= LEAST_QUESTIONS:
        asked = asked[:SAMPLE_QUESTIONS]
        parts = [
            encode(model, [asked[at] for at in places]) for places in portions(asked, pace(model))
        ]
        questions = np.concatenate(parts)
    build_graph(corpus.vectors_path(fingerprint), exact, questions, progress)


class _Vectors:
    """The file that vectors are written to; made when their width is known."""

    def __init__(self, path: Path, rows: int) -> None:
        self._path = path
        self._rows = rows
        self._table: np.memmap[Any, np.dtype[np.float32]] | None = None

    @property
    def written(self) -> np.memmap[Any, np.dtype[np.float32]]:
        """What was written; there was at least one vector."""
        assert self._table is not None
        return self._table

    def of_width(self, width: int) -> NDArray[np.float32]:
        """The table, made now."""
        self._table = np.lib.format.open_memmap(
            self._path, mode="w+", dtype=np.float32, shape=(self._rows, width)
        )
        return self._table

    def put(self, places: NDArray[np.int64], found: NDArray[np.float32]) -> None:
        """Write vectors where they belong; raises EncoderGaveWrongShape."""
        table = self._table if self._table is not None else self.of_width(found.shape[1])
        if found.shape != (len(places), table.shape[1]):
            raise EncoderGaveWrongShape(
                got=found.shape[0],
                width=found.shape[1],
                rows=len(places),
                expected=table.shape[1],
            )
        table[places] = found


def _requests(
    job: JobContext, corpus: Corpus, known: KnownVectors, model: Path
) -> Iterator[tuple[NDArray[np.int64], list[str]]]:
    """What to ask the encoder for, in order: positions and their texts; the job hears of it."""
    rows = int(known.new.sum())
    work = sum(cost(text) for _, texts in _unread(corpus, known) for text in texts)
    done = told = 0
    for positions, texts in _unread(corpus, known):
        for places in portions(texts, pace(model)):
            job.check_stop()
            job.progress(_encoding(told, rows, known.count), done / max(1, work))
            asked = [texts[at] for at in places]
            yield positions[places], asked
            done, told = done + sum(map(cost, asked)), told + len(asked)


def _unread(corpus: Corpus, known: KnownVectors) -> Iterator[tuple[NDArray[np.int64], list[str]]]:
    """Positions and texts that have to be encoded, slice by slice."""
    start = 0
    for texts in corpus.slices():
        own = np.flatnonzero(known.new[start : start + len(texts)])
        yield start + own, [texts[at] for at in own]
        start += len(texts)


def _encoding(done: int, rows: int, known: int) -> Message:
    """How far the encoding is, in a sentence."""
    if not known:
        return Message(
            N_("Encoding the corpus: {done} of {rows} texts"), {"done": done, "rows": rows}
        )
    return Message(
        N_("Encoding new texts: {done} of {rows}; {known} were encoded before"),
        {"done": done, "rows": rows, "known": known},
    )


def _build_lexical(job: JobContext, corpus: Corpus) -> None:
    rows = corpus.info.rows

    def progress(done: int) -> None:
        job.check_stop()
        job.progress(Message(N_("Building the word index")), done / rows)

    with tempfile.TemporaryDirectory(prefix="words-", dir=job.folder) as scratch:
        texts = chain.from_iterable(corpus.slices())
        LexicalIndex.build(texts, progress, Path(scratch)).save(corpus.lexical_folder)


def _remove_abandoned(folder: Path) -> None:
    """Remove what killed jobs left behind, but nothing that a live one may be writing."""
    for path in folder.glob(".*"):
        if time.time() - path.stat().st_mtime > _ABANDONED_SECONDS:
            path.unlink(missing_ok=True)
