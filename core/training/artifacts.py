"""What a run leaves besides the model: held-out rows, examples, scores, its reference."""

from __future__ import annotations

import math
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from core.data.shapes import text_roles
from core.files import read_json, write_json
from core.inspection.widgets import Example
from core.models.bases import BaseConfig, ResolvedBase
from core.models.fingerprint import model_fingerprint
from core.training.evaluation import Scores

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

MODEL = "model"
SCORES = "scores"
EXAMPLES = "examples.json"
HELD_OUT = "held_out.parquet"
HELD_OUT_TEXTS = "held_out_texts.json"
REFERENCE = "reference.json"

EVALUATIONS = 8
"""How many times the held-out loss is measured during a run."""

BUNDLED = BaseConfig(kind="bundled")
"""What a model made from nothing is compared with."""


@dataclass(frozen=True)
class Reference:
    """The model that the tuned one is compared with: what the analyst had before."""

    name: str
    path: Path
    fingerprint: str


def optimiser_steps(rows: int, batch_size: int, epochs: float) -> int:
    """How many optimiser steps a run over ``rows`` takes; an epoch's last batch may be small."""
    return max(1, math.ceil(math.ceil(rows / batch_size) * epochs))


def save_rows(run: Path, held_out: pd.DataFrame, examples: list[Example]) -> None:
    """Keep the held-out rows, their distinct texts and the widget examples."""
    held_out.to_parquet(run / HELD_OUT, index=False)
    columns = text_roles(held_out)
    texts = pd.unique(pd.concat([held_out[name] for name in columns])).tolist()
    write_json(run / HELD_OUT_TEXTS, texts)
    write_json(run / EXAMPLES, [asdict(example) for example in examples])


def load_held_out(run: Path) -> pd.DataFrame:
    """The held-out rows of a run that are scored; raises OSError."""
    return pd.read_parquet(run / HELD_OUT)


def load_examples(run: Path) -> list[Example]:
    """The widget examples of a run."""
    return [
        Example(**{**item, "sentences": tuple(item["sentences"]), "roles": tuple(item["roles"])})
        for item in read_json(run / EXAMPLES)
    ]


def load_held_out_texts(run: Path) -> list[str]:
    """The distinct texts of the held-out rows."""
    texts: list[str] = read_json(run / HELD_OUT_TEXTS)
    return texts


def save_reference(run: Path, base: ResolvedBase) -> None:
    """Keep which model the tuned one is compared with."""
    assert base.path is not None
    write_json(
        run / REFERENCE,
        {
            "name": base.name,
            "path": str(base.path),
            "fingerprint": model_fingerprint(base.path),
        },
    )


def load_reference(run: Path) -> Reference:
    """Which model the tuned one is compared with."""
    data = read_json(run / REFERENCE)
    return Reference(data["name"], Path(data["path"]), data["fingerprint"])


def load_scores(path: Path) -> Scores | None:
    """Scores that an earlier attempt left; None when there are none."""
    try:
        data = read_json(path)
    except FileNotFoundError:
        return None
    return Scores(data["metrics"], np.array(data["per_question"], dtype=np.float64))


def save_model(run: Path, model: SentenceTransformer) -> None:
    """Write the model folder so that it appears whole or not at all."""
    draft = run / f".{MODEL}"
    shutil.rmtree(draft, ignore_errors=True)
    # The card is ours (core/export/card): the library's would show texts whoever minds.
    model.save_pretrained(str(draft), create_model_card=False)
    shutil.rmtree(run / MODEL, ignore_errors=True)
    draft.rename(run / MODEL)
