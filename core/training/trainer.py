"""The library's trainer, set up as a run's configuration says; imported by training jobs only."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from sentence_transformers import (
    SentenceTransformer,
    SentenceTransformerTrainer,
    SentenceTransformerTrainingArguments,
)
from sentence_transformers.base.sampler import BatchSamplers, DefaultBatchSampler
from torch import nn
from torch.utils.data import BatchSampler
from transformers import TrainerCallback

from core.models.extension import word_embeddings
from core.training.config import TrainingConfig
from core.training.losses.spec import Batches
from core.training.memory import Plan

_SCHEDULES = {
    "linear": "linear",
    "cosine": "cosine",
    # The library's "constant" knows no warm-up.
    "constant": "constant_with_warmup",
}
_AMPERE = (8, 0)


class Trainer(SentenceTransformerTrainer):
    """The library's trainer, whose rows may come in an order of their own seed."""

    order_seed: int | None = None

    def get_batch_sampler(
        self,
        dataset: Dataset,
        batch_size: int,
        drop_last: bool,
        valid_label_columns: list[str] | None = None,
        generator: torch.Generator | None = None,
        seed: int = 0,
    ) -> BatchSampler | DefaultBatchSampler | None:
        """The batches; the library knows one seed for the order and for everything else."""
        if self.order_seed is not None:
            seed = self.order_seed
            if generator is not None:
                generator.manual_seed(seed)
        return super().get_batch_sampler(
            dataset, batch_size, drop_last, valid_label_columns, generator, seed
        )


def make_trainer(
    model: SentenceTransformer,
    loss: nn.Module,
    arguments: SentenceTransformerTrainingArguments,
    train: Dataset,
    held_out: Dataset | None,
    callback: TrainerCallback,
    training: TrainingConfig,
) -> Trainer:
    """A trainer for these rows."""
    if training.new_rate is not None:
        arguments.learning_rate_mapping = _rate_of_tokens(model, loss, training.new_rate)
    trainer = Trainer(
        model=model,
        args=arguments,
        train_dataset=train,
        eval_dataset=held_out,
        loss=loss,
        callbacks=[callback],
    )
    trainer.order_seed = training.data_seed
    return trainer


def make_arguments(
    folder: Path,
    device: str,
    training: TrainingConfig,
    plan: Plan,
    batches: Batches,
    **changes: Any,
) -> SentenceTransformerTrainingArguments:
    """The trainer's arguments for a run.

    Args:
        folder: where checkpoints go.
        device: the job's device, "cpu" or "cuda:N".
        training: the run's settings.
        plan: how a step is worked through.
        batches: which rows may share a batch.
        changes: further arguments of the library.
    """
    on_gpu = device.startswith("cuda") and torch.cuda.is_available()
    automatic = training.precision == "auto"
    ampere = on_gpu and torch.cuda.get_device_capability() >= _AMPERE
    arguments: dict[str, Any] = {
        "output_dir": str(folder),
        "num_train_epochs": training.epochs,
        "per_device_train_batch_size": plan.batch_size,
        "per_device_eval_batch_size": plan.batch_size,
        "gradient_accumulation_steps": plan.accumulation,
        "activation_checkpointing": training.gradient_checkpointing,
        "learning_rate": training.learning_rate,
        "lr_scheduler_type": _SCHEDULES[training.schedule],
        "warmup_steps": training.warmup_share,
        "weight_decay": training.weight_decay,
        "seed": training.seed,
        "batch_sampler": _sampler(batches, separate=training.separate_duplicates),
        "logging_first_step": True,
        # A filtered curve would hide what a person must know: that the loss is not a number.
        "logging_nan_inf_filter": False,
        "use_cpu": not on_gpu,
        "bf16": training.precision == "bf16" or (automatic and ampere),
        "tf32": True if automatic and ampere else None,
        "dataloader_pin_memory": on_gpu,
        "report_to": "none",
        "disable_tqdm": True,
    }
    return SentenceTransformerTrainingArguments(**{**arguments, **changes})


def _rate_of_tokens(model: SentenceTransformer, loss: nn.Module, rate: float) -> dict[str, float]:
    """The token vectors' own rate, as the library wants it: by a pattern for the weight's name.

    The weights are named as the loss knows them, because that is what the optimiser is given.
    """
    if model.transformers_model is None:
        return {}
    weight = word_embeddings(model).weight
    names = [name for name, one in loss.named_parameters() if one is weight]
    return {f"^{re.escape(name)}$": rate for name in names}


def _sampler(batches: Batches, *, separate: bool) -> BatchSamplers:
    if batches is Batches.BY_CLASS:
        return BatchSamplers.GROUP_BY_LABEL
    if batches is Batches.NO_DUPLICATES and separate:
        # Other rows' answers count as wrong: a repeated text would be its own wrong answer.
        return BatchSamplers.NO_DUPLICATES
    return BatchSamplers.BATCH_SAMPLER
