"""Tables in the shape and size of those that the five published cards were trained on.

The authors' own tables are not published.  These have the same columns, the same number of rows,
the same share of matches and the same faults; the texts are those of the bundled samples, repeated
where there are not enough, and with more of them one behind the other where the card's are longer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.data.shapes import HELD_OUT, TRAIN, Mapping
from core.workspace import PROJECT_ROOT

HELD_OUT_ROWS = 100
"""Rows besides those that are learned from, for the report; the cards held none out."""
_SAMPLES = PROJECT_ROOT / "sample_data"
_SEED = 0
_LONG_SHARE = 0.01


@dataclass(frozen=True)
class Table:
    """A table to train on.

    Attributes:
        frame: with a column ``split`` that holds :data:`HELD_OUT_ROWS` rows out.
        mapping: which column is what.
        words: what it is, for the page.
    """

    frame: pd.DataFrame
    mapping: Mapping
    words: str


def table_of(id: str, rows: int) -> Table:
    """A table like the card's.

    Args:
        id: of the ready recipe, e.g. ``card-001``.
        rows: how many rows are to be learned from.
    """
    frame, mapping, words = _MAKERS[id](rows + HELD_OUT_ROWS)
    split = np.where(np.arange(len(frame)) < rows, TRAIN, HELD_OUT)
    told = Mapping(**{**vars(mapping), "split": "split"})
    return Table(frame.assign(split=split), told, words)


def _drug_labels(rows: int) -> tuple[pd.DataFrame, Mapping, str]:
    """Card 000: 16 in 100 pairs match, the others are wrong; a few questions are very long."""
    frame = _scored(rows, share=0.16)
    long = np.random.default_rng(_SEED).random(rows) < _LONG_SHARE
    frame["a"] = frame["a"].where(~long, _longer(frame["a"], 10))
    frame["b"] = _longer(frame["b"], 3.8)
    return frame, Mapping("a", "b", score="s"), "drug labels of the bundled sample, 16% matches"


def _products(rows: int) -> tuple[pd.DataFrame, Mapping, str]:
    """Card 001: triplets."""
    frame = _repeated(_read("product_triplets.csv"), rows)
    mapping = Mapping("anchor", "positive", negatives=("negative",))
    return frame, mapping, "the 500 triplets of the bundled sample, 100 of them once more held out"


def _questions(rows: int) -> tuple[pd.DataFrame, Mapping, str]:
    """Card 002: questions and passages; Chinese here, English there."""
    questions = _read("drug_questions.csv")
    pairs = pd.DataFrame({"a": questions["question"], "b": questions["passage"]})
    frame = _repeated(pairs, rows)
    frame["b"] = _longer(frame["b"], 2.7)
    return frame, Mapping("a", "b"), "drug questions and passages, repeated"


def _profiles(rows: int) -> tuple[pd.DataFrame, Mapping, str]:
    """Card 003: the same text in both columns."""
    texts = _longer(_repeated(_read("drug_corpus.csv")[["text"]], rows)["text"], 3.4)
    return pd.DataFrame({"a": texts, "b": texts}), Mapping("a", "b"), "passages, twice in each row"


def _dots(rows: int) -> tuple[pd.DataFrame, Mapping, str]:
    """Card 004: anchors of nothing but dots, half of the pairs match."""
    frame = _scored(rows, share=0.5)
    dots = np.random.default_rng(_SEED).choice([".", ".."], size=rows)
    frame = frame.assign(a=dots, b=_longer(frame["b"], 3.4))
    return frame, Mapping("a", "b", score="s"), "dots and passages, 50% matches"


def _scored(rows: int, share: float) -> pd.DataFrame:
    pairs = _read("drug_pairs.csv")
    pairs.columns = pd.Index(["a", "b", "s"])
    matches = _repeated(pairs[pairs["s"].astype(float) >= 0.5], round(rows * share))
    others = _repeated(pairs[pairs["s"].astype(float) < 0.5], rows - len(matches))
    return pd.concat([matches, others]).sample(frac=1, random_state=_SEED, ignore_index=True)


def _repeated(frame: pd.DataFrame, rows: int) -> pd.DataFrame:
    return frame.iloc[np.arange(rows) % len(frame)].reset_index(drop=True)


def _longer(texts: pd.Series, times: float) -> pd.Series:
    """Each text with passages of the drug sample behind it, so many that all are ``times`` as long.

    How many is drawn from a geometric distribution: most stay short and a few become very long, as
    on the cards.
    """
    random = np.random.default_rng(_SEED)
    passages = _read("drug_corpus.csv")["text"].to_numpy()
    more = random.geometric(1 / times, len(texts)) - 1
    behind = np.split(passages[random.integers(len(passages), size=more.sum())], more.cumsum()[:-1])
    joined = [" ".join([text, *others]) for text, others in zip(texts, behind, strict=True)]
    return pd.Series(joined, index=texts.index)


def _read(name: str) -> pd.DataFrame:
    return pd.read_csv(_SAMPLES / name, dtype=str)


_MAKERS: dict[str, Callable[[int], tuple[pd.DataFrame, Mapping, str]]] = {
    "card-000": _drug_labels,
    "card-001": _products,
    "card-002": _questions,
    "card-003": _profiles,
    "card-004": _dots,
}
