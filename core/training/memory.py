"""What a run does when the device's memory is too small for a batch: the next smaller plan."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.files import read_json, write_json
from core.problems import N_, Message
from core.training.checkpoints import CHECKPOINTS
from core.training.config import LossConfig, RunConfig
from core.training.losses.registry import LOSSES, loss_named
from core.training.losses.spec import MINI_BATCH, Batches, LossSpec

_PLAN_FILE = "memory.json"

_SAME = N_(
    "Memory ran out with {before} rows at a time. The run went on with {after} at a time and added "
    "{times} such parts up before every change of the model; what it learns stays the same."
)
_CACHED = N_(
    "Memory ran out with {before} rows at a time. The run went on with {loss}, which works through "
    "the same batch in parts of {after} rows: slower, but what it learns stays the same."
)
_FEWER = N_(
    "Memory ran out with {before} rows at a time. The run went on with {after} at a time and added "
    "{times} such parts up before every change of the model. This loss compares the rows of a part "
    "with one another, so each row now meets {after} instead of {before}: it learns less from each."
)
_COMPARED_IN_BATCH = {"CoSENTLoss", "AnglELoss", "OnlineContrastiveLoss"}
"""Losses that look at a batch as a whole although any rows may share one."""


@dataclass(frozen=True)
class Plan:
    """How a step is worked through: with which loss, how many rows at once, how often."""

    loss: LossConfig
    batch_size: int
    accumulation: int
    notes: tuple[Message, ...] = ()

    @classmethod
    def of(cls, config: RunConfig) -> Plan:
        """As the run's configuration says."""
        training = config.training
        return cls(config.loss, training.batch_size, training.gradient_accumulation)

    @property
    def rows_at_once(self) -> int:
        """How many rows are in memory at the same time."""
        part = self.loss.parameters.get(MINI_BATCH)
        spec = loss_named(self.loss.name)
        if part is None:
            part = spec.settings({}).get(MINI_BATCH, self.batch_size)
        return min(int(part), self.batch_size)


@dataclass(frozen=True)
class Smaller:
    """A plan that needs about half the memory.

    Attributes:
        plan: what to do from now on; its last note says it in words.
        meaning: "same" when the model learns what it would have learned, "cached" when it does so
            through another variant of the loss, "fewer" when each row meets fewer others.
    """

    plan: Plan
    meaning: str


def compares_rows(loss: LossSpec) -> bool:
    """Whether what a row teaches depends on the other rows of its batch."""
    return loss.batches is not Batches.ANY or loss.name in _COMPARED_IN_BATCH


def smaller(plan: Plan, *, static: bool) -> Smaller | None:
    """The next smaller plan; None when there is none.

    Losses that compare the rows of a batch go over to their Cached variant, which sees the same
    batch in parts (Gao et al. 2021, "Scaling deep contrastive learning batch size under memory
    limited setup").  Where there is none, smaller batches are added up.
    """
    spec = loss_named(plan.loss.name)
    before = plan.rows_at_once
    after = before // 2
    if after < 1:
        return None
    cached = spec if _in_parts(spec) else LOSSES.get(f"Cached{spec.name}")
    if cached is not None and _in_parts(cached) and not static:
        parameters = {**plan.loss.parameters, MINI_BATCH: after}
        loss = plan.loss.model_copy(update={"name": cached.name, "parameters": parameters})
        note = Message(_CACHED, {"before": before, "after": after, "loss": cached.name})
        return Smaller(
            Plan(loss, plan.batch_size, plan.accumulation, (*plan.notes, note)), "cached"
        )
    if spec.batches is Batches.BY_CLASS:
        # Two texts of each of two classes are the least that can be compared.
        after -= after % 2
        if after < 4:
            return None
    times = plan.accumulation * -(-plan.batch_size // after)
    facts = {"before": before, "after": after, "times": times}
    fewer = compares_rows(spec)
    note = Message(_FEWER if fewer else _SAME, facts)
    return Smaller(Plan(plan.loss, after, times, (*plan.notes, note)), "fewer" if fewer else "same")


def _in_parts(loss: LossSpec) -> bool:
    return any(parameter.name == MINI_BATCH for parameter in loss.parameters)


def save_plan(run: Path, plan: Plan) -> None:
    """Keep what was found out about the memory, so that a resumed run does not find out again."""
    record = {
        "loss": plan.loss.model_dump(mode="json"),
        "batch_size": plan.batch_size,
        "accumulation": plan.accumulation,
        "notes": [note.to_json() for note in plan.notes],
    }
    write_json(run / CHECKPOINTS / _PLAN_FILE, record)


def load_plan(run: Path) -> Plan | None:
    """What :func:`save_plan` kept; None when memory never ran out."""
    try:
        record: dict[str, Any] = read_json(run / CHECKPOINTS / _PLAN_FILE)
    except FileNotFoundError:
        return None
    return Plan(
        LossConfig.model_validate(record["loss"]),
        record["batch_size"],
        record["accumulation"],
        tuple(map(Message.from_json, record["notes"])),
    )
