"""Watches the trainer: writes events, marks whole checkpoints, stops on request."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import torch
from torch import nn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from core.files import write_json
from core.jobs.context import JobContext
from core.problems import N_, Message, Problem
from core.training.best import Watch
from core.training.checkpoints import WHOLE_MARK, save_loss

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from core.training.trainer import Padding

_POINTS_LOOKED_AT = 10
TRAINING_STAGE = N_("Training: step {step} of {steps}")


class LossNotANumber(Problem):
    what = N_("The loss stopped being a number at step {step}: the training has come apart.")
    do = N_("Lower the learning rate by a factor of ten and start again.")


class ProgressCallback(TrainerCallback):
    """Turns what the trainer says into events and progress of the job.

    Attributes:
        padding: asked, when the training begins, for the share of filling.
        steps_done: steps of this attempt.
        stopped: somebody asked the run to stop.
        stopped_early: patience ran out.
    """

    def __init__(
        self,
        job: JobContext,
        rows_per_step: int,
        loss: nn.Module,
        watch: Watch,
        model: SentenceTransformer,
        evaluations: int,
    ) -> None:
        self._job = job
        self._loss = loss
        self._watch = watch
        self._model = model
        self._evaluations = evaluations
        self._every = 1
        self._rows_per_step = rows_per_step
        self._process = psutil.Process()
        # Steps and seconds of the last points of the curve.  A GPU is asked for a loss only there,
        # and what it still had to do for the steps before is waited for then.
        self._worked: deque[tuple[int, float]] = deque(maxlen=_POINTS_LOOKED_AT)
        self._logged_step = 0
        self._logged_time = 0.0
        self._paused_seconds = 0.0
        self._scoring_seconds = 0.0
        self._measuring_seconds = 0.0
        self.padding: Callable[[], Padding | None] = lambda: None
        self.steps_done = 0
        self.stopped = False
        self.stopped_early = False

    def on_train_begin(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **_: Any,
    ) -> None:
        """Say how many steps there are to be, and how good the model is before the next one."""
        # As often as asked for, however many steps there are: a fraction of the total.
        self._every = max(1, -(-state.max_steps // self._evaluations))
        padding = self.padding()
        self._job.event(
            "start",
            step=state.global_step,
            steps=state.max_steps,
            epochs=args.num_train_epochs,
            padding=asdict(padding) if padding is not None else None,
        )
        if state.global_step % self._every == 0:
            self._look(state)
        self._logged_step = state.global_step
        self._logged_time = time.monotonic()
        self._paused_seconds = 0.0

    def on_step_end(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **_: Any,
    ) -> None:
        """Report progress; look at the model when it is time; obey a stop."""
        self.steps_done += 1
        self._job.worth_keeping = True
        step, steps = state.global_step, state.max_steps
        self._job.progress(Message(TRAINING_STAGE, {"step": step, "steps": steps}), step / steps)
        if step == steps:
            control.should_log = True
        elif self._job.stop_requested():
            self._job.mark_stopping()
            self.stopped = True
            control.should_save = control.should_training_stop = True
            if not self._job.unwanted():
                # To be kept, it has to be compared with the best so far as it is now.
                control.should_log = True
                self._look(state)
            return
        if step % self._every == 0 or step == steps:
            control.should_evaluate = args.eval_on_start
            self.stopped_early = self._look(state) and step < steps
            if self.stopped_early:
                control.should_log = control.should_training_stop = True

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        """Write a point of the curve."""
        if not logs or "loss" not in logs:
            return
        step, now = state.global_step, time.monotonic()
        if not math.isfinite(logs["loss"]):
            raise LossNotANumber(step=step)
        steps = max(1, step - self._logged_step)
        worked = now - self._logged_time - self._paused_seconds
        self._worked.append((steps, worked))
        self._job.event(
            "train",
            step=step,
            epoch=round(state.epoch or 0.0, 4),
            loss=logs["loss"],
            learning_rate=logs.get("learning_rate"),
            rows_per_second=steps * self._rows_per_step / max(1e-6, worked),
            memory_bytes=self._memory_bytes(args.device),
            eta_seconds=self._seconds_left(state),
        )
        self._logged_step, self._logged_time, self._paused_seconds = step, now, 0.0

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        """Write a point of the held-out curve."""
        if metrics and "eval_loss" in metrics:
            self._measuring_seconds = metrics.get("eval_runtime", 0.0)
            self._paused_seconds += self._measuring_seconds
            self._job.event(
                "held_out",
                step=state.global_step,
                epoch=round(state.epoch or 0.0, 4),
                loss=metrics["eval_loss"],
            )

    def on_save(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **_: Any,
    ) -> None:
        """Mark the checkpoint as whole; a process killed while saving leaves one without."""
        assert args.output_dir is not None
        folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        save_loss(folder, self._loss)
        write_json(folder / WHOLE_MARK, {"step": state.global_step})
        self._job.event("checkpoint", step=state.global_step)

    def _look(self, state: TrainerState) -> bool:
        """Have the model scored as it is now; returns whether to stop early."""
        began = time.monotonic()
        over = self._watch.look(self._model, state.global_step, state.epoch or 0.0)
        self._scoring_seconds = time.monotonic() - began
        self._paused_seconds += self._scoring_seconds
        return over

    def _memory_bytes(self, device: torch.device) -> int:
        """What the training holds: of a GPU's memory, or without one of the computer's."""
        if device.type == "cuda":
            return torch.cuda.memory_reserved(device)
        return self._process.memory_info().rss

    def _seconds_left(self, state: TrainerState) -> float:
        left = state.max_steps - state.global_step
        typical = sum(worked for _, worked in self._worked) / sum(
            steps for steps, _ in self._worked
        )
        each = self._scoring_seconds + self._measuring_seconds
        return left * typical + left / self._every * each
