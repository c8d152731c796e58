"""The training itself: the library's trainer, its arguments, the loss, and what comes of it."""

from __future__ import annotations

import gc
import logging
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from core.data.shapes import shape_of
from core.data.structure import add_structured_negatives
from core.jobs.context import JobContext
from core.models.bases import BaseConfig, resolve
from core.training import artifacts
from core.training.best import Score, Watch
from core.training.checkpoints import (
    CHECKPOINTS,
    checkpoint_step,
    last_whole_checkpoint,
    restore_loss,
)
from core.training.config import RunConfig
from core.training.cost import planned_steps
from core.training.encoding import is_static, load_model
from core.training.evaluation import PRIMARY
from core.training.losses.registry import (
    build_loss,
    can_batch,
    grades_of,
    loss_named,
    require_batches,
    training_columns,
)
from core.training.losses.spec import LossContext
from core.training.memory import Plan, load_plan, save_plan, smaller
from core.training.prompts import column_prompts, set_prompts
from core.training.rows import TrainingRows

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor, nn

_POINTS = 150
"""How many points the curve of the loss has, about."""
_SAVE_AT_MOST = 500
"""Steps between two checkpoints at most."""
_log = logging.getLogger("pairloom.fitting")


def fit(
    job: JobContext,
    config: RunConfig,
    train: pd.DataFrame,
    held_out: pd.DataFrame,
    model: SentenceTransformer,
    checkpoint: Path | None,
    score: Score,
) -> dict[str, Any]:
    """Train ``model`` in place; it ends as it was at its best, if the run keeps that.

    When the device's memory runs out, the run goes on with fewer rows at a time
    (:mod:`core.training.memory`) from its last whole checkpoint, or from its start.

    Args:
        job: hears of every step and says when to stop.
        config: the run.
        train: the dataset's rows to learn from.
        held_out: the rows on which the held-out loss is measured.
        model: the base, or what the checkpoint holds.
        checkpoint: where to go on from, if this run was interrupted.
        score: the model's held-out score, higher is better; asked at each evaluation.

    Returns:
        ``steps``, ``seconds``, ``rows_per_second``; ``best_step`` and ``best_value`` (None when
        nothing was scored), ``stopped_early``; ``stopped_by_hand`` and ``planned_steps``: whether
        somebody ended it, and how many steps there were to be; ``batch_size`` and ``notes``: how
        many rows were in memory at once at the end, and messages (as JSON) on why that is less than
        was asked for.

    Raises:
        Stopped: somebody asked the run to stop; its last checkpoint is whole.
        Problem: the loss cannot learn from these rows.
        torch.OutOfMemoryError: memory ran out with a single row.
    """
    import torch

    set_prompts(model, config.training)
    rows = _rows_for(job, config, train, held_out, model)
    plan = load_plan(job.folder) or Plan.of(config)
    # Before there is a checkpoint, this is what a run goes back to when memory ran out.  On the CPU
    # that does not happen in a way that a process lives to tell.
    start = _weights(model) if checkpoint is None and job.device != "cpu" else None
    while True:
        try:
            return _attempt(job, config, plan, rows, model, checkpoint, score)
        except torch.OutOfMemoryError:
            _log.exception("memory ran out with %d rows at a time", plan.rows_at_once)
            less = smaller(plan, static=is_static(model))
            if less is None:
                raise
        # The failed attempt's tensors are let go of only outside of the handler.
        facts = {"from": plan.rows_at_once, "to": less.plan.rows_at_once, "meaning": less.meaning}
        plan = less.plan
        save_plan(job.folder, plan)
        job.event("micro_batch", **facts)
        model.zero_grad(set_to_none=True)
        gc.collect()
        torch.cuda.empty_cache()
        checkpoint = last_whole_checkpoint(job.folder)
        if checkpoint is None and start is not None:
            model.load_state_dict(start)


@dataclass(frozen=True)
class _Rows:
    """The rows as the trainer is to see them.

    Attributes:
        learned: the training rows.
        measured: the held-out rows; None when the loss can make no batch of them.
        grades: how many grades a loss that sorts into them has to know.
        metric: the name of the held-out score.
    """

    learned: TrainingRows
    measured: TrainingRows | None
    grades: int
    metric: str


def _rows_for(
    job: JobContext,
    config: RunConfig,
    train: pd.DataFrame,
    held_out: pd.DataFrame,
    model: SentenceTransformer,
) -> _Rows:
    spec = loss_named(config.loss.name)
    metric = PRIMARY[shape_of(train.columns)]
    train, held_out = learned_rows(config, train), _measured_rows(config, train, held_out)
    both = pd.concat([train, held_out], ignore_index=True)
    # Numbered together, so that a grade has the same number on both sides.
    columns = training_columns(spec, both)
    learned, measured = columns[: len(train)], columns[len(train) :]
    require_batches(spec, learned)
    prompts = column_prompts(model, columns.columns)

    def cut(table: pd.DataFrame) -> TrainingRows:
        return TrainingRows(model, table.reset_index(drop=True), prompts, job.check_stop)

    return _Rows(
        cut(learned),
        cut(measured) if can_batch(spec, measured) else None,
        grades_of(spec, both),
        metric,
    )


def learned_rows(config: RunConfig, train: pd.DataFrame) -> pd.DataFrame:
    """The training rows with the wrong answers that the run adds from the table's structure.

    Raises:
        NoStructure: the answers do not say what they are about.
    """
    count = config.training.structured_negatives
    return add_structured_negatives(train, count, config.training.seed) if count else train


def _measured_rows(config: RunConfig, train: pd.DataFrame, held_out: pd.DataFrame) -> pd.DataFrame:
    """The held-out rows with as many wrong answers; there are too few of them to find all there."""
    count = config.training.structured_negatives
    if not count:
        return held_out
    return add_structured_negatives(held_out, count, config.training.seed, among=train)


def _attempt(
    job: JobContext,
    config: RunConfig,
    plan: Plan,
    rows: _Rows,
    model: SentenceTransformer,
    checkpoint: Path | None,
    score: Score,
) -> dict[str, Any]:
    """Train from the checkpoint or the start to the end, as the plan says."""
    from core.training.progress import ProgressCallback
    from core.training.trainer import make_arguments, make_trainer

    loss = make_loss(job, config, plan, model, rows.grades)
    watch = Watch(job, config.evaluation, rows.metric, score)
    callback = ProgressCallback(
        job, config.training.rows_per_step, loss, watch, model, config.evaluation.evaluations
    )
    spec = loss_named(plan.loss.name)
    apart = config.training.separate_duplicates
    traits = rows.learned.traits(spec.batches, apart=apart, by_length=False)
    steps = planned_steps(traits.rows, config.training, traits.most_repeated())
    every = max(1, steps // max(1, config.evaluation.evaluations // 2))
    arguments = make_arguments(
        job.folder / CHECKPOINTS,
        job.device,
        config.training,
        plan,
        prompts=column_prompts(model, rows.learned.table.columns) or None,
        logging_steps=max(1, steps // _POINTS),
        # The callback asks for evaluations: too few held-out texts of a class leave no batch to
        # measure a loss on, but the model can be scored.
        eval_strategy="no",
        eval_on_start=rows.measured is not None,
        save_strategy="steps",
        save_steps=min(every, _SAVE_AT_MOST),
        save_total_limit=2,
    )
    trainer = make_trainer(
        model,
        loss,
        arguments,
        rows.learned,
        rows.measured,
        callback,
        spec,
        config.training,
    )
    callback.padding = trainer.padding
    if checkpoint is not None:
        restore_loss(checkpoint, loss)
        job.event("resumed", step=checkpoint_step(checkpoint))
    began = time.monotonic()
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if callback.stopped:
        # Goes on from here when somebody wants to keep the model as it is now.
        job.check_stop()
    seconds = time.monotonic() - began
    watch.restore(model, trainer.state.global_step)
    best = watch.best
    return {
        "steps": trainer.state.global_step,
        "seconds": seconds,
        "rows_per_second": callback.steps_done * config.training.rows_per_step / seconds,
        "best_step": best.step if best else None,
        "best_value": best.value if best else None,
        "stopped_early": callback.stopped_early,
        "stopped_by_hand": callback.stopped,
        "planned_steps": trainer.state.max_steps,
        "batch_size": plan.rows_at_once,
        "notes": [note.to_json() for note in plan.notes],
    }


def make_loss(
    job: JobContext, config: RunConfig, plan: Plan, model: SentenceTransformer, grades: int
) -> nn.Module:
    """The plan's loss for the model."""
    import torch

    # A loss may have weights of its own, which start at random.
    torch.manual_seed(config.training.seed)
    context = LossContext(grades=grades, load_model=partial(_load_named, job))
    spec = loss_named(plan.loss.name)
    return build_loss(spec, model, plan.loss.parameters, context, plan.loss.matryoshka)


def _weights(model: SentenceTransformer) -> dict[str, Tensor]:
    """A copy of the weights in main memory."""
    return {name: part.detach().cpu().clone() for name, part in model.state_dict().items()}


def _load_named(job: JobContext, name: str) -> SentenceTransformer:
    """A model that a loss asks for advice: ``bundled``, ``run:<id>`` or a folder's path."""
    if name == "bundled":
        config = artifacts.BUNDLED
    elif name.startswith("run:"):
        config = BaseConfig(kind="run", run=name.removeprefix("run:"))
    else:
        config = BaseConfig(kind="folder", path=name)
    resolved = resolve(job.workspace, config)
    assert resolved.path is not None
    return load_model(resolved.path, job.device)
