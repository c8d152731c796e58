"""What a warning is, and what it is about."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from core.data.findings import Severity
from core.data.store import DatasetInfo
from core.models.bases import BaseConfig
from core.models.folder import ResolvedBase
from core.problems import N_, Message, Problem
from core.training.advice.dealing import Dealt, deal
from core.training.advice.facts import Facts
from core.training.config import RunConfig
from core.training.defaults import propose
from core.training.losses.spec import LossSpec
from core.workspace import Workspace


@dataclass(frozen=True)
class WayOut:
    """Something that can be done with one click.

    Attributes:
        label: what the button says.
        config: the configuration that the form is to show then; None for a way to a screen.
        screen: the screen that it leads to; None when it changes the configuration.
    """

    label: Message
    config: RunConfig | None = None
    screen: str | None = None


@dataclass(frozen=True)
class Advice:
    """A warning.

    Attributes:
        kind: stable across languages.
        severity: how much it matters.
        message: what is the matter.
        why: what it would do to the run.
        ways: what can be done, the best first.
    """

    kind: str
    severity: Severity
    message: Message
    why: Message
    ways: tuple[WayOut, ...] = field(default=())


@dataclass(frozen=True)
class Case:
    """What the warnings are about."""

    workspace: Workspace
    dataset: DatasetInfo
    config: RunConfig
    base: ResolvedBase
    loss: LossSpec
    facts: Facts

    @property
    def static(self) -> bool:
        """Whether the base is a table of token vectors."""
        return self.base.kind == "static"

    @property
    def train_rows(self) -> int:
        """How many rows are learned from, about."""
        return self.facts.train_rows(self.config)

    @cached_property
    def proposed(self) -> RunConfig:
        """What the form would propose for the same table, base and loss."""
        loss = self.loss.name if self.dataset.shape in self.loss.shapes else None
        return propose(self.workspace, self.dataset, self.config.base, loss=loss)

    def dealt(self, batch_size: int) -> Dealt:
        """The batches of this size that there will really be."""
        largest = math.ceil(self.facts.largest * self.train_rows / self.facts.rows)
        return deal(self.train_rows, largest, batch_size)

    def training(self, label: Message, **changes: Any) -> WayOut:
        """A way out that changes settings of the training."""
        training = self.config.training.model_copy(update=changes)
        return WayOut(label, self.config.model_copy(update={"training": training}))

    def parameter(self, label: Message, name: str, value: float) -> WayOut:
        """A way out that changes a setting of the loss."""
        parameters = {**self.config.loss.parameters, name: value}
        loss = self.config.loss.model_copy(update={"parameters": parameters})
        return WayOut(label, self.config.model_copy(update={"loss": loss}))


Check = Callable[[Case], Iterator[Advice]]
"""Looks at one thing."""


def to_static(case: Case) -> Iterator[WayOut]:
    """The way to a static model, if one can learn from the table."""
    keeps = case.loss.for_static and case.dataset.shape in case.loss.shapes
    try:
        proposed = propose(
            case.workspace,
            case.dataset,
            BaseConfig(kind="static"),
            loss=case.loss.name if keeps else None,
        )
    except Problem:
        # No loss fits this table and a static base; the form says so itself.
        return
    evaluation = case.config.evaluation
    changed = {"name": case.config.name, "evaluation": evaluation}
    yield WayOut(
        Message(N_("Use a static model from my own data")), proposed.model_copy(update=changed)
    )
