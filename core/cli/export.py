"""``export`` and ``card``: a run's model to take home, and the card that goes with it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from core.cli.output import DONE, add_json, follow, say, say_failure, say_json
from core.export.card.facts import card_facts
from core.export.card.form import CardForm
from core.export.card.render import card_form, render_card
from core.export.card.words import CARD_LANGUAGES, Words
from core.export.copies import copy_export, require_place
from core.export.formats import Format, export_name, formats_for
from core.export.job import start_export
from core.export.record import Export, export_facts, require_export, require_model
from core.export.texts import said_of
from core.jobs.status import JobState
from core.problems import N_, Problem
from core.training.runs import load_run
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.cli.parser import Commands


class CardEntryWrong(Problem):
    what = N_("The card's {entry} cannot be {value}.")
    do = N_("Languages are codes such as zh,en; a licence is a name such as apache-2.0.")


def add_commands(commands: Commands) -> None:
    """Declare the commands of this module."""
    export = commands.add_parser(
        "export", help="check a run's model in a fresh process and write it as a zip file"
    )
    export.add_argument("run", help="the run's id")
    export.add_argument(
        "--to",
        type=Path,
        default=Path("."),
        help="where the files go; nothing there but an earlier export is replaced",
    )
    export.add_argument(
        "--format",
        action="append",
        choices=[*Format, "all"],
        help="what to write (default: safetensors); may be given several times",
    )
    export.add_argument("--folder", action="store_true", help="a folder instead of a zip file")
    add_json(export, "print what the check found as JSON")
    _add_card_options(export)
    export.set_defaults(command=_export)

    card = commands.add_parser("card", help="print the model card of a run")
    card.add_argument("run", help="the run's id")
    card.add_argument("--in", dest="words", choices=list(CARD_LANGUAGES), default="en")
    add_json(card, "print the filled-in form as JSON")
    _add_card_options(card)
    card.set_defaults(command=_card)


def _add_card_options(parser: argparse.ArgumentParser) -> None:
    """What can be filled in; it is kept with the run, and the Export screen shows it too."""
    group = parser.add_argument_group("the model card")
    group.add_argument("--cards", metavar="en,zh", help="its languages; the first is README.md")
    group.add_argument("--language", metavar="zh,en", help="languages of the model's texts")
    group.add_argument("--license", help="such as apache-2.0")
    group.add_argument("--intended", help="what the model is for")
    group.add_argument("--out-of-scope", help="what it is not for")
    group.add_argument("--limitations", help="where it is known to be wrong")
    group.add_argument("--authors", help="who answers for it")
    texts = group.add_mutually_exclusive_group()
    texts.add_argument(
        "--no-texts",
        dest="show_texts",
        action="store_false",
        default=None,
        help="leave out all texts of the table",
    )
    texts.add_argument("--texts", dest="show_texts", action="store_true", help="show some")


_LISTS = ("cards", "language")
_ENTRIES = (
    *_LISTS,
    "license",
    "intended",
    "out_of_scope",
    "limitations",
    "authors",
    "show_texts",
)


def _fill_in(workspace: Workspace, options: argparse.Namespace) -> None:
    """Keep what the options say of the card with the run."""
    given = {name: getattr(options, name) for name in _ENTRIES}
    changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if not changes:
        return
    for name in set(_LISTS) & set(changes):
        changes[name] = tuple(part for part in changes[name].split(",") if part)
    facts = card_facts(workspace, options.run)
    try:
        form = CardForm.model_validate({**card_form(facts).model_dump(), **changes})
    except ValidationError as error:
        entry = str(error.errors()[0]["loc"][0])
        raise CardEntryWrong(entry=entry, value=str(given.get(entry))) from error
    form.save(facts.run.folder)


def _export(workspace: Workspace, options: argparse.Namespace) -> int:
    run = load_run(workspace, options.run)
    model = require_model(run)
    asked = options.format or [Format.FOLDER]
    formats = formats_for(model) if "all" in asked else [Format(name) for name in asked]
    ending = "" if options.folder else ".zip"
    targets = {name: options.to / f"{export_name(run.name, name)}{ending}" for name in formats}
    # Before the work, not after it.
    for target in targets.values():
        require_place(target)
    _fill_in(workspace, options)
    found = []
    for format, target in targets.items():
        if export_facts(workspace, options.run, format) is None:
            job = start_export(workspace, options.run, format)
            ended = follow(workspace.job(job))
            if ended.state is not JobState.SUCCEEDED:
                return say_failure(ended, json=options.json)
        export = require_export(workspace, options.run, format)
        copy_export(export, target, folder=options.folder)
        found.append({**export.to_json(), "file": str(target)})
        if not options.json:
            say(target)
            _say_check(export)
    if options.json:
        say_json(found)
    return DONE


def _say_check(export: Export) -> None:
    say(
        f"{export.format}: {export.texts} texts compared, smallest cosine {export.cosine:.6f}, "
        f"{export.size_bytes / 1e6:.1f} MB, {export.texts_per_second:,.0f} texts a second",
        error=True,
    )
    say(f"  {said_of(export.texts, export.made).text()}", error=True)
    if export.kept is not None:
        say(f"  {export.kept.said().text()}", error=True)


def _card(workspace: Workspace, options: argparse.Namespace) -> int:
    _fill_in(workspace, options)
    facts = card_facts(workspace, options.run)
    form = card_form(facts)
    text = render_card(facts, form, Words(options.words)).rstrip("\n")
    if options.json:
        say_json({**form.model_dump(mode="json"), "card": text})
    else:
        say(text)
    return DONE
