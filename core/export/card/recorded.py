"""What only the training process knows of a model and its card needs later: ``card.json`` of a run.

The library gathers hyperparameters, versions and citations while it trains and would write them
into a README of its own; here they are kept as data, and the card is made of them at any time, in
any language, with or without texts of the table.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from core.data.shapes import SCORE, text_roles
from core.files import read_json, write_json
from core.models.tokens import tokenise

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

CARD_FILE = "card.json"
MEASURED_ROWS = 1_000
"""The statistics of a column stand on that many rows at most, as the library's cards say too."""
_SAMPLES = 3
_SAMPLE_CHARACTERS = 300
_SIMILARITIES = {
    "cosine": "Cosine Similarity",
    "dot": "Dot Product",
    "euclidean": "Euclidean Distance",
    "manhattan": "Manhattan Distance",
}


@dataclass(frozen=True)
class Column:
    """One column of the training table.

    Attributes:
        name: its role.
        type: "string" or "float".
        unit: what the numbers count: "tokens", "characters", or "" for values.
        least: the smallest.
        mean: the mean.
        most: the largest.
        distinct: how many different texts there are among those looked at.
    """

    name: str
    type: str
    unit: str
    least: float
    mean: float
    most: float
    distinct: int


@dataclass(frozen=True)
class Recorded:
    """What ``card.json`` holds.

    Attributes:
        base: the name of the model that the run started from; "" for one made from nothing.
        architecture: the modules, as the library prints them.
        dimension: the length of the vectors.
        max_length: tokens of a text that are read; None without a limit.
        similarity: how vectors are meant to be compared, by the library's name.
        loss: the full name of the loss's class.
        loss_parameters: its parameters as JSON.
        loss_classes: the loss and those inside it.
        citations: what to cite, by a heading: BibTeX.
        versions: of Python and the libraries.
        changed: the training arguments that are not the library's default.
        hyperparameters: all training arguments.
        columns: the training rows' columns.
        samples: the first training rows, for a card that shows texts.
        measured: on how many of the first rows ``columns`` stand; None where that was not noted.
    """

    base: str
    architecture: str
    dimension: int
    max_length: int | None
    similarity: str
    loss: str
    loss_parameters: str
    loss_classes: tuple[str, ...]
    citations: dict[str, str]
    versions: dict[str, str]
    changed: dict[str, Any]
    hyperparameters: dict[str, Any]
    columns: tuple[Column, ...]
    samples: tuple[dict[str, str], ...]
    measured: int | None = None

    @classmethod
    def load(cls, run: Path) -> Recorded | None:
        """What the run in ``run`` recorded; None for a run of an earlier version."""
        try:
            data = read_json(run / CARD_FILE)
            return cls(
                **{
                    **data,
                    "loss_classes": tuple(data["loss_classes"]),
                    "columns": tuple(Column(**one) for one in data["columns"]),
                    "samples": tuple(data["samples"]),
                }
            )
        except (OSError, ValueError, TypeError, KeyError):
            return None


def record(run: Path, model: SentenceTransformer, train: pd.DataFrame, base: str) -> None:
    """Write ``card.json`` into the folder ``run``, after the training of ``model``.

    Args:
        run: the run's folder.
        model: as the library's trainer left it: its card data know how it was trained.
        train: the training rows.
        base: the name of the model that it started from; "" for one made from nothing.
    """
    card = model.model_card_data
    known = card.train_datasets[0].get("loss", {}) if card.train_datasets else {}
    limit = model.max_seq_length
    found = Recorded(
        base=base,
        architecture=str(model),
        dimension=int(model.get_embedding_dimension() or 0),
        max_length=int(limit) if limit and np.isfinite(limit) else None,
        similarity=_SIMILARITIES.get(model.similarity_fn_name or "cosine", "Cosine Similarity"),
        loss=str(known.get("fullname", "")),
        loss_parameters=_unfenced(str(known.get("config_code", ""))),
        loss_classes=tuple(tag.removeprefix("loss:") for tag in card.tags if _is_loss(tag)),
        citations={name: text.strip() for name, text in card.citations.items()},
        versions=dict(card.version),
        changed=_plain(card.non_default_hyperparameters, run),
        hyperparameters=_plain(card.all_hyperparameters, run),
        columns=tuple(_columns(model, train[:MEASURED_ROWS])),
        measured=min(MEASURED_ROWS, len(train)),
        samples=tuple(_samples(train[:_SAMPLES])),
    )
    write_json(run / CARD_FILE, asdict(found))


def _is_loss(tag: str) -> bool:
    return tag.startswith("loss:")


def _unfenced(code: str) -> str:
    """The JSON between the marks of a Markdown code block."""
    inside = re.sub(r"^\s*```json\s*|\s*```\s*$", "", code)
    return "\n".join(line.removeprefix("  ") for line in inside.splitlines())


def _plain(values: dict[str, Any] | None, run: Path) -> dict[str, Any]:
    """Values as JSON knows them, without those that name a place on this computer."""
    plain = json.loads(json.dumps(values or {}, default=str))
    return {name: value for name, value in plain.items() if str(run.parent) not in str(value)}


def _columns(model: SentenceTransformer, rows: pd.DataFrame) -> list[Column]:
    columns = []
    for name in text_roles(rows):
        texts = rows[name].astype(str).tolist()
        tokens = tokenise(model, texts)
        lengths = tokens.lengths if tokens is not None else np.array([len(text) for text in texts])
        unit = "tokens" if tokens is not None else "characters"
        columns.append(_column(name, "string", unit, lengths, len(set(texts))))
    if SCORE in rows:
        columns.append(_column(SCORE, "float", "", rows[SCORE].to_numpy(), rows[SCORE].nunique()))
    return columns


def _column(name: str, type: str, unit: str, values: np.ndarray, distinct: int) -> Column:
    mean = round(float(np.mean(values)), 2)
    return Column(name, type, unit, float(np.min(values)), mean, float(np.max(values)), distinct)


def _samples(rows: pd.DataFrame) -> list[dict[str, str]]:
    names: Sequence[str] = [*text_roles(rows), *([SCORE] if SCORE in rows else [])]
    return [{name: _shortened(str(row[name])) for name in names} for row in rows.to_dict("records")]


def _shortened(text: str) -> str:
    return text if len(text) <= _SAMPLE_CHARACTERS else text[:_SAMPLE_CHARACTERS] + "…"
