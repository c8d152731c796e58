"""``judge``: a test set of one's own, from saying which texts are right for a question."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.cli.output import DONE, add_json, say, say_json
from core.cli.search import corpus_named
from core.cli.tables import write_csv
from core.data.store import load_dataset
from core.problems import N_, Problem
from core.retrieval.corpora import Corpus
from core.retrieval.judged_rows import judged_table, store_judged
from core.retrieval.judgements import (
    JudgedQuestion,
    Mark,
    judge,
    judged_question,
    judged_questions,
    undo,
)
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.cli.parser import Commands


class NoSuchText(Problem):
    what = N_("{name} has no text with the id {id}.")
    do = N_("“search” prints the ids of the texts that it finds.")


class QuestionNotSaid(Problem):
    what = N_("It is not said for which question these texts are right or wrong.")
    do = N_("Put the question behind “judge”.")


def add_commands(commands: Commands) -> None:
    """Declare the command of this module."""
    command = commands.add_parser(
        "judge", help="say which texts are right for a question; list and use what was said"
    )
    command.add_argument(
        "question", nargs="?", help="what was asked; without it, all judged questions"
    )
    command.add_argument("--in", dest="corpus", metavar="CORPUS", help="where the texts are")
    for name, what in (
        ("--right", "this text is a right answer"),
        ("--wrong", "this text is none"),
        ("--missing", "this text is a right answer that nobody found"),
        ("--take-back", "nothing is said about this text any more"),
    ):
        command.add_argument(
            name, action="append", default=[], metavar="ID", help=f"{what}; several times"
        )
    command.add_argument("--undo", action="store_true", help="take back what was said last")
    command.add_argument("--csv", type=Path, metavar="FILE", help="write everything to a CSV file")
    command.add_argument("--dataset", metavar="NAME", help="make a dataset of it, to train on")
    command.add_argument(
        "--with-wrong", action="store_true", help="with --dataset: wrong texts as hard negatives"
    )
    add_json(command)
    command.set_defaults(command=_judge)


def _judge(workspace: Workspace, options: argparse.Namespace) -> int:
    corpus = corpus_named(workspace, options.corpus)
    said = _said(options)
    if said and options.question is None:
        raise QuestionNotSaid
    there = set(corpus.ids()) if said else set()
    for id, _mark, _missing in said:
        # All of them are known before the first one is judged.
        if id not in there:
            raise NoSuchText(name=corpus.info.name, id=id)
    for id, mark, missing in said:
        judge(corpus, options.question, id, mark, missing=missing)
    if options.undo:
        undo(corpus)
    questions = judged_questions(corpus)
    if options.csv is not None:
        write_csv(options.csv, judged_table(corpus, questions))
    if options.dataset is not None:
        return _make(workspace, corpus, questions, options)
    if options.question is not None:
        questions = [judged_question(corpus, options.question)]
    if options.json:
        say_json([_record(one) for one in questions])
        return DONE
    for one in questions:
        say(f"{one.question}  right: {_ids(one.relevant)}  wrong: {_ids(one.wrong)}")
    return DONE


def _said(options: argparse.Namespace) -> list[tuple[str, Mark | None, bool]]:
    """Every text that was named: its id, what it is, whether nobody had found it."""
    return [
        *((id, Mark.RIGHT, False) for id in options.right),
        *((id, Mark.RIGHT, True) for id in options.missing),
        *((id, Mark.WRONG, False) for id in options.wrong),
        *((id, None, False) for id in options.take_back),
    ]


def _make(
    workspace: Workspace,
    corpus: Corpus,
    questions: Sequence[JudgedQuestion],
    options: argparse.Namespace,
) -> int:
    id = store_judged(workspace, corpus, questions, options.dataset, with_wrong=options.with_wrong)
    info = load_dataset(workspace, id).info
    if options.json:
        say_json(info.to_json())
    else:
        say(id)
        say(info.sentence.text(), error=True)
    return DONE


def _record(one: JudgedQuestion) -> dict[str, Any]:
    return {**asdict(one), "relevant": list(one.relevant)}


def _ids(ids: Sequence[str]) -> str:
    return ", ".join(ids) or "-"
