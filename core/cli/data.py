"""``check`` and ``dataset``: tables, and the datasets that are made of them."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.cli.mapping import parse_mapping, parse_steps
from core.cli.output import DONE, FAILED, WARNED, add_json, say, say_json, say_stages
from core.cli.report_text import finding_lines, report_lines, source_line
from core.cli.work import work
from core.data.check import ScoreOnOtherScale
from core.data.columns import guess_mapping
from core.data.findings import Severity
from core.data.intake import Draft, HeldOut, Progress, check_draft, store_draft
from core.data.reading.rows import ReadOptions
from core.data.report import DataReport, bases_for_report
from core.data.report.html import report_html
from core.data.staging import StagedInfo, discard_staged, read_staged, stage_upload
from core.data.store import load_dataset
from core.files import write_text
from core.models.bases import BaseConfig, resolve
from core.problems import N_, Problem, as_is
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.cli.parser import Commands

_GUESS_ROWS = 2_000
_SEPARATORS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "none": ""}


class ScoresOnOtherScale(Problem):
    what = ScoreOnOtherScale.what
    do = N_("Add --rescale to have them changed, {becomes}, or choose another column.")


class ReportNotWritten(Problem):
    what = N_("The report cannot be written to {file}: {reason}.")
    do = N_("Name a file in a folder that is there and that you may write to.")


class StepValuesWrong(Problem):
    what = N_("The steps {steps} cannot be done as they are written: {reason}.")
    do = N_("Write KIND:name=value with all values that it needs, or take a fix from check.")


class BaseUnknown(Problem):
    what = N_("There is no base model named {name}.")
    do = N_("Give the folder of a model, or one of: {names}.")


class ColumnsUnclear(Problem):
    what = N_("It is not clear which columns of {file} hold the texts. It has: {columns}.")
    do = N_("Say it, for example with --map anchor=问题,positive=答案.")


def add_commands(commands: Commands) -> None:
    """Declare the commands of this module."""
    check = commands.add_parser("check", help="say what is wrong with a table, and what to do")
    _add_table_options(check, "a table of any format that is read, or the id of a dataset")
    check.add_argument("--html", type=Path, metavar="OUT", help="write the report as a web page")
    add_json(check, "print the report as JSON")
    check.set_defaults(command=_check)

    dataset = commands.add_parser("dataset", help="make a table a dataset, and print its id")
    _add_table_options(dataset, "the table, of any format that Pairloom reads")
    dataset.add_argument("--name", help="what it is to be called (default: the file's name)")
    dataset.add_argument(
        "--fix",
        action="append",
        dest="steps",
        default=[],
        metavar="KIND",
        help="a fix that check proposes; may be given several times, done in that order",
    )
    dataset.add_argument(
        "--convert",
        action="append",
        dest="steps",
        metavar="KIND",
        help="make another shape of the rows; KIND:name=value,… to say how",
    )
    dataset.add_argument("--held-out", type=Path, metavar="FILE2", help="its rows are held out")
    add_json(dataset, "print what is stored as JSON")
    dataset.set_defaults(command=_dataset)


def _add_table_options(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("file", type=Path, help=what)
    parser.add_argument(
        "--map",
        action="append",
        metavar="ROLE=COLUMN,…",
        help="which column is what: anchor, positive, negative, score, text, label, split "
        "(default: guessed)",
    )
    parser.add_argument("--base", metavar="NAME|FOLDER", help="count tokens as this base does")
    parser.add_argument("--rescale", action="store_true", help="bring scores to 0 to 1")
    parser.add_argument("--sheet", help="which sheet of a workbook")
    parser.add_argument("--encoding", help="the encoding, such as GB18030 (default: found out)")
    parser.add_argument("--separator", help="what separates cells: a character, or tab")
    parser.add_argument(
        "--header",
        action=argparse.BooleanOptionalAction,
        help="the first row names the columns, or is data (default: found out)",
    )
    parser.add_argument("--member", metavar="FILE", help="which file of an archive")
    parser.add_argument(
        "--sample-rows", type=int, metavar="N", help="read only N rows, drawn evenly"
    )


def _check(workspace: Workspace, options: argparse.Namespace) -> int:
    name = options.file.name
    stored = str(options.file) == name and (workspace.datasets / name).is_dir()
    if stored and not options.file.exists():
        return _check_stored(workspace, options)
    tell = say_stages()
    with _draft(workspace, options, tell) as opened:
        report = check_draft(workspace, opened.draft, tell)
    _write_page(options.html, report.report, options.file.name)
    if options.json:
        say_json(
            {
                "mapping": opened.draft.mapping and opened.draft.mapping.to_json(),
                "mapping_guessed": options.map is None,
                **report.to_json(),
            }
        )
    else:
        say(source_line(opened.info))
        for line in report_lines(report):
            say(line)
    return WARNED if report.has_warnings or opened.info.quarantined else DONE


def _check_stored(workspace: Workspace, options: argparse.Namespace) -> int:
    """The data report of a stored dataset, made again and kept with it as on its screen."""
    id = options.file.name
    params = {"dataset": id, "base": _base(workspace, options.base)}
    if not work(workspace, "report_dataset", params, "report", json=options.json):
        return FAILED
    dataset = load_dataset(workspace, id)
    report = dataset.report()
    if report is None:
        return FAILED
    _write_page(options.html, report, dataset.info.name)
    if options.json:
        say_json(report.to_json())
    else:
        say(f"{dataset.info.name}: {dataset.info.sentence.text()}")
        for line in finding_lines(report.findings, report):
            say(line)
    found = {finding.severity for finding in report.findings}
    return WARNED if found - {Severity.INFO} else DONE


def _write_page(file: Path | None, report: DataReport, title: str) -> None:
    if file is None:
        return
    try:
        write_text(file, report_html(report, title, as_is))
    except OSError as error:
        raise ReportNotWritten(file=file, reason=error.strerror or error) from error


def _dataset(workspace: Workspace, options: argparse.Namespace) -> int:
    tell = say_stages()
    with _draft(workspace, options, tell) as opened:
        draft = opened.draft
        if options.steps:
            # What a fix is to do exactly, a finding about the table as it is says.
            findings = check_draft(workspace, draft, tell).all_findings
            draft = replace(draft, steps=parse_steps(options.steps, findings))
        try:
            report = check_draft(workspace, draft, tell)
        except (KeyError, TypeError, ValueError) as error:
            if not draft.steps:
                raise
            raise StepValuesWrong(steps=", ".join(options.steps), reason=error) from error
        id = store_draft(workspace, draft, options.name or options.file.stem, tell)
    if options.json:
        say_json(load_dataset(workspace, id).info.to_json())
    else:
        say(id)
    for applied in report.applied:
        say(applied.message.text(), error=True)
    say(report.sentence.text(), error=True)
    return DONE


@dataclass(frozen=True)
class _Opened:
    """A table that was brought in for the time of a command, and what is to become of it."""

    draft: Draft
    info: StagedInfo


@contextmanager
def _draft(workspace: Workspace, options: argparse.Namespace, tell: Progress) -> Iterator[_Opened]:
    """The draft that a command's options describe; what was staged for it is removed at the end."""
    read_options = ReadOptions(
        encoding=options.encoding,
        separator=_SEPARATORS.get(options.separator, options.separator),
        header=options.header,
        sheet=options.sheet,
        member=options.member,
        sample_rows=options.sample_rows,
    )
    staged_ids = []
    try:
        id = stage_upload(workspace, options.file, options.file.name)
        staged_ids.append(id)
        staged = read_staged(workspace, id, read_options, tell)
        if options.map is not None:
            mapping = parse_mapping(options.map)
        else:
            guess = guess_mapping(staged.head(_GUESS_ROWS))
            if guess is None:
                columns = ", ".join(staged.info.columns)
                raise ColumnsUnclear(file=options.file.name, columns=columns)
            mapping = guess
        held_out = None
        if getattr(options, "held_out", None) is not None:
            second = stage_upload(workspace, options.held_out, options.held_out.name)
            staged_ids.append(second)
            held_out = HeldOut(second, ReadOptions(header=read_options.header))
        draft = Draft(
            staged=id,
            options=read_options,
            mapping=mapping,
            rescale=options.rescale,
            base=_base(workspace, options.base),
            held_out=held_out,
        )
        yield _Opened(draft, staged.info)
    except ScoreOnOtherScale as problem:
        raise ScoresOnOtherScale(**problem.params) from problem
    finally:
        for one in staged_ids:
            discard_staged(workspace, one)


def _base(workspace: Workspace, wanted: str | None) -> str | None:
    """The base that was asked for, as a draft names it: a folder's whole path, or a name.

    Raises:
        BaseUnknown: there is no such base.
        Problem: the folder holds no model that can be used.
    """
    if wanted is None:
        return None
    if Path(wanted).is_dir():
        folder = str(Path(wanted).resolve())
        resolve(workspace, BaseConfig(kind="folder", path=folder))
        return folder
    names = [base.name for base in bases_for_report(workspace, wanted)]
    for name in names:
        if wanted in (name, name.rpartition("/")[2]):
            return name
    if (workspace.runs / wanted).is_dir():
        return wanted
    raise BaseUnknown(name=wanted, names=", ".join(names))
