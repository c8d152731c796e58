"""Loading models and encoding texts inside a training process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.jobs.context import JobContext

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_BATCH = 32
_CHUNK = 512
"""Texts between two looks for a stop request."""


def load_model(folder: Path, device: str) -> SentenceTransformer:
    """The model in ``folder`` on a job's device ("cpu" or "cuda:N"), without asking any hub."""
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(folder), device=torch_device(device), local_files_only=True)


def limit_length(model: SentenceTransformer, max_length: int | None) -> None:
    """Let a model read only the first ``max_length`` tokens of a text, if it reads more now.

    That is saved with the model.  A static model's limit is that of its tokenizer, because the
    library knows none for them.
    """
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    if max_length is None:
        return
    first = model[0]
    if isinstance(first, StaticEmbedding):
        now = (first.tokenizer.truncation or {}).get("max_length", max_length)
        first.tokenizer.enable_truncation(min(max_length, now))
    else:
        model.max_seq_length = min(max_length, model.max_seq_length or max_length)


def is_static(model: SentenceTransformer) -> bool:
    """Whether the model is a table of token vectors."""
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    return isinstance(model[0], StaticEmbedding)


def torch_device(device: str) -> str:
    """The device as the process sees it: of several GPUs it is shown exactly one."""
    return "cuda" if device.startswith("cuda") else "cpu"


def encode_texts(job: JobContext, model: SentenceTransformer, texts: Sequence[str]) -> np.ndarray:
    """Unit rows, float32 [n, dimension].

    Raises:
        Stopped: the job was asked to stop.
    """
    parts = []
    for start in range(0, len(texts), _CHUNK):
        job.check_stop()
        vectors = model.encode(
            list(texts[start : start + _CHUNK]),
            batch_size=_BATCH,
            normalize_embeddings=True,
            show_progress_bar=False,
        )
        parts.append(np.asarray(vectors, dtype=np.float32))
    return np.concatenate(parts)
