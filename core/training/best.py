"""Looks at a model while it trains: keeps it as it was at its best, and says when to stop."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.files import read_json, write_json
from core.jobs.context import JobContext
from core.training.checkpoints import CHECKPOINTS
from core.training.config import EvaluationConfig

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Score = Callable[["SentenceTransformer"], float]
"""A model's held-out score; higher is better."""

BEST_FILE = "best.safetensors"
_HISTORY_FILE = "evaluations.json"


@dataclass(frozen=True)
class Best:
    """When the model was at its best, and how good it was."""

    step: int
    value: float


class Watch:
    """The evaluations of one run; what it has seen outlives the process.

    Both files lie beside the checkpoints.  The weights carry their step and value in themselves, so
    that a process that dies while it writes leaves the earlier ones whole.
    """

    def __init__(
        self, job: JobContext, settings: EvaluationConfig, metric: str, score: Score
    ) -> None:
        self._job = job
        self._settings = settings
        self._metric = metric
        self._score = score
        folder = job.folder / CHECKPOINTS
        folder.mkdir(exist_ok=True)
        self._weights = folder / BEST_FILE
        self._history_file = folder / _HISTORY_FILE
        self._values = _read_history(self._history_file)
        self._saved = _read_best(self._weights)

    @property
    def best(self) -> Best | None:
        """The best evaluation so far; of equal ones the last, which has trained longer."""
        if self._settings.keep_best:
            return self._saved
        if not self._values:
            return None
        top = max(self._values.values())
        return Best(max(step for step, value in self._values.items() if value == top), top)

    def look(self, model: SentenceTransformer, step: int, epoch: float) -> bool:
        """Score the model as it is after ``step``; returns whether to stop early.

        The untrained model (step 0) is scored for the curve, but never kept as the best.
        """
        value = self._score(model)
        self._job.event(
            "held_out_score", step=step, epoch=round(epoch, 4), metric=self._metric, value=value
        )
        if step == 0 or not math.isfinite(value):
            return False
        self._values[step] = value
        write_json(self._history_file, {str(step): value for step, value in self._values.items()})
        if self._settings.keep_best and (self._saved is None or value >= self._saved.value):
            self._keep(model, Best(step, value))
        if not self._is_over(step):
            return False
        self._job.event("early_stop", step=step)
        return True

    def restore(self, model: SentenceTransformer, step: int) -> None:
        """Give ``model``, which stands at ``step``, the weights that it had at its best."""
        from safetensors.torch import load_model

        if self._saved is not None and self._settings.keep_best and self._saved.step != step:
            load_model(model, self._weights, device=str(model.device))

    def _keep(self, model: SentenceTransformer, best: Best) -> None:
        from safetensors.torch import save_model

        draft = self._weights.with_name(f".{BEST_FILE}")
        save_model(model, str(draft), {"step": str(best.step), "value": repr(best.value)})
        os.replace(draft, self._weights)
        self._saved = best
        self._job.event("best", step=best.step, value=best.value)

    def _is_over(self, step: int) -> bool:
        """Whether ``patience`` evaluations up to ``step`` brought nothing better.

        A resumed run knows evaluations that lie ahead of it; what was better then will be again.
        """
        if self._settings.patience is None:
            return False
        top = max(self._values.values())
        improved = min(at for at, value in self._values.items() if value == top)
        return sum(improved < at <= step for at in self._values) >= self._settings.patience


def _read_history(file: Path) -> dict[int, float]:
    try:
        return {int(step): float(value) for step, value in read_json(file).items()}
    except FileNotFoundError:
        return {}


def _read_best(file: Path) -> Best | None:
    from safetensors import safe_open

    if not file.exists():
        return None
    with safe_open(file, framework="numpy") as weights:
        said = weights.metadata()
    return Best(int(said["step"]), float(said["value"]))
