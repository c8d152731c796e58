"""What a kind of step is: its name, the shapes that it fits, and how it changes a mapped table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from core.data.shapes import Shape
from core.problems import Message


@dataclass(frozen=True)
class Stepped:
    """A table after a step: its rows, what was done in a sentence, how many rows it concerned."""

    frame: pd.DataFrame
    message: Message
    count: int


@dataclass(frozen=True)
class StepKind:
    """One kind of fix, conversion or split.

    Attributes:
        name: its key in :data:`core.data.prepare.STEPS`, stable across languages.
        title: what a button says, as a message id.
        help: what it does and what it is good for, in plain words, as a message id.
        shapes: the shapes that it can be applied to.
        apply: takes a frame with a dataset's columns (any index) and the step's params, gives a new
            frame and leaves the old one as it is.
        makes: the shape that comes out, for a conversion; None when the shape stays.
    """

    name: str
    title: str
    help: str
    shapes: tuple[Shape, ...]
    apply: Callable[[pd.DataFrame, Mapping[str, Any]], Stepped]
    makes: Shape | None = None
