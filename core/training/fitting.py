"""The training itself: the library's trainer, its arguments, the loss, and what comes of it."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from core.jobs.context import JobContext, Stopped
from core.models.bases import BaseConfig, resolve
from core.training import artifacts
from core.training.checkpoints import CHECKPOINTS, checkpoint_step, restore_loss
from core.training.config import RunConfig
from core.training.encoding import load_model
from core.training.losses.registry import (
    build_loss,
    can_batch,
    grades_of,
    loss_named,
    require_batches,
    training_columns,
)
from core.training.losses.spec import Batches, LossContext, LossSpec

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


def fit(
    job: JobContext,
    config: RunConfig,
    train: pd.DataFrame,
    held_out: pd.DataFrame,
    model: SentenceTransformer,
    checkpoint: Path | None,
) -> dict[str, Any]:
    """Train ``model`` in place.

    Args:
        job: hears of every step and says when to stop.
        config: the run.
        train: the dataset's rows to learn from.
        held_out: the rows on which the held-out loss is measured.
        model: the base, or what the checkpoint holds.
        checkpoint: where to go on from, if this run was interrupted.

    Returns:
        ``steps``, ``seconds`` and ``rows_per_second``.

    Raises:
        Stopped: somebody asked the run to stop; its last checkpoint is whole.
        Problem: the loss cannot learn from these rows.
    """
    import torch
    from datasets import Dataset
    from sentence_transformers import SentenceTransformerTrainer

    from core.training.progress import ProgressCallback

    spec = loss_named(config.loss.name)
    # Numbered together, so that a grade has the same number on both sides.
    columns = training_columns(spec, pd.concat([train, held_out], ignore_index=True))
    learned, measured = columns[: len(train)], columns[len(train) :]
    require_batches(spec, learned)
    evaluate = can_batch(spec, measured)
    context = LossContext(
        grades=grades_of(spec, pd.concat([train, held_out])),
        load_model=partial(_load_named, job),
    )
    # A loss may have weights of its own, which start at random.
    torch.manual_seed(config.training.seed)
    loss = build_loss(spec, model, config.loss.parameters, context, config.loss.matryoshka)
    callback = ProgressCallback(job, config.training.batch_size, loss)
    trainer = SentenceTransformerTrainer(
        model=model,
        args=_arguments(job, config, len(train), spec, evaluate=evaluate),
        train_dataset=Dataset.from_pandas(learned, preserve_index=False),
        eval_dataset=Dataset.from_pandas(measured, preserve_index=False) if evaluate else None,
        loss=loss,
        callbacks=[callback],
    )
    if checkpoint is not None:
        restore_loss(checkpoint, loss)
        job.event("resumed", step=checkpoint_step(checkpoint))
    began = time.monotonic()
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if callback.stopped:
        raise Stopped
    seconds = time.monotonic() - began
    return {
        "steps": trainer.state.global_step,
        "seconds": seconds,
        "rows_per_second": callback.steps_done * config.training.batch_size / seconds,
    }


def _arguments(
    job: JobContext, config: RunConfig, rows: int, loss: LossSpec, *, evaluate: bool
) -> Any:
    import torch
    from sentence_transformers import SentenceTransformerTrainingArguments
    from sentence_transformers.base.sampler import BatchSamplers

    training = config.training
    steps = artifacts.optimiser_steps(rows, training.batch_size, training.epochs)
    on_gpu = job.device.startswith("cuda")
    evaluate_every = max(1, -(-steps // artifacts.EVALUATIONS))
    return SentenceTransformerTrainingArguments(
        output_dir=str(job.folder / CHECKPOINTS),
        num_train_epochs=training.epochs,
        per_device_train_batch_size=training.batch_size,
        per_device_eval_batch_size=training.batch_size,
        learning_rate=training.learning_rate,
        warmup_steps=training.warmup_share,
        weight_decay=training.weight_decay,
        seed=training.seed,
        batch_sampler={
            Batches.ANY: BatchSamplers.BATCH_SAMPLER,
            # Other rows' answers count as wrong: a repeated text would be its own wrong answer.
            Batches.NO_DUPLICATES: BatchSamplers.NO_DUPLICATES,
            Batches.BY_CLASS: BatchSamplers.GROUP_BY_LABEL,
        }[loss.batches],
        logging_first_step=True,
        logging_steps=max(1, steps // 150),
        # A filtered curve would hide what a person must know: that the loss is not a number.
        logging_nan_inf_filter=False,
        # Too few held-out texts of a class leave no batch to measure a loss on.
        eval_strategy="steps" if evaluate else "no",
        eval_steps=evaluate_every,
        eval_on_start=evaluate,
        save_strategy="steps",
        save_steps=max(1, min(evaluate_every * 2, 500)),
        save_total_limit=2,
        use_cpu=not on_gpu,
        bf16=on_gpu and torch.cuda.is_bf16_supported(),
        tf32=True if on_gpu and torch.cuda.get_device_capability() >= (8, 0) else None,
        dataloader_pin_memory=on_gpu,
        report_to="none",
        disable_tqdm=True,
    )


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
