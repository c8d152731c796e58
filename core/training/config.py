"""The configuration of a run: all that is needed to repeat it, as YAML for people."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.models.bases import BaseConfig
from core.problems import N_, Problem


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


class TrainingConfig(_Part):
    """How to train."""

    epochs: Annotated[float, Field(gt=0, le=200)] = 1.0
    batch_size: Annotated[int, Field(ge=1, le=8192)] = 16
    learning_rate: Annotated[float, Field(gt=0, le=10)] = 5e-5
    max_length: Annotated[int, Field(ge=8, le=8192)] | None = None
    warmup_share: Annotated[float, Field(ge=0, lt=1)] = 0.1
    weight_decay: Annotated[float, Field(ge=0, le=1)] = 0.0
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 42


class EvaluationConfig(_Part):
    """What is held out, and on what the model is examined at the end."""

    held_out_share: Annotated[float, Field(gt=0, le=0.5)] = 0.1
    exam: str | None = None
    """A corpus with questions and right answers, outside the training table; its id."""


class RunConfig(_Part):
    """One run."""

    version: Literal[1] = 1
    name: str
    dataset: DatasetConfig
    base: BaseConfig
    loss: LossConfig
    training: TrainingConfig = TrainingConfig()
    evaluation: EvaluationConfig = EvaluationConfig()

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
            data = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            reason = str(error).splitlines()[0]
            raise ConfigUnreadable(file=path.name, reason=reason) from error
        return cls.parse(data, path.name)
