"""The job that makes a corpus searchable: its lexical index and one model's vectors."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.encoder import client
from core.encoder.portions import cost, pace, portions
from core.models.roles import vectors_name
from core.problems import N_, Message
from core.retrieval.answers import LEXICAL_AT_ONCE_ROWS, Column, ColumnKind, Encode
from core.retrieval.corpora import Corpus, load_corpus
from core.retrieval.draft import draft_of
from core.retrieval.hnsw import LEAST_QUESTIONS, SAMPLE_QUESTIONS, build_graph
from core.retrieval.known import KnownVectors, find_known
from core.retrieval.lexical import LexicalIndex
from core.retrieval.succession import forget_earlier

if TYPE_CHECKING:
    from core.jobs.context import JobContext


def encode_params(corpus_id: str, model: Path | None, fingerprint: str | None) -> dict[str, Any]:
    """The parameters of an ``encode_corpus`` job.

    Args:
        corpus_id: which corpus.
        model: the model's folder, or None to build the lexical index only.
        fingerprint: the model's fingerprint.
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
        if column.vectors and corpus.dense_index(column.vectors) is None:
            missing.setdefault(column.vectors, column)
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
    there, also of vectors that a stopped or killed job had begun with.

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
    name = vectors_name(fingerprint, Path(model), "document")
    if corpus.dense_index(name) is None:
        store_vectors(job, corpus, Path(model), fingerprint, encode)
    if corpus.lacks_graph(name):
        store_graph(job, corpus, Path(model), name, encode)


def store_vectors(
    job: JobContext, corpus: Corpus, model: Path, fingerprint: str, encode: Encode
) -> None:
    """Encode a corpus with one model and keep its vectors; they appear whole or not at all.

    Equal texts are encoded once, and not at all when the model has read them elsewhere.  What was
    read before a stop, a failure or a kill is where the next attempt goes on.

    Args:
        job: hears of the progress and is asked between requests whether to stop.
        corpus: which corpus.
        model: the model's folder.
        fingerprint: the model's fingerprint.
        encode: who encodes: the encoder process, or a job that has the model loaded already.

    Raises:
        EncoderGaveWrongShape: the model changed between two requests.
        Stopped: the job was asked to stop.
    """
    name = vectors_name(fingerprint, model, "document")
    with draft_of(corpus.vectors_path(name), corpus.info.rows, job.check_stop) as draft:
        if corpus.dense_index(name) is not None:
            # Another job has read it while this one waited.
            return
        known = find_known(job.workspace, corpus, name).without(draft.read)
        known.fill(draft, job.check_stop)
        for places, asked in _requests(job, corpus, known, model):
            draft.put(places, encode(model, asked, "document"))
        known.repeat(draft.vectors)
        draft.publish()
    forget_earlier(job.workspace, corpus, name)
    if name != fingerprint:
        # Of an earlier version, which read passages without the model's prompt for them.
        corpus.vectors_path(fingerprint).unlink(missing_ok=True)


def store_graph(job: JobContext, corpus: Corpus, model: Path, name: str, encode: Encode) -> None:
    """Build the approximate index over a corpus's vectors, measured with its own questions.

    Args:
        job: hears of the progress and is asked now and then whether to stop.
        corpus: which corpus; its vectors are there.
        model: the model's folder.
        name: of the vectors.
        encode: who encodes the questions.

    Raises:
        Stopped: the job was asked to stop.
    """
    exact = corpus.dense_index(name)
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
            encode(model, [asked[at] for at in places], "query")
            for places in portions(asked, pace(model))
        ]
        questions = np.concatenate(parts)
    build_graph(corpus.vectors_path(name), exact, questions, progress)


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
    forget_earlier(job.workspace, corpus, None)
