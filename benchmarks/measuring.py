"""What the benchmarks share: a workspace of their own, a quiet machine, the words of a page."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from core.workspace import Workspace
from tools.workbench import end_processes_of

Result = TypeVar("Result")

QUIET_LOAD = 1.0
_LOOK_SECONDS = 5.0
_WIDTH = 100


def parser(name: str, doc: str | None) -> argparse.ArgumentParser:
    """A command line with ``--patience``: minutes to wait for a quiet machine."""
    made = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}", description=doc)
    made.add_argument(
        "--patience",
        type=float,
        default=10.0,
        metavar="MINUTES",
        help="how long to wait for a quiet machine (default: 10)",
    )
    return made


@contextmanager
def own_workspace() -> Iterator[Workspace]:
    """A workspace that is gone afterwards, with the processes that were started for it."""
    with tempfile.TemporaryDirectory(prefix="pairloom-benchmark-") as folder:
        workspace = Workspace.open(Path(folder) / "workspace")
        try:
            yield workspace
        finally:
            end_processes_of(workspace.root)


def in_fresh_process(function: Callable[..., Result], *args: object) -> Result:
    """Call a module's function in a process of its own, which shares no memory with this one."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *args).result()


def say_and_run(function: Callable[..., Result], *args: object) -> Result:
    """Call ``function`` in a fresh process, and say on the terminal what came of it."""
    print(function.__name__, *args[1:], "…", file=sys.stderr, flush=True)
    found = in_fresh_process(function, *args)
    print("   ", found, file=sys.stderr, flush=True)
    return found


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def size_words(size: float) -> str:
    """A number of bytes for the page."""
    return f"{size / 1e9:.2f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


def bullets(notes: Iterable[str], facts: Mapping[str, object]) -> list[str]:
    """Notes with their facts filled in, a bullet each, broken into lines."""
    return [
        textwrap.fill(f"- {note.format(**facts)}", _WIDTH, subsequent_indent="  ") for note in notes
    ]


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether ``condition`` came true in so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_SECONDS)
    return True


def load_when_quiet(minutes: float) -> float:
    """Wait so many minutes at most for a quiet machine; the load of the last minute then."""
    wait_for(lambda: os.getloadavg()[0] < QUIET_LOAD, minutes * 60)
    return os.getloadavg()[0]


def words_for(load: float) -> str:
    """Whether the machine was quiet, for the page."""
    return "quiet" if load < QUIET_LOAD else "others were at work, which lengthens the times"
