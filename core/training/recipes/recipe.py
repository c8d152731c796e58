"""A recipe: a run's settings without its table, with the card that they were read from, if any."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field, ValidationError

from core.data.store import DatasetInfo
from core.models.bases import BaseConfig, resolve
from core.models.bundled import BUNDLED_NAME
from core.models.hub.names import hub_name, is_commit
from core.models.hub.shelf import list_downloads
from core.problems import N_, Message, Problem, Term
from core.training.config import (
    DatasetConfig,
    EvaluationConfig,
    LossConfig,
    RunConfig,
    TrainingConfig,
)
from core.training.losses.registry import loss_named, losses_for
from core.training.recipes.facts import Card, Example, Part
from core.training.recipes.translate import translate
from core.training.recipes.translated import Translation
from core.workspace import Workspace

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_NO_BASE = N_("The card does not name its base; {name}, which comes with Pairloom, stands in.")
_NOT_A_NAME = N_(
    "The base is called “{base}”, which is a place on its author's computer; {name}, which comes "
    "with Pairloom, stands in."
)
_OTHER_REVISION = N_(
    "The card's base is {name} at commit {commit}; the copy that comes with Pairloom stands in."
)
_NEWEST = N_("The card does not say which version of {name} it was; the one that is here is taken.")
_NOT_HERE = N_(
    "The base {name} is not on this computer. Until it is fetched, under “Get a model from a "
    "hub”, {bundled} stands in."
)
_LOSS_ELSE = N_("{loss} cannot learn from {shape}; {other} stands in.")
_POOLING = N_(
    "The card's model takes its vector in another way ({pooling}) than the base brings along; here "
    "the base's own way is kept."
)
_WAYS = {
    "mean": N_("the mean of all tokens"),
    "cls": N_("the first token"),
    "lasttoken": N_("the last token"),
    "max": N_("the largest number of each kind"),
}
_MOST_EXAMPLES, _MOST_SENTENCES = 10, 10
"""The library writes five, of three sentences each."""
_BROUGHT_ALONG = {"sentence-transformers/all-MiniLM-L6-v2": "mean", "BAAI/bge-": "cls"}
"""How bases that cards name often make one vector of many: as their own folders on the hub say."""


class RecipeUnreadable(Problem):
    what = N_("{file} is not a recipe: {reason}.")
    do = N_("Take a file that Pairloom exported as a recipe, or paste a model card instead.")


class NoFittingLoss(Problem):
    what = N_("This recipe learns from {needed}, and the dataset has {shape}.")
    do = N_("Choose another dataset, or turn this one into another shape on the Data screen.")


class Recipe(Part):
    """How to train, whatever the table.

    Attributes:
        name: what people call it.
        base: what training starts from.
        loss: with its parameters.
        training: how to train.
        evaluation: what is looked at; without questions and exam, which belong to a table.
        run: the id of the run whose settings they are.
        card: the facts of the card that they were read from, without its author's table.
        examples: the texts of that card's widget, to compare on Inspect.
    """

    version: Literal[1] = 1
    name: Annotated[str, Field(min_length=1, max_length=200)]
    base: BaseConfig
    loss: LossConfig
    training: TrainingConfig = TrainingConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    run: str | None = None
    card: Card | None = None
    examples: tuple[Example, ...] = ()

    def to_yaml(self) -> str:
        """The text of its file."""
        data = self.model_dump(mode="json", exclude_none=True)
        if not self.examples:
            del data["examples"]
        if self.card is not None:
            data["card"] = self.card.model_dump(mode="json", exclude_defaults=True)
        # Lists of numbers in one line each.
        return yaml.safe_dump(
            data, allow_unicode=True, sort_keys=False, default_flow_style=None, width=100
        )

    def config(self, dataset: DatasetInfo, recipe: str | None = None) -> RunConfig:
        """The configuration of a run on ``dataset``.

        Args:
            dataset: the table to learn from.
            recipe: the id of this recipe, so that the run remembers where it comes from.
        """
        return RunConfig(
            name=self.name,
            dataset=DatasetConfig(
                id=dataset.id, name=dataset.name, content_hash=dataset.content_hash
            ),
            base=self.base,
            loss=self.loss,
            training=self.training,
            evaluation=self.evaluation,
            recipe=recipe,
            examples=self.examples,
        )


def of_config(config: RunConfig, name: str, run: str | None = None) -> Recipe:
    """The recipe of a run: its settings under a name, without table, questions and exam."""
    evaluation = config.evaluation.model_copy(update={"exam": None, "questions": ()})
    return Recipe(
        name=name,
        base=config.base,
        loss=config.loss,
        training=config.training,
        evaluation=evaluation,
        run=run,
        examples=config.examples,
    )


def of_card(
    workspace: Workspace, card: Card, name: str
) -> tuple[Recipe, Translation, tuple[Message, ...]]:
    """A card as a recipe.

    Args:
        workspace: where models from hubs are.
        card: what was read.
        name: what the recipe is to be called.

    Returns:
        The recipe; what became of the card's settings; what was assumed.
    """
    translation = translate(card)
    base, notes = base_of(workspace, card)
    recipe = Recipe(
        name=name,
        base=base,
        loss=translation.loss,
        training=translation.training,
        evaluation=translation.evaluation,
        card=card.facts(),
        examples=tuple(
            one.model_copy(update={"sentences": one.sentences[:_MOST_SENTENCES]})
            for one in card.examples[:_MOST_EXAMPLES]
        ),
    )
    return recipe, translation, (*notes, *translation.assumed)


def base_of(workspace: Workspace, card: Card) -> tuple[BaseConfig, list[Message]]:
    """The base that a card names, and what has to be said about it.

    A base of a hub that is not on this computer stays what it is; :func:`usable` finds a stand-in.
    """
    bundled = BaseConfig(kind="bundled")
    notes = list[Message]()
    if card.base is None:
        if card.modules[:1] == ("StaticEmbedding",):
            return BaseConfig(kind="static"), notes
        return bundled, [Message(_NO_BASE, {"name": BUNDLED_NAME})]
    named = hub_name(card.base)
    if named is None:
        return bundled, [Message(_NOT_A_NAME, {"base": card.base, "name": BUNDLED_NAME})]
    if named == BUNDLED_NAME:
        if card.revision:
            commit = card.revision[:12]
            notes.append(Message(_OTHER_REVISION, {"name": BUNDLED_NAME, "commit": commit}))
        return bundled, notes + _pooling(card)
    here = [one for one in list_downloads(workspace) if one.repo.lower() == named.lower()]
    same = next((one for one in here if one.commit == card.revision), None)
    if same is None and here and card.revision is None:
        same = here[0]
        notes.append(Message(_NEWEST, {"name": named}))
    if same is not None:
        base = BaseConfig(kind="hub", source=same.source, repo=same.repo, revision=same.commit)
        return base, notes + _pooling(card)
    whole = card.revision if is_commit(card.revision) else None
    return BaseConfig(kind="hub", repo=named, revision=whole), _pooling(card)


def _pooling(card: Card) -> list[Message]:
    """That the card's model pools in another way than its base."""
    named = card.base or ""
    own = next((way for name, way in _BROUGHT_ALONG.items() if named.startswith(name)), None)
    if own is None or card.pooling is None or card.pooling.startswith(own):
        return []
    words = next((_WAYS[way] for way in _WAYS if card.pooling.startswith(way)), card.pooling)
    return [Message(_POOLING, {"pooling": Term(words)})]


def usable(
    workspace: Workspace, recipe: Recipe, dataset: DatasetInfo
) -> tuple[Recipe, list[Message]]:
    """The recipe as it can be used with a table on this computer, and what had to be changed.

    Raises:
        NoFittingLoss: nothing can be learned from the table in this way.
    """
    notes: list[Message] = []
    base, loss = recipe.base, recipe.loss
    try:
        static = resolve(workspace, base).kind == "static"
    except Problem:
        missing = base.repo or base.path or base.run or "?"
        notes.append(Message(_NOT_HERE, {"name": missing, "bundled": BUNDLED_NAME}))
        base, static = BaseConfig(kind="bundled"), False
    spec = loss_named(loss.name)
    if dataset.shape not in spec.shapes or (static and not spec.for_static):
        fitting = losses_for(dataset.shape, static=static)
        if not fitting:
            raise NoFittingLoss(needed=Term(spec.shapes[0].label), shape=Term(dataset.shape.label))
        facts = {
            "loss": loss.name,
            "shape": Term(dataset.shape.label),
            "other": fitting[0].name,
        }
        notes.append(Message(_LOSS_ELSE, facts))
        loss = LossConfig(name=fitting[0].name)
    return recipe.model_copy(update={"base": base, "loss": loss}), notes


def parse(workspace: Workspace, text: str, file: str) -> Recipe:
    """A recipe from the text of its file.

    A file that holds only a name and a card is translated.

    Raises:
        RecipeUnreadable: names the first field that is wrong.
    """
    try:
        data = yaml.load(text, _LOADER)
        if isinstance(data, dict) and "dataset" in data:
            # A config.yaml of a run is good too.
            config = RunConfig.parse(data, file)
            return of_config(config, config.name)
        if isinstance(data, dict) and "card" in data and "loss" not in data:
            card = Card.model_validate(data["card"])
            return of_card(workspace, card, str(data["name"]))[0]
        return Recipe.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise RecipeUnreadable(file=file, reason=f"{where}: {first['msg']}") from error
    except (yaml.YAMLError, KeyError) as error:
        raise RecipeUnreadable(file=file, reason=str(error).splitlines()[0]) from error


def read(workspace: Workspace, path: Path) -> Recipe:
    """The recipe in a file; raises RecipeUnreadable."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeUnreadable(file=path.name, reason=str(error).splitlines()[0]) from error
    return parse(workspace, text, path.name)
