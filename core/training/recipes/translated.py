"""What became of a card's settings, one record each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from core.problems import Message
from core.training.config import EvaluationConfig, LossConfig, TrainingConfig


class How(StrEnum):
    """What became of a setting of the card."""

    TAKEN = "taken"
    """It is the same here."""
    CHANGED = "changed"
    """It is said in another way here."""
    NOT_TAKEN = "not_taken"
    """It cannot be had here, and may matter."""
    GONE = "gone"
    """The installed library has dropped it; it changes nothing."""


@dataclass(frozen=True)
class Translated:
    """One setting of the card and what became of it.

    Attributes:
        name: as the card calls it.
        value: as the card has it.
        how: what became of it.
        now: what the installed library calls it; None when it has no such setting any more.
        setting: where it stands in a configuration, e.g. ``training.batch_size``.
        became: the value there.
        note: what has to be known about it.
    """

    name: str
    value: Any
    how: How
    now: str | None = None
    setting: str | None = None
    became: Any = None
    note: Message | None = None

    @property
    def renamed(self) -> bool:
        """Whether the installed library calls it something else."""
        return self.now is not None and self.now != self.name


@dataclass(frozen=True)
class Translation:
    """A card's settings as ours.

    Attributes:
        loss: the loss; the recommended one for the card's table where the card's is not known.
        training: how to train.
        evaluation: what is looked at.
        settings: every setting that bears on the model or was renamed or dropped, in the card's
            order.
        assumed: what the card does not say and was assumed.
        without_bearing: names of settings that change nothing in the model.
    """

    loss: LossConfig
    training: TrainingConfig
    evaluation: EvaluationConfig
    settings: tuple[Translated, ...]
    assumed: tuple[Message, ...]
    without_bearing: tuple[str, ...]
