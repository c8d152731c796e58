"""``questions``: a person's own questions, asked after every run on a dataset."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from core.cli.output import DONE, add_json, say, say_json
from core.cli.tables import FileNotRead
from core.data.store import load_dataset
from core.problems import N_, Problem
from core.training.question_sets import MOST, load_questions, save_questions, tidy_questions
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.cli.parser import Commands


class ExpectsNothing(Problem):
    what = N_("--expect says what one question should find, but there is not one question.")
    do = N_("Give it together with one --add.")


def add_commands(commands: Commands) -> None:
    """Declare the command of this module."""
    command = commands.add_parser(
        "questions", help="your own questions, asked after every run on a dataset"
    )
    command.add_argument("dataset", help="the dataset's id; all its versions share the questions")
    command.add_argument("--add", action="append", default=[], metavar="QUESTION", help="one more")
    command.add_argument("--expect", metavar="WORDS", help="with --add: what it should find")
    command.add_argument("--remove", action="append", default=[], metavar="QUESTION", help="not it")
    command.add_argument(
        "--file", type=Path, help="these instead: a question a line, a tab, what it should find"
    )
    command.add_argument("--clear", action="store_true", help="ask none")
    add_json(command)
    command.set_defaults(command=_questions)


def _questions(workspace: Workspace, options: argparse.Namespace) -> int:
    family = load_dataset(workspace, options.dataset).info.family
    if options.expect is not None and len(options.add) != 1:
        raise ExpectsNothing
    kept = load_questions(workspace, family)
    rows: list[tuple[object, object]] = [(one.question, one.expected) for one in kept]
    if options.clear:
        rows = []
    if options.file is not None:
        rows = _read(options.file)
    # A question that is given again gets its new words.
    gone = {text.strip() for text in (*options.remove, *options.add)}
    rows = [row for row in rows if row[0] not in gone]
    rows += [(text, options.expect) for text in options.add]
    asked = tidy_questions(rows)
    if len(rows) > MOST:
        say(f"Only {MOST} questions are kept.", error=True)
    if asked != kept:
        save_questions(workspace, family, asked)
    if options.json:
        say_json([one.model_dump() for one in asked])
        return DONE
    for one in asked:
        say(one.question if one.expected is None else f"{one.question}\t{one.expected}")
    return DONE


def _read(file: Path) -> list[tuple[object, object]]:
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise FileNotRead(file=str(file), reason=reason) from error
    parts = (line.partition("\t") for line in lines)
    return [(question, expected) for question, _tab, expected in parts]
