"""``datasets`` and ``version``: the stored datasets, and what is made of one of them."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.cli.mapping import parse_steps
from core.cli.output import DONE, add_json, say, say_json
from core.cli.tables import FileNotRead, FileNotWritten, confirm
from core.data.dataset import Dataset, DatasetInfo
from core.data.report import bases_for_report
from core.data.report.make import make_report
from core.data.split_steps import with_fixed_split, without_split
from core.data.steps import Step
from core.data.store import (
    derive_dataset,
    list_datasets,
    load_dataset,
    rename_dataset,
    versions,
)
from core.data.table_export import export_csv, export_parquet
from core.data.usage import DatasetRemoval, delete_dataset, named, plan_dataset_removal
from core.inspection.map_selection import version_of
from core.problems import N_, Problem
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.cli.parser import Commands

_SEED = 42


class WhichDataset(Problem):
    what = N_("It is not said which dataset is meant.")
    do = N_("Put its id behind “datasets”; “datasets” alone lists them.")


class NotATableFile(Problem):
    what = N_("{file} would be neither a CSV file nor a Parquet file.")
    do = N_("Let its name end in .csv or .parquet.")


class NoSuchStep(Problem):
    what = N_("{name} has no step {number}.")
    do = N_("“version” with its id alone lists the steps.")


def add_commands(commands: Commands) -> None:
    """Declare the commands of this module."""
    datasets = commands.add_parser(
        "datasets", help="list the datasets, the newest first; rename, write or delete one"
    )
    datasets.add_argument("dataset", nargs="?", help="only this one, by its id")
    datasets.add_argument("--rename", metavar="NAME", help="give it another name; its id stays")
    datasets.add_argument(
        "--to", type=Path, metavar="FILE", help="write its rows to a .csv or .parquet file"
    )
    datasets.add_argument("--delete", action="store_true", help="say what goes, ask, and delete it")
    datasets.add_argument("--yes", action="store_true", help="with --delete: do not ask")
    add_json(datasets)
    datasets.set_defaults(command=_datasets)

    version = commands.add_parser(
        "version", help="list a dataset's versions and steps, or make another version of it"
    )
    version.add_argument("dataset", help="the dataset's id")
    for name, what in (
        ("--fix", "a fix that check proposes for it; may be given several times"),
        ("--convert", "make another shape of the rows; KIND:name=value,… to say how"),
    ):
        version.add_argument(
            name, action="append", dest="steps", default=[], metavar="KIND", help=what
        )
    version.add_argument("--undo", type=int, metavar="N", help="leave out step N of its steps")
    split = version.add_mutually_exclusive_group()
    split.add_argument(
        "--hold-out", type=float, metavar="SHARE", help="draw the held-out rows now and keep them"
    )
    split.add_argument(
        "--no-hold-out", action="store_true", help="let every run draw its held-out rows"
    )
    version.add_argument("--seed", type=int, default=_SEED, help="of --hold-out (default: 42)")
    rows = version.add_mutually_exclusive_group()
    rows.add_argument(
        "--only", type=Path, metavar="FILE", help="only rows that hold one of these texts"
    )
    rows.add_argument(
        "--without", type=Path, metavar="FILE", help="no row that holds one of these texts"
    )
    add_json(version, "print what is stored, or the versions, as JSON")
    version.set_defaults(command=_version)


def _datasets(workspace: Workspace, options: argparse.Namespace) -> int:
    changed = options.rename is not None or options.to is not None or options.delete
    if options.dataset is None:
        if changed:
            raise WhichDataset
        return _list(list_datasets(workspace), options)
    if options.delete:
        return _delete(workspace, options)
    load_dataset(workspace, options.dataset)
    if options.rename is not None:
        rename_dataset(workspace, options.dataset, options.rename)
    if options.to is not None:
        _write(workspace, options.dataset, options.to)
    return _list([load_dataset(workspace, options.dataset).info], options)


def _list(infos: Sequence[DatasetInfo], options: argparse.Namespace) -> int:
    if options.json:
        say_json([{**info.to_json(), "sentence": info.sentence.to_json()} for info in infos])
        return DONE
    for info in infos:
        say(f"{info.id}  {info.name}  {info.sentence.text()}")
    return DONE


def _write(workspace: Workspace, id: str, file: Path) -> None:
    write = {".csv": export_csv, ".parquet": export_parquet}.get(file.suffix.lower())
    if write is None:
        raise NotATableFile(file=file.name)
    try:
        say(shutil.copyfile(write(workspace, id), file), error=True)
    except OSError as error:
        raise FileNotWritten(file=str(file), reason=error.strerror or error) from error


def _delete(workspace: Workspace, options: argparse.Namespace) -> int:
    removal = plan_dataset_removal(workspace, options.dataset)
    if not removal.needed_by:
        _say_removal(removal)
        confirm(yes=options.yes)
    # What is needed is refused by the deletion itself, with its reason.
    delete_dataset(workspace, options.dataset, confirmed=True)
    if options.json:
        say_json({"deleted": options.dataset})
    return DONE


def _say_removal(removal: DatasetRemoval) -> None:
    say(f"{removal.name}: {removal.rows} rows, {removal.bytes / 1e6:.1f} MB", error=True)
    if removal.reviews:
        say(f"reviews of mined negatives that go with it: {removal.reviews}", error=True)
    if removal.versions:
        say(f"other versions of it that stay: {removal.versions}", error=True)
    if removal.runs:
        say(
            f"runs that keep their models, but cannot be repeated without it: "
            f"{named(removal.runs)}",
            error=True,
        )


# Versions -----------------------------------------------------------------------------------------


def _version(workspace: Workspace, options: argparse.Namespace) -> int:
    dataset = load_dataset(workspace, options.dataset)
    texts = options.only or options.without
    steps = _steps(workspace, dataset, options)
    if steps is None and texts is None:
        return _history(workspace, dataset.info, options)
    id = dataset.info.id if steps is None else derive_dataset(workspace, dataset.info.id, steps)
    if texts is not None:
        id = version_of(workspace, id, _texts(texts), keep=options.only is not None)
    info = load_dataset(workspace, id).info
    if options.json:
        say_json(info.to_json())
        return DONE
    say(id)
    for applied in info.steps:
        say(applied.message.text(), error=True)
    say(info.sentence.text(), error=True)
    return DONE


def _steps(
    workspace: Workspace, dataset: Dataset, options: argparse.Namespace
) -> tuple[Step, ...] | None:
    """The whole list of steps that was asked for; None where nothing was."""
    steps = tuple(applied.step for applied in dataset.info.steps)
    before = steps
    if options.undo is not None:
        if not 1 <= options.undo <= len(steps):
            raise NoSuchStep(name=dataset.info.name, number=options.undo)
        steps = (*steps[: options.undo - 1], *steps[options.undo :])
    if options.steps:
        # What a fix is to do exactly, a finding about the rows as they are says.
        bases = bases_for_report(workspace)
        report = make_report(dataset.frame(), dataset.info.names, bases=bases)
        steps = (*steps, *parse_steps(options.steps, report.findings))
    if options.hold_out is not None:
        steps = with_fixed_split(steps, options.hold_out, options.seed)
    elif options.no_hold_out:
        steps = without_split(steps, own=dataset.info.says_split)
    return None if steps == before else steps


def _texts(file: Path) -> list[str]:
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise FileNotRead(file=str(file), reason=reason) from error
    return [line for line in lines if line.strip()]


def _history(workspace: Workspace, shown: DatasetInfo, options: argparse.Namespace) -> int:
    family = versions(workspace, shown.id)
    if options.json:
        say_json([info.to_json() for info in family])
        return DONE
    for info in family:
        mark = "*" if info.id == shown.id else " "
        origin = f"  {info.origin.text()}" if info.origin else ""
        say(f"{mark} {info.id}  {info.rows} rows{origin}")
    for number, applied in enumerate(shown.steps, start=1):
        say(f"step {number}: {applied.message.text()}")
    return DONE
