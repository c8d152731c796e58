"""``search``: one question to several models side by side, as on Search."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from core.cli.columns import BY_HELP, chosen_columns, encode_missing
from core.cli.filters import parse_filters
from core.cli.output import DONE, FAILED, say, say_json
from core.cli.tables import write_csv
from core.inspection.matrix_svg import shortened
from core.problems import N_, Problem
from core.retrieval.answers import Column
from core.retrieval.corpora import Corpus, load_corpus
from core.retrieval.filters import mask_of
from core.retrieval.judgements import JudgedQuestion, judged_question
from core.retrieval.search import ColumnHits, Hit, SideBySide, search
from core.retrieval.succession import current_corpora
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.cli.parser import Commands

_WIDTH = 70


class NothingToSearchIn(Problem):
    what = N_("There are several corpora, and it is not said which one to search in.")
    do = N_("Name one with --in: {ids}.")


class NoCorpus(Problem):
    what = N_("There is no corpus to search in.")
    do = N_("Add one: python -m core corpus FILE.")


def add_commands(commands: Commands) -> None:
    """Declare the command of this module."""
    ask = commands.add_parser("search", help="ask a question of several models side by side")
    ask.add_argument("question", help="what to ask")
    ask.add_argument(
        "--in", dest="corpus", metavar="CORPUS", help="the id of a corpus (default: the only one)"
    )
    ask.add_argument("--by", metavar="WHO", action="append", default=[], help=BY_HELP)
    ask.add_argument("--top", type=int, default=10, metavar="N", help="how many answers each")
    ask.add_argument(
        "--where",
        action="append",
        default=[],
        metavar="FIELD=VALUE",
        help="only texts with this value; FIELD=LOW..HIGH for numbers, FIELD~PART for a part",
    )
    ask.add_argument("--quick", action="store_true", help="look through the quick indexes")
    ask.add_argument("--csv", type=Path, metavar="FILE", help="write all answers to a CSV file")
    ask.add_argument("--json", action="store_true", help="as JSON")
    ask.set_defaults(command=_search)


def _search(workspace: Workspace, options: argparse.Namespace) -> int:
    corpus = corpus_named(workspace, options.corpus)
    columns = chosen_columns(workspace, options.by)
    mask = mask_of(corpus, parse_filters(corpus, options.where))
    if not encode_missing(workspace, corpus, columns, json=options.json):
        return FAILED
    found = search(
        workspace,
        corpus.info.id,
        options.question,
        columns,
        max(options.top, 1),
        mask,
        quick=options.quick,
    )
    judged = judged_question(corpus, options.question)
    if options.quick:
        _say_what_is_missed(corpus, columns)
    if options.csv is not None:
        write_csv(options.csv, _table(found))
    if options.json:
        say_json(_record(corpus, found, judged))
    else:
        _say(found, judged)
    return FAILED if any(column.problem for column in found.columns) else DONE


def _say_what_is_missed(corpus: Corpus, columns: Sequence[Column]) -> None:
    """Warn of quick indexes that find too little."""
    for column in columns:
        graph = corpus.graph(column.vectors) if column.vectors else None
        if graph is not None and not graph.good:
            say(
                f"{column.name}: the quick index finds only {graph.recall:.1%} of the ten best "
                f"texts and {graph.recall_deep:.1%} of the best hundred; without --quick all ranks "
                "are exact",
                error=True,
            )


def corpus_named(workspace: Workspace, id: str | None) -> Corpus:
    """The corpus ``id``; without one the only one that there is.

    Raises:
        UnknownItem: there is no such corpus.
        NoCorpus, NothingToSearchIn: there is none at all, or several.
    """
    if id is not None:
        return load_corpus(workspace, id)
    infos = current_corpora(workspace)
    if not infos:
        raise NoCorpus
    if len(infos) > 1:
        raise NothingToSearchIn(ids=", ".join(info.id for info in infos))
    return load_corpus(workspace, infos[0].id)


def _say(found: SideBySide, judged: JudgedQuestion) -> None:
    for number, column in enumerate(found.columns):
        if number:
            say("")
        say(column.column.name + _shared(column, first=number == 0))
        if column.problem is not None:
            say(column.problem.text(), error=True)
        for hit in column.hits:
            right = "✓" if hit.id in judged.relevant else " "
            change = "" if number == 0 else f"{_change(hit, len(found.columns[0].hits)):>6}"
            say(
                f"{hit.rank:>3}{change}  {right} {hit.score:.4f}  {hit.id}  "
                f"{shortened(hit.text, _WIDTH)}"
            )


def _shared(column: ColumnHits, *, first: bool) -> str:
    if first or column.shared is None:
        return ""
    return f" ({column.shared} of {len(column.hits)} also in the first)"


def _change(hit: Hit, shown: int) -> str:
    """How many ranks the text gained against the first column, or that it is new there."""
    if hit.base_rank is None or hit.change is None or hit.base_rank > shown:
        return "new"
    return "=" if not hit.change else f"{hit.change:+d}"


def _record(corpus: Corpus, found: SideBySide, judged: JudgedQuestion) -> dict[str, Any]:
    return {
        "question": found.question,
        "corpus": corpus.info.id,
        "searched": found.rows,
        "right_answers": list(judged.relevant),
        "columns": [
            {
                "name": column.column.name,
                "kind": column.column.kind.value,
                "model": str(column.column.model) if column.column.model else None,
                "shared": column.shared,
                "problem": column.problem.to_json() if column.problem else None,
                "hits": [{**_hit(hit), "fields": dict(hit.fields)} for hit in column.hits],
                "lost": [
                    {"id": one.hit.id, "base_rank": one.hit.rank, "rank": one.rank}
                    for one in column.lost
                ],
            }
            for column in found.columns
        ],
    }


def _hit(hit: Hit) -> dict[str, Any]:
    return {
        "rank": hit.rank,
        "base_rank": hit.base_rank,
        "change": hit.change,
        "score": hit.score,
        "id": hit.id,
        "text": hit.text,
    }


def _table(found: SideBySide) -> pd.DataFrame:
    """One row for each answer of each column."""
    return pd.DataFrame(
        [
            {"question": found.question, "column": column.column.name, **_hit(hit), **hit.fields}
            for column in found.columns
            for hit in column.hits
        ]
    )
