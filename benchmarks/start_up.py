"""From the click on Home's product sample to the first optimiser step, in a real browser.

`python -m benchmarks.start_up` takes a quarter of an hour and writes benchmarks/start_up.md.
"""

from __future__ import annotations

import os
import signal
import statistics
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import pairwise

import psutil
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.measuring import bullets, load_when_quiet, own_workspace, parser, words_for
from core.devices import list_devices
from core.jobs.events import read_events
from core.jobs.forking import SWITCH
from core.problems import Problem
from core.training.runs import Run, list_runs
from core.workspace import PROJECT_ROOT, Workspace
from tools.chromium import find_or_install_chromium
from tools.workbench import Workbench

PAGE = PROJECT_ROOT / "benchmarks" / "start_up.md"
REPEATS = 5
GOAL_SECONDS = 6.0
UP_SECONDS = 60.0
PACKAGES = ("torch", "sentence-transformers", "transformers", "streamlit")

_FORKED, _FRESH = "forked", "fresh"
_PATIENCE_SECONDS = 180.0
_BROWSER_OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
_BUTTON = ".st-key-try_products button"
# The moment at which the browser hands the click to the page.
_NOTE_CLICK = "addEventListener('click', () => { window.clicked = Date.now() }, true)"

STAGES = (
    "click to run accepted: the page, the sample's table and exam stored",
    "to its process at work: supervisor, process, imports",
    "to BM25 scored: the dataset read and divided",
    "to the untrained model scored: vocabulary and vectors made",
    "to the trainer's start",
    "to the held-out loss before training",
    "to the loss of step 1",
)

TEXT = """\
# From the click to the first step

Written by `python -m benchmarks.start_up` on {date}.

| worker | median | all {repeats} |
|---|---|---|
{medians}

Goal: a median of at most {goal:.0f} s for a forked worker. {verdict}

| stage (median seconds) | forked | fresh |
|---|---|---|
{stages}

{notes}
"""
NOTES = (
    "Machine: {cpu}, {cores} cores in use, no GPU; {packages}. Load before the first run: "
    "{load:.2f} ({quiet}).",
    "Each time a new workbench with an empty workspace, which has been up for {up:.0f} s; then a "
    "click in Chromium on the button of the product sample on Home, whose base is a static model "
    "made from its own texts. Forked and fresh take turns.",
    "The clock begins when the browser hands the click to the page, and ends with the event of "
    "step 1 in the run's `events.jsonl`.",
    "*Forked*: the worker comes from the parent that has imported PyTorch and the rest; *fresh*: "
    "it is a new process ({switch}=off), as on systems other than Linux.",
    "The idle parent holds {uss:.0f} MB of its own (USS; RSS {rss:.0f} MB, files of libraries "
    "included), which its workers share with it.",
)


@dataclass(frozen=True)
class Start:
    """One start.

    Attributes:
        stages: how long each took, in seconds, in the order of :data:`STAGES`.
        uss: what the parent of workers holds of its own, in bytes; 0 without one.
        rss: the same with what it shares.
    """

    stages: list[float]
    uss: int
    rss: int

    @property
    def seconds(self) -> float:
        """From the click to the first step."""
        return sum(self.stages)


class NoFirstStep(Problem):
    what = "The run did not come to its first step: {reason}"
    do = "Look at its log."


def main() -> int:
    """Measure all starts; returns the exit code."""
    options = parser("start_up", __doc__).parse_args()
    # Whoever is told to end still ends what was started for it.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    load = load_when_quiet(options.patience)
    starts: dict[str, list[Start]] = {_FORKED: [], _FRESH: []}
    try:
        with sync_playwright() as playwright:
            program = find_or_install_chromium()
            browser = playwright.chromium.launch(executable_path=program, args=_BROWSER_OPTIONS)
            for _repeat in range(REPEATS):
                for worker, found in starts.items():
                    found.append(_measure(browser, worker))
                    print(f"{worker}: {found[-1].seconds:.1f} s", file=sys.stderr, flush=True)
            browser.close()
    except NoFirstStep as problem:
        print(problem, file=sys.stderr)
        return 1
    text = _page(starts, load)
    PAGE.write_text(text, encoding="utf-8")
    print(text)
    return 0


def _measure(browser: Browser, worker: str) -> Start:
    """One start in a workbench of its own."""
    os.environ[SWITCH] = "off" if worker == _FRESH else "on"
    with own_workspace() as workspace:
        bench = Workbench(workspace.root)
        try:
            bench.start()
            began = time.monotonic()
            page = browser.new_context(locale="en-US").new_page()
            page.goto(bench.url)
            page.locator(_BUTTON).wait_for(timeout=1000 * _PATIENCE_SECONDS)
            time.sleep(max(0.0, began + UP_SECONDS - time.monotonic()))
            uss, rss = _memory_of_parent(workspace)
            clicked = _click(page)
            stages = _stages(clicked, _run_at_step_1(workspace))
            page.context.close()
        finally:
            bench.close()
    return Start(stages, uss, rss)


def _memory_of_parent(workspace: Workspace) -> tuple[int, int]:
    for process in psutil.process_iter(["cmdline"]):
        named = "core.jobs.parent" in (process.info["cmdline"] or [])
        if named and process.environ().get("PAIRLOOM_HOME") == str(workspace.root):
            memory = process.memory_full_info()
            return memory.uss, memory.rss
    return 0, 0


def _click(page: Page) -> float:
    """Click on the button; when that was, in seconds since 1970."""
    page.evaluate(_NOTE_CLICK)
    page.locator(_BUTTON).click()
    return float(page.evaluate("window.clicked")) / 1000


def _run_at_step_1(workspace: Workspace) -> Run:
    """The only run, once it has said what it lost in its first step.

    Raises:
        NoFirstStep: it ended before, or took too long.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        for run in list_runs(workspace):
            if any(event["type"] == "train" for event in read_events(run.folder)[0]):
                return run
            if not run.status.state.active:
                raise NoFirstStep(reason=run.log_tail(20))
        time.sleep(0.1)
    raise NoFirstStep(reason=f"nothing in {_PATIENCE_SECONDS:.0f} s")


def _stages(clicked: float, run: Run) -> list[float]:
    """How long each stage took, from the times that status and events have."""
    times = {"accepted": run.status.created, "at work": run.status.started}
    for event in read_events(run.folder)[0]:
        name = event["role"] if event["type"] == "scores" else event["type"]
        times.setdefault(name, event["time"])
    order = ("accepted", "at work", "bm25", "untrained", "start", "held_out", "train")
    moments = [clicked, *(datetime.fromisoformat(times[name] or "").timestamp() for name in order)]
    return [after - before for before, after in pairwise(moments)]


def _page(starts: dict[str, list[Start]], load: float) -> str:
    cpu = list_devices()[0]
    middle = {
        worker: statistics.median(one.seconds for one in found) for worker, found in starts.items()
    }
    medians = [
        f"| {worker} | {middle[worker]:.1f} s | "
        + ", ".join(f"{one.seconds:.1f}" for one in sorted(found, key=lambda one: one.seconds))
        + " |"
        for worker, found in starts.items()
    ]
    stages = [
        f"| {stage} | "
        + " | ".join(
            f"{statistics.median(one.stages[place] for one in found):.2f}"
            for found in starts.values()
        )
        + " |"
        for place, stage in enumerate(STAGES)
    ]
    facts = {
        "cpu": cpu.name,
        "cores": cpu.cores,
        "packages": ", ".join(f"{name} {version(name)}" for name in PACKAGES),
        "load": load,
        "quiet": words_for(load),
        "up": UP_SECONDS,
        "switch": SWITCH,
        "uss": statistics.median(one.uss for one in starts[_FORKED]) / 1e6,
        "rss": statistics.median(one.rss for one in starts[_FORKED]) / 1e6,
    }
    notes = bullets(NOTES, facts)
    return TEXT.format(
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        repeats=REPEATS,
        medians="\n".join(medians),
        goal=GOAL_SECONDS,
        verdict="Reached." if middle[_FORKED] <= GOAL_SECONDS else "Not reached.",
        stages="\n".join(stages),
        notes="\n".join(notes),
    )


if __name__ == "__main__":
    sys.exit(main())
