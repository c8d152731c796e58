"""What a model card says, as data: one record for cards of every version of the library."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from core.data.shapes import Shape
from core.problems import N_

UNREAD = {
    "front matter": N_("the lines between the dashes at the top"),
    "base": N_("the base model"),
    "loss": N_("the loss"),
    "loss parameters": N_("some parameters of the loss"),
    "rows": N_("the number of rows"),
    "columns": N_("the columns of the table"),
    "hyperparameters": N_("the settings"),
    "fit arguments": N_("some arguments of model.fit"),
    "max_length": N_("the maximum length"),
    "log": N_("a log of the loss"),
    "evaluation": N_("scores"),
}
"""What a recipe needs of a card, by the names in :attr:`Card.unread`, for people."""
_DAMAGED = ("front matter", "loss parameters", "fit arguments")


class Part(BaseModel):
    """A piece of a recipe's file: unknown fields are refused, nothing changes it afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(Part):
    """A column of the training table, as the card's statistics tell it.

    Attributes:
        name: what it is called.
        type: "string", "float", "int" and so on; empty where the card does not say.
        unit: what the three numbers count: "tokens", "characters", "elements" or, for scores, "".
        least, mean, most: of the rows that were looked at.
        shares: how often each label comes (0 to 1), where the card lists labels.
    """

    name: str
    type: str = ""
    unit: str = ""
    least: float | None = None
    mean: float | None = None
    most: float | None = None
    shares: dict[str, float] = Field(default_factory=dict)

    @property
    def is_text(self) -> bool:
        """Whether it holds texts; where the card gives no type, its name decides."""
        if self.type:
            return self.type == "string"
        return self.name not in ("label", "score", "labels", "scores", "similarity_score")


class Table(Part):
    """The rows that a model learned from, or that it was measured on.

    Attributes:
        name: what the card calls them; None for "Unnamed Dataset".
        rows: how many there are.
        looked_at: how many rows its statistics are of.
        columns: in their order, which is what counts in training.
        samples: a few rows, a text or number for each column.
    """

    name: str | None = None
    rows: int | None = None
    looked_at: int | None = None
    columns: tuple[Column, ...] = ()
    samples: tuple[tuple[str, ...], ...] = ()

    @property
    def shape(self) -> Shape | None:
        """What a row holds; None where the columns are not known."""
        texts = sum(column.is_text for column in self.columns)
        labelled = texts < len(self.columns)
        if texts == 1:
            return Shape.CLASSES if labelled else Shape.TEXTS
        if texts == 2:
            return Shape.SCORED_PAIRS if labelled else Shape.PAIRS
        if texts > 2:
            return Shape.TRIPLETS if texts == 3 else Shape.SEVERAL_NEGATIVES
        return None


class Example(Part):
    """A widget example: a text, and texts that it is to be compared with."""

    source: str
    sentences: tuple[str, ...] = ()


class Point(Part):
    """A line of the training log."""

    step: int
    epoch: float | None = None
    loss: float | None = None
    scores: dict[str, float] = Field(default_factory=dict)
    """Whatever else stands in the line, by the log's own headings."""


class Evaluation(Part):
    """A table of scores.

    Attributes:
        title: its heading.
        evaluator: the class that measured.
        names: the tables that were measured on, a column each.
        metrics: name to a number for each of ``names``.
    """

    title: str = ""
    evaluator: str = ""
    names: tuple[str, ...] = ()
    metrics: dict[str, tuple[float | None, ...]] = Field(default_factory=dict)


class Garbling(Part):
    """Characters of a card that went through a wrong encoding.

    Attributes:
        encoding: in which the card was read by mistake.
        lines: how many lines were repaired.
        lost: how many characters stay unreadable; each is marked with �.
        by_template: whether the words that the library itself writes are garbled too, which means
            that the card's file was damaged, not the training table.
    """

    encoding: str
    lines: int
    lost: int = 0
    by_template: bool = False


class Evidence(Part):
    """What the card's own texts show of the table; kept when the texts are not.

    Attributes:
        texts: how many different texts were looked at.
        unknown_share: which share of their tokens (0 to 1) the base does not know; None where its
            vocabulary is not at hand.
        same_columns: every sample has the same text twice.
        sign_share: which share of the first column's texts (0 to 1) has no letter and no digit.
    """

    texts: int = 0
    unknown_share: float | None = None
    same_columns: bool = False
    sign_share: float = 0.0


class Card(Part):
    """A model card, as far as it can be read.

    Attributes:
        title: its first heading.
        source: where it comes from, for people.
        base: the base model by the hub's name, or whatever stands there.
        revision: the base's commit.
        license: of the model.
        languages: of the model.
        max_length: tokens of a text that are read.
        dimension: numbers in a vector.
        similarity: the function that compares vectors.
        modules: the model's parts by class name.
        pooling: how token vectors become one ("mean", "cls_token" …).
        tags: of its front matter.
        table: the rows that it learned from (the first of several tables).
        measured: the rows that its held-out loss was measured on.
        more_tables: how many further training tables there were.
        loss: the loss by the library's name.
        loss_parameters: as printed.
        non_default: the hyperparameters that were set.
        hyperparameters: all that are printed, those that were set included.
        examples: the widget's.
        curve: the training log.
        evaluations: the tables of scores.
        versions: package to version.
        garbled: what was wrong with its characters.
        evidence: what its texts show.
        unread: names of what is not in it, or not readable.
    """

    title: str = ""
    source: str = ""
    base: str | None = None
    revision: str | None = None
    license: str | None = None
    languages: tuple[str, ...] = ()
    max_length: Annotated[int, Field(ge=1)] | None = None
    dimension: Annotated[int, Field(ge=1)] | None = None
    similarity: str | None = None
    modules: tuple[str, ...] = ()
    pooling: str | None = None
    tags: tuple[str, ...] = ()
    table: Table | None = None
    measured: Table | None = None
    more_tables: int = 0
    loss: str | None = None
    loss_parameters: dict[str, Any] = Field(default_factory=dict)
    non_default: dict[str, Any] = Field(default_factory=dict)
    hyperparameters: dict[str, Any] = Field(default_factory=dict)
    examples: tuple[Example, ...] = ()
    curve: tuple[Point, ...] = ()
    evaluations: tuple[Evaluation, ...] = ()
    versions: dict[str, str] = Field(default_factory=dict)
    garbled: Garbling | None = None
    evidence: Evidence = Evidence()
    unread: tuple[str, ...] = ()

    @property
    def library(self) -> str | None:
        """The version of sentence-transformers that wrote it."""
        return self.versions.get("Sentence Transformers")

    @property
    def rows(self) -> int | None:
        """How many rows it learned from."""
        return self.table.rows if self.table else None

    @property
    def shape(self) -> Shape | None:
        """What a row of its training table holds."""
        return self.table.shape if self.table else None

    @property
    def losses(self) -> tuple[Point, ...]:
        """The lines of the log that tell a training loss."""
        return tuple(point for point in self.curve if point.loss is not None)

    @property
    def was_measured(self) -> bool:
        """Whether its author measured anything, even where the scores are not on it.

        Cards of ``model.fit`` name only who measured; "NoneType" is nobody.
        """
        evaluator = self.hyperparameters.get("evaluator") or "NoneType"
        kept = bool(self.hyperparameters.get("load_best_model_at_end"))
        measured = bool(self.evaluations) or self.measured is not None
        return measured or kept or evaluator != "NoneType"

    @property
    def untold(self) -> tuple[str, ...]:
        """What it does not say, as message ids."""
        return tuple(UNREAD[name] for name in self.unread if name not in _DAMAGED)

    @property
    def unreadable(self) -> tuple[str, ...]:
        """What it says in a way that cannot be read, as message ids."""
        return tuple(UNREAD[name] for name in self.unread if name in _DAMAGED)

    def facts(self) -> Card:
        """The card without texts, neither of its table nor of its widget: numbers and names."""
        tables = {
            name: table.model_copy(update={"samples": ()})
            for name, table in (("table", self.table), ("measured", self.measured))
            if table is not None
        }
        return self.model_copy(update={"examples": (), **tables})
