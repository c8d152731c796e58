"""What a few real batches of a configuration took, kept until configuration or machine change."""

from __future__ import annotations

import hashlib
import json
import math
import platform
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

from core.devices import list_devices
from core.files import read_json, write_json
from core.training.config import EvaluationConfig, RunConfig, TrainingConfig
from core.training.losses.registry import loss_named
from core.training.losses.spec import Batches, LossSpec
from core.workspace import Workspace

WORTH_TRANSFORMER, WORTH_STATIC = 256, 1024
"""Larger batches than these are not suggested: they cost steps and bring little more."""
_ENOUGH_STEPS = 100
_FOLDER = "measured"
# What makes no difference to a step.
_WITHOUT_EFFECT = (
    "epochs",
    "learning_rate",
    "new_rate",
    "warmup_share",
    "schedule",
    "weight_decay",
    "seed",
    "data_seed",
)


@dataclass(frozen=True)
class Measured:
    """What a few real steps took.

    Attributes:
        device: where, "cpu" or "cuda:N".
        step_seconds: one change of the weights with typical texts.
        peak_bytes: the most memory that the training took, with the longest texts of the table.
        usable_bytes: how much there was to take.
        batch_size: rows that were in memory at once; fewer than asked for when they did not fit.
        fits: whether the batch size that was asked for fits.
        largest: the largest batch that would fit, if memory grows evenly with its rows.
    """

    device: str
    step_seconds: float
    peak_bytes: int
    usable_bytes: int
    batch_size: int
    fits: bool
    largest: int


def load_measured(workspace: Workspace, config: RunConfig) -> Measured | None:
    """What was measured for this configuration on this machine; None when it was not."""
    try:
        return Measured(**read_json(_path(workspace, config)))
    except (OSError, ValueError, TypeError):
        return None


def save_measured(workspace: Workspace, config: RunConfig, measured: Measured) -> None:
    """Keep it."""
    path = _path(workspace, config)
    path.parent.mkdir(exist_ok=True)
    write_json(path, asdict(measured))


def to_measure(config: RunConfig) -> RunConfig:
    """The configuration for a probe, without what makes no difference to a step.

    Two configurations that differ in nothing else are then one and the same job.
    """
    usual = TrainingConfig()
    training = {name: getattr(usual, name) for name in _WITHOUT_EFFECT}
    return config.model_copy(
        update={
            "name": "probe",
            "recipe": None,
            "examples": (),
            "evaluation": EvaluationConfig(),
            "training": config.training.model_copy(update=training),
        }
    )


def measured_key(config: RunConfig) -> str:
    """16 hexadecimal digits: the same for configurations whose steps cost the same here."""
    record = to_measure(config).to_dict()
    del record["dataset"]["name"]
    text = json.dumps([record, _machine()], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def suggested_batch(config: RunConfig, largest: int, train_rows: int, *, static: bool) -> int:
    """A batch size for a run over ``train_rows`` rows of which ``largest`` fit into memory.

    Losses that learn from the other rows of a batch gain by larger ones, as long as 100 steps
    remain; the others keep what was asked for, if it fits.
    """
    asked, loss = config.training.batch_size, loss_named(config.loss.name)
    if not loss.in_batch:
        return asked if asked <= largest else _power_of_two(largest, loss)
    steps_left = int(train_rows * config.training.epochs / _ENOUGH_STEPS)
    wanted = max(asked, min(steps_left, WORTH_STATIC if static else WORTH_TRANSFORMER))
    return asked if wanted == asked <= largest else _power_of_two(min(wanted, largest), loss)


def _power_of_two(most: int, loss: LossSpec) -> int:
    least = 4 if loss.batches is Batches.BY_CLASS else 1
    return max(least, 2 ** int(math.log2(max(1, most))))


def _path(workspace: Workspace, config: RunConfig) -> Path:
    return workspace.cache / _FOLDER / f"{measured_key(config)}.json"


@lru_cache(maxsize=1)
def _machine() -> list[str | int]:
    machine: list[str | int] = [platform.node()]
    for device in list_devices():
        machine += [device.id, device.name, device.cores]
    return machine
