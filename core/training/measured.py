"""What a few real batches of a configuration took, kept until configuration or machine change."""

from __future__ import annotations

import hashlib
import json
import platform
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

from core.devices import list_devices
from core.files import read_json, write_json
from core.training.config import RunConfig
from core.workspace import Workspace

_FOLDER = "measured"
# What makes no difference to a step.
_ELSEWHERE = ("name", "evaluation")
_WITHOUT_EFFECT = (
    "epochs",
    "learning_rate",
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
        suggested: a batch size that suits the memory, the loss and the table.
    """

    device: str
    step_seconds: float
    peak_bytes: int
    usable_bytes: int
    batch_size: int
    fits: bool
    suggested: int


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


def measured_key(config: RunConfig) -> str:
    """16 hexadecimal digits: the same for configurations whose steps cost the same here."""
    record = config.to_dict()
    for name in _ELSEWHERE:
        del record[name]
    for name in _WITHOUT_EFFECT:
        del record["training"][name]
    del record["dataset"]["name"]
    text = json.dumps([record, _machine()], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _path(workspace: Workspace, config: RunConfig) -> Path:
    return workspace.cache / _FOLDER / f"{measured_key(config)}.json"


@lru_cache(maxsize=1)
def _machine() -> list[str | int]:
    machine: list[str | int] = [platform.node()]
    for device in list_devices():
        machine += [device.id, device.name, device.cores]
    return machine
