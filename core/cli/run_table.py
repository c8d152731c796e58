"""``runs``: the table of all runs, notes about them, the archive, deletion."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.cli.output import DONE, add_json, say, say_json
from core.cli.tables import NotConfirmed, agreed
from core.files import write_bytes
from core.jobs.cleaning import clear_graves
from core.jobs.status import JobState
from core.problems import N_, Problem
from core.training.evaluation import METRIC_NAMES
from core.training.run_index import DAMAGED, RunRow, load_rows
from core.training.run_notes import change_notes
from core.training.run_removal import Removal, plan_removal, remove_runs
from core.training.run_table import Filter, best_runs, select_rows, to_csv
from core.training.runs import discard_checkpoints, load_run
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.cli.parser import Commands


class NoRunNamed(Problem):
    what = N_("It was not said which runs are meant.")
    do = N_("Put their ids behind “runs”; “runs” alone lists them.")


def add_commands(commands: Commands) -> None:
    """Declare the commands of this module."""
    runs = commands.add_parser(
        "runs", help="list the runs, the newest first; note, archive, delete"
    )
    runs.add_argument("runs", nargs="*", metavar="RUN", help="only these runs, by their ids")
    _add_filters(runs.add_argument_group("which runs are listed"))
    _add_changes(runs.add_argument_group("what is changed about the RUNs"))
    add_json(runs)
    runs.add_argument("--csv", type=Path, metavar="OUT", help="write the list as a CSV file")
    runs.set_defaults(command=_runs)


def _add_filters(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--search", default="", metavar="WORDS", help="every word occurs in name, dataset, tags …"
    )
    states = [*(state.value for state in JobState), DAMAGED]
    for name, what in (
        ("--dataset", "the dataset's id"),
        ("--base", "the base model's name"),
        ("--loss", "the loss by the library's name"),
        ("--tag", "one of the tags"),
    ):
        group.add_argument(name, action="append", default=[], help=f"{what}; several times: either")
    group.add_argument("--state", action="append", default=[], choices=states, help="the state")
    group.add_argument("--favourites", action="store_true", help="only favourites")
    group.add_argument("--archived", action="store_true", help="the archived runs, not the others")
    group.add_argument(
        "--best", action="store_true", help="only the best of each dataset on the same rows"
    )


def _add_changes(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--add-tag", action="append", default=[], metavar="TAG", help="add a tag")
    group.add_argument(
        "--remove-tag", action="append", default=[], metavar="TAG", help="take a tag away"
    )
    group.add_argument("--note", help="write a note; an empty one takes it away")
    group.add_argument(
        "--favourite", action=argparse.BooleanOptionalAction, help="put a star on it, or not"
    )
    group.add_argument(
        "--archive",
        action=argparse.BooleanOptionalAction,
        help="take it out of the lists of all screens, or put it back",
    )
    group.add_argument(
        "--discard-checkpoints",
        action="store_true",
        help="free the room that resuming needs; resumed, it then begins at the beginning",
    )
    group.add_argument(
        "--delete", action="store_true", help="say what goes with them, ask, and delete them"
    )
    group.add_argument("--yes", action="store_true", help="with --delete: do not ask")


def _runs(workspace: Workspace, options: argparse.Namespace) -> int:
    changes = _changes(options)
    if (changes or options.delete or options.discard_checkpoints) and not options.runs:
        raise NoRunNamed
    for id in options.runs:
        # All of them are known before the first one is changed.
        workspace.run(id)
    if options.delete:
        return _delete(workspace, options)
    for id in options.runs if changes else ():
        change_notes(workspace, id, **changes)
    for id in options.runs if options.discard_checkpoints else ():
        freed = load_run(workspace, id).checkpoint_bytes
        discard_checkpoints(workspace, id)
        say(f"{id}: {freed / 1e6:.1f} MB of checkpoints deleted", error=True)
    rows = load_rows(workspace)
    names = {row.id: row.name for row in rows}
    shown = _chosen(rows, options)
    if options.csv is not None:
        write_bytes(options.csv, to_csv(shown, names))
        say(options.csv, error=options.json)
    if options.json:
        say_json([record_of(workspace, row) for row in shown])
    elif options.csv is None:
        for row in shown:
            say(_line(row))
    return DONE


def run_record(workspace: Workspace, id: str) -> dict[str, Any]:
    """A run as ``runs --json`` lists it."""
    return record_of(workspace, next(row for row in load_rows(workspace) if row.id == id))


def _changes(options: argparse.Namespace) -> dict[str, Any]:
    changes = {
        "add_tags": options.add_tag or None,
        "remove_tags": options.remove_tag or None,
        "note": options.note,
        "favourite": options.favourite,
        "archived": options.archive,
    }
    return {name: value for name, value in changes.items() if value is not None}


def _chosen(rows: list[RunRow], options: argparse.Namespace) -> list[RunRow]:
    if options.runs:
        return [row for row in rows if row.id in options.runs]
    wanted = Filter(
        words=options.search,
        states=options.state,
        datasets=options.dataset,
        bases=options.base,
        losses=options.loss,
        tags=options.tag,
        favourites=options.favourites,
        archived=options.archived,
    )
    shown = select_rows(rows, wanted)
    return [best.row for best in best_runs(shown)] if options.best else shown


def _line(row: RunRow) -> str:
    scores = ""
    if row.before is not None and row.after is not None:
        metric = METRIC_NAMES.get(row.metric or "", row.metric)
        scores = f"{metric} {row.before:.3f} -> {row.after:.3f}"
    marks = " ".join((*(["★"] if row.favourite else []), *(f"#{tag}" for tag in row.tags)))
    parts = (row.id, f"{row.state:<11}", row.name, scores, marks)
    return "  ".join(part for part in parts if part).rstrip()


def record_of(workspace: Workspace, row: RunRow) -> dict[str, Any]:
    """Everything about a run that fits into a list; of a damaged one what could be read."""
    record = {
        "id": row.id,
        "name": row.name,
        "state": row.state,
        "created": row.created,
        "finished": row.finished,
        "seconds": row.seconds,
        "device": row.device,
        "dataset": row.dataset,
        "base": {"kind": row.base_kind},
        "loss": row.loss,
        "metric": row.metric,
        "before": row.before,
        "after": row.after,
        "verdict": row.verdict,
        "scores": {},
        "favourite": row.favourite,
        "archived": row.archived,
        "tags": row.tags,
        "note": row.note,
    }
    try:
        run = load_run(workspace, row.id)
    except Problem:
        return record
    report = run.report()
    scores = {model.role: model.metrics for model in report.models} if report else {}
    return record | {"base": run.config.base.model_dump(mode="json"), "scores": scores}


# Deleting ----------------------------------------------------------------------------------------


def _delete(workspace: Workspace, options: argparse.Namespace) -> int:
    ids = list(dict.fromkeys(options.runs))
    removal = plan_removal(workspace, ids)
    if removal.allowed:
        _say_removal(removal)
    # What is not allowed is refused by the deletion itself, with its reason.
    if removal.allowed and not options.yes and not agreed():
        raise NotConfirmed
    remove_runs(workspace, ids)
    # Here somebody waits for the room on the disk.
    clear_graves(workspace)
    if options.json:
        say_json({"deleted": ids})
    return DONE


def _say_removal(removal: Removal) -> None:
    for row in removal.runs:
        say(f"{row.id}  {row.name}", error=True)
    counts = {
        "runs": len(removal.runs),
        "MB": round(removal.bytes / 1e6, 1),
        "trained models": removal.models,
        "exported zip files": removal.exports,
        "favourites": removal.favourites,
        "notes": removal.noted,
    }
    say(", ".join(f"{what}: {count}" for what, count in counts.items() if count), error=True)
    if removal.descendants:
        say(f"began with these models, and stay: {', '.join(removal.descendants)}", error=True)
    if removal.reviews:
        say(f"reviews of mined negatives that stay: {removal.reviews}", error=True)
