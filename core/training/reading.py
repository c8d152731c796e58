"""A model as the evaluation sees it: questions and passages to unit vectors, each read as meant.

A model may have been made to read questions and passages in different ways, by a prompt in front of
them; both are scored as they are meant to be used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.models.encoding import encode

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


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
        return encode(self.model, texts, "query", check=self.check)

    def passages(self, texts: Sequence[str]) -> np.ndarray:
        """What is found: positives and negatives."""
        return encode(self.model, texts, "document", check=self.check)
