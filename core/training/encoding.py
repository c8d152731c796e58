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
