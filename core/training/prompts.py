"""Words that are put before queries and documents, in training and wherever the model is used."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from core.data.shapes import ANCHOR, text_roles
from core.training.config import TrainingConfig

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

QUERY, DOCUMENT = "query", "document"
"""The names under which sentence-transformers looks for them (``encode_query`` and
``encode_document``)."""


def set_prompts(model: SentenceTransformer, training: TrainingConfig) -> None:
    """Store a run's prompts with the model, so that they are in its folder wherever it goes.

    What the run does not say stays as the base brought it along.
    """
    given = {QUERY: training.query_prompt, DOCUMENT: training.document_prompt}
    model.prompts.update({name: text for name, text in given.items() if text is not None})


def column_prompts(model: SentenceTransformer, columns: Iterable[str]) -> dict[str, str]:
    """The prompt of each text column of a training table: anchors are queries, the rest documents.

    Columns without a prompt are left out.
    """
    named = {
        role: model.prompts.get(QUERY if role == ANCHOR else DOCUMENT) or ""
        for role in text_roles(columns)
    }
    return {role: prompt for role, prompt in named.items() if prompt}
