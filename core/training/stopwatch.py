"""Times the steps of a trainer, and stops it on request; imported by training jobs only."""

from __future__ import annotations

import time
from typing import Any

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from core.jobs.context import JobContext


class Stopwatch(TrainerCallback):
    """Seconds of each step, from its first row to the change of the weights."""

    def __init__(self, job: JobContext) -> None:
        self._job = job
        self._began = 0.0
        self.seconds: list[float] = []

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Note when the first step began."""
        self._began = time.perf_counter()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Note how long the step took, with the loading of its rows.

        Raises:
            Stopped: the job was asked to stop.
        """
        if torch.cuda.is_available():
            # A GPU is told what to do and works on behind.
            torch.cuda.synchronize()
        now = time.perf_counter()
        self.seconds.append(now - self._began)
        self._began = now
        self._job.check_stop()
