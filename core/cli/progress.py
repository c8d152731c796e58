"""How far something is, on stderr: a bar on a terminal, a line for each stage elsewhere."""

from __future__ import annotations

import os
import sys
import threading
from types import TracebackType
from typing import Any, TextIO

from core.problems import Message

_WITH_SHARE = "{desc}  {percentage:3.0f}% |{bar:20}| {remaining} left, {elapsed} so far"
_WITHOUT_SHARE = "{desc}  {elapsed}"
_WIDTH = 79
_SMOOTHING = 0.1
"""How much the last moment counts in the time that is left; stages differ in speed."""


class Progress:
    """What a command is doing, until :meth:`close`; a context, too.

    The bar is that of tqdm (https://tqdm.github.io), with the share of all the work that is done
    and the time that is left at the speed so far.

    Args:
        every_step: without a terminal, also lines about steps within a stage.
    """

    def __init__(self, *, every_step: bool = False) -> None:
        self._bar = _bar() if sys.stderr.isatty() else None
        self._every_step = every_step
        self._said = ""

    def tell(self, stage: Message, done: float | None = None) -> None:
        """Say what is being done, and which share of it all is done; None while nobody knows."""
        if self._bar is not None:
            self._draw(stage.text(), done)
            return
        words = stage.text() if self._every_step else stage.template
        if words != self._said:
            write(sys.stderr, stage.text())
            self._said = words

    def _draw(self, text: str, done: float | None) -> None:
        assert self._bar is not None
        self._bar.set_description_str(text, refresh=False)
        if done is None:
            self._bar.bar_format = _WITHOUT_SHARE
        else:
            if self._bar.bar_format != _WITH_SHARE or done < self._bar.n:
                # What was done before somebody looked, or in a measure of its own, says nothing
                # about the time that is left.
                self._bar.reset()
                self._bar.initial = self._bar.n = self._bar.last_print_n = done
            self._bar.bar_format = _WITH_SHARE
            self._bar.update(done - self._bar.n)
        self._bar.refresh()

    def close(self) -> None:
        """Take the bar away; lines stay."""
        if self._bar is not None:
            self._bar.close()

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def write(stream: TextIO, text: str) -> None:
    """A line on ``stream``, above a bar that is being drawn."""
    if not sys.stderr.isatty():
        stream.write(f"{text}\n")
        stream.flush()
        return
    from tqdm import tqdm

    with tqdm.external_write_mode(file=stream):
        stream.write(f"{text}\n")
        stream.flush()


def _bar() -> Any:
    from tqdm import tqdm

    # There is one bar, drawn by one thread: no watching thread, and no lock between processes.
    tqdm.monitor_interval = 0
    tqdm.set_lock(threading.RLock())
    return tqdm(
        total=1.0,
        file=sys.stderr,
        leave=False,
        # A terminal that does not say how wide it is would get a bar without width.
        dynamic_ncols=_knows_its_width(),
        ncols=_WIDTH,
        smoothing=_SMOOTHING,
        bar_format=_WITHOUT_SHARE,
    )


def _knows_its_width() -> bool:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns > 0
    except OSError:
        return False
