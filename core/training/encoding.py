"""Loading models inside a training process."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


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
