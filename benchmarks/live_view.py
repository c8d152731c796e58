"""What it costs a training run that somebody watches it, in a real browser.

`python -m benchmarks.live_view` takes a quarter of an hour and writes benchmarks/live_view.md.
"""

from __future__ import annotations

import math
import signal
import statistics
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Literal

import psutil
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.measuring import bullets, load_when_quiet, own_workspace, parser, words_for
from core.data.store import load_dataset
from core.devices import list_devices
from core.jobs import queue
from core.models.bases import BaseConfig
from core.problems import Problem
from core.training.config import RunConfig
from core.training.defaults import propose
from core.training.quickstart import add_sample_with_exam
from core.training.runs import load_run
from core.training.start import start_run
from core.workspace import PROJECT_ROOT, Workspace
from tools.chromium import find_or_install_chromium
from tools.workbench import Workbench

PAGE = PROJECT_ROOT / "benchmarks" / "live_view.md"
GOAL = 0.02
SAMPLE = "drugs"
PACKAGES = ("torch", "streamlit", "plotly")
_EPOCHS = 200
"""So many that the run is stopped, not done, when everything is measured."""
_LOOK_SECONDS = 0.05
_PATIENCE_SECONDS = 300.0
_BROWSER_OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]

HEADER = (
    "| base | steps a second alone | watched | slower by | server | browser |\n"
    "|---|---|---|---|---|---|"
)
TEXT = """\
# The live view

Written by `python -m benchmarks.live_view` on {date}.

{table}

Goal: at most {goal:.0%} slower with one viewer.

{notes}
"""
NOTES = (
    "Machine: {cpu}, {cores} cores in use, no GPU; {packages}. Load before the first run: "
    "{load:.2f} ({quiet}).",
    "Two runs a base on the drug sample, with one seed and so with the same rows in the same "
    "batches. In the first, stretches with its Run screen open in Chromium take turns with "
    "stretches without; the second is watched where the first was not. So every stretch is "
    "compared with the same steps of the other run, and two that follow each other cancel what "
    "made one run slower than the other. *Slower by* is the mean of {pairs} such pairs of "
    "stretches, ± its standard error. The steps are read from the run's `status.json`, which is "
    "written four times a second.",
    "*Server* and *browser*: what the web server and all processes of Chromium use more while "
    "somebody watches, in percent of one core. The browser runs on the same cores here, which a "
    "viewer at another computer does not cost.",
)


@dataclass(frozen=True)
class Watched:
    """A base, and how many steps a stretch has; while the first of them pass, the page loads."""

    name: str
    kind: Literal["bundled", "static"]
    steps: int
    loading: int


STRETCHES = 10
BASES = (
    Watched("MiniLM", "bundled", 14, 3),
    Watched("static, from its own texts", "static", 260, 60),
)


@dataclass(frozen=True)
class Stretch:
    """Steps a second, and what server and browser used, as shares of one core."""

    rate: float
    server: float
    browser: float


@dataclass(frozen=True)
class Pair:
    """The same steps, watched in one run and alone in the other."""

    alone: Stretch
    watched: Stretch

    @property
    def faster(self) -> float:
        """The logarithm of how many times as fast the watched one was."""
        return math.log(self.watched.rate / self.alone.rate)


class RunEnded(Problem):
    what = "The run ended before everything was measured: {reason}"
    do = "Look at its log."


def main() -> int:
    """Measure both bases; returns the exit code."""
    options = parser("live_view", __doc__).parse_args()
    # Whoever is told to end still ends what was started for it.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    load = load_when_quiet(options.patience)
    rows = []
    try:
        with sync_playwright() as playwright:
            program = find_or_install_chromium()
            browser = playwright.chromium.launch(executable_path=program, args=_BROWSER_OPTIONS)
            for base in BASES:
                rows.append(_row(base, _measure(browser, base)))
                print(rows[-1], file=sys.stderr, flush=True)
            browser.close()
    except RunEnded as problem:
        print(problem, file=sys.stderr)
        return 1
    text = _page(rows, load)
    PAGE.write_text(text, encoding="utf-8")
    print(text)
    return 0


def _measure(browser: Browser, base: Watched) -> list[Pair]:
    """Two runs with the same seed, watched in turns."""
    with own_workspace() as workspace:
        bench = Workbench(workspace.root)
        try:
            bench.start()
            config = _config(workspace, base)
            first, second = (_stretches(browser, bench, config, base, turn) for turn in (0, 1))
        finally:
            bench.close()
    return [
        Pair(one, other) if number % 2 else Pair(other, one)
        for number, (one, other) in enumerate(zip(first, second, strict=True))
    ]


def _config(workspace: Workspace, base: Watched) -> RunConfig:
    """A run that is longer than what is measured of it."""
    dataset = load_dataset(workspace, add_sample_with_exam(workspace, SAMPLE))
    config = propose(workspace, dataset.info, BaseConfig(kind=base.kind))
    training = config.training.model_copy(update={"epochs": _EPOCHS})
    # One look at the model at the end, so that none falls into what is measured.
    evaluation = config.evaluation.model_copy(update={"evaluations": 1, "exam": None})
    return config.model_copy(update={"training": training, "evaluation": evaluation})


def _stretches(
    browser: Browser, bench: Workbench, config: RunConfig, base: Watched, turn: int
) -> list[Stretch]:
    """One run; the stretches whose number leaves ``turn`` when halved are watched."""
    workspace = Workspace.open(bench.home)
    id = start_run(workspace, config)
    _reached(workspace, id, 1)
    found = []
    for number in range(STRETCHES):
        _reached(workspace, id, 1 + number * base.steps)
        with browser.new_context(locale="en-US") as context:
            if number % 2 == turn:
                page = context.new_page()
                page.goto(f"{bench.url}/run?run={id}")
                _wait_for_chart(page)
            began, first = _reached(workspace, id, 1 + number * base.steps + base.loading)
            used = _processor_seconds(bench.pid)
            ended, last = _reached(workspace, id, 1 + (number + 1) * base.steps)
            seconds = ended - began
            shares = [
                (after - before) / seconds
                for before, after in zip(used, _processor_seconds(bench.pid), strict=True)
            ]
            found.append(Stretch((last - first) / seconds, *shares))
    queue.request_stop(workspace, id)
    while load_run(workspace, id).status.state.active:
        time.sleep(_LOOK_SECONDS)
    return found


def _wait_for_chart(page: Page) -> None:
    page.locator(".pairloom-live-chart .plot-container").wait_for(timeout=1000 * _PATIENCE_SECONDS)


def _reached(workspace: Workspace, id: str, wanted: int) -> tuple[float, int]:
    """When the run's status says ``wanted`` or a later step, and which."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        run = load_run(workspace, id)
        if not run.status.state.active:
            break
        found = int((run.status.stage or {}).get("params", {}).get("step", 0))
        if found >= wanted:
            return time.monotonic(), found
        time.sleep(_LOOK_SECONDS)
    raise RunEnded(reason=load_run(workspace, id).log_tail(20))


def _processor_seconds(server: int) -> tuple[float, float]:
    """What the server and all processes of Chromium have used so far."""
    return (
        _used(psutil.Process(server)),
        sum(
            _used(process)
            for process in psutil.Process().children(recursive=True)
            if "chrom" in process.name()
        ),
    )


def _used(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _row(base: Watched, pairs: list[Pair]) -> str:
    # Two that follow each other: in one the first run was watched, in the other the second.
    both = [
        statistics.mean(pair.faster for pair in pairs[number : number + 2])
        for number in range(0, len(pairs), 2)
    ]
    slower = 1 - math.exp(statistics.mean(both))
    error = statistics.stdev(both) / math.sqrt(len(both))
    cells = [
        f"{base.name}, {len(pairs)} × {base.steps - base.loading} steps",
        f"{statistics.median(pair.alone.rate for pair in pairs):.2f}",
        f"{statistics.median(pair.watched.rate for pair in pairs):.2f}",
        f"**{slower:.1%}** ± {error:.1%}",
        f"{statistics.mean(pair.watched.server - pair.alone.server for pair in pairs):.1%}",
        f"{statistics.mean(pair.watched.browser - pair.alone.browser for pair in pairs):.1%}",
    ]
    return f"| {' | '.join(cells)} |"


def _page(rows: list[str], load: float) -> str:
    cpu = list_devices()[0]
    facts = {
        "cpu": cpu.name,
        "cores": cpu.cores,
        "packages": ", ".join(f"{name} {version(name)}" for name in PACKAGES),
        "load": load,
        "quiet": words_for(load),
        "pairs": STRETCHES // 2,
    }
    notes = bullets(NOTES, facts)
    return TEXT.format(
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        table="\n".join([HEADER, *rows]),
        goal=GOAL,
        notes="\n".join(notes),
    )


if __name__ == "__main__":
    sys.exit(main())
