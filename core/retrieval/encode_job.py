"""The job that makes a corpus searchable: its lexical index and one model's vectors."""

from __future__ import annotations

import os
import secrets
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.encoder import client
from core.encoder.portions import cost, portions
from core.problems import N_, Message, Problem
from core.retrieval.answers import Encode
from core.retrieval.corpora import Corpus, load_corpus
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


def encode_corpus(job: JobContext) -> None:
    """Build what is missing of a corpus's indexes; parameters as :func:`encode_params` makes them.

    Vectors and index appear whole or not at all.  Nothing is computed that is already there.

    Raises:
        UnknownItem: the corpus has been deleted.
        Problem: the encoder cannot load the model.
    """
    corpus = load_corpus(job.workspace, job.params["corpus"])
    if not corpus.lexical_folder.is_dir():
        _build_lexical(job, corpus)
    model, fingerprint = job.params["model"], job.params["fingerprint"]
    if model is not None and corpus.dense_index(fingerprint) is None:
        store_vectors(job, corpus, Path(model), fingerprint, partial(client.encode, job.workspace))


def store_vectors(
    job: JobContext, corpus: Corpus, model: Path, fingerprint: str, encode: Encode
) -> None:
    """Encode a corpus with one model and keep its vectors; they appear whole or not at all.

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
    texts = corpus.texts()
    final = corpus.vectors_path(fingerprint)
    final.parent.mkdir(exist_ok=True)
    _remove_abandoned(final.parent)
    unfinished = final.parent / f".{fingerprint}-{secrets.token_hex(4)}.npy"
    vectors: NDArray[np.float32] | None = None
    work, done, rows = sum(map(cost, texts)), 0, 0
    try:
        for places in portions(texts):
            job.check_stop()
            job.progress(
                Message(
                    N_("Encoding the corpus: {done} of {rows} texts"),
                    {"done": rows, "rows": len(texts)},
                ),
                done / max(1, work),
            )
            asked = [texts[at] for at in places]
            found = encode(model, asked)
            if vectors is None:
                vectors = np.lib.format.open_memmap(
                    unfinished, mode="w+", dtype=np.float32, shape=(len(texts), found.shape[1])
                )
            if found.shape != (len(asked), vectors.shape[1]):
                raise EncoderGaveWrongShape(
                    got=found.shape[0],
                    width=found.shape[1],
                    rows=len(asked),
                    expected=vectors.shape[1],
                )
            vectors[places] = found
            done, rows = done + sum(map(cost, asked)), rows + len(asked)
        assert isinstance(vectors, np.memmap)
        vectors.flush()
        os.replace(unfinished, final)
    finally:
        unfinished.unlink(missing_ok=True)


def _build_lexical(job: JobContext, corpus: Corpus) -> None:
    rows = corpus.info.rows

    def progress(done: int) -> None:
        job.check_stop()
        job.progress(Message(N_("Building the word index")), done / rows)

    LexicalIndex.build(corpus.texts(), progress).save(corpus.lexical_folder)


def _remove_abandoned(folder: Path) -> None:
    """Remove what killed jobs left behind, but nothing that a live one may be writing."""
    for path in folder.glob(".*.npy"):
        if time.time() - path.stat().st_mtime > _ABANDONED_SECONDS:
            path.unlink(missing_ok=True)
