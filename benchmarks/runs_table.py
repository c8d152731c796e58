"""How long the table of 1,000 runs takes: with its index, without it, file by file, in a browser.

`python -m benchmarks.runs_table` takes a few minutes and writes benchmarks/runs_table.md.
"""

from __future__ import annotations

import os
import re
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Page, sync_playwright
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
from tools.chromium import find_or_install_chromium
from tools.workbench import Workbench

PAGE = PROJECT_ROOT / "benchmarks" / "runs_table.md"
RUNS = 1_000
REPEATS = 5
GOAL_SECONDS = 1.0
_SCREEN = "the screen's script, from the index"
_OPENED = "from a click on Runs to the table"
_SEARCHED = "from a word typed into the search to its runs"
_UNDONE = "from an emptied search to all runs"
_FILTERED = "from a click on a state to its runs"
_TEXTS = 30
_BROWSER_OPTIONS = ["--no-sandbox", "--force-color-profile=srgb"]

TEXT = """\
# The table of 1,000 runs

Written by `python -m benchmarks.runs_table` on {date}.

| what | median | of it at work | all {repeats} |
|---|---|---|---|
{rows}

In Chromium, with the same runs:

| what | median | all {repeats} |
|---|---|---|
{seen}

Goal: the script of the screen done, and the table drawn after a click, in less than {goal:.0f} s
with the index as it stands. {verdict}

{runs:,} made-up runs (`config.yaml`, `status.json`, a `report.json` of {report} kB) on {machine};
the files are in the system's memory. *Of it at work* is the processor's time. The first row is what
the table would cost without an index. The last is the whole script of the screen as Streamlit runs
it for somebody who opens it, without the browser; the first of its times has the imports in it. In
Chromium the clock goes from a click on the screen's name, or from the first key of a word, until
the number of runs and the table stand there; the first click of all reads the imports, too. A
search waits 0.3 s for a further key. The machine: {words}.
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
        seen = in_chromium(workspace)
    write(taken, seen, kilobytes, words_for(load))
    return 0 if goal_is_met(taken, seen) else 1


def goal_is_met(taken: dict[str, list[Taken]], seen: dict[str, list[float]]) -> bool:
    """Whether the screen is there in time, in its script and in the browser."""
    slowest = max(median_of(taken[_SCREEN]).seconds, statistics.median(seen[_OPENED]))
    return slowest < GOAL_SECONDS


def in_chromium(workspace: Workspace) -> dict[str, list[float]]:
    """What somebody waits for in a browser: seconds of every try."""
    bench = Workbench(workspace.root)
    seen: dict[str, list[float]] = {_OPENED: [], _SEARCHED: [], _FILTERED: [], _UNDONE: []}
    try:
        bench.start()
        with sync_playwright() as playwright:
            program = find_or_install_chromium()
            browser = playwright.chromium.launch(executable_path=program, args=_BROWSER_OPTIONS)
            page = browser.new_page(locale="en-US", viewport={"width": 1280, "height": 900})
            page.goto(bench.url)
            page.get_by_role("heading", level=1).wait_for()
            for _ in range(REPEATS):
                look_around(page, seen)
            browser.close()
    finally:
        bench.close()
    return seen


def look_around(page: Page, seen: dict[str, list[float]]) -> None:
    """Home, then the table, a word, a state, and all runs again."""
    links = page.get_by_test_id("stSidebarNavLink")
    links.filter(has_text="Home").click()
    settled(page)
    everything, failed = f"{RUNS:,} of {RUNS:,} runs", f"{RUNS // 10} of {RUNS:,} runs"
    table = links.filter(has_text=re.compile("Runs$"))
    seen[_OPENED].append(clocked(page, everything, table.click))
    words = page.get_by_label("Find", exact=True)
    typed = partial(words.press_sequentially, "failed")
    seen[_SEARCHED].append(clocked(page, failed, typed))
    seen[_UNDONE].append(clocked(page, everything, partial(words.fill, "")))
    states = page.get_by_role("combobox", name="State")
    states.click()
    option = page.get_by_role("option", name="failed")
    seen[_FILTERED].append(clocked(page, failed, option.click))
    page.keyboard.press("Backspace")
    page.get_by_text(everything).wait_for()
    page.keyboard.press("Escape")


def clocked(page: Page, count: str, work: Callable[[], object]) -> float:
    """Seconds from ``work`` until the table and its count stand there."""
    start = time.perf_counter()
    work()
    page.get_by_text(count).wait_for()
    page.locator(".st-key-runs_table canvas").first.wait_for()
    taken = time.perf_counter() - start
    settled(page)
    return taken


def settled(page: Page) -> None:
    """Wait until the script has run to its end."""
    page.locator('[data-test-script-state="notRunning"]').wait_for()


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


def write(
    taken: dict[str, list[Taken]], seen: dict[str, list[float]], kilobytes: float, words: str
) -> None:
    """Write the page."""
    rows = []
    for name, times in taken.items():
        middle = median_of(times)
        each = ", ".join(f"{one.seconds:.3f}" for one in times)
        rows.append(f"| {name} | {middle.seconds:.3f} s | {middle.busy:.3f} s | {each} |")
    text = TEXT.format(
        date=f"{datetime.now(UTC):%d %B %Y}",
        repeats=REPEATS,
        rows="\n".join(rows),
        seen="\n".join(
            f"| {name} | {statistics.median(times):.2f} s | "
            f"{', '.join(f'{one:.2f}' for one in times)} |"
            for name, times in seen.items()
        ),
        goal=GOAL_SECONDS,
        verdict="Met." if goal_is_met(taken, seen) else "Not met.",
        runs=RUNS,
        report=round(kilobytes),
        machine=f"{os.cpu_count()} CPU cores",
        words=words,
    )
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
