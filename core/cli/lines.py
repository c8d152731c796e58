"""One line for bash: a command, what it is about, its options."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.problems import Message
from core.workspace import DEFAULT_ROOT, Workspace


@dataclass(frozen=True)
class Line:
    """One command.

    Attributes:
        does: what it does.
        words: the words behind ``python -m core``, as the program gets them.
        into: the file that its output goes to; None for the terminal.
    """

    does: Message
    words: tuple[str, ...]
    into: str | None = None

    def text(self, workspace: Workspace) -> str:
        """The line for bash, with the workspace where it is not the usual one."""
        place = () if workspace.root == DEFAULT_ROOT else ("--workspace", str(workspace.root))
        text = shlex.join(["python", "-m", "core", *place, *self.words])
        return text if self.into is None else f"{text} > {shlex.quote(self.into)}"


def line(
    does: str,
    command: str,
    named: Sequence[str] = (),
    options: Sequence[str] = (),
    into: str | None = None,
) -> Line:
    """A line of a command.

    Args:
        does: what it does, as a message id.
        command: its words, such as ``recipe config``.
        named: what it is about: what stands there without an option.
        options: its options.
        into: the file that its output goes to.
    """
    words = [*named, *options]
    if any(one.startswith("-") for one in named):
        # Otherwise a question such as “-5℃” would be taken for an option.
        words = [*options, "--", *named]
    return Line(Message(does), (*command.split(), *words), into)


def option(name: str, value: object | None) -> list[str]:
    """``--name value``, and nothing without a value."""
    if value is None:
        return []
    text = str(value)
    return [f"--{name}={text}"] if text.startswith("-") else [f"--{name}", text]


def each(name: str, values: Iterable[object]) -> list[str]:
    """An option once for each value."""
    return [word for value in values for word in option(name, value)]


def switch(name: str, on: bool) -> list[str]:
    """``--name`` or nothing."""
    return [f"--{name}"] if on else []
