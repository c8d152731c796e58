"""A model as the evaluation sees it: questions and passages to unit vectors, each read as meant.

A model may have been made to read questions and passages in different ways, by a prompt in front of
them; both are scored as they are meant to be used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_BATCH = 32
_CHUNK = 512
"""Texts between two looks for a stop request."""


@dataclass(frozen=True)
class Reader:
    """Turns texts into unit rows, float32 [n, dimension].

    Attributes:
        model: the model that reads.
        check: called now and then; may raise to stop.
    """

    model: SentenceTransformer
    check: Callable[[], None] = lambda: None

    def questions(self, texts: Sequence[str]) -> np.ndarray:
        """What asks: anchors."""
        return self._read(self.model.encode_query, texts)

    def passages(self, texts: Sequence[str]) -> np.ndarray:
        """What is found: positives and negatives."""
        return self._read(self.model.encode_document, texts)

    def _read(self, encode: Callable[..., np.ndarray], texts: Sequence[str]) -> np.ndarray:
        parts = [np.empty((0, self.model.get_embedding_dimension() or 0), dtype=np.float32)]
        for start in range(0, len(texts), _CHUNK):
            self.check()
            vectors = encode(
                list(texts[start : start + _CHUNK]),
                batch_size=_BATCH,
                normalize_embeddings=True,
                show_progress_bar=False,
            )
            parts.append(np.asarray(vectors, dtype=np.float32))
        return np.concatenate(parts[1:] or parts)
