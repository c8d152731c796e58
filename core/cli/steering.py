"""``stop``, ``resume``, ``queue``, ``clone``, ``continue``: what can be done with a run."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from core.cli.output import DONE, add_json, say, say_json
from core.cli.run_table import run_record
from core.cli.runs import follow_run, start_and_follow
from core.jobs import queue
from core.jobs.status import JobStatus, StatusUnreadable
from core.jobs.stopping import StopWish
from core.jobs.supervisor import ensure_supervisor
from core.problems import N_, Problem
from core.training.config import RunConfig
from core.training.continuing import (
    change_config,
    clone_config,
    dataset_problem,
    further_config,
    seen_problem,
)
from core.training.runs import load_run, training_line
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.cli.parser import Commands


class ChangeUnclear(Problem):
    what = N_("“{text}” does not say which setting gets which value.")
    do = N_("Write it as training.epochs=3.")


class NoRunToMove(Problem):
    what = N_("It is not said which run is to be moved.")
    do = N_("Put its id behind “queue”; “queue” alone lists those that wait.")


def add_commands(commands: Commands) -> None:
    """Declare the commands of this module."""
    stop = commands.add_parser("stop", help="stop a run after its current step, or other work")
    stop.add_argument("run", help="the id of a run, or of work that queue --all lists")
    stop.add_argument(
        "--keep",
        action="store_true",
        help="make a model of what it has learned so far, score it and write the report",
    )
    add_json(stop, "print the run as JSON")
    stop.set_defaults(command=_stop)

    resume = commands.add_parser("resume", help="go on with a run from its last whole checkpoint")
    resume.add_argument("run", help="the run's id")
    resume.add_argument(
        "--finish", action="store_true", help="train no further; make a model of the checkpoint"
    )
    resume.add_argument("--detach", action="store_true", help="do not wait for the end")
    add_json(resume, "print the run as JSON")
    resume.set_defaults(command=_resume)

    line = commands.add_parser("queue", help="list the runs that train and wait, in their order")
    line.add_argument("run", nargs="?", help="the id of a waiting run that is to be moved")
    how = line.add_mutually_exclusive_group()
    for move, words in (
        (queue.Move.FIRST, "before all others"),
        (queue.Move.UP, "one place forward"),
        (queue.Move.DOWN, "one place back"),
    ):
        how.add_argument(f"--{move}", dest="move", action="store_const", const=move, help=words)
    line.add_argument(
        "--all", action="store_true", help="with other work: exports, matches, downloads …"
    )
    add_json(line)
    line.set_defaults(command=_queue)

    clone = commands.add_parser("clone", help="use a run's configuration again, with changes")
    _add_source(clone)
    clone.set_defaults(command=_clone)

    further = commands.add_parser(
        "continue", help="train the model of a finished run further, at a lower learning rate"
    )
    _add_source(further)
    further.set_defaults(command=_continue)


def _add_source(command: argparse.ArgumentParser) -> None:
    command.description = "Prints the new run's configuration; --start starts it."
    command.add_argument("run", help="the run's id")
    add_changes(command)


def add_changes(command: argparse.ArgumentParser) -> None:
    """What every command takes that makes the configuration of a new run and may start it."""
    command.add_argument(
        "--set",
        dest="changes",
        metavar="SETTING=VALUE",
        action="append",
        default=[],
        help="another value, such as training.epochs=3; may be given several times",
    )
    command.add_argument("--start", action="store_true", help="start it and wait for the end")
    command.add_argument("--detach", action="store_true", help="with --start: do not wait")
    add_json(command, "print the configuration as JSON; with --start the run")


def _stop(workspace: Workspace, options: argparse.Namespace) -> int:
    if options.run in {job.id for job in _other_work(workspace)}:
        return _stop_other(workspace, options)
    load_run(workspace, options.run)
    wish = StopWish.KEEP if options.keep else StopWish.DISCARD
    queue.request_stop(workspace, options.run, wish)
    if load_run(workspace, options.run).status.state.active:
        # Somebody has to see to it that it ends, and to write down how.
        ensure_supervisor(workspace)
        say("It ends after its current step.", error=True)
    if options.json:
        say_json(run_record(workspace, options.run))
    return DONE


def _stop_other(workspace: Workspace, options: argparse.Namespace) -> int:
    """Stop work that is no run, such as a search for negatives that a screen has started."""
    queue.request_stop(workspace, options.run)
    ensure_supervisor(workspace)
    if options.json:
        status = JobStatus.load(workspace.job(options.run))
        say_json({"id": options.run, "state": status.state.value})
    return DONE


@dataclass(frozen=True)
class _Job:
    id: str
    status: JobStatus


def _other_work(workspace: Workspace) -> list[_Job]:
    """The jobs that have not ended and are no runs, in the order of their start."""
    found = []
    for folder in sorted(workspace.jobs.glob("[!.]*")):
        try:
            status = JobStatus.load(folder)
        except (OSError, StatusUnreadable):
            continue
        if status.state.active:
            found.append(_Job(folder.name, status))
    return found


def _resume(workspace: Workspace, options: argparse.Namespace) -> int:
    queue.resume(workspace, options.run, finish=options.finish)
    ensure_supervisor(workspace)
    if not options.detach:
        return follow_run(workspace, options.run, json=options.json)
    if options.json:
        say_json(run_record(workspace, options.run))
    return DONE


def _queue(workspace: Workspace, options: argparse.Namespace) -> int:
    if options.run is None and options.move is not None:
        raise NoRunToMove
    if options.run is not None:
        run = load_run(workspace, options.run)
        queue.move(workspace, run.id, options.move or queue.Move.FIRST)
    line = training_line(workspace)
    if options.json:
        told = {name: [run.id for run in getattr(line, name)] for name in ("at_work", "waiting")}
        if options.all:
            told["other"] = [job.id for job in _other_work(workspace)]
        say_json(told)
        return DONE
    for run in line.at_work:
        say(f"{run.status.device or '-':<6}  {run.id}  {run.name}")
    for place, run in enumerate(line.waiting, start=1):
        say(f"{place:<6}  {run.id}  {run.name}")
    for job in _other_work(workspace) if options.all else ():
        stage = job.status.stage_message
        say(f"{'-':<6}  {job.id}  {stage.text() if stage else job.status.state.value}")
    return DONE


def _clone(workspace: Workspace, options: argparse.Namespace) -> int:
    config = clone_config(load_run(workspace, options.run), changes_of(options))
    return _print_or_start(workspace, config, options)


def _continue(workspace: Workspace, options: argparse.Namespace) -> int:
    further = further_config(load_run(workspace, options.run))
    say(further.reason.text(), error=True)
    return _print_or_start(workspace, change_config(further.config, changes_of(options)), options)


def _print_or_start(workspace: Workspace, config: RunConfig, options: argparse.Namespace) -> int:
    problem = dataset_problem(workspace, config)
    if options.start:
        if problem is not None:
            raise problem
        return start_and_follow(workspace, config, detach=options.detach, json=options.json)
    problem = problem or seen_problem(workspace, config)
    if problem is not None:
        say(problem.text(), error=True)
    say_config(config, options)
    return DONE


def say_config(config: RunConfig, options: argparse.Namespace) -> None:
    """A configuration on stdout, as YAML or as JSON; ``train`` takes both."""
    if options.json:
        say_json(config.to_dict())
    else:
        say(config.to_yaml().rstrip())


def changes_of(options: argparse.Namespace) -> dict[str, Any]:
    """The settings of every ``--set``, by their path; raises ChangeUnclear."""
    return dict(_change(text) for text in options.changes)


def _change(text: str) -> tuple[str, Any]:
    """A setting and its value, which is read as in ``config.yaml``."""
    path, equals, value = text.partition("=")
    if not equals:
        raise ChangeUnclear(text=text)
    try:
        return path.strip(), yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise ChangeUnclear(text=text) from error
