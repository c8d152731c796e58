"""Tables of the shapes that the five reference cards learned from, made of real drug labels.

The lengths are those that the cards print (shortest, mean and longest text of each column, in
tokens of all-MiniLM-L6-v2, for which a Chinese character is a token).  Texts that belong together
overlap, so that there is something to learn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.data.samples import SAMPLE_FOLDER

_SPECIAL = 2
"""Tokens that the model puts around a text."""
Lengths = tuple[int, float, int]
"""Shortest, mean, longest."""


@dataclass(frozen=True)
class SpeedShape:
    """What a run is like.

    Attributes:
        name: for the page.
        loss: the library's class.
        batch: rows a batch.
        steps: optimiser steps of a measured run, one epoch.
        columns: the lengths of each text column.
        scored: rows have a score.
        static: the base is a table of token vectors instead of all-MiniLM-L6-v2.
    """

    name: str
    loss: str
    batch: int
    steps: int
    columns: tuple[Lengths, ...]
    scored: bool = False
    static: bool = False


SHAPES = (
    SpeedShape(
        "card 000", "CosineSimilarityLoss", 16, 10, ((8, 14.8, 256), (6, 100.7, 256)), scored=True
    ),
    SpeedShape("card 001", "TripletLoss", 16, 12, ((7, 13.6, 26), (20, 33.0, 48), (20, 32.4, 48))),
    SpeedShape("card 002", "MultipleNegativesRankingLoss", 64, 3, ((4, 8.9, 34), (17, 79.9, 197))),
    SpeedShape("card 003", "MultipleNegativesRankingLoss", 32, 3, ((34, 92.4, 256),) * 2),
    SpeedShape(
        "card 004", "CosineSimilarityLoss", 128, 2, ((2, 3.5, 4), (18, 92.5, 256)), scored=True
    ),
    SpeedShape(
        "static, questions",
        "MultipleNegativesRankingLoss",
        256,
        60,
        ((8, 14.0, 30), (6, 60.0, 256), (6, 60.0, 256), (6, 60.0, 256)),
        static=True,
    ),
    SpeedShape(
        "static, names",
        "MultipleNegativesRankingLoss",
        256,
        60,
        ((6, 12.0, 30), (6, 12.0, 30)),
        static=True,
    ),
)
"""The five cards, and a static base with long and with short texts."""


def make_table(shape: SpeedShape, seed: int, rows: int | None = None) -> pd.DataFrame:
    """Rows of a shape: text columns as the library takes them, and a score if it has one."""
    draw = np.random.default_rng(seed)
    labels = pd.read_csv(SAMPLE_FOLDER / "drug_corpus.csv")["text"].sample(
        frac=1, random_state=seed
    )
    stream = "".join(labels)
    count = shape.batch * shape.steps if rows is None else rows
    longest = max(range(len(shape.columns)), key=lambda at: shape.columns[at][1])
    lengths = [_lengths(column, count, draw) for column in shape.columns]
    columns: list[list[str]] = [[] for _ in shape.columns]
    scores = []
    for row in range(count):
        right = int(draw.integers(len(stream) - 600))
        belongs = not shape.scored or bool(draw.random() < 0.5)
        scores.append(float(belongs))
        for at, column in enumerate(columns):
            # A third column is a wrong answer; of a scored pair the second may be one.
            own = at < 2 and (belongs or at != longest)
            start = right if own else int(draw.integers(len(stream) - 600))
            column.append(stream[start : start + max(1, int(lengths[at][row]) - _SPECIAL)])
    names = ("anchor", "positive", "negative_1", "negative_2")
    table = pd.DataFrame(dict(zip(names, columns, strict=False)))
    return table.assign(score=scores) if shape.scored else table


def _lengths(column: Lengths, count: int, draw: np.random.Generator) -> np.ndarray:
    """Lengths with this mean, more short ones than long ones, as texts have them."""
    low, mean, high = column
    spread = math.log1p((min(mean - low, high - mean) / mean) ** 2) ** 0.5 * 1.3
    found = np.clip(draw.lognormal(math.log(mean) - spread**2 / 2, spread, count), low, high)
    return np.rint(np.clip(found * mean / found.mean(), low, high))
