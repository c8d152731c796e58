"""How long the table of 1,000 runs takes: with its index, without it, and read file by file.

`python -m benchmarks.runs_table` takes a few minutes and writes benchmarks/runs_table.md.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from streamlit.testing.v1 import AppTest

from benchmarks.measuring import load_when_quiet, own_workspace, parser, words_for
from core.data.samples import add_sample
from core.data.store import load_dataset
from core.jobs.queue import CONFIG_FILE
from core.jobs.status import JobState, JobStatus
from core.models.bases import BaseConfig
from core.problems import Message
from core.training.config import RunConfig
from core.training.defaults import propose
from core.training.report import REPORT_FILE, ModelScores, Report
from core.training.run_index import INDEX_FILE, load_rows
from core.training.run_notes import change_notes
from core.workspace import PROJECT_ROOT, Workspace, new_id, utc_now

PAGE = PROJECT_ROOT / "benchmarks" / "runs_table.md"
RUNS = 1_000
REPEATS = 5
GOAL_SECONDS = 1.0
_SCREEN = "the screen's script, from the index"
_TEXTS = 30

TEXT = """\
# The table of 1,000 runs

Written by `python -m benchmarks.runs_table` on {date}.

| what | median | of it at work | all {repeats} |
|---|---|---|---|
{rows}

Goal: the script of the screen done in less than {goal:.0f} s with the index as it stands. {verdict}

{runs:,} made-up runs (`config.yaml`, `status.json`, a `report.json` of {report} kB) on {machine};
the files are in the system's memory. *Of it at work* is the processor's time. The first row is what
the table would cost without an index. The last is the whole script of the screen as Streamlit runs
it for somebody who opens it, without the browser; the first of its times has the imports in it. The
machine: {words}.
"""


class Taken(NamedTuple):
    """Seconds on the clock, and those among them in which a processor worked on it."""

    seconds: float
    busy: float


def main() -> int:
    """Make the runs, time the ways to list them, write the page; 0 when the goal is met."""
    options = parser("runs_table", __doc__).parse_args()
    load = load_when_quiet(options.patience)
    with own_workspace() as workspace:
        os.environ["PAIRLOOM_HOME"] = str(workspace.root)
        make_runs(workspace)
        some = next(workspace.runs.iterdir())
        index = workspace.cache / INDEX_FILE
        ways: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
            "every configuration, status and report, each time": (
                lambda: None,
                lambda: [read_all(folder) for folder in workspace.runs.iterdir()],
            ),
            "the rows without an index, which is made": (
                lambda: index.unlink(missing_ok=True),
                lambda: load_rows(workspace),
            ),
            "the rows from the index": (lambda: None, lambda: load_rows(workspace)),
            "the rows from the index, one run changed": (
                lambda: change_notes(workspace, some.name, note=utc_now()),
                lambda: load_rows(workspace),
            ),
            _SCREEN: (lambda: None, draw_screen),
        }
        taken = {name: [measure(*way) for _ in range(REPEATS)] for name, way in ways.items()}
        kilobytes = (some / REPORT_FILE).stat().st_size / 1e3
    write(taken, kilobytes, words_for(load))
    return 0 if median_of(taken[_SCREEN]).seconds < GOAL_SECONDS else 1


def measure(before: Callable[[], object], work: Callable[[], object]) -> Taken:
    """What ``work`` takes, after ``before``."""
    before()
    start, busy = time.perf_counter(), time.process_time()
    work()
    return Taken(time.perf_counter() - start, time.process_time() - busy)


def read_all(folder: Path) -> tuple[RunConfig, JobStatus, Report | None]:
    """What a run's folder says, without any index."""
    config = RunConfig.load(folder / CONFIG_FILE)
    return config, JobStatus.load(folder), Report.load(folder)


def draw_screen() -> None:
    """The screen for somebody who has just come; the app itself has been drawn before."""
    app = AppTest.from_file(PROJECT_ROOT / "ui" / "main.py", default_timeout=120)
    app.switch_page("../pages/runs.py")
    app.run()
    if app.exception or len(app.dataframe) != 1:
        raise RuntimeError("the screen was not drawn")


def make_runs(workspace: Workspace) -> None:
    """Copies of one folder that differ in name, seed, state and scores."""
    names = [add_sample(workspace, sample) for sample in ("products", "drugs")]
    configs = [
        propose(workspace, load_dataset(workspace, name).info, BaseConfig(kind="static"))
        for name in names
    ]
    for number in range(RUNS):
        config = configs[number % 2]
        seed = config.training.model_copy(update={"seed": number % 5})
        named = {"name": f"{config.name} {number}", "training": seed}
        folder = workspace.runs / new_id(named["name"])
        folder.mkdir()
        text = config.model_copy(update=named).to_yaml()
        (folder / CONFIG_FILE).write_text(text, encoding="utf-8")
        ended = number % 10 != 0
        state = JobState.SUCCEEDED if ended else JobState.FAILED
        now = utc_now()
        JobStatus("train", state, now, now, now, device="cpu").save(folder)
        if ended:
            report(number / RUNS).save(folder)


def report(score: float) -> Report:
    """A report of the usual size: most of it are the texts of rows that hurt."""
    before, after = {"ndcg@10": score / 2}, {"ndcg@10": score}
    words = Message("{text}", {"text": "氨氯地平片 5mg" * 40}).to_json()
    return Report(
        shape="triplets",
        primary="ndcg@10",
        questions=50,
        held_out_rows=50,
        train_rows=450,
        split={},
        models=[ModelScores("base", "Base", before), ModelScores("tuned", "Tuned", after)],
        verdict="better",
        difference={"value": score / 2, "low": 0.0, "high": score},
        messages=[words] * _TEXTS,
        training={},
    )


def median_of(taken: list[Taken]) -> Taken:
    """The medians of both."""
    return Taken(*map(statistics.median, zip(*taken, strict=True)))


def write(taken: dict[str, list[Taken]], kilobytes: float, words: str) -> None:
    """Write the page."""
    met = median_of(taken[_SCREEN]).seconds < GOAL_SECONDS
    rows = []
    for name, times in taken.items():
        middle = median_of(times)
        each = ", ".join(f"{one.seconds:.3f}" for one in times)
        rows.append(f"| {name} | {middle.seconds:.3f} s | {middle.busy:.3f} s | {each} |")
    text = TEXT.format(
        date=f"{datetime.now(UTC):%d %B %Y}",
        repeats=REPEATS,
        rows="\n".join(rows),
        goal=GOAL_SECONDS,
        verdict="Met." if met else "Not met.",
        runs=RUNS,
        report=round(kilobytes),
        machine=f"{os.cpu_count()} CPU cores",
        words=words,
    )
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
