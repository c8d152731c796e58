"""``corpus``: tables, datasets and samples become texts to search in; list, encode, delete them."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.cli.columns import BY_HELP, chosen_columns, encode_missing
from core.cli.output import DONE, FAILED, say, say_json, say_stages
from core.cli.tables import agreed
from core.data.shapes import ANCHOR, text_roles
from core.data.staging import discard_staged, read_staged, stage_upload
from core.data.store import load_dataset
from core.problems import N_, Problem
from core.retrieval.corpora import (
    CorpusInfo,
    create_corpus,
    delete_corpus,
    list_corpora,
    load_corpus,
)
from core.retrieval.growth import Added, add_rows, corpus_from_dataset
from core.retrieval.judgements import judged_questions
from core.retrieval.sample_corpora import SAMPLE_CORPORA, add_sample_corpus
from core.retrieval.succession import successors
from core.retrieval.table_columns import likely_text_column
from core.workspace import UnknownItem, Workspace

if TYPE_CHECKING:
    from core.cli.parser import Commands

LIST, DELETE = "list", "delete"
_GUESS_ROWS = 200


class SourceUnknown(Problem):
    what = N_("{name} is neither a file nor a dataset nor a corpus nor a sample.")
    do = N_("Give the path of a table, the id of a dataset or a corpus, or one of: {samples}.")


class WhichCorpus(Problem):
    what = N_("It is not said which corpus is to be deleted.")
    do = N_("Give its id; “corpus list” lists them.")


class CorpusKept(Problem):
    what = N_("The corpus was not deleted.")
    do = N_("Add --yes to delete it without being asked.")


def add_commands(commands: Commands) -> None:
    """Declare the command of this module."""
    corpus = commands.add_parser("corpus", help="texts to search in: add, list, encode, delete")
    corpus.add_argument(
        "what",
        metavar="FILE|list|delete",
        help="a table, the id of a dataset, or a sample's name, to be added; or the id of a corpus",
    )
    corpus.add_argument("corpus", nargs="?", metavar="CORPUS", help="with delete: its id")
    corpus.add_argument("--text", metavar="COLUMN", help="the column with the texts")
    corpus.add_argument("--id", metavar="COLUMN", help="the column that names a row")
    corpus.add_argument("--name", help="what it is to be called (default: as the file)")
    corpus.add_argument("--add-to", metavar="CORPUS", help="add the rows to those of this corpus")
    corpus.add_argument(
        "--columns", metavar="ROLE,…", help="of a dataset: positive, negative, anchor …"
    )
    corpus.add_argument("--encode", metavar="WHO", action="append", help=BY_HELP)
    corpus.add_argument("--yes", action="store_true", help="delete without being asked")
    corpus.add_argument("--json", action="store_true", help="as JSON")
    corpus.set_defaults(command=_corpus)


def _corpus(workspace: Workspace, options: argparse.Namespace) -> int:
    if options.what == LIST:
        return _list(workspace, options)
    if options.what == DELETE:
        return _delete(workspace, options)
    added = _add(workspace, options)
    corpus = load_corpus(workspace, added.corpus)
    if options.encode:
        columns = chosen_columns(workspace, options.encode)
        if not encode_missing(workspace, corpus, columns, json=options.json):
            return FAILED
    if options.json:
        say_json({**_record(corpus.info), "added": asdict(added)})
        return DONE
    say(added.corpus)
    say(
        f"{corpus.info.rows} texts; {added.rows} rows added, {added.already} were there already, "
        f"{added.left_out} without a text",
        error=True,
    )
    return DONE


def _add(workspace: Workspace, options: argparse.Namespace) -> Added:
    """Bring in what is named; what is there already stays as it is."""
    name = options.what
    if Path(name).is_file():
        return _add_file(workspace, options)
    if name in SAMPLE_CORPORA:
        return _whole(workspace, add_sample_corpus(workspace, name))
    try:
        info = load_corpus(workspace, name).info
        return Added(info.id, 0, info.rows, 0)
    except UnknownItem:
        pass
    try:
        roles = text_roles(load_dataset(workspace, name).info.columns)
    except UnknownItem as error:
        raise SourceUnknown(name=name, samples=", ".join(SAMPLE_CORPORA)) from error
    wanted = options.columns.split(",") if options.columns else None
    columns = wanted or [role for role in roles if role != ANCHOR] or roles
    return _whole(workspace, corpus_from_dataset(workspace, name, columns, options.name))


def _whole(workspace: Workspace, id: str) -> Added:
    info = load_corpus(workspace, id).info
    return Added(id, info.rows, 0, info.left_out)


def _add_file(workspace: Workspace, options: argparse.Namespace) -> Added:
    file = Path(options.what)
    staged = stage_upload(workspace, file, file.name)
    try:
        table = read_staged(workspace, staged, progress=say_stages())
        text = options.text
        if text is None:
            head = table.head(_GUESS_ROWS)
            text = str(head.columns[likely_text_column(head)])
            say(f"the texts are in {text}; --text names another column", error=True)
        if options.add_to is not None:
            return _grow(workspace, options, table.batches(), text)
        id = create_corpus(
            workspace,
            options.name or file.stem,
            table.batches(),
            text_column=text,
            id_column=options.id,
        )
    finally:
        discard_staged(workspace, staged)
    return _whole(workspace, id)


def _grow(workspace: Workspace, options: argparse.Namespace, batches: Any, text: str) -> Added:
    return add_rows(
        workspace,
        options.add_to,
        batches,
        text_column=text,
        id_column=options.id,
        name=options.name,
    )


def _list(workspace: Workspace, options: argparse.Namespace) -> int:
    infos = list_corpora(workspace)
    replaced = successors(infos)
    if options.json:
        say_json([{**_record(info), "replaced_by": replaced.get(info.id)} for info in infos])
        return DONE
    for info in infos:
        fields = f"; fields: {', '.join(info.fields)}" if info.fields else ""
        grown = f"; rows were added since: {replaced[info.id]}" if info.id in replaced else ""
        words = f"{info.name}, {info.rows} texts, {len(info.judged)} questions"
        say(f"{info.id}  {words}{fields}{grown}")
    return DONE


def _record(info: CorpusInfo) -> dict[str, Any]:
    record = asdict(info)
    record["questions"] = len(info.questions)
    record["judged_questions"] = len(info.judged)
    return record


def _delete(workspace: Workspace, options: argparse.Namespace) -> int:
    if options.corpus is None:
        raise WhichCorpus
    corpus = load_corpus(workspace, options.corpus)
    judged = len(judged_questions(corpus))
    say(f"{corpus.info.name}, {corpus.info.rows} texts, {judged} judged questions", error=True)
    if not options.yes and not agreed():
        raise CorpusKept
    delete_corpus(workspace, corpus.info.id)
    if options.json:
        say_json({"deleted": corpus.info.id})
    return DONE
