"""The same training as benchmarks.bare_trainer in the way of Pairloom's runs.

`python -m benchmarks.our_trainer JOB.json` trains once and prints what it took, as JSON; a job may
name parts that are to be left out, to see what each is good for.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from unittest import mock

import pandas as pd
import torch
from sentence_transformers import SentenceTransformer
from transformers import TrainerCallback

from benchmarks.bare_trainer import Trained
from benchmarks.memory import peak_bytes
from core.training.config import LossConfig, TrainingConfig
from core.training.losses.registry import build_loss, loss_named
from core.training.losses.spec import LossContext
from core.training.memory import Plan
from core.training.rows import TrainingRows
from core.training.trainer import Trainer, make_arguments, make_trainer


def train(job: dict[str, Any], callback: TrainerCallback | None = None) -> Trained:
    """Train as the job says; ``callback`` hears of every step."""
    model = SentenceTransformer(job["base"], device="cpu", local_files_only=True)
    table = pd.read_parquet(job["table"])
    training = TrainingConfig(
        batch_size=job["batch"],
        learning_rate=job["learning_rate"],
        warmup_share=0.0,
        seed=job["seed"],
        group_by_length="like lengths" not in job["without"],
    )
    spec = loss_named(job["loss"])
    context = LossContext(grades=0, load_model=lambda name: model)
    loss = build_loss(spec, model, job["parameters"], context)
    plan = Plan(LossConfig(name=job["loss"], parameters=job["parameters"]), training.batch_size, 1)
    heard = callback or TrainerCallback()
    with tempfile.TemporaryDirectory() as folder:
        arguments = make_arguments(Path(folder), "cpu", training, plan, save_strategy="no")
        began = time.perf_counter()
        rows = TrainingRows(model, table, {})
        trainer = make_trainer(model, loss, arguments, rows, None, heard, spec, training)
        trainer.train()
        seconds = time.perf_counter() - began
    return Trained(model, seconds, trainer.state.global_step)


class Seen(TrainerCallback):
    """Notes how the rows really go through the model, so that no part is left out by name only."""

    way = ""

    def on_step_begin(self, *_args: Any, model: Any = None, **_named: Any) -> None:
        """Look once, when everything is set up."""
        if self.way:
            return
        inner = getattr(model[0], "auto_model", None)
        attention = inner.config._attn_implementation if inner is not None else "none"
        kinds = {
            type(part).__name__ for part in model.modules() if "Dropout" in type(part).__name__
        }
        self.way = f"{attention}, {'+'.join(sorted(kinds)) or 'no dropout'}"


def main() -> None:
    """Train as the job says, in this process alone."""
    with open(sys.argv[1], encoding="utf-8") as file:
        job = json.load(file)
    passes: list[bool] = []
    for part in job["without"]:
        _leave_out(part)
    asked = Trainer._goes_in_one_pass

    def note(trainer: Trainer) -> bool:
        passes.append(asked(trainer))
        return passes[-1]

    mock.patch.object(Trainer, "_goes_in_one_pass", note).start()
    seen = Seen()
    done = train(job, seen)
    way = f"{'one pass' if passes[-1] else 'filled up'}, {seen.way}"
    said = {"seconds": done.seconds, "steps": done.steps, "peak": peak_bytes(), "way": way}
    done.model.save(job["model"])
    print(json.dumps(said))


def _leave_out(part: str) -> None:
    """Do one thing as the library does it."""
    if part == "one pass":
        mock.patch.object(Trainer, "_goes_in_one_pass", lambda _self: False).start()
    elif part == "quick dropout":
        mock.patch("core.training.packing.quick_dropout", torch.nn.functional.dropout).start()
        mock.patch("core.training.packing.quick_dropouts", lambda _model: nullcontext()).start()
    elif part == "cutting once":
        cut = TrainingRows.__init__

        def uncut(self: TrainingRows, *given: Any, **named: Any) -> None:
            cut(self, *given, **named)
            self.cut = False

        mock.patch.object(TrainingRows, "__init__", uncut).start()
    elif part == "own attention":
        mock.patch("core.training.trainer.prepared", lambda _model: nullcontext()).start()
    elif part != "like lengths":
        raise ValueError(part)


if __name__ == "__main__":
    main()
