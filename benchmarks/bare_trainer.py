"""What somebody would write by hand: the library's trainer with its defaults.

`python -m benchmarks.bare_trainer JOB.json` trains once and prints what it took, as JSON.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time

import pandas as pd
from datasets import Dataset
from sentence_transformers import (
    SentenceTransformer,
    SentenceTransformerTrainer,
    SentenceTransformerTrainingArguments,
)
from sentence_transformers.sentence_transformer import losses


def main() -> None:
    """Train as the job says."""
    with open(sys.argv[1], encoding="utf-8") as file:
        job = json.load(file)
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
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    model.save(job["model"])
    print(json.dumps({"seconds": seconds, "steps": trainer.state.global_step, "peak": peak}))


if __name__ == "__main__":
    main()
