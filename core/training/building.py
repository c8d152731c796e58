"""Builds the static model that a run starts from: its vocabulary, and where its vectors start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.data.shapes import ANCHOR, POSITIVE, SCORE, text_roles
from core.jobs.context import JobContext
from core.models.bases import FEW_ROWS, resolve, start_of, vocabulary_size_for
from core.models.encoding import encode
from core.models.vocabulary import read_texts
from core.problems import N_, Message
from core.training.config import RunConfig
from core.training.encoding import load_model, torch_device

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


def build_base(job: JobContext, config: RunConfig, rows: pd.DataFrame) -> SentenceTransformer:
    """A static model with a vocabulary learned from the texts of ``rows``, on the job's device.

    Raises:
        Problem: the base that its vectors are to start from cannot be used.
        Stopped: the job was asked to stop.
    """
    from core.models.static import build_static, train_tokenizer

    job.progress(Message(N_("Learning a vocabulary from your texts")))
    texts = pd.unique(pd.concat([rows[name] for name in text_roles(rows.columns)])).tolist()
    size = config.base.vocabulary_size or vocabulary_size_for(len(rows))
    tokenizer = train_tokenizer(texts, size, config.base.max_piece_length)
    starts, pairs = None, []
    if start_of(config.base) is not None:
        pieces = [tokenizer.id_to_token(id) or "" for id in range(tokenizer.get_vocab_size())]
        starts = piece_vectors(job, config, pieces)
    elif POSITIVE in rows and SCORE not in rows and len(rows) < _learned_from(config, FEW_ROWS):
        pairs = list(zip(rows[ANCHOR], rows[POSITIVE], strict=True))
    dimension, seed = config.base.dimension, config.training.seed
    model = build_static(tokenizer, texts, dimension, seed, starts, pairs)
    return model.to(torch_device(job.device))


def _learned_from(config: RunConfig, rows: int) -> float:
    """How many of a table's rows are learned from."""
    return rows * (1 - config.evaluation.held_out_share)


def piece_vectors(job: JobContext, config: RunConfig, pieces: list[str]) -> NDArray[np.float32]:
    """What the base that a static model starts from makes of each piece by itself.

    A transformer's answer to a single token carries more than its input vector for it, because it
    has gone through all layers (as in model2vec, MinishLab 2024).

    Returns:
        [pieces, dimension]; not a number for pieces that the base cannot read.

    Raises:
        Problem: the base cannot be used.
        Stopped: the job was asked to stop.
    """
    start = start_of(config.base)
    assert start is not None
    base = resolve(job.workspace, start)
    assert base.path is not None and base.tokenizer is not None
    job.progress(Message(N_("Reading every piece with {model}"), {"model": base.name}))
    model = load_model(base.path, job.device)
    readable = np.flatnonzero(read_texts(base.tokenizer, [pieces]).unknown == 0)
    rows = np.full((len(pieces), base.dimension), np.nan, dtype=np.float32)
    chosen = [pieces[at] for at in readable]
    rows[readable] = encode(model, chosen, unit=False, check=job.check_stop)
    return rows
