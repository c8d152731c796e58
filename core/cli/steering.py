"""``stop``, ``resume``, ``first`` and ``clone``: what can be done with a run that is there."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

import yaml

from core.cli.output import DONE, FAILED, say
from core.cli.runs import follow_run
from core.jobs import queue
from core.jobs.status import JobState
from core.jobs.stopping import StopWish
from core.jobs.supervisor import ensure_supervisor
from core.problems import N_, Problem
from core.training.continuing import (
    change_config,
    clone_config,
    dataset_problem,
    further_config,
)
from core.training.runs import load_run
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.cli.parser import Commands


class ChangeUnclear(Problem):
    what = N_("“{text}” does not say which setting gets which value.")
    do = N_("Write it as training.epochs=3.")


def add_commands(commands: Commands) -> None:
    """Declare the commands of this module."""
    stop = commands.add_parser("stop", help="stop a run after its current step")
    stop.add_argument("run", help="the run's id")
    stop.add_argument(
        "--keep-model",
        action="store_true",
        help="make a model of what it has learned so far, score it and write the report",
    )
    stop.set_defaults(command=_stop)

    resume = commands.add_parser("resume", help="go on with a run from its last whole checkpoint")
    resume.add_argument("run", help="the run's id")
    resume.add_argument(
        "--finish", action="store_true", help="train no further; make a model of the checkpoint"
    )
    resume.add_argument("--detach", action="store_true", help="do not wait for the end")
    resume.set_defaults(command=_resume)

    first = commands.add_parser("first", help="let a waiting run start before all others")
    first.add_argument("run", help="the run's id")
    first.set_defaults(command=_first)

    clone = commands.add_parser("clone", help="print a run's configuration, with changes")
    clone.add_argument("run", help="the run's id")
    clone.add_argument(
        "--set",
        dest="changes",
        metavar="SETTING=VALUE",
        action="append",
        default=[],
        help="another value, such as training.epochs=3; may be given several times",
    )
    clone.add_argument(
        "--further", action="store_true", help="start from the run's model, at a lower rate"
    )
    clone.set_defaults(command=_clone)


def _stop(workspace: Workspace, options: argparse.Namespace) -> int:
    load_run(workspace, options.run)
    wish = StopWish.KEEP if options.keep_model else StopWish.DISCARD
    queue.request_stop(workspace, options.run, wish)
    return DONE


def _resume(workspace: Workspace, options: argparse.Namespace) -> int:
    queue.resume(workspace, options.run, finish=options.finish)
    ensure_supervisor(workspace)
    if options.detach:
        return DONE
    return DONE if follow_run(workspace, options.run) is JobState.SUCCEEDED else FAILED


def _first(workspace: Workspace, options: argparse.Namespace) -> int:
    queue.move_to_front(workspace, load_run(workspace, options.run).id)
    return DONE


def _clone(workspace: Workspace, options: argparse.Namespace) -> int:
    run = load_run(workspace, options.run)
    changes = dict(_change(text) for text in options.changes)
    if options.further:
        further = further_config(run)
        say(further.reason.text(), error=True)
        config = change_config(further.config, changes)
    else:
        config = clone_config(run, changes)
    problem = dataset_problem(workspace, config)
    if problem is not None:
        say(problem.text(), error=True)
    say(config.to_yaml().rstrip())
    return DONE


def _change(text: str) -> tuple[str, Any]:
    """A setting and its value, which is read as in ``config.yaml``."""
    path, equals, value = text.partition("=")
    if not equals:
        raise ChangeUnclear(text=text)
    try:
        return path.strip(), yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise ChangeUnclear(text=text) from error
