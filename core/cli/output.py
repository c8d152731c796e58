"""What the commands share: exit codes, lines on stdout and stderr, following work to its end.

Results go to stdout, everything else to stderr.  With ``--json`` an error is a line of JSON, on
stderr too: gh, docker and aws write theirs there, so that stdout is a result or empty.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.cli.progress import Progress, write
from core.jobs.status import JobStatus
from core.problems import Message, Problem

DONE, FAILED, REFUSED = 0, 1, 2
WARNED = 1
"""The exit code of a check that found something to warn of."""
INTERRUPTED = 130
"""The exit code after Ctrl-C, as shells know it."""
CUT_OFF = 141
"""The exit code when nobody reads the rest of the output, as shells know it."""

_POLL_SECONDS = 0.5


def say(text: object, *, error: bool = False) -> None:
    """A line on stdout, where results go, or on stderr, where everything else goes."""
    write(sys.stderr if error else sys.stdout, str(text))


def say_json(value: Any) -> None:
    """``value`` as JSON on stdout; its sentences get their English beside their parts."""
    say(json.dumps(_with_english(value), ensure_ascii=False, indent=1))


def add_json(command: argparse.ArgumentParser, what: str = "as JSON") -> None:
    """Declare ``--json``; ``what`` says in the help what is printed."""
    command.add_argument("--json", action="store_true", help=what)


def say_problem(problem: Problem, *, json: bool) -> None:
    """A refusal on stderr: a sentence, or an object whose sentences a program can read."""
    if json:
        _say_error({"kind": problem.kind}, problem.message(), problem.advice())
    else:
        say(problem.text(), error=True)


def say_failure(status: JobStatus, *, json: bool) -> int:
    """Why a job that was followed has no result, for programs; people have read it already.

    Returns:
        The exit code.
    """
    if json:
        _say_error({"state": status.state.value}, *(status.error_messages or ()))
    return FAILED


def _say_error(
    about: dict[str, str], what: Message | None = None, do: Message | None = None
) -> None:
    sentences = {"what": what and what.text(), "do": do and do.text()}
    say(json.dumps({"error": {**about, **sentences}}, ensure_ascii=False), error=True)


def say_stages() -> Callable[[Message, float | None], None]:
    """A progress function: a bar on a terminal, else a line whenever another stage begins."""
    return Progress().tell


def follow(folder: Path) -> JobStatus:
    """Show what a job is doing until it ends, then how it ended."""
    with Progress(every_step=True) as progress:
        while (status := JobStatus.load(folder)).state.active:
            progress.tell(status.stage_message or Message(status.state.label), status.done)
            time.sleep(_POLL_SECONDS)
    for message in (Message(status.state.label), *(status.error_messages or ())):
        say(message.text(), error=True)
    return status


def _with_english(value: Any) -> Any:
    """``value`` in which every message, a template with params, has a ``text`` too."""
    if isinstance(value, list | tuple):
        return [_with_english(one) for one in value]
    if isinstance(value, dict):
        if set(value) == {"template", "params"}:
            return {**value, "text": Message.from_json(value).text()}
        return {name: _with_english(one) for name, one in value.items()}
    return value
