"""How fast this machine trains, measured and kept: what the form estimates a run from.

A step of a transformer is taken to cost a fixed part plus its floating-point operations at a fixed
rate; both are found from a short and a long batch of the bundled model.  A step of a static model
costs a fixed part plus a part a token.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from core.devices import usable_cores
from core.files import read_json, write_json
from core.models.bundled import bundled_path
from core.models.folder import read_folder
from core.training.cost import step_flops
from core.workspace import Workspace

SPEED_FILE = "speed-2.json"
"""Its number goes up when training becomes quicker, so that machines are measured again."""
_BUSY_LOAD_PER_CORE = 0.7
_ROUNDS = 3
"""So often the machine is measured: what else it does at one time, it will not do at every time."""
_BETWEEN_SECONDS = 600.0
_REPEATS = 4
_PATIENCE_SECONDS = 3.0
_SHORT, _LONG = (48, 16), (32, 80)
"""Texts and tokens of the two batches: those of short questions, and of drug labels."""
_STEP_FLOPS, _STEP_TOKENS = 1.6e11, 40_000
"""The work of the longer batches, by which two measurements of a step are compared."""
_log = logging.getLogger("pairloom.speed")


@dataclass(frozen=True)
class Speed:
    """The machine's speed on its CPU.

    Attributes:
        import_seconds: importing PyTorch and sentence-transformers.
        step_overhead_seconds: the fixed part of a transformer step (for MiniLM's size).
        train_flops: floating-point operations a second in training.
        encode_flops: floating-point operations a second in encoding.
        static_overhead_seconds: the fixed part of a static model's step.
        static_token_seconds: a static model's part of a step for each token.
        measured: False for the built-in guess.
        rounds: how often the machine was measured; each figure is the best of all rounds.
    """

    import_seconds: float
    step_overhead_seconds: float
    train_flops: float
    encode_flops: float
    static_overhead_seconds: float
    static_token_seconds: float
    measured: bool = True
    rounds: int = 1

    def joined(self, other: Speed) -> Speed:
        """What is quicker of both: whatever else a machine does only makes it look slower.

        The two figures of a step stay together, since one is found with the help of the other.
        """
        step = min(
            (self, other),
            key=lambda one: one.step_overhead_seconds + _STEP_FLOPS / one.train_flops,
        )
        static = min(
            (self, other),
            key=lambda one: one.static_overhead_seconds + _STEP_TOKENS * one.static_token_seconds,
        )
        return Speed(
            import_seconds=min(self.import_seconds, other.import_seconds),
            step_overhead_seconds=step.step_overhead_seconds,
            train_flops=step.train_flops,
            encode_flops=max(self.encode_flops, other.encode_flops),
            static_overhead_seconds=static.static_overhead_seconds,
            static_token_seconds=static.static_token_seconds,
            rounds=self.rounds + other.rounds,
        )


# Two cores of an Intel Xeon at about 2.5 GHz: what is assumed until this machine was measured.
GUESS = Speed(8.0, 0.08, 1.5e11, 1.6e11, 0.015, 3e-7, measured=False)


def load_speed(workspace: Workspace) -> Speed:
    """The measured speed, or a guess while there is none."""
    try:
        return Speed(**read_json(speed_path(workspace)))
    except (OSError, ValueError, TypeError):
        return GUESS


def measure_when_quiet(workspace: Workspace, import_seconds: float) -> None:
    """Measure a few times a workspace, unless the machine is busy or it was only just done.

    Needs torch and takes a few seconds.
    """
    known, path = load_speed(workspace), speed_path(workspace)
    if known.measured:
        again = path.stat().st_mtime + _BETWEEN_SECONDS
        if known.rounds >= _ROUNDS or time.time() < again:
            return
    if os.getloadavg()[0] / usable_cores() > _BUSY_LOAD_PER_CORE:
        _log.info("the machine is busy; its speed will be measured another time")
        return
    began = time.monotonic()
    speed = measure(import_seconds)
    write_json(path, asdict(known.joined(speed) if known.measured else speed))
    _log.info("measured in %.1f s: %s", time.monotonic() - began, speed)


def measure(import_seconds: float) -> Speed:
    """Time a few real steps of the bundled model and of a static one on the CPU."""
    import torch
    from sentence_transformers import SentenceTransformer

    from core.training.packing import prepared

    folder = bundled_path()
    base = read_folder(folder)
    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-6)
    vocabulary = model.tokenizer.vocab_size

    def batch(shape: tuple[int, int]) -> dict[str, torch.Tensor]:
        ids = torch.randint(1000, vocabulary, shape)
        return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}

    def step(shape: tuple[int, int]) -> None:
        model.train()
        vectors = model(batch(shape))["sentence_embedding"]
        (vectors @ vectors.T).mean().backward()
        optimizer.step()
        optimizer.zero_grad()

    def encode(shape: tuple[int, int]) -> None:
        model.eval()
        with torch.inference_mode():
            model(batch(shape))

    with prepared(model):
        short, long = _seconds(lambda: step(_SHORT)), _seconds(lambda: step(_LONG))
    flops = [step_flops(base, *shape) for shape in (_SHORT, _LONG)]
    rate = (flops[1] - flops[0]) / max(1e-3, long - short)
    static_overhead, static_token = _measure_static()
    return Speed(
        import_seconds=import_seconds,
        step_overhead_seconds=max(0.0, short - flops[0] / rate),
        train_flops=rate,
        encode_flops=flops[1] / 3 / _seconds(lambda: encode(_LONG)),
        static_overhead_seconds=static_overhead,
        static_token_seconds=static_token,
    )


def _measure_static() -> tuple[float, float]:
    """The fixed part of a static model's step, and the part for each token, in seconds."""
    import torch

    table = torch.nn.EmbeddingBag(6000, 384)
    optimizer = torch.optim.AdamW(table.parameters(), lr=1e-3)

    def step(tokens: int, texts: int = 512) -> None:
        ids = torch.randint(0, 6000, (texts * tokens,))
        vectors = torch.nn.functional.normalize(table(ids, torch.arange(0, len(ids), tokens)))
        half = texts // 2
        scores = vectors[:half] @ vectors[half:].T * 20
        torch.nn.functional.cross_entropy(scores, torch.arange(half)).backward()
        optimizer.step()
        optimizer.zero_grad()

    short, long = _seconds(lambda: step(10)), _seconds(lambda: step(80))
    per_token = max(0.0, long - short) / (512 * 70)
    return max(0.0, short - per_token * 512 * 10), per_token


def _seconds(work: Callable[[], None]) -> float:
    """The shortest time of a piece of work after one round that warms up.

    The shortest, because whatever else the machine does only adds to it.
    """
    work()
    times: list[float] = []
    while len(times) < _REPEATS and sum(times) < _PATIENCE_SECONDS:
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


def speed_path(workspace: Workspace) -> Path:
    """Where the measured speed is kept."""
    return workspace.cache / SPEED_FILE
