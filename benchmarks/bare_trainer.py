"""What somebody would write by hand: the library's trainer with its defaults.

`python -m benchmarks.bare_trainer JOB.json` trains once and prints what it took, as JSON.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from dataclasses import dataclass
from typing import Any

import pandas as pd
from datasets import Dataset
from sentence_transformers import (
    SentenceTransformer,
    SentenceTransformerTrainer,
    SentenceTransformerTrainingArguments,
)
from sentence_transformers.sentence_transformer import losses

from benchmarks.memory import peak_bytes


@dataclass(frozen=True)
class Trained:
    """A model, and what its training took: seconds, optimiser steps."""

    model: SentenceTransformer
    seconds: float
    steps: int


def train(job: dict[str, Any]) -> Trained:
    """Train as the job says."""
    model = SentenceTransformer(job["base"], device="cpu", local_files_only=True)
    table = pd.read_parquet(job["table"])
    with tempfile.TemporaryDirectory() as folder:
        arguments = SentenceTransformerTrainingArguments(
            output_dir=folder,
            num_train_epochs=1,
            per_device_train_batch_size=job["batch"],
            learning_rate=job["learning_rate"],
            seed=job["seed"],
            use_cpu=True,
            report_to="none",
        )
        trainer = SentenceTransformerTrainer(
            model=model,
            args=arguments,
            train_dataset=Dataset.from_pandas(table),
            loss=getattr(losses, job["loss"])(model, **job["parameters"]),
        )
        began = time.perf_counter()
        trainer.train()
        seconds = time.perf_counter() - began
    return Trained(model, seconds, trainer.state.global_step)


def main() -> None:
    """Train as the job says, in this process alone."""
    with open(sys.argv[1], encoding="utf-8") as file:
        job = json.load(file)
    done = train(job)
    said = {"seconds": done.seconds, "steps": done.steps, "peak": peak_bytes()}
    done.model.save(job["model"])
    print(json.dumps(said))


if __name__ == "__main__":
    main()
