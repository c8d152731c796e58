"""What is to be added to the vocabulary of a base that cannot read a table."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Extension(BaseModel):
    """How far the vocabulary of a transformer base is extended before training.

    Attributes:
        characters: the most characters that are added, the most frequent ones first.
        pieces: the most words that are added: those that stand in at least ten texts and that the
            base cuts into four tokens or more.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    characters: Annotated[int, Field(ge=0, le=50_000)] = 8_000
    pieces: Annotated[int, Field(ge=0, le=50_000)] = 0
