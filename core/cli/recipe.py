"""``recipe``: model cards and recipes, read, kept, compared, and turned into configurations."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.cli.output import DONE, add_json, say, say_json
from core.cli.runs import start_and_follow
from core.cli.steering import add_changes, changes_of, say_config
from core.data.store import load_dataset
from core.export.card.words import Words
from core.problems import Message
from core.training.config import RunConfig
from core.training.continuing import change_config
from core.training.difference import MISSING, Difference
from core.training.recipes.better import better, compare
from core.training.recipes.card import decode, read_card
from core.training.recipes.evidence import with_evidence
from core.training.recipes.facts import Card
from core.training.recipes.recipe import Recipe, RecipeUnreadable, of_card, read, usable
from core.training.recipes.remarks import remarks
from core.training.recipes.store import (
    Stored,
    delete_recipe,
    import_recipe,
    list_recipes,
    load_recipe,
    name_of,
    save_card,
    save_run,
)
from core.training.recipes.translated import How, Translation
from core.training.runs import load_run
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.cli.parser import Commands

_words = Words("en").say
"""A message with its numbers rounded."""


def add_commands(commands: Commands) -> None:
    """Declare the command of this module and what it does."""
    recipe = commands.add_parser(
        "recipe", help="read model cards; list, keep, compare and use recipes"
    )
    actions = recipe.add_subparsers(required=True, metavar="ACTION")
    _add_looking(actions)
    _add_keeping(actions)
    use = actions.add_parser("config", help="print the configuration of a run with a recipe")
    use.add_argument("recipe", help="a recipe's id, or a YAML file")
    use.add_argument("--dataset", metavar="ID", required=True, help="the table to learn from")
    use.add_argument("--better", action="store_true", help="what Pairloom proposes instead")
    add_changes(use)
    use.set_defaults(command=_config)


def _add_looking(actions: Commands) -> None:
    listing = actions.add_parser("list", help="list the recipes, ready ones first")
    add_json(listing)
    listing.set_defaults(command=_list)

    reading = actions.add_parser("read", help="say what a model card says and what becomes of it")
    reading.add_argument("card", help="the card's file (README.md), or - for standard input")
    reading.add_argument("--keep", metavar="NAME", help="keep it as a recipe and print its id")
    add_json(reading)
    reading.set_defaults(command=_read)

    show = actions.add_parser("show", help="print a recipe as YAML")
    show.add_argument("recipe", help="a recipe's id, or a YAML file")
    show.add_argument(
        "--better", action="store_true", help="what Pairloom proposes for such a table instead"
    )
    add_json(show)
    show.set_defaults(command=_show)

    diff = actions.add_parser("diff", help="say in which settings two runs or recipes differ")
    diff.add_argument("first", help="the id of a run or a recipe, or a YAML file")
    diff.add_argument("second", help="the same")
    add_json(diff)
    diff.set_defaults(command=_diff)


def _add_keeping(actions: Commands) -> None:
    save = actions.add_parser("save", help="keep a run's settings as a recipe")
    save.add_argument("run", help="the run's id")
    save.add_argument("--name", required=True, help="what the recipe is called")
    add_json(save, "print the recipe as JSON")
    save.set_defaults(command=_save)

    bring = actions.add_parser("import", help="keep a recipe that somebody exported")
    bring.add_argument("file", type=Path, help="its YAML file")
    add_json(bring, "print the recipe as JSON")
    bring.set_defaults(command=_import)

    delete = actions.add_parser("delete", help="delete a recipe of one's own")
    delete.add_argument("recipe", help="the recipe's id")
    add_json(delete)
    delete.set_defaults(command=_delete)


def _list(workspace: Workspace, options: argparse.Namespace) -> int:
    recipes = list_recipes(workspace)
    if options.json:
        say_json([_record(one) for one in recipes])
        return DONE
    for one in recipes:
        say(f"{one.id}  {name_of(one).text()}  {one.recipe.loss.name}")
    return DONE


def _record(stored: Stored) -> dict[str, Any]:
    return {
        "id": stored.id,
        "name": name_of(stored).text(),
        "ready": stored.ready,
        "created": stored.created,
        **_plain(stored.recipe),
    }


def _read(workspace: Workspace, options: argparse.Namespace) -> int:
    card = _card_in(options.card)
    recipe, translation, notes = of_card(workspace, with_evidence(workspace, card), card.title)
    told = remarks(workspace, recipe)
    kept = save_card(workspace, card, options.keep) if options.keep else None
    if options.json:
        say_json(
            {
                "kept": kept,
                "card": card.model_dump(mode="json"),
                "recipe": _plain(recipe),
                "settings": [_setting(one) for one in translation.settings],
                "without_bearing": list(translation.without_bearing),
                "assumed": [note.to_json() for note in notes],
                "unread": list(card.unread),
                "remarks": [
                    {
                        "kind": one.kind,
                        "severity": one.severity.value,
                        "message": one.message.to_json(),
                        "why": one.why.to_json(),
                    }
                    for one in told
                ],
            }
        )
    else:
        _say_card(card, recipe, translation, notes)
        for one in told:
            say(f"{one.severity.value}: {_words(one.message)} {_words(one.why)}")
        if kept is not None:
            say(kept)
    return DONE


def _card_in(place: str) -> Card:
    if place == "-":
        return read_card(decode(sys.stdin.buffer.read()), "-")
    path = Path(place)
    try:
        return read_card(decode(path.read_bytes()), path.name)
    except OSError as error:
        raise RecipeUnreadable(file=place, reason=error.strerror or str(error)) from error


def _setting(one: Any) -> dict[str, Any]:
    return {**asdict(one), "how": one.how.value, "note": one.note.to_json() if one.note else None}


def _say_card(
    card: Card, recipe: Recipe, translation: Translation, notes: tuple[Message, ...]
) -> None:
    """What was read, in lines."""
    columns = ", ".join(column.name for column in card.table.columns) if card.table else "?"
    shape = card.shape.label if card.shape else "?"
    say(f"base: {card.base or '?'} {card.revision or ''}".rstrip())
    say(f"rows: {card.rows or '?'} ({shape}: {columns})")
    say(f"maximum length {card.max_length}, {card.dimension} dimensions, {card.similarity}")
    say(f"log: {len(card.losses)} losses; tables of scores: {len(card.evaluations)}")
    say(f"loss: {recipe.loss.name} {recipe.loss.parameters or ''}".rstrip())
    for one in translation.settings:
        if one.how is How.GONE:
            continue
        became = f"-> {one.setting} = {one.became}" if one.setting else f"-> {one.how.value}"
        say(f"{one.name} = {one.value} {became}{f'  {_words(one.note)}' if one.note else ''}")
    gone = [one.name for one in translation.settings if one.how is How.GONE and not one.now]
    renamed = [f"{one.name} -> {one.now}" for one in translation.settings if one.renamed]
    for title, names in (
        ("dropped", gone),
        ("renamed", renamed),
        ("could not be read", card.unreadable),
        ("the card does not say", card.untold),
    ):
        if names:
            say(f"{title}: {', '.join(names)}")
    for note in notes:
        say(f"assumed: {_words(note)}")


def _show(workspace: Workspace, options: argparse.Namespace) -> int:
    recipe = _recipe(workspace, options.recipe, improved=options.better)
    if options.json:
        say_json(_plain(recipe))
    else:
        say(recipe.to_yaml().rstrip())
    return DONE


def _diff(workspace: Workspace, options: argparse.Namespace) -> int:
    found = compare(*(_settings_of(workspace, one) for one in (options.first, options.second)))
    if options.json:
        say_json([_difference(one) for one in found])
        return DONE
    for one in found:
        first, second = (_word(value) for value in one.values)
        say(f"{one.label}: {first} -> {second}")
    return DONE


def _difference(one: Difference) -> dict[str, Any]:
    values = [None if value is MISSING else value for value in one.values]
    return {"setting": one.setting, "label": one.label, "values": values}


def _word(value: Any) -> str:
    return "-" if value is MISSING else str(value)


def _config(workspace: Workspace, options: argparse.Namespace) -> int:
    dataset = load_dataset(workspace, options.dataset).info
    recipe, notes = usable(
        workspace, _recipe(workspace, options.recipe, improved=options.better), dataset
    )
    for note in notes:
        say(_words(note), error=True)
    known = None if _is_file(options.recipe) else options.recipe
    config = change_config(recipe.config(dataset, known), changes_of(options))
    if options.start:
        return start_and_follow(workspace, config, detach=options.detach, json=options.json)
    say_config(config, options)
    return DONE


def _save(workspace: Workspace, options: argparse.Namespace) -> int:
    _say_kept(workspace, save_run(workspace, options.run, options.name), options)
    return DONE


def _import(workspace: Workspace, options: argparse.Namespace) -> int:
    try:
        text = options.file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise RecipeUnreadable(file=options.file.name, reason=reason) from error
    _say_kept(workspace, import_recipe(workspace, text, options.file.name), options)
    return DONE


def _say_kept(workspace: Workspace, id: str, options: argparse.Namespace) -> None:
    if options.json:
        say_json(_record(load_recipe(workspace, id)))
    else:
        say(id)


def _delete(workspace: Workspace, options: argparse.Namespace) -> int:
    delete_recipe(workspace, options.recipe)
    if options.json:
        say_json({"deleted": options.recipe})
    return DONE


def _recipe(workspace: Workspace, place: str, *, improved: bool) -> Recipe:
    """The recipe with an id or in a file, or the better one for its card."""
    recipe = (
        read(workspace, Path(place)) if _is_file(place) else load_recipe(workspace, place).recipe
    )
    if not improved:
        return recipe
    found = better(workspace, recipe)
    return found.recipe if found is not None else recipe


def _settings_of(workspace: Workspace, place: str) -> Recipe | RunConfig:
    """What is to be compared: a file, a run or a recipe."""
    if _is_file(place):
        return read(workspace, Path(place))
    if (workspace.runs / place).is_dir():
        return load_run(workspace, place).config
    return load_recipe(workspace, place).recipe


def _is_file(place: str) -> bool:
    return place.endswith((".yaml", ".yml"))


def _plain(recipe: Recipe) -> dict[str, Any]:
    return recipe.model_dump(mode="json")
