"""Tries a few real batches of a configuration: how long a step takes, how much memory it needs."""

from __future__ import annotations

import logging
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import psutil

from core.data.shapes import HELD_OUT, SPLIT, text_roles
from core.data.store import load_dataset
from core.jobs.context import JobContext
from core.models.bases import OWN, resolve, vocabulary_size_for
from core.problems import N_, Message
from core.training.building import build_base
from core.training.config import RunConfig
from core.training.encoding import limit_length, load_model
from core.training.extending import extend_base
from core.training.fitting import learned_rows, make_loss
from core.training.losses.registry import grades_of, loss_named, training_columns
from core.training.losses.spec import Batches
from core.training.measured import Measured, save_measured
from core.training.memory import Plan
from core.training.prompts import column_prompts, set_prompts
from core.training.rows import TrainingRows

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

HEADROOM = 0.8
"""This share of the memory is planned for; the rest is for what else happens in a run."""
_LONG_STEPS, _TYPICAL_STEPS = 2, 5
_VOCABULARY_ROWS = 5_000
_WATCH_SECONDS = 0.002
_log = logging.getLogger("pairloom.probe")


@dataclass(frozen=True)
class _Trial:
    """What trying some batches took: a usual step, and the most memory (bytes)."""

    seconds: float
    peak: int


def probe(job: JobContext) -> None:
    """Do a few real optimiser steps of the configuration in ``params["config"]``.

    First with the table's longest texts, for the memory, in half and in whole batches; then with
    rows drawn at random, for the time.  The model that comes out is thrown away.

    Raises:
        Problem: the dataset or the base cannot be used.
        Stopped: the job was asked to stop.
    """
    config = RunConfig.parse(job.params["config"], "config.yaml")
    job.progress(Message(N_("Reading the dataset")), 0.0)
    rows = _training_rows(job, config)
    job.progress(Message(N_("Loading PyTorch and the base model")), 0.1)
    bench = _Bench(job, config, rows)
    job.check_stop()
    usable = bench.usable_bytes()
    job.progress(Message(N_("Trying the longest texts")), 0.4)
    size = min(config.training.batch_size, len(rows))
    half, whole, tried = _longest(bench, size)
    job.check_stop()
    job.progress(Message(N_("Trying typical texts")), 0.7)
    typical = bench.run(tried, bench.drawn(tried), _TYPICAL_STEPS)
    largest = _largest(half, whole, tried, usable)
    # What did not fit is worked through in parts that do.
    parts = -(-size // tried) * config.training.gradient_accumulation
    measured = Measured(
        device=job.device,
        step_seconds=typical.seconds * parts,
        peak_bytes=whole,
        usable_bytes=usable,
        batch_size=tried,
        fits=tried == size and size <= largest,
        largest=largest,
    )
    _log.info("%s", measured)
    save_measured(job.workspace, config, measured)


def _training_rows(job: JobContext, config: RunConfig) -> pd.DataFrame:
    frame = load_dataset(job.workspace, config.dataset.id).frame()
    if SPLIT in frame:
        frame = frame[frame[SPLIT] != HELD_OUT]
    return learned_rows(config, frame.reset_index(drop=True))


def _longest(bench: _Bench, size: int) -> tuple[int, int, int]:
    """The peak memory of half a batch and of a whole one, and how large one fits."""
    import torch

    while True:
        try:
            half = bench.run(max(1, size // 2), bench.longest(max(1, size // 2)), _LONG_STEPS)
            whole = bench.run(size, bench.longest(size), _LONG_STEPS)
        except torch.OutOfMemoryError:
            if size == 1:
                raise
        else:
            return half.peak, max(half.peak, whole.peak), size
        size //= 2
        torch.cuda.empty_cache()


def _largest(half: int, whole: int, size: int, usable: int) -> int:
    """How many rows fit, if memory grows evenly with them."""
    a_row = (whole - half) / max(1, size - size // 2)
    fixed = whole - a_row * size
    if whole > HEADROOM * usable:
        return max(1, min(size - 1, int((HEADROOM * usable - fixed) / max(a_row, 1.0))))
    return size if a_row <= 0 else max(size, int((HEADROOM * usable - fixed) / a_row))


class _Bench:
    """A model on the job's device, and the real rows that it is tried with."""

    def __init__(self, job: JobContext, config: RunConfig, rows: pd.DataFrame) -> None:
        self._job = job
        self._config = config
        self._spec = loss_named(config.loss.name)
        self._columns = training_columns(self._spec, rows)
        self._grades = grades_of(self._spec, rows)
        texts = rows[text_roles(rows.columns)]
        lengths = sum(texts[name].str.len().to_numpy() for name in texts)
        self._by_length = np.argsort(-np.asarray(lengths), kind="stable")
        self._model = _load_model(job, config, rows)

    def longest(self, batch_size: int) -> pd.DataFrame:
        """The longest rows; of texts with a class any, since a batch needs several classes."""
        if self._spec.batches is Batches.BY_CLASS:
            return self.drawn(batch_size)
        return self._columns.iloc[self._by_length[:batch_size]]

    def drawn(self, batch_size: int) -> pd.DataFrame:
        """Enough rows for some batches, drawn at random."""
        count = min(len(self._columns), batch_size * _TYPICAL_STEPS)
        if self._spec.batches is Batches.BY_CLASS:
            count = min(len(self._columns), max(count, 200))
        chosen = np.random.default_rng(0).permutation(len(self._columns))[:count]
        return self._columns.iloc[np.sort(chosen)]

    def usable_bytes(self) -> int:
        """The memory that training may take, with what the model takes already."""
        import torch

        if self._on_gpu:
            return int(torch.cuda.mem_get_info()[0] + torch.cuda.memory_reserved())
        process = psutil.Process().memory_info().rss
        return int(psutil.virtual_memory().available + process)

    def run(self, batch_size: int, rows: pd.DataFrame, steps: int) -> _Trial:
        """Train for some steps with the library's trainer, as a run would."""
        from core.training.stopwatch import Stopwatch
        from core.training.trainer import make_arguments, make_trainer

        plan = Plan(self._config.loss, batch_size, 1)
        loss = make_loss(self._job, self._config, plan, self._model, self._grades)
        prompts = column_prompts(self._model, self._columns.columns)
        watch = Stopwatch(self._job)
        with tempfile.TemporaryDirectory(dir=self._job.folder) as folder:
            arguments = make_arguments(
                Path(folder),
                self._job.device,
                self._config.training,
                plan,
                max_steps=steps,
                save_strategy="no",
                eval_strategy="no",
                logging_strategy="no",
                prompts=prompts or None,
            )
            trainer = make_trainer(
                self._model,
                loss,
                arguments,
                TrainingRows(self._model, rows.reset_index(drop=True), prompts),
                None,
                watch,
                # Repeated texts must not make a trial's batches smaller than a run's.
                replace(self._spec, batches=Batches.ANY) if self._spec.in_batch else self._spec,
                self._config.training,
            )
            with self._peak() as peak:
                trainer.train()
        # The first step of a process also sets things up.  Batches of short texts and of long ones
        # both belong to an epoch.
        return _Trial(float(np.mean(watch.seconds[1:] or watch.seconds)), peak[0])

    @property
    def _on_gpu(self) -> bool:
        import torch

        return self._job.device.startswith("cuda") and torch.cuda.is_available()

    @contextmanager
    def _peak(self) -> Iterator[list[int]]:
        """A list whose one element is, at the end, the most memory that was in use (bytes)."""
        import torch

        found = [0]
        if self._on_gpu:
            torch.cuda.reset_peak_memory_stats()
            yield found
            found[0] = int(torch.cuda.max_memory_allocated())
            return
        process, over = psutil.Process(), threading.Event()

        def watch() -> None:
            while not over.wait(_WATCH_SECONDS):
                found[0] = max(found[0], process.memory_info().rss)

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield found
        finally:
            over.set()
            thread.join()


def _load_model(job: JobContext, config: RunConfig, rows: pd.DataFrame) -> SentenceTransformer:
    base = resolve(job.workspace, config.base)
    if base.path is not None:
        model = load_model(base.path, job.device)
        extend_base(job, config, model, rows[:_VOCABULARY_ROWS])
    else:
        # A vocabulary of a part of the table costs a step what that of the whole would, and so do
        # vectors whatever they start from.
        base_config = config.base.model_copy(
            update={
                "start": OWN,
                "vocabulary_size": config.base.vocabulary_size or vocabulary_size_for(len(rows)),
                "dimension": base.dimension,
            }
        )
        small = config.model_copy(update={"base": base_config})
        model = build_base(job, small, rows[:_VOCABULARY_ROWS])
    limit_length(model, config.training.max_length)
    set_prompts(model, config.training)
    return model
