"""A better recipe for a card's table: what Train would propose, each change with its reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from core.models.bases import BaseConfig, resolve
from core.problems import N_, Message, Problem
from core.training.config import RunConfig
from core.training.defaults import REASONS, propose_rows, reason
from core.training.difference import Difference, differences
from core.training.losses.registry import loss_named
from core.training.recipes.recipe import Recipe, of_config
from core.training.recipes.remarks import TABLE_FAULTS, as_dataset, remarks
from core.workspace import Workspace

_STATIC = N_(
    "The base cannot read the texts; a static model is made from them and reads every character."
)
_TABLE_FIRST = N_(
    "No setting helps as long as the table is as it is. Mend the table first; then this is what "
    "Pairloom would propose."
)
_BETTER_NAME = "{name}, better"
_UNTOLD = frozenset(["training.precision", "training.group_by_length"])
"""Settings that change the speed more than what is learned."""


@dataclass(frozen=True)
class Change:
    """A setting that is other than on the card, and why."""

    difference: Difference
    why: Message | None


@dataclass(frozen=True)
class Better:
    """What Pairloom would take for the table of a card.

    Attributes:
        recipe: the settings.
        changes: what is other than on the card, in the order of ``config.yaml``.
        first: what has to be done before any setting helps; None when nothing has.
    """

    recipe: Recipe
    changes: tuple[Change, ...]
    first: Message | None


def better(workspace: Workspace, recipe: Recipe) -> Better | None:
    """What Train would propose for a table like the card's.

    None for a recipe without a card, or where the card does not tell rows and columns.

    Args:
        workspace: where bases are looked for.
        recipe: from a card.
    """
    card = recipe.card
    if card is None or card.shape is None or not card.rows:
        return None
    told = {one.kind for one in remarks(workspace, recipe)}
    base = BaseConfig(kind="static") if "unreadable" in told else recipe.base
    proposed = _proposed(workspace, recipe, base)
    if proposed is None:
        return None
    name = _BETTER_NAME.format(name=recipe.name)
    improved = of_config(proposed, name).model_copy(
        update={"card": card, "examples": recipe.examples}
    )
    return Better(
        recipe=improved,
        changes=tuple(_changes(recipe, improved)),
        first=Message(_TABLE_FIRST) if told & set(TABLE_FAULTS) else None,
    )


def compare(first: Recipe | RunConfig, second: Recipe | RunConfig) -> list[Difference]:
    """In which settings two runs or recipes differ; tables count between runs only."""
    aside = {"card", "run"}
    if isinstance(first, Recipe) or isinstance(second, Recipe):
        aside.add("dataset")
    return differences([one.model_dump(mode="json", exclude=aside) for one in (first, second)])


def _changes(recipe: Recipe, improved: Recipe) -> Iterator[Change]:
    """The differences that somebody should know; what goes along with another base or loss not."""
    static = improved.base.kind == "static"
    in_batch = loss_named(improved.loss.name).in_batch
    same_loss = recipe.loss.name == improved.loss.name
    for one in compare(recipe, improved):
        along = one.setting.startswith("base.") and one.setting != "base.kind"
        of_the_loss = one.parameter is not None and not same_loss
        apart = one.setting == "training.separate_duplicates" and not in_batch
        if not (along or of_the_loss or apart or one.setting in _UNTOLD):
            yield Change(one, _why(one, improved, static=static))


def _proposed(workspace: Workspace, recipe: Recipe, base: BaseConfig) -> RunConfig | None:
    assert recipe.card is not None and recipe.card.shape is not None and recipe.card.rows
    try:
        resolve(workspace, base)
        known = base
    except Problem:
        # Not on this computer: what suits one transformer suits another.
        known = BaseConfig(kind="bundled")
    try:
        config = propose_rows(
            workspace, as_dataset(recipe), recipe.card.shape, recipe.card.rows, known
        )
    except Problem:
        # No loss learns from such a table.
        return None
    return _at_least_as_large(config.model_copy(update={"base": base}), recipe)


def _at_least_as_large(config: RunConfig, recipe: Recipe) -> RunConfig:
    """The batch of the card where it was larger and larger ones teach more."""
    size = max(config.training.batch_size, recipe.training.batch_size)
    if not loss_named(config.loss.name).in_batch or config.base.kind == "static":
        return config
    training = config.training.model_copy(update={"batch_size": size})
    return config.model_copy(update={"training": training})


def _why(one: Difference, improved: Recipe, *, static: bool) -> Message | None:
    part, _, name = one.setting.partition(".")
    if part == "base":
        return Message(_STATIC) if one.setting == "base.kind" else None
    if one.setting == "loss.name":
        return Message(loss_named(improved.loss.name).sentence)
    if one.parameter is not None:
        return Message(one.parameter.help)
    known = name in REASONS or f"{name}:static" in REASONS
    return Message(reason(name, static=static)) if known else None
