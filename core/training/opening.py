"""Opens a run: its configuration, its rows divided, what it is examined on, what it starts from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.data.shapes import Shape
from core.data.split import Split, split_rows
from core.data.store import load_dataset
from core.data.structure import shape_with
from core.inspection.widgets import Example, choose_examples
from core.jobs.context import JobContext
from core.models.bases import ResolvedBase, resolve
from core.problems import N_, Message, Problem
from core.training import artifacts
from core.training.config import OwnQuestion, RunConfig
from core.training.examination import Examination, prepare
from core.training.limits import HELD_OUT_LIMIT
from core.training.losses.registry import check_fit, loss_named
from core.training.questions import own_questions


class DatasetChanged(Problem):
    what = N_("The dataset {name} is not the one that this configuration was made for.")
    do = N_(
        "Choose the dataset again on the Train screen, or take the dataset line out of the file."
    )


class TooFewRows(Problem):
    what = N_("Only {rows} rows are left for training after {held_out} were held out.")
    do = N_("Add rows to the table, or lower the held-out share.")


@dataclass(frozen=True)
class Rows:
    """The dataset of a run, divided."""

    shape: Shape
    family: str
    train: pd.DataFrame
    held_out: pd.DataFrame
    split: Split
    examples: list[Example]


@dataclass(frozen=True)
class OpenRun:
    """What every stage of a run works with.

    Attributes:
        job: hears of the progress and says when to stop.
        config: the run's settings.
        rows: the dataset, divided.
        own: the user's own questions.
        examination: what models are scored on.
        base: what the training starts from.
        reference: what the tuned model is compared with: the base, or the bundled model for a base
            that is made here.
    """

    job: JobContext
    config: RunConfig
    rows: Rows
    own: tuple[OwnQuestion, ...]
    examination: Examination
    base: ResolvedBase
    reference: ResolvedBase

    @property
    def base_is_made(self) -> bool:
        """Whether the base is a static model that is made from the table's own texts."""
        return self.base.path is None


def open_run(job: JobContext) -> OpenRun:
    """Read the configuration and the dataset, and leave the held-out rows in the run's folder.

    Raises:
        Problem: what a person has to mend.
    """
    config = RunConfig.parse(job.params, "config.yaml")
    job.progress(Message(N_("Reading the dataset")))
    base = resolve(job.workspace, config.base)
    rows = _read_rows(job, config, base)
    own = own_questions(job.workspace, config.evaluation, rows.family)
    examination = prepare(
        rows.held_out,
        rows.train,
        rows.shape,
        config.training.seed,
        test_twins=config.evaluation.confusables,
        # With an exam the own questions are asked of its corpus.
        own=() if config.evaluation.exam else own,
    )
    return OpenRun(job, config, rows, tuple(own), examination, base, _reference(job, base))


def divide(
    frame: pd.DataFrame, shape: Shape, share: float, seed: int
) -> tuple[Split, NDArray[np.int64]]:
    """How a run parts the rows of a table, and the positions of those that are scored.

    Of more than 500 held-out rows so many are drawn; see :func:`core.data.split.split_rows`.
    """
    split = split_rows(frame, shape, share, seed)
    scored = split.held_out
    if len(scored) > HELD_OUT_LIMIT:
        scored = np.sort(np.random.default_rng(seed).choice(scored, HELD_OUT_LIMIT, replace=False))
    return split, scored


def _read_rows(job: JobContext, config: RunConfig, base: ResolvedBase) -> Rows:
    dataset = load_dataset(job.workspace, config.dataset.id)
    if dataset.info.content_hash != config.dataset.content_hash:
        raise DatasetChanged(name=config.dataset.name)
    shape = dataset.info.shape
    added = config.training.structured_negatives
    negatives = shape_with(shape, added)
    check_fit(loss_named(config.loss.name), negatives, static=base.kind == "static")
    frame = dataset.frame()
    seed = config.training.seed
    split, held_out_rows = divide(frame, shape, config.evaluation.held_out_share, seed)
    if len(split.train) < 2:
        raise TooFewRows(rows=len(split.train), held_out=len(split.held_out))
    examples = choose_examples(frame, shape, held_out_rows, seed)
    held_out = frame.iloc[held_out_rows].reset_index(drop=True)
    artifacts.save_rows(job.folder, held_out, examples)
    train = frame.iloc[split.train].reset_index(drop=True)
    return Rows(shape, dataset.info.family, train, held_out, split, examples)


def _reference(job: JobContext, base: ResolvedBase) -> ResolvedBase:
    """What the analyst had before: the base, or for a model made from nothing the bundled one."""
    reference = base if base.path is not None else resolve(job.workspace, artifacts.BUNDLED)
    artifacts.save_reference(job.folder, reference)
    return reference
