"""The library's trainer, set up as a run's configuration says; imported by training jobs only."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from sentence_transformers import (
    SentenceTransformer,
    SentenceTransformerTrainer,
    SentenceTransformerTrainingArguments,
)
from torch import Tensor, nn
from torch.utils.data import DataLoader
from transformers import TrainerCallback

from core.files import read_json, write_json
from core.freed import give_back
from core.models.extension import word_embeddings
from core.training.config import TrainingConfig
from core.training.encoding import is_static
from core.training.losses.spec import LossSpec
from core.training.memory import Plan
from core.training.packing import can_pack, handing_on, position_offset, prepared
from core.training.rows import TrainingRows
from core.training.sampling import BatchSampler, Traits, padding_share, plan

_SCHEDULES = {
    "linear": "linear",
    "cosine": "cosine",
    # The library's "constant" knows no warm-up.
    "constant": "constant_with_warmup",
}
_AMPERE = (8, 0)


_WORKERS = {"cuda": 2}
"""Processes that make batches while a device works; on the CPU they would only slow it down."""

_PENDING = "pending_loss.json"
"""In a checkpoint: the sum of the losses that the curve has not shown yet."""


@dataclass(frozen=True)
class Padding:
    """Which share (0 to 1) of what a transformer works through is filling.

    Attributes:
        share: in the batches of this run's first epoch.
        any_order: in batches of rows of any length.
    """

    share: float
    any_order: float


class _TakesUp(TrainerCallback):
    """Gives a resumed training the losses that its checkpoint kept for the curve's next point."""

    def __init__(self, trainer: Trainer, checkpoint: Path) -> None:
        self._trainer = trainer
        self._kept = checkpoint / _PENDING

    def on_train_begin(self, *_args: Any, **_named: Any) -> None:
        """The training loop has just set both to nothing."""
        if self._kept.exists():
            pending = read_json(self._kept)
            self._trainer._tr_loss += pending["sum"]
            self._trainer._globalstep_last_logged = pending["since"]


class Trainer(SentenceTransformerTrainer):
    """The library's trainer on rows that were cut into tokens before, in batches of our own."""

    def __init__(
        self,
        *args: Any,
        learned: TrainingRows,
        measured: TrainingRows | None,
        spec: LossSpec,
        training: TrainingConfig,
        **named: Any,
    ) -> None:
        tables = {
            "train_dataset": _dataset(learned),
            "eval_dataset": _dataset(measured) if measured is not None else None,
        }
        super().__init__(*args, **tables, **named)
        # An epoch's last batch holds what is left, no row is seen twice.
        self.accelerator.even_batches = False
        self._learned, self._measured = learned, measured
        self._spec, self._training = spec, training
        self._one_pass = False
        self._sampler: BatchSampler | None = None

    def train(self, resume_from_checkpoint: str | None = None) -> Any:
        """Train, on the CPU in a way of our own (:mod:`core.training.packing`)."""
        model = self.model
        give_back()
        if resume_from_checkpoint is not None:
            self.add_callback(_TakesUp(self, Path(resume_from_checkpoint)))
        with ExitStack() as stack:
            if model.device.type == "cpu" and not is_static(model):
                stack.enter_context(prepared(model))
            self._one_pass = self._goes_in_one_pass()
            if self._one_pass:
                stack.enter_context(handing_on(model))
            return super().train(resume_from_checkpoint=resume_from_checkpoint)

    def _save_checkpoint(self, *args: Any, **named: Any) -> None:
        """Save what a run goes on from, with the losses since the curve's last point.

        A point is a mean over the steps since the one before; without them the first point after
        an interruption would be that of fewer steps.
        """
        super()._save_checkpoint(*args, **named)
        pending = {"sum": float(self._tr_loss), "since": self._globalstep_last_logged}
        assert self.args.output_dir is not None
        folder = Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}"
        write_json(folder / _PENDING, pending)

    def collect_features(self, inputs: dict[str, Any]) -> tuple[list[dict[str, Tensor]], Any]:
        """Each column's features for the loss: where that can be, the vectors themselves."""
        if "together" not in inputs:
            features, label = super().collect_features(inputs)
            return features, label
        vectors = self.model(inputs["together"])["sentence_embedding"]
        if "places" in inputs:
            vectors = vectors[inputs["places"]]
        columns = vectors.split(len(inputs["rows"]))
        return [{"sentence_embedding": column} for column in columns], inputs.get("label")

    def padding(self) -> Padding | None:
        """What share of the batches is filling; None for static models, which fill nothing up."""
        if is_static(self.model):
            return None
        lengths, sampler = self._learned.lengths, self._sampler
        assert sampler is not None, "the training has not begun"
        any_rows = plan(Traits(len(lengths)), sampler.batch_size, np.random.default_rng(0))
        any_order, found = (
            padding_share(batches, lengths) for batches in (any_rows, sampler.batches(0))
        )
        return Padding(0.0 if self._one_pass else found, any_order)

    def _goes_in_one_pass(self) -> bool:
        """Whether all texts of a batch go through the model together."""
        if self._spec.reads_tokens or not self._learned.cut:
            return False
        if is_static(self.model):
            return True
        return self.model.device.type == "cpu" and all(
            can_pack(self.model, tokens) for tokens in self._learned.tokens()
        )

    def _groups_by_length(self) -> bool:
        """Whether texts of like length are put together: only where batches are filled up.

        Rows that meet by chance teach more, where a loss compares them: after three steps of 64
        pairs the held-out loss was lower by a twentieth.
        """
        fills_up = not self._one_pass and not is_static(self.model)
        return fills_up and self._training.group_by_length

    def get_train_dataloader(self) -> DataLoader[Any]:
        """Batches of the training rows."""
        self._sampler = self._batches(
            self._learned,
            self.args.train_batch_size,
            epochs=math.ceil(self.args.num_train_epochs),
            together=self.args.gradient_accumulation_steps,
        )
        workers = _WORKERS.get(self.model.device.type, 0)
        return self._loader(self._learned, self.train_dataset, self._sampler, workers)

    def get_eval_dataloader(self, eval_dataset: Any = None) -> DataLoader[Any]:
        """Batches of the held-out rows, the same ones every time."""
        assert self._measured is not None
        batches = self._batches(self._measured, self.args.eval_batch_size)
        return self._loader(self._measured, self.eval_dataset, batches)

    def _batches(
        self, rows: TrainingRows, batch_size: int, epochs: int = 1, together: int = 1
    ) -> BatchSampler:
        training = self._training
        traits = rows.traits(
            self._spec.batches,
            apart=training.separate_duplicates,
            by_length=self._groups_by_length(),
        )
        seed = training.seed if training.data_seed is None else training.data_seed
        return BatchSampler(traits, batch_size, epochs, seed, together)

    def _loader(
        self, rows: TrainingRows, table: Dataset, batches: BatchSampler, workers: int = 0
    ) -> DataLoader[Any]:
        loader = DataLoader(
            range(len(rows.table)) if rows.cut else table,
            batch_sampler=batches,
            collate_fn=self._collator(rows),
            pin_memory=self.args.dataloader_pin_memory,
            num_workers=workers,
        )
        ready: DataLoader[Any] = self.accelerator.prepare(loader)
        return ready

    def _collator(self, rows: TrainingRows) -> Callable[[Any], dict[str, Any]]:
        if not rows.cut:
            return self.data_collator
        if not self._one_pass:
            return rows.batch
        offset = None if is_static(self.model) else position_offset(self.model)
        return partial(rows.together, offset=offset)


def make_trainer(
    model: SentenceTransformer,
    loss: nn.Module,
    arguments: SentenceTransformerTrainingArguments,
    learned: TrainingRows,
    measured: TrainingRows | None,
    callback: TrainerCallback,
    spec: LossSpec,
    training: TrainingConfig,
) -> Trainer:
    """A trainer for these rows.

    Args:
        model: the model.
        loss: its loss.
        arguments: the library's arguments (:func:`make_arguments`).
        learned: the rows to learn from.
        measured: the rows on which the held-out loss is measured.
        callback: hears of every step.
        spec: what the loss asks for.
        training: the run's settings.
    """
    if training.new_rate is not None:
        arguments.learning_rate_mapping = _rate_of_tokens(model, loss, training.new_rate)
    return Trainer(
        model=model,
        args=arguments,
        loss=loss,
        callbacks=[callback],
        learned=learned,
        measured=measured,
        spec=spec,
        training=training,
    )


def _dataset(rows: TrainingRows) -> Dataset:
    return Dataset.from_pandas(rows.table, preserve_index=False)


def make_arguments(
    folder: Path,
    device: str,
    training: TrainingConfig,
    plan: Plan,
    **changes: Any,
) -> SentenceTransformerTrainingArguments:
    """The trainer's arguments for a run.

    Args:
        folder: where checkpoints go.
        device: the job's device, "cpu" or "cuda:N".
        training: the run's settings.
        plan: how a step is worked through.
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
        "logging_first_step": True,
        # A filtered curve would hide what a person must know: that the loss is not a number.
        "logging_nan_inf_filter": False,
        "use_cpu": not on_gpu,
        "bf16": training.precision == "bf16" or (automatic and ampere),
        "tf32": True if automatic and ampere else None,
        "dataloader_pin_memory": on_gpu,
        # A copy to the device goes on while the step before is worked through.
        "accelerator_config": {"non_blocking": on_gpu},
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
