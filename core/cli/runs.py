"""``train``: start a training run and wait for its end."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from core.cli.output import DONE, FAILED, add_json, follow, say, say_json
from core.cli.run_table import run_record
from core.export.card.words import Words
from core.jobs.status import JobState
from core.models.bases import resolve
from core.training.advice import advise
from core.training.config import RunConfig
from core.training.runs import load_run
from core.training.start import check_config, start_run
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.cli.parser import Commands

_words = Words("en").say
"""A message with its numbers rounded."""


def add_commands(commands: Commands) -> None:
    """Declare the commands of this module."""
    train = commands.add_parser("train", help="train as CONFIG.yaml says, and wait for the end")
    train.add_argument("config", type=Path, help="a config.yaml, for example of an earlier run")
    train.add_argument("--detach", action="store_true", help="do not wait; print the run's id")
    add_json(train, "print the run as JSON")
    train.set_defaults(command=_train)


def _train(workspace: Workspace, options: argparse.Namespace) -> int:
    config = RunConfig.load(options.config)
    return start_and_follow(workspace, config, detach=options.detach, json=options.json)


def start_and_follow(
    workspace: Workspace, config: RunConfig, *, detach: bool, json: bool = False
) -> int:
    """Print the warnings about a run, start it, and unless ``detach`` wait for its end.

    Returns:
        The exit code.

    Raises:
        Problem: it cannot be started.
    """
    info = check_config(workspace, config)
    for advice in advise(workspace, info, config, resolve(workspace, config.base)):
        say(f"{_words(advice.message)} {_words(advice.why)}", error=True)
        for way in advice.ways:
            say(f"  - {_words(way.label)}", error=True)
    id = start_run(workspace, config)
    say(id, error=json)
    if json and detach:
        say_json(run_record(workspace, id))
    return DONE if detach else follow_run(workspace, id, json=json)


def follow_run(workspace: Workspace, id: str, *, json: bool) -> int:
    """Show what a run is doing until it ends, print its verdict or the run; the exit code."""
    status = follow(workspace.run(id))
    if status.note_message is not None:
        say(status.note_message.text(), error=True)
    report = load_run(workspace, id).report()
    sentences = report.sentences() if report is not None else []
    if json:
        told = [sentence.to_json() for sentence in sentences]
        error = status.error_messages and [message.to_json() for message in status.error_messages]
        say_json({**run_record(workspace, id), "report": told, "error": error})
    else:
        for sentence in sentences:
            say(sentence.text())
    return DONE if status.state is JobState.SUCCEEDED else FAILED
