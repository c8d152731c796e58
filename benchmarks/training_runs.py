"""Measured trainings, each in a process of its own, and the held-out loss afterwards."""

from __future__ import annotations

import hashlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.speed_shapes import SpeedShape, make_table
from core.models.bundled import bundled_path
from core.workspace import PROJECT_ROOT

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

RATE = {True: 0.01, False: 5e-5}
"""The learning rate of a static base and of a transformer."""
PARAMETERS: dict[str, dict[str, float]] = {"TripletLoss": {"triplet_margin": 5.0}}
_HELD_OUT = 128


@dataclass(frozen=True)
class Outcome:
    """What one run took.

    Attributes:
        seconds: of the training, cutting the texts included.
        steps: optimiser steps.
        peak: bytes that its process held at most.
        held_out: the held-out loss afterwards.
        way: how the rows went through the model, as the process itself saw it.
        flops: operations a second that matrix products reached just before.
        load: the machine's load of the last minute before.
        code: what it was measured with (:func:`_code`).
        date: when.
    """

    seconds: float
    steps: int
    peak: int
    held_out: float
    way: str
    flops: float
    load: float
    code: str
    date: str


class Bench:
    """Measured processes, in a folder of their own."""

    def __init__(self, folder: Path, outcomes: Path | None) -> None:
        self._folder = folder
        self._kept = outcomes
        self._code = _code()
        self._known: dict[str, Outcome] = {}
        lines = outcomes.read_text("utf-8").splitlines() if outcomes and outcomes.exists() else []
        for key, values in map(json.loads, lines):
            # What was measured with other code would not belong into the same table.
            if values["code"] == self._code:
                self._known[key] = Outcome(**values)

    def run(self, shape: SpeedShape, seed: int, by: str, without: Sequence[str] = ()) -> Outcome:
        """Train a shape once, ``by`` "bare_trainer" or "our_trainer", in a fresh process."""
        key = f"{shape.name} {seed} {by} {' '.join(without)}"
        if key not in self._known:
            outcome = self._measured(shape, seed, by, without)
            self._known[key] = outcome
            print(key, outcome, file=sys.stderr, flush=True)
            if self._kept is not None:
                with self._kept.open("a", encoding="utf-8") as file:
                    print(json.dumps([key, asdict(outcome)]), file=file)
        return self._known[key]

    def loads(self) -> tuple[float, float]:
        """The smallest and the largest load of the machine before a measurement."""
        found = [outcome.load for outcome in self._known.values()]
        return min(found), max(found)

    def dates(self) -> str:
        """On which days was measured."""
        return " and ".join(sorted({outcome.date for outcome in self._known.values()}))

    def base(self, shape: SpeedShape) -> Path:
        """What the shape is trained from."""
        if not shape.static:
            return bundled_path()
        folder = self._folder / "static"
        if not folder.exists():
            from core.models.static import build_static, train_tokenizer

            table = make_table(shape, 0)
            texts = [text for name in table for text in table[name]]
            tokenizer = train_tokenizer(texts, 4_000, 3)
            build_static(tokenizer, texts, 1024, 0).save(str(folder))
        return folder

    def job(
        self, shape: SpeedShape, seed: int, without: Sequence[str], rows: int | None = None
    ) -> dict[str, Any]:
        """What the trainers are to do."""
        table = self._folder / "table.parquet"
        make_table(shape, seed, rows).to_parquet(table)
        return {
            "base": str(self.base(shape)),
            "table": str(table),
            "model": str(self._folder / "model"),
            "loss": shape.loss,
            "parameters": PARAMETERS.get(shape.loss, {}),
            "batch": shape.batch,
            "learning_rate": RATE[shape.static],
            "seed": seed,
            "without": list(without),
        }

    def _measured(self, shape: SpeedShape, seed: int, by: str, without: Sequence[str]) -> Outcome:
        load, flops = os.getloadavg()[0], matrix_flops()
        job, file = self.job(shape, seed, without), self._folder / "job.json"
        file.write_text(json.dumps(job))
        done = subprocess.run(
            [sys.executable, "-m", f"benchmarks.{by}", str(file)],
            cwd=PROJECT_ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(done.stderr)
        said = json.loads(done.stdout.splitlines()[-1])
        return Outcome(
            **{"way": "the library's", **said},
            held_out=held_out_loss(Path(job["model"]), shape),
            flops=flops,
            load=load,
            code=self._code,
            date=f"{datetime.now(UTC):%Y-%m-%d}",
        )


def matrix_flops() -> float:
    """Operations a second that matrix products of a layer's shape reach now."""
    import torch

    a, b = torch.randn(2_000, 384), torch.randn(384, 1_536)
    times = []
    for _ in range(30):
        began = time.perf_counter()
        torch.mm(a, b)
        times.append(time.perf_counter() - began)
    return 2 * 2_000 * 384 * 1_536 / statistics.median(times)


def _code() -> str:
    """What the outcomes depend on: the sources that train, and those that measure."""
    folders = (PROJECT_ROOT / "core" / "training", PROJECT_ROOT / "core" / "models")
    files = [file for folder in folders for file in sorted(folder.rglob("*.py"))]
    files += sorted((PROJECT_ROOT / "benchmarks").glob("*_trainer.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]


def held_out_loss(folder: Path, shape: SpeedShape) -> float:
    """The library's loss on rows that were not trained on, always in the same batches."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    return held_out_loss_of(model, shape)


def held_out_loss_of(model: SentenceTransformer, shape: SpeedShape) -> float:
    """As :func:`held_out_loss`, of a model that is loaded."""
    import torch
    from sentence_transformers.sentence_transformer import losses

    model.eval()
    loss = getattr(losses, shape.loss)(model, **PARAMETERS.get(shape.loss, {}))
    table = make_table(shape, 1_000, _HELD_OUT)
    names = [name for name in table if name != "score"]
    size = min(shape.batch, _HELD_OUT)
    values = []
    with torch.no_grad():
        for start in range(0, len(table), size):
            part = table[start : start + size]
            features = [model.preprocess(part[name].tolist()) for name in names]
            labels = torch.tensor(part["score"].to_numpy()) if shape.scored else None
            values.append(float(loss(features, labels)))
    return statistics.mean(values)
