"""The recipes that can be chosen: five that come with Pairloom, and those of this workspace."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from pathlib import Path

import yaml

from core.files import write_text
from core.models.hub.names import hub_name
from core.problems import N_, Message, Problem, Term, Translate, as_is
from core.training.recipes.card import read_card
from core.training.recipes.evidence import with_evidence
from core.training.recipes.facts import Card, Point
from core.training.recipes.recipe import Recipe, of_card, of_config, parse, read
from core.training.runs import load_run
from core.workspace import UnknownItem, Workspace, new_id

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_NO_TITLE = re.compile(
    r"(SentenceTransformer|Sentence Transformer|MPNet|BERT)? ?(based on|model trained|model$)|\{"
)
"""Titles of the library: "SentenceTransformer based on …", "{MODEL_NAME}"."""
_BASE_ROWS = N_("{base}, {rows:,} rows")
_BASE_ROWS_SHAPE = N_("{base}, {rows:,} rows ({shape})")

READY = Path(__file__).parent
_ENDING = ".yaml"
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,99}")

NAMES = {
    "card-000": N_("Drug labels, scored pairs (card 000)"),
    "card-001": N_("Products, triplets (card 001)"),
    "card-002": N_("Questions and passages, pairs (card 002)"),
    "card-003": N_("Company profiles, pairs (card 003)"),
    "card-004": N_("Abstracts, scored pairs (card 004)"),
}
"""The recipes that come with Pairloom, by their file, in the order in which they are offered."""


class RecipeNameTaken(Problem):
    what = N_("There is a recipe named {name} already.")
    do = N_("Choose another name, or delete the other one first.")


class RecipeWithoutName(Problem):
    what = N_("A recipe needs a name.")
    do = N_("Type a few words by which you will know it again.")


@dataclass(frozen=True)
class Stored:
    """A recipe and where it is.

    Attributes:
        id: what it is called in addresses and on the command line.
        recipe: what is in it.
        ready: it came with Pairloom and cannot be deleted.
        created: when it was saved (ISO 8601, UTC); None for one that came with Pairloom.
    """

    id: str
    recipe: Recipe
    ready: bool
    created: str | None = None

    @property
    def card(self) -> Card | None:
        """The card that it was read from."""
        return self.recipe.card


def list_recipes(workspace: Workspace) -> list[Stored]:
    """The recipes that come with Pairloom, then one's own, the newest first."""
    return [*_ready(workspace), *_own(workspace)]


def load_recipe(workspace: Workspace, id: str) -> Stored:
    """The recipe ``id``.

    Raises:
        UnknownItem: there is none.
        RecipeUnreadable: its file was damaged by hand.
    """
    if id in NAMES:
        return Stored(id, of_card(workspace, _ready_card(id), NAMES[id])[0], ready=True)
    path = workspace.recipes / f"{id}{_ENDING}"
    if not _ID.fullmatch(id) or not path.is_file():
        raise UnknownItem(item=Term(N_("recipe")), id=id)
    return Stored(id, read(workspace, path), ready=False, created=_changed(path))


def save_recipe(workspace: Workspace, recipe: Recipe) -> str:
    """Keep a recipe under its name.

    Returns:
        Its id.  The same recipe once more is the one that is there.

    Raises:
        RecipeWithoutName, RecipeNameTaken
    """
    name = recipe.name.strip()
    if not name:
        raise RecipeWithoutName
    recipe = recipe.model_copy(update={"name": name})
    for other in _own(workspace):
        if other.recipe == recipe:
            return other.id
        if other.recipe.name.casefold() == name.casefold():
            raise RecipeNameTaken(name=name)
    id = new_id(name)
    write_text(workspace.recipes / f"{id}{_ENDING}", recipe.to_yaml())
    return id


def save_run(workspace: Workspace, run: str, name: str) -> str:
    """Keep the settings of a run as a recipe; returns its id.

    Raises:
        UnknownItem: there is no such run.
        RecipeWithoutName, RecipeNameTaken
    """
    if not name.strip():
        raise RecipeWithoutName
    return save_recipe(workspace, of_config(load_run(workspace, run).config, name.strip(), run))


def save_card(workspace: Workspace, card: Card, name: str) -> str:
    """Keep a card that was read as a recipe: its facts and its widget's texts.

    Under a name that is taken already, a number is added.

    Returns:
        Its id.
    """
    recipe, _translation, _notes = of_card(workspace, with_evidence(workspace, card), name)
    others = [one.recipe for one in _own(workspace) if one.recipe.card != recipe.card]
    taken = {one.name.casefold() for one in others}
    number, wanted = 1, name
    while wanted.casefold() in taken:
        number += 1
        wanted = f"{name} ({number})"
    return save_recipe(workspace, recipe.model_copy(update={"name": wanted}))


def bring_in(
    workspace: Workspace, text: str, file: str, translate: Translate = as_is
) -> tuple[str, Card | None]:
    """Keep whatever was pasted or uploaded: a model card, an exported recipe, a ``config.yaml``.

    Args:
        workspace: where it is kept.
        text: of the file.
        file: its name.
        translate: into the language of the name that is made up for a card without one.

    Returns:
        The recipe's id; the card with its texts, None where it was none.

    Raises:
        NotACard, NotForVectors, CardTooLarge, RecipeUnreadable, RecipeNameTaken
    """
    if re.match(r"(#.*\n)*version:", text.lstrip("\ufeff").lstrip()):
        return import_recipe(workspace, text, file), None
    card = read_card(text, source=file)
    return save_card(workspace, card, proposed_name(card, file).text(translate)), card


def proposed_name(card: Card, file: str) -> Message:
    """What to call the recipe of a card: its title, unless the library made that up.

    The library calls every model of a base alike, so base and table tell them apart.
    """
    if card.title and not _NO_TITLE.match(card.title):
        return Message(N_("{name}"), {"name": card.title})
    base = (hub_name(card.base or "") or "").rpartition("/")[2] or card.loss or file
    if not card.rows:
        return Message(N_("{name}"), {"name": base})
    if card.shape is None:
        return Message(_BASE_ROWS, {"base": base, "rows": card.rows})
    facts = {"base": base, "rows": card.rows, "shape": Term(card.shape.label)}
    return Message(_BASE_ROWS_SHAPE, facts)


def import_recipe(workspace: Workspace, text: str, file: str) -> str:
    """Keep the recipe that somebody exported; returns its id.

    Raises:
        RecipeUnreadable: it is none.
        RecipeNameTaken
    """
    return save_recipe(workspace, parse(workspace, text, file))


def delete_recipe(workspace: Workspace, id: str) -> None:
    """Delete one of one's own recipes; raises UnknownItem."""
    stored = load_recipe(workspace, id)
    if stored.ready:
        raise UnknownItem(item=Term(N_("recipe")), id=id)
    with contextlib.suppress(FileNotFoundError):
        (workspace.recipes / f"{id}{_ENDING}").unlink()


def card_curve(workspace: Workspace, id: str | None) -> tuple[Point, ...]:
    """The training log of the card that a run's recipe was read from; empty without one."""
    if id is None:
        return ()
    if id in NAMES:
        return _ready_card(id).losses
    path = workspace.recipes / f"{id}{_ENDING}"
    try:
        return _own_curve(path, path.stat().st_mtime_ns) if _ID.fullmatch(id) else ()
    except (OSError, Problem, ValueError, yaml.YAMLError):
        # Deleted or damaged since, or made on another computer.
        return ()


@lru_cache(maxsize=16)
def _own_curve(path: Path, _changed_ns: int) -> tuple[Point, ...]:
    data = yaml.load(path.read_text(encoding="utf-8"), _LOADER)
    card = data.get("card") if isinstance(data, dict) else None
    return Card.model_validate(card).losses if card else ()


def name_of(stored: Stored) -> Message:
    """What it is called; the names of those that come with Pairloom are translated."""
    if stored.ready:
        return Message(NAMES[stored.id])
    return Message(N_("{name}"), {"name": stored.recipe.name})


@cache
def _ready_card(id: str) -> Card:
    """The facts in the file of a recipe that comes with Pairloom, which never change."""
    data = yaml.load((READY / f"{id}{_ENDING}").read_text(encoding="utf-8"), _LOADER)
    return Card.model_validate(data["card"])


def _ready(workspace: Workspace) -> Iterable[Stored]:
    for id in NAMES:
        yield load_recipe(workspace, id)


def _own(workspace: Workspace) -> list[Stored]:
    found = []
    for path in sorted(workspace.recipes.glob(f"*{_ENDING}"), reverse=True):
        if path.name.startswith("."):
            continue
        try:
            found.append(load_recipe(workspace, path.stem))
        except Problem:
            # Damaged by hand: it must not hide the others.
            continue
    return found


def _changed(path: Path) -> str:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="seconds")
