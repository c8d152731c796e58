"""The configuration of a run: all that is needed to repeat it, as YAML for people."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.data.structure import MOST_NEGATIVES
from core.models.bases import BaseConfig
from core.problems import N_, Problem
from core.training.recipes.facts import Example

# Written in C where PyYAML came with it: a screen reads the configurations of all runs.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class ConfigUnreadable(Problem):
    what = N_("{file} is not a run configuration: {reason}.")
    do = N_("Start from the config.yaml of an earlier run and change that.")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DatasetConfig(_Part):
    """Which table to learn from; the content hash makes sure that it is the same one."""

    id: str
    name: str
    content_hash: str


class LossConfig(_Part):
    """Which loss, and its parameters by the library's names."""

    name: str
    parameters: dict[str, bool | int | float | str] = Field(default_factory=dict)
    matryoshka: tuple[Annotated[int, Field(ge=1)], ...] = ()
    """Shorter vector lengths that the model is to be good at too (MatryoshkaLoss)."""


LEAST_LENGTH = 8
"""Tokens: the shortest maximum length."""

Schedule = Literal["linear", "cosine", "constant"]
Precision = Literal["auto", "fp32", "bf16"]


class TrainingConfig(_Part):
    """How to train.

    Attributes:
        epochs: how many times the model sees the whole table.
        batch_size: rows that are worked through at once.
        gradient_accumulation: so many batches are added up before the weights change.
        learning_rate: the highest rate, reached at the end of the warm-up.
        new_rate: the same for the base's table of token vectors, where added vocabulary has much to
            learn; None for ``learning_rate``.
        max_length: tokens of a text that are read; None for what the base allows.
        gradient_checkpointing: compute parts of the forward pass twice to save memory.
        warmup_share: part of the steps during which the rate rises from 0.
        schedule: how the rate falls afterwards.
        weight_decay: how strongly large weights are pulled back.
        precision: the arithmetic; "auto" takes the quickest that the device does well.
        structured_negatives: for tables whose answers say what they are about: so many wrong
            answers are added to each row (:mod:`core.data.structure`).
        separate_duplicates: for losses that count other rows' answers as wrong: keep rows that
            share a text out of one batch.
        group_by_length: where a transformer's batches are filled up (:mod:`core.training.packing`),
            put texts of like length into one, so that there is less to fill up.
        query_prompt: words before every query; None for what the base brings along.
        document_prompt: words before every document; None for what the base brings along.
        seed: of the split, of new weights and, without a ``data_seed``, of the batches.
        data_seed: of the order of the rows; None for ``seed``.
    """

    epochs: Annotated[float, Field(gt=0, le=200)] = 1.0
    batch_size: Annotated[int, Field(ge=1, le=8192)] = 16
    gradient_accumulation: Annotated[int, Field(ge=1, le=1024)] = 1
    learning_rate: Annotated[float, Field(gt=0, le=10)] = 5e-5
    new_rate: Annotated[float, Field(gt=0, le=10)] | None = None
    max_length: Annotated[int, Field(ge=LEAST_LENGTH, le=8192)] | None = None
    gradient_checkpointing: bool = False
    warmup_share: Annotated[float, Field(ge=0, lt=1)] = 0.1
    schedule: Schedule = "linear"
    weight_decay: Annotated[float, Field(ge=0, le=1)] = 0.0
    precision: Precision = "auto"
    structured_negatives: Annotated[int, Field(ge=0, le=MOST_NEGATIVES)] = 0
    separate_duplicates: bool = True
    group_by_length: bool = True
    query_prompt: Annotated[str, Field(max_length=500)] | None = None
    document_prompt: Annotated[str, Field(max_length=500)] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 42
    data_seed: Annotated[int, Field(ge=0, lt=2**31)] | None = None

    @property
    def rows_per_step(self) -> int:
        """How many rows go into one change of the weights."""
        return self.batch_size * self.gradient_accumulation


class OwnQuestion(_Part):
    """A question that is asked after every run, and the text that should be found."""

    question: Annotated[str, Field(min_length=1)]
    expected: str | None = None


class EvaluationConfig(_Part):
    """What is held out, when the model is looked at, and on what it is examined at the end.

    Attributes:
        held_out_share: part of the rows that is kept away from training.
        exam: a corpus with questions and right answers, outside the training table; its id.
        evaluations: how many times the model is looked at during training.
        keep_best: end with the model as it was at its best evaluation, not as it was last.
        patience: stop after so many evaluations without a better one; None to go on to the end.
        questions: questions of one's own, or the id of a set of them.
        confusables: also test on texts that differ in a strength, a form or a number only.
    """

    held_out_share: Annotated[float, Field(gt=0, le=0.5)] = 0.1
    exam: str | None = None
    evaluations: Annotated[int, Field(ge=1, le=200)] = 8
    keep_best: bool = True
    patience: Annotated[int, Field(ge=1, le=200)] | None = None
    questions: tuple[OwnQuestion, ...] | str = ()
    confusables: bool = True


class RunConfig(_Part):
    """One run.

    ``recipe`` names the recipe that it was made with, and ``examples`` are the texts of that
    recipe's card, to be compared on Inspect; neither changes anything in the model.
    """

    version: Literal[1] = 1
    name: str
    dataset: DatasetConfig
    base: BaseConfig
    loss: LossConfig
    training: TrainingConfig = TrainingConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    recipe: str | None = None
    examples: tuple[Example, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain values, in the order in which they are read best."""
        return self.model_dump(mode="json")

    def to_yaml(self) -> str:
        """The text of ``config.yaml``."""
        return yaml.safe_dump(self.to_dict(), allow_unicode=True, sort_keys=False)

    @classmethod
    def parse(cls, data: Any, file: str) -> RunConfig:
        """A configuration from plain values that came from ``file``.

        Raises:
            ConfigUnreadable: names the first field that is wrong.
        """
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "the file"
            raise ConfigUnreadable(file=file, reason=f"{where}: {first['msg']}") from error

    @classmethod
    def load(cls, path: Path) -> RunConfig:
        """Read a ``config.yaml``; raises ConfigUnreadable."""
        try:
            data = yaml.load(path.read_text(encoding="utf-8"), _LOADER)
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
            raise ConfigUnreadable(file=path.name, reason=reason) from error
        return cls.parse(data, path.name)
