"""Progress on the command line: a bar on a real terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import re
import sys
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from core.cli import output, parser
from core.cli.output import follow, say
from core.data.samples import SAMPLE_FOLDER
from core.jobs.status import JobState, JobStatus
from core.problems import Message
from core.workspace import Workspace

TABLE = SAMPLE_FOLDER / "product_triplets.csv"
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")


class Terminal:
    """A pseudo-terminal in the place of stderr, and what was written to it.

    ``columns`` is its width; 0 for one that does not know it.
    """

    def __init__(self, columns: int) -> None:
        self.master, slave = os.openpty()
        termios.tcsetwinsize(slave, (24, columns))
        self.stream = os.fdopen(slave, "w", encoding="utf-8")
        self.parts: list[bytes] = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        # Without a reader the terminal's buffer would fill up and the writer would wait.
        while True:
            try:
                part = os.read(self.master, 65_536)
            except OSError:
                return
            if not part:
                return
            self.parts.append(part)

    def text(self) -> str:
        """All that was drawn; nothing more can be after it."""
        self.stream.close()
        self.reader.join(timeout=10)
        return b"".join(self.parts).decode("utf-8")


@contextmanager
def on_a_terminal(columns: int = 100) -> Iterator[Terminal]:
    """stderr is a terminal; pytest would put its own back between a fixture and its test."""
    terminal, before = Terminal(columns), sys.stderr
    sys.stderr = terminal.stream
    try:
        yield terminal
    finally:
        sys.stderr = before
        terminal.text()
        os.close(terminal.master)


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job is looked at often enough to see each of its stages."""
    monkeypatch.setattr(output, "_POLL_SECONDS", 0.02)


@pytest.fixture
def job(tmp_path: Path) -> Path:
    """The folder of a job that goes through two stages and succeeds, in a second thread."""
    folder = tmp_path / "job"
    folder.mkdir()
    status = JobStatus("match", JobState.RUNNING)
    status.save(folder)

    def work() -> None:
        for stage, done in (("Reading", 0.25), ("Comparing", 0.5), ("Comparing", 0.75)):
            replace(status, stage=Message(stage).to_json(), done=done).save(folder)
            time.sleep(0.25)
        replace(status, state=JobState.SUCCEEDED, done=1.0).save(folder)

    threading.Thread(target=work, daemon=True).start()
    return folder


@pytest.mark.parametrize("columns", [80, 200, 0])
def test_a_job_is_a_bar_with_stage_share_and_time_left(job: Path, columns: int) -> None:
    with on_a_terminal(columns) as terminal:
        assert follow(job).state is JobState.SUCCEEDED
        drawn = terminal.text()
    for words in (r"Reading +25% \|", r"Comparing +50% \|", r"Comparing +75% \|"):
        assert re.search(words, drawn), drawn
    assert re.search(r"Reading +25% \|[^\r]*\| \? left", drawn)
    assert re.search(r"Comparing +75% \|[^\r]*\| 00:0\d left", drawn)
    # The bar is gone at the end, and how it ended stays.
    assert on_screen(drawn) == ["succeeded"]


def test_what_is_said_meanwhile_stands_on_a_line_of_its_own() -> None:
    with on_a_terminal() as terminal:
        tell = output.say_stages()
        tell(Message("Looking at the texts"), 0.4)
        say("Something to know", error=True)
        tell(Message("Looking at the texts"), 0.6)
        del tell
        assert on_screen(terminal.text()) == ["Something to know"]


def test_check_draws_a_bar_and_prints_a_whole_report(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    with on_a_terminal() as terminal:
        assert parser.main(["check", str(TABLE)]) in (0, 1)
        drawn = terminal.text()
    assert re.search(r"Looking at the texts +\d+% \|", drawn) and on_screen(drawn) == []
    said = capsys.readouterr().out
    assert said.startswith("product_triplets.csv") and not CONTROL.search(said)


def test_without_a_terminal_there_are_lines_only(
    workspace: Workspace, job: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    follow(job)
    parser.main(["check", str(TABLE)])
    told = capsys.readouterr().err
    assert not CONTROL.search(told) and "|" not in told
    lines = told.splitlines()
    assert [line for line in lines if line in ("Reading", "Comparing", "succeeded")] == [
        "Reading",
        "Comparing",
        "succeeded",
    ]
    assert any("Looking at the texts" in line for line in lines) and len(lines) < 25


def on_screen(drawn: str) -> list[str]:
    """The lines that a terminal shows at the end, blank ones left out."""
    shown = []
    for line in drawn.replace("\r\n", "\n").split("\n"):
        cells: list[str] = []
        for part in line.split("\r"):
            # A return goes back to the first column; what is written then covers what stood there.
            cells[: len(part)] = part
        shown.append("".join(cells).rstrip())
    return [line for line in shown if line]
