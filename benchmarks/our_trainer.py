"""The same training as benchmarks.bare_trainer in the way of Pairloom's runs.

`python -m benchmarks.our_trainer JOB.json` trains once and prints what it took, as JSON; a job may
name parts that are to be left out, to see what each is good for.
"""

from __future__ import annotations

import json
import resource
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

from core.training.config import LossConfig, TrainingConfig
from core.training.losses.registry import build_loss, loss_named
from core.training.losses.spec import LossContext
from core.training.memory import Plan
from core.training.rows import TrainingRows
from core.training.trainer import Trainer, make_arguments, make_trainer


def main() -> None:
    """Train as the job says."""
    with open(sys.argv[1], encoding="utf-8") as file:
        job = json.load(file)
    for part in job["without"]:
        _leave_out(part)
    model = SentenceTransformer(job["base"], device="cpu", local_files_only=True)
    table = pd.read_parquet(job["table"])
    training = TrainingConfig(
        batch_size=job["batch"],
        learning_rate=job["learning_rate"],
        warmup_share=0.0,
        seed=job["seed"],
        group_by_length="grouping" not in job["without"],
    )
    spec = loss_named(job["loss"])
    context = LossContext(grades=0, load_model=lambda name: model)
    loss = build_loss(spec, model, job["parameters"], context)
    plan = Plan(LossConfig(name=job["loss"], parameters=job["parameters"]), training.batch_size, 1)
    with tempfile.TemporaryDirectory() as folder:
        arguments = make_arguments(Path(folder), "cpu", training, plan, save_strategy="no")
        began = time.perf_counter()
        rows = TrainingRows(model, table, {})
        trainer = make_trainer(
            model, loss, arguments, rows, None, TrainerCallback(), spec, training
        )
        trainer.train()
        seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    model.save(job["model"])
    print(json.dumps({"seconds": seconds, "steps": trainer.state.global_step, "peak": peak}))


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
    elif part != "grouping":
        raise ValueError(part)


if __name__ == "__main__":
    main()
