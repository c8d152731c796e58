"""``match`` and ``duplicates``: two tables row by row, and what stands twice in one."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from core.cli.output import DONE, add_json, follow, say, say_failure, say_json
from core.data.staging import discard_staged, read_staged, stage_upload
from core.jobs import queue
from core.jobs.status import JobState, JobStatus
from core.jobs.supervisor import ensure_supervisor
from core.matching.chosen import NONE, State, Wish, choose, lines
from core.matching.decisions import read_decisions
from core.matching.export import FileWish, What, load_candidates, make_file
from core.matching.groups import Found, make_groups
from core.matching.models import OfferedModel, offered_models
from core.matching.params import (
    DUPLICATES_KIND,
    KEPT,
    MATCH_KIND,
    DuplicateParams,
    HalfAFilter,
    MatchParams,
    Method,
)
from core.matching.results import Result, load_result
from core.matching.start import START_DUPLICATES, duplicate_params, match_params
from core.matching.tables import Kind, TableChoice, describe_table
from core.problems import N_, Problem, Term
from core.workspace import UnknownItem, Workspace

if TYPE_CHECKING:
    from core.cli.parser import Commands


class TableUnknown(Problem):
    what = N_("{name} is neither a file nor a dataset nor a corpus of this workspace.")
    do = N_("Give the path of a table, or an id; “datasets” lists those of the datasets.")


class ColumnUnclear(Problem):
    what = N_("{table} has several columns, and it is not said which one holds the texts.")
    do = N_("Name it with {option}. The columns are: {columns}.")


class ModelUnknown(Problem):
    what = N_("There is no model named {name}.")
    do = N_("Give the id of a finished run, the folder of a model, or one of: {names}.")


class NotASheet(Problem):
    what = N_("{file} would be neither a CSV file nor a workbook.")
    do = N_("Let its name end in .csv or .xlsx.")


def add_commands(commands: Commands) -> None:
    """Declare the commands of this module."""
    match = commands.add_parser("match", help="find, for each row of a table, rows of another")
    match.add_argument("left", help="the table whose rows look for partners: a file or an id")
    match.add_argument("right", help="the table in which they look")
    for side in ("left", "right"):
        match.add_argument(f"--{side}-text", metavar="COLUMN", help="the column with the texts")
        match.add_argument(f"--{side}-id", metavar="COLUMN", help="the column that names a row")
        _add_shown(match, f"--{side}-show")
    match.add_argument("--same", metavar="COLUMN=COLUMN", help="only rows that agree there")
    match.add_argument(
        "--by", choices=get_args(Method), default="model", help="how rows are compared"
    )
    match.add_argument(
        "--top",
        type=int,
        default=3,
        choices=range(1, KEPT + 1),
        metavar="1…10",
        help="how many matches a row may have (default: 3)",
    )
    match.add_argument("--threshold", type=float, help="a match from this score on")
    match.add_argument("--one-to-one", action="store_true", help="use each row once")
    match.add_argument(
        "--only-matched", action="store_true", help="leave rows without a match out of the file"
    )
    match.set_defaults(command=_match)

    twice = commands.add_parser("duplicates", help="find what stands twice in a table")
    twice.add_argument("table", help="a file or an id")
    twice.add_argument("--text", metavar="COLUMN", help="the column with the texts")
    twice.add_argument("--id", metavar="COLUMN", help="the column that names a row")
    _add_shown(twice, "--show")
    twice.add_argument(
        "--threshold", type=float, default=START_DUPLICATES, help="nearly equal from this score on"
    )
    twice.add_argument("--kept", type=Path, metavar="FILE", help="write the table without them")
    twice.set_defaults(command=_duplicates)
    for command in (match, twice):
        command.add_argument("--model", help="a run, a folder or a name (default: the bundled one)")
        command.add_argument("--to", type=Path, metavar="FILE", help="write a .csv or .xlsx file")
        add_json(command, "print the result as JSON")


def _add_shown(command: argparse.ArgumentParser, name: str) -> None:
    command.add_argument(
        name,
        metavar="COLUMN",
        action="append",
        default=[],
        help="a further column for the files; may be given several times",
    )


def _match(workspace: Workspace, options: argparse.Namespace) -> int:
    check_files(options.to)
    offer = None if options.by == "words" else _model(workspace, options.model)
    with _opened(workspace) as tables:
        left = tables.choice(options.left, options, "left_")
        right = tables.choice(options.right, options, "right_")
        same = _same(workspace, options.same, left, right)
        params = match_params(workspace, left, right, method=options.by, offer=offer, same=same)
        result = _result(workspace, MATCH_KIND, params)
    if isinstance(result, JobStatus):
        return say_failure(result, json=options.json)
    threshold = params.threshold if options.threshold is None else options.threshold
    wish = Wish(threshold=threshold, top=options.top, one_to_one=options.one_to_one)
    write_result(result, "matches", wish, options.to, matched_only=options.only_matched)
    facts = _match_facts(result, wish, with_rows=options.json)
    if options.json:
        say_json(facts)
        return DONE
    say(f"{facts['rows']} rows: " + ", ".join(f"{n} {word}" for word, n in facts["states"].items()))
    say(f"threshold {threshold:.3f}; result {result.meta.id}")
    return DONE


def _duplicates(workspace: Workspace, options: argparse.Namespace) -> int:
    check_files(options.to, options.kept)
    offer = _model(workspace, options.model)
    with _opened(workspace) as tables:
        table = tables.choice(options.table, options, "")
        params = duplicate_params(workspace, table, offer, options.threshold)
        result = _result(workspace, DUPLICATES_KIND, params)
    if isinstance(result, JobStatus):
        return say_failure(result, json=options.json)
    wish = Wish(threshold=max(options.threshold, result.meta.floor))
    write_result(result, "groups", wish, options.to)
    write_result(result, "kept", wish, options.kept)
    facts = _duplicate_facts(result, wish, with_groups=options.json)
    if options.json:
        say_json(facts)
        return DONE
    say(
        f"{facts['rows']} rows; could go: {facts['copies']} as exact copies, "
        f"{facts['near']} as nearly equal"
    )
    say(f"result {result.meta.id}")
    return DONE


@dataclass
class _Tables:
    """Tables that are named on the command line; files are brought in for as long as needed."""

    workspace: Workspace
    staged: list[str] = field(default_factory=list)

    def choice(self, name: str, options: argparse.Namespace, side: str) -> TableChoice:
        """The table and its columns, which may be named as on screen or as in the file.

        Args:
            name: the table.
            options: which columns are meant.
            side: with what the names of these options begin.
        """
        text, label, shown = (getattr(options, f"{side}{one}") for one in ("text", "id", "show"))
        kind, id = self._find(name)
        info = describe_table(self.workspace, kind, id)
        by_title = {title: column for column, title in info.titles.items()}
        if text is None and len(info.columns) > 1 and kind != "corpus":
            columns = ", ".join(info.titles.values())
            option = f"--{side.replace('_', '-')}text"
            raise ColumnUnclear(table=info.name, option=option, columns=columns)
        return TableChoice(
            kind=kind,
            id=id,
            text=by_title.get(text, text) if text else info.columns[0],
            label=by_title.get(label, label) if label else None,
            fields=tuple(by_title.get(field, field) for field in shown),
        )

    def _find(self, name: str) -> tuple[Kind, str]:
        if Path(name).is_file():
            id = stage_upload(self.workspace, Path(name), Path(name).name)
            self.staged.append(id)
            read_staged(self.workspace, id)
            return "upload", id
        kinds: tuple[Kind, ...] = ("dataset", "corpus")
        for kind in kinds:
            try:
                describe_table(self.workspace, kind, name)
            except UnknownItem:
                continue
            return kind, name
        raise TableUnknown(name=name)


@contextmanager
def _opened(workspace: Workspace) -> Iterator[_Tables]:
    tables = _Tables(workspace)
    try:
        yield tables
    finally:
        for id in tables.staged:
            discard_staged(workspace, id)


def _same(
    workspace: Workspace, wish: str | None, left: TableChoice, right: TableChoice
) -> tuple[str, str] | None:
    """The columns of ``COLUMN=COLUMN``."""
    if wish is None:
        return None
    parts = [part.strip() for part in wish.split("=")]
    if len(parts) != 2 or not all(parts):
        raise HalfAFilter
    columns = []
    for part, choice in zip(parts, (left, right), strict=True):
        titles = describe_table(workspace, choice.kind, choice.id).titles
        columns.append({title: column for column, title in titles.items()}.get(part, part))
    return columns[0], columns[1]


def _model(workspace: Workspace, name: str | None) -> OfferedModel:
    """The model that somebody means by a run's id, a folder or a name."""
    offers = offered_models(workspace)
    for offer in offers:
        if name is None and offer.role == "bundled":
            return offer
        tuned = offer.role == "tuned" and offer.run == name
        if tuned or (offer.role != "tuned" and name in (offer.name, offer.name.rpartition("/")[2])):
            return offer
    if name is not None and Path(name).is_dir():
        return OfferedModel(f"folder:{name}", "folder", Path(name).name, Path(name).resolve())
    names = ", ".join(offer.name for offer in offers if offer.role != "tuned")
    raise ModelUnknown(name=name or Term(N_("the bundled one")), names=names)


def _result(
    workspace: Workspace, kind: str, params: MatchParams | DuplicateParams
) -> Result | JobStatus:
    """The result, made by a job unless it is there; how the job ended when there is none."""
    try:
        return load_result(workspace, params.id)
    except UnknownItem:
        pass
    job = queue.submit_once(workspace, kind, params.model_dump(mode="json"), name=kind)
    ensure_supervisor(workspace)
    try:
        ended = follow(workspace.job(job))
    except KeyboardInterrupt:
        queue.request_stop(workspace, job)
        raise
    return load_result(workspace, params.id) if ended.state is JobState.SUCCEEDED else ended


def check_files(*files: Path | None) -> None:
    """Refuse files that are neither CSV nor workbooks, before anything is done for them."""
    for file in files:
        if file is not None and file.suffix.lower() not in (".csv", ".xlsx"):
            raise NotASheet(file=file.name)


def write_result(
    result: Result, what: What, wish: Wish, to: Path | None, *, matched_only: bool = False
) -> None:
    """Write the file that was asked for, if one was, and say so."""
    if to is None:
        return
    asked = FileWish(
        id=result.meta.id,
        what=what,
        format="xlsx" if to.suffix.lower() == ".xlsx" else "csv",
        wish=wish,
        matched_only=matched_only,
    )
    made = make_file(result, asked)
    to.parent.mkdir(parents=True, exist_ok=True)
    say(shutil.copyfile(made.path, to), error=True)
    if made.cut.rows or made.cut.cells:
        say(
            f"{made.cut.rows} rows did not fit into the workbook, {made.cut.cells} cells were cut",
            error=True,
        )


def _match_facts(result: Result, wish: Wish, *, with_rows: bool) -> dict[str, Any]:
    candidates = load_candidates(result)
    chosen = choose(candidates, wish, read_decisions(result.folder))
    states = {state.label: chosen.count(state) for state in State}
    facts: dict[str, Any] = {
        "id": result.meta.id,
        "rows": candidates.rows,
        "threshold": wish.threshold,
        "states": states,
    }
    if not with_rows:
        return facts
    lefts, found = lines(candidates, chosen, "table", wish.threshold, State.MATCHED)
    found = found[found != NONE]
    rights = candidates.right[found]
    left = result.rows("left", lefts).select(["label", "text"]).to_pylist()
    right = result.rows("right", rights.tolist()).select(["label", "text"]).to_pylist()
    scores = candidates.score[found].tolist()
    facts["matches"] = [
        {"left": one, "right": other, "score": round(score, 6)}
        for one, other, score in zip(left, right, scores, strict=True)
    ]
    return facts


def _duplicate_facts(result: Result, wish: Wish, *, with_groups: bool) -> dict[str, Any]:
    found = Found.load(result)
    groups = make_groups(found, wish.threshold)
    facts: dict[str, Any] = {
        "id": result.meta.id,
        "rows": len(found.keys),
        "threshold": wish.threshold,
        "copies": len(found.keys) - result.meta.distinct,
        "near": int((groups.texts - 1).sum()),
    }
    if with_groups:
        facts["groups"] = [
            {
                "lowest": round(float(groups.lowest[number]), 6),
                "rows": result.rows("table", groups.members(number))
                .select(["label", "text"])
                .to_pylist(),
            }
            for number in range(len(groups))
        ]
    return facts
