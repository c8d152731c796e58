"""Rows that hurt: the training rows that the tuned model still gets most wrong.

The loss of one row says little by itself: it depends on which rows happened to share its batch, and
the losses do not give it out.  What is measured instead is what the losses push at, without chance:

* rows with a right answer: 1 - (similarity to the own answer - similarity to the best wrong one),
  where every other text of the rows looked at counts as wrong; the ranking losses fall with it, and
  above 1 a wrong answer is closer than the right one;
* scored pairs: how far the pair's place by similarity is from its place by score (0 to 1), which is
  the same for losses that want a cosine and for losses that want an order;
* texts with a class: 1 - (similarity to the closest text of the class - similarity to the closest
  text of another class).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from core.data.reading.rows import ROW
from core.data.shapes import LABEL, SCORE, TEXT, Shape, text_roles
from core.training.reading import Reader

MOST_ROWS = 2_000
MOST_ROWS_TRANSFORMER = 500
"""A transformer on a processor reads some hundred texts a second, a static model far more."""
SHOWN = 10


@dataclass(frozen=True)
class HurtingRow:
    """A row that the tuned model gets wrong.

    Attributes:
        row: its number in the source table, as a spreadsheet shows it.
        cost: how wrong; see the module.
        texts: role to text, the score or class included.
        instead: the text that the model takes for a better answer; None for scored pairs.
    """

    row: int
    cost: float
    texts: dict[str, str]
    instead: str | None = None


@dataclass(frozen=True)
class Hurting:
    """The worst rows, the worst first.

    Attributes:
        looked_at: how many training rows were measured.
        wrong: how many of them have a wrong answer closer than the right one, or lie more than
            half of the order away from the place that their score asks for.
        rows: at most ten.
    """

    looked_at: int
    wrong: int
    rows: tuple[HurtingRow, ...]

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready form that :meth:`from_json` reads back."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Hurting:
        """Read back what :meth:`to_json` wrote."""
        rows = tuple(HurtingRow(**row) for row in data["rows"])
        return cls(data["looked_at"], data["wrong"], rows)


def find_hurting(
    train: pd.DataFrame, shape: Shape, reader: Reader, seed: int, most: int = MOST_ROWS
) -> Hurting:
    """Measure at most ``most`` training rows, drawn by ``seed``, and keep the ten worst."""
    rows = train
    if len(rows) > most:
        draw = np.random.default_rng(seed).choice(len(rows), most, replace=False)
        rows = rows.iloc[np.sort(draw)]
    rows = rows.reset_index(drop=True)
    if shape is Shape.SCORED_PAIRS:
        costs, instead = _out_of_order(rows, reader), None
        limit = 0.5
    else:
        costs, instead = (_class_margins if shape is Shape.CLASSES else _margins)(
            rows, train, reader
        )
        limit = 1.0
    numbers = rows[ROW].to_numpy() if ROW in rows else np.arange(len(rows)) + 2
    shown = [*text_roles(rows.columns), *(name for name in (SCORE, LABEL) if name in rows)]
    worst = [place for place in np.argsort(-costs, kind="stable") if np.isfinite(costs[place])]
    return Hurting(
        looked_at=len(rows),
        wrong=int((costs > limit).sum()),
        rows=tuple(
            HurtingRow(
                row=int(numbers[place]),
                cost=float(costs[place]),
                texts={name: _words(rows[name].iloc[place]) for name in shown},
                instead=instead[place] if instead is not None else None,
            )
            for place in worst[:SHOWN]
        ),
    )


def _words(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float | np.floating) else str(value)


def _margins(
    rows: pd.DataFrame, train: pd.DataFrame, reader: Reader
) -> tuple[np.ndarray, list[str]]:
    roles = [name for name in text_roles(rows.columns) if name != "anchor"]
    anchors, asked = np.unique(rows["anchor"].to_numpy(dtype=object), return_inverse=True)
    stacked = pd.concat([rows[name] for name in roles], ignore_index=True).to_numpy(dtype=object)
    passages, codes = np.unique(stacked, return_inverse=True)
    own = codes[: len(rows)]
    table = reader.questions(anchors.tolist()) @ reader.passages(passages.tolist()).T
    right = table[asked, own]
    # An answer to the same question in another row is right, and so is the question's own text.
    known = train[train["anchor"].isin(anchors)].groupby("anchor")["positive"].agg(set)
    place = {text: number for number, text in enumerate(passages)}
    for number, anchor in enumerate(anchors):
        taken = [place[text] for text in (known.get(anchor, set()) | {anchor}) if text in place]
        table[number, taken] = -np.inf
    best = table.argmax(axis=1)
    costs = 1 - (right - table[np.arange(len(anchors)), best][asked])
    return costs.astype(np.float64), [str(passages[best[number]]) for number in asked]


def _class_margins(
    rows: pd.DataFrame, _train: pd.DataFrame, reader: Reader
) -> tuple[np.ndarray, list[str]]:
    texts = rows[TEXT].tolist()
    vectors = reader.passages(texts)
    table = vectors @ vectors.T
    labels = rows[LABEL].to_numpy()
    same = labels[:, None] == labels[None, :]
    own = np.where(same, table, -np.inf)
    np.fill_diagonal(own, -np.inf)
    others = np.where(same, -np.inf, table)
    best = others.argmax(axis=1)
    # A class with one text here, or a single class, leaves nothing to compare.
    with np.errstate(invalid="ignore"):
        costs = 1 - (own.max(axis=1) - others.max(axis=1))
    costs = np.where(np.isfinite(costs), costs, -np.inf)
    return costs.astype(np.float64), [texts[number] for number in best]


def _out_of_order(rows: pd.DataFrame, reader: Reader) -> np.ndarray:
    from scipy.stats import rankdata

    anchors, asked = np.unique(rows["anchor"].to_numpy(dtype=object), return_inverse=True)
    passages, answered = np.unique(rows["positive"].to_numpy(dtype=object), return_inverse=True)
    questions = reader.questions(anchors.tolist())[asked]
    similarity = np.einsum("ij,ij->i", questions, reader.passages(passages.tolist())[answered])
    places = rankdata(similarity) - rankdata(rows[SCORE].to_numpy(dtype=np.float64))
    distances: np.ndarray = np.abs(places) / max(1, len(rows) - 1)
    return distances
