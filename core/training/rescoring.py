"""Scores of any model on the rows of a dataset, by the code that scores runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.data.shapes import SPLIT, Shape
from core.data.store import DatasetInfo, load_dataset
from core.problems import N_, Message
from core.training.encoding import load_model
from core.training.evaluation import PRIMARY, score_lexical, score_model
from core.training.examination import NothingToScore
from core.training.limits import HELD_OUT_LIMIT
from core.training.opening import divide
from core.training.reading import Reader
from core.training.report import ModelScores
from core.training.runs import Run
from core.training.tasks import Task, make_task, watched
from core.workspace import Workspace

SEED = 42
_NO_SHARE = 0.1
"""Of no effect where the table itself says which rows are held out."""
_READING = N_("{model} reads {count} texts")
_BY_RUN = N_("The rows that the run held out; it never learned from them.")
_BY_TABLE = N_("The rows that the table itself holds out.")
_BY_CHANCE = N_(
    "Rows drawn from all of the table. A model that has learned from some of them scores better "
    "here than it is."
)


@dataclass(frozen=True)
class ScoredModel:
    """A model that is scored: what it is to the others, its name, its folder."""

    role: str
    name: str
    folder: Path


@dataclass(frozen=True)
class DatasetScores:
    """What models reach on rows of a dataset.

    Attributes:
        shape: of the table.
        primary: the metric that decides.
        questions: how many questions (or scored pairs) the figures stand on.
        rows: how many rows were scored.
        passages: how many texts every question was searched in.
        which: which rows these are, and what that means.
        models: in the order in which they were given, then BM25.
    """

    shape: Shape
    primary: str
    questions: int
    rows: int
    passages: int
    which: Message
    models: tuple[ModelScores, ...]


def score_on_dataset(
    workspace: Workspace,
    dataset_id: str,
    models: Sequence[ScoredModel],
    run: Run | None = None,
    tell: Callable[[Message], None] = lambda message: None,
) -> DatasetScores:
    """Score models and BM25 on at most 500 rows of a dataset, in this process.

    Rows that the run kept away come first, then those of the table's own split; without either the
    rows are drawn.  The other rows lend texts that make finding harder, as they do after a run: for
    the run's own dataset the figures are those of its report.

    Args:
        workspace: where the dataset is.
        dataset_id: which dataset.
        models: whom to score.
        run: the run whose model it is, if it is one's.
        tell: hears what is being done.

    Raises:
        UnknownItem, DatasetUnreadable: there is no such dataset, or it cannot be read.
        NothingToScore: no row can be asked.
        Problem: a model cannot be loaded.
    """
    dataset = load_dataset(workspace, dataset_id)
    held_out, others, which, seed = _rows(dataset.info, dataset.frame(), run)
    task = make_task(held_out, dataset.info.shape, others, seed)
    if not task.size:
        raise NothingToScore
    scored = [_score(task, model, tell) for model in models]
    lexical = score_lexical(task)
    scored.append(ModelScores("bm25", "BM25", lexical.metrics, lexical.thresholds))
    return DatasetScores(
        shape=dataset.info.shape,
        primary=PRIMARY[dataset.info.shape],
        questions=task.size,
        rows=len(held_out),
        passages=len(task.passages),
        which=which,
        models=tuple(scored),
    )


def _rows(
    info: DatasetInfo, frame: pd.DataFrame, run: Run | None
) -> tuple[pd.DataFrame, pd.DataFrame, Message, int]:
    """The rows to score, the others, which they are, and the seed of what is drawn."""
    ran = run.config if run is not None else None
    if ran is not None and ran.dataset.content_hash == info.content_hash:
        seed = ran.training.seed
        split, places = divide(frame, info.shape, ran.evaluation.held_out_share, seed)
        return _taken(frame, places), _taken(frame, split.train), Message(_BY_RUN), seed
    if SPLIT in frame:
        split, places = divide(frame, info.shape, _NO_SHARE, SEED)
        return _taken(frame, places), _taken(frame, split.train), Message(_BY_TABLE), SEED
    scored = watched(frame.reset_index(drop=True), SEED, HELD_OUT_LIMIT)
    return scored, frame, Message(_BY_CHANCE), SEED


def _taken(frame: pd.DataFrame, places: NDArray[np.int64]) -> pd.DataFrame:
    return frame.iloc[places].reset_index(drop=True)


def _score(task: Task, model: ScoredModel, tell: Callable[[Message], None]) -> ModelScores:
    count = len(task.questions) + len(task.passages)
    tell(Message(_READING, {"model": model.name, "count": count}))
    reader = Reader(load_model(model.folder, "cpu"))
    scores = score_model(task, reader.passages, reader.questions)
    return ModelScores(model.role, model.name, scores.metrics, scores.thresholds)
