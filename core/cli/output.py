"""What the commands share: exit codes, lines on stdout and stderr, following work to its end."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.jobs.status import JobStatus
from core.problems import Message

DONE, FAILED, REFUSED = 0, 1, 2
WARNED = 1
"""The exit code of a check that found something to warn of."""
INTERRUPTED = 130
"""The exit code after Ctrl-C, as shells know it."""

_POLL_SECONDS = 0.5


def say(text: object, *, error: bool = False) -> None:
    """A line on stdout, where results go, or on stderr, where everything else goes."""
    stream = sys.stderr if error else sys.stdout
    stream.write(f"{text}\n")
    stream.flush()


def say_json(value: Any) -> None:
    """``value`` as JSON on stdout; its sentences get their English beside their parts."""
    say(json.dumps(_with_english(value), ensure_ascii=False, indent=1))


def say_stages() -> Callable[[Message, float | None], None]:
    """A progress function that prints a line on stderr whenever another stage begins."""
    said = ""

    def tell(stage: Message, done: float | None = None) -> None:
        nonlocal said
        if stage.template != said:
            say(stage.text(), error=True)
            said = stage.template

    return tell


def follow(folder: Path) -> JobStatus:
    """Print what a job is doing, a line a change, until it ends."""
    said = ""
    while True:
        status = JobStatus.load(folder)
        stage = status.stage_message
        line = stage.text() if stage and status.state.active else status.state.label
        if line != said:
            say(line, error=True)
            said = line
        if not status.state.active:
            for message in status.error_messages or ():
                say(message.text(), error=True)
            return status
        time.sleep(_POLL_SECONDS)


def _with_english(value: Any) -> Any:
    """``value`` in which every message, a template with params, has a ``text`` too."""
    if isinstance(value, list | tuple):
        return [_with_english(one) for one in value]
    if isinstance(value, dict):
        if set(value) == {"template", "params"}:
            return {**value, "text": Message.from_json(value).text()}
        return {name: _with_english(one) for name, one in value.items()}
    return value
