"""How long a model will take to read a corpus, told before anybody begins with it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core.models.folder import read_folder
from core.models.roles import vectors_name
from core.models.vocabulary import token_lengths
from core.retrieval.corpora import TEXT, Corpus
from core.retrieval.draft import rows_read
from core.retrieval.hnsw import HNSW_FROM_ROWS
from core.retrieval.succession import earlier_states
from core.training.cost import forward_flops
from core.training.speed import load_speed
from core.workspace import Workspace

ASK_FROM_SECONDS = 20.0
"""What takes longer is begun when somebody says so; what is quicker, as soon as it is missing."""
_STATIC_SECONDS = 1e-4
_WORDS_SECONDS = 1.2e-4
_GRAPH_SECONDS = 2.6e-4
"""For a text each: a static model (``benchmarks/encoding_speed.md``), the word index, and the quick
index over vectors (both ``benchmarks/search_scale.md``), on two cores."""
_PLACES, _AT_EACH = 8, 64


def reading_seconds(
    workspace: Workspace, corpus: Corpus, model: Path | None, fingerprint: str | None
) -> float:
    """Estimate an ``encode_corpus`` job on the CPU; its parameters are as those of the job.

    From the lengths of some of the texts and the speed of this machine.  What an earlier attempt
    has read, and what the corpus had before it grew, is not counted.

    Raises:
        Problem: the model cannot be used, or the texts cannot be read.
    """
    rows = corpus.info.rows
    seconds = 0.0 if corpus.lexical_folder.is_dir() else rows * _WORDS_SECONDS
    if model is None or fingerprint is None:
        return seconds
    name = vectors_name(fingerprint, model, "document")
    if rows >= HNSW_FROM_ROWS and corpus.graph(name) is None:
        seconds += rows * _GRAPH_SECONDS
    if corpus.dense_index(name) is not None:
        return seconds
    known = [
        earlier.info.rows
        for earlier in earlier_states(workspace, corpus.info)
        if earlier.dense_index(name) is not None
    ]
    left = rows - max([rows_read(corpus.vectors_path(name)), *known])
    return seconds + max(0, left) * _seconds_a_text(workspace, corpus, model)


def begin_at_once(seconds: Sequence[float]) -> list[bool]:
    """Which of several jobs are so quick that nobody need be asked, the quickest first.

    They share the machine, so those that are begun take no more than 20 seconds together.
    """
    at_once = [False] * len(seconds)
    spent = 0.0
    for place in sorted(range(len(seconds)), key=seconds.__getitem__):
        spent += seconds[place]
        at_once[place] = spent <= ASK_FROM_SECONDS
    return at_once


def _seconds_a_text(workspace: Workspace, corpus: Corpus, model: Path) -> float:
    base = read_folder(model)
    if base.kind == "static" or base.tokenizer is None:
        return _STATIC_SECONDS
    lengths = token_lengths(base.tokenizer, _some_texts(corpus), base.max_length)
    mean = max(1, round(float(lengths.mean())))
    return forward_flops(base, 1, mean) / load_speed(workspace).encode_flops


def _some_texts(corpus: Corpus) -> list[str]:
    """Texts from some places of the corpus, since only the parts that they lie in are read."""
    rows = corpus.info.rows
    starts = [place * rows // _PLACES for place in range(_PLACES)]
    places = {at for start in starts for at in range(start, min(start + _AT_EACH, rows))}
    return [row[TEXT] for row in corpus.rows(sorted(places))]
