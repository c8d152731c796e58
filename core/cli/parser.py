"""The command line as a whole: which commands there are, and what happens when one is refused."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.cli import (
    bases,
    compare,
    corpus,
    data,
    evaluate,
    export,
    hub,
    inspect,
    judge,
    match,
    matches,
    negatives,
    planning,
    questions,
    recipe,
    run_table,
    runs,
    search,
    serve,
    steering,
    stored,
)
from core.cli.output import CUT_OFF, INTERRUPTED, REFUSED, say_problem
from core.problems import Problem
from core.workspace import Workspace

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

_DESCRIPTION = """The workbench without a screen; the commands call what the screens call.
Exit codes: 0 done, 1 the job did not succeed or the check found something to warn of, 2 refused
(what was asked for cannot be done; a sentence on stderr says why), 130 interrupted with Ctrl-C,
141 nobody reads the rest of the output."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = make_parser().parse_args(arguments)
    try:
        command: Callable[[Workspace, argparse.Namespace], int] = options.command
        return command(Workspace.open(options.workspace), options)
    except Problem as problem:
        say_problem(problem, json=options.json)
        return REFUSED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # `| head` has read enough.  Python would complain once more when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CUT_OFF


def make_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = argparse.ArgumentParser(prog="python -m core", description=_DESCRIPTION)
    parser.add_argument(
        "--workspace", type=Path, help="the workspace's folder (default: $PAIRLOOM_HOME)"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for group in (
        *(data, stored, negatives, bases, hub, planning, questions, recipe),
        *(runs, run_table, compare, steering, evaluate, inspect),
        *(corpus, search, judge, export, match, matches, serve),
    ):
        group.add_commands(commands)
    return parser
