"""What a loss is made of: the rows it learns from, its settings, and how it is built."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from core.data.shapes import Shape
from core.problems import N_, Problem

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import nn

Value = bool | int | float | str
"""What a setting of a loss can be."""

MINI_BATCH = "mini_batch_size"
"""The parameter of losses that work through a batch in parts: rows a part."""


class LossParameterWrong(Problem):
    what = N_("{loss} does not take {parameter} = {value}.")
    do = N_("Use {allowed}.")


class LossParameterUnknown(Problem):
    what = N_("{loss} has no setting named {parameter}.")
    do = N_("Leave it out, or use one of: {known}.")


@dataclass(frozen=True)
class NumberParameter:
    """A number that a loss takes.

    Attributes:
        name: the library's own name.
        label: the name on the form.
        help: what it does, for someone who has never heard of it.
        whole: only whole numbers make sense.
    """

    name: str
    label: str
    help: str
    default: float
    minimum: float
    maximum: float
    whole: bool = False

    def accepts(self, value: Value) -> bool:
        """Whether ``value`` is in the range."""
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return (
            number
            and self.minimum <= float(value) <= self.maximum
            and (not self.whole or float(value).is_integer())
        )

    @property
    def allowed(self) -> str:
        """The range, for a refusal."""
        return f"{self.minimum:g} … {self.maximum:g}"


@dataclass(frozen=True)
class ChoiceParameter:
    """A choice among a few: value to its label on the form."""

    name: str
    label: str
    help: str
    default: str
    options: Mapping[str, str]

    def accepts(self, value: Value) -> bool:
        """Whether ``value`` is one of the options."""
        return value in self.options

    @property
    def allowed(self) -> str:
        """The options, for a refusal."""
        return ", ".join(self.options)


@dataclass(frozen=True)
class SwitchParameter:
    """Something that is on or off."""

    name: str
    label: str
    help: str
    default: bool

    def accepts(self, value: Value) -> bool:
        """Whether ``value`` is true or false."""
        return isinstance(value, bool)

    @property
    def allowed(self) -> str:
        """For a refusal."""
        return "true, false"


@dataclass(frozen=True)
class ModelParameter:
    """A second model that a loss asks for advice: ``bundled``, ``run:<id>``, or a folder's path."""

    name: str
    label: str
    help: str
    default: str = "bundled"

    def accepts(self, value: Value) -> bool:
        """Whether ``value`` may name a model."""
        return isinstance(value, str) and bool(value.strip())

    @property
    def allowed(self) -> str:
        """For a refusal."""
        return "bundled, run:…, /…"


Parameter = NumberParameter | ChoiceParameter | SwitchParameter | ModelParameter


class Labels(StrEnum):
    """What a loss wants to know of each row besides its texts."""

    NONE = "none"
    SCORE = "score"
    """The score from 0 to 1."""
    MATCH = "match"
    """1 from a score of 0.5 on, else 0."""
    GRADE = "grade"
    """The score's place among the few different scores of the table."""
    CLASS = "class"
    """The class's number."""


class Batches(StrEnum):
    """Which rows may come together in one batch."""

    ANY = "any"
    NO_DUPLICATES = "no_duplicates"
    """No text twice: the other rows' answers count as wrong ones."""
    BY_CLASS = "by_class"
    """At least two classes with at least two texts of each."""


@dataclass(frozen=True)
class LossContext:
    """What a loss may need besides the model.

    Attributes:
        grades: how many different scores the table has.
        load_model: loads the model that a :class:`ModelParameter` names.
    """

    grades: int
    load_model: Callable[[str], SentenceTransformer]


Build = Callable[["SentenceTransformer", Mapping[str, Value], LossContext], "nn.Module"]


@dataclass(frozen=True)
class LossSpec:
    """A loss: what it wants, what it does in one sentence, and how to build it.

    Attributes:
        name: the class in ``sentence_transformers.losses``, as model cards print it.
        title: a name for people.
        sentence: what it teaches the model, for someone who has never heard of it.
        when: when to choose it.
        shapes: the table shapes it can learn from, the one that it suits best first.
        build: makes the loss for a model, its settings and a context.
        parameters: what can be set.
        labels: what it wants to know of a row besides the texts.
        batches: which rows may share a batch.
        for_static: whether it can train static models.
        matryoshka: whether :class:`MatryoshkaLoss` can be put around it.
        rank: the place in the list of a shape; the lowest is recommended.
    """

    name: str
    title: str
    sentence: str
    when: str
    shapes: tuple[Shape, ...]
    build: Build
    parameters: tuple[Parameter, ...] = ()
    labels: Labels = Labels.NONE
    batches: Batches = Batches.ANY
    for_static: bool = True
    matryoshka: bool = True
    rank: int = 50

    @property
    def in_batch(self) -> bool:
        """Whether the other rows' answers count as wrong ones."""
        return self.batches is Batches.NO_DUPLICATES

    @property
    def reads_tokens(self) -> bool:
        """Whether it has the texts read by itself, in parts or by a second model."""
        own = {MINI_BATCH} & {parameter.name for parameter in self.parameters}
        return bool(own) or any(isinstance(one, ModelParameter) for one in self.parameters)

    def settings(self, given: Mapping[str, Value]) -> dict[str, Value]:
        """The parameters with ``given`` values in place of the defaults.

        Raises:
            LossParameterUnknown: the loss has no such parameter.
            LossParameterWrong: a value is out of range.
        """
        known = {parameter.name: parameter for parameter in self.parameters}
        for name, value in given.items():
            if name not in known:
                listed = ", ".join(known) or "-"
                raise LossParameterUnknown(loss=self.name, parameter=name, known=listed)
            if not known[name].accepts(value):
                raise LossParameterWrong(
                    loss=self.name, parameter=name, value=value, allowed=known[name].allowed
                )
        return {name: given.get(name, parameter.default) for name, parameter in known.items()}
