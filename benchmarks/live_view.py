"""What it costs a training run that somebody watches it, in a real browser.

`python -m benchmarks.live_view` takes some ten minutes and writes benchmarks/live_view.md.
"""

from __future__ import annotations

import signal
import statistics
import sys
import textwrap
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version

import psutil
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.measuring import load_when_quiet, own_workspace, parser, words_for
from core.data.store import load_dataset
from core.devices import list_devices
from core.jobs.events import read_events
from core.models.bases import BaseConfig
from core.problems import Problem
from core.training.defaults import propose
from core.training.quickstart import add_sample_with_exam
from core.training.runs import Run, load_run
from core.training.start import start_run
from core.workspace import PROJECT_ROOT, Workspace
from tools.chromium import find_or_install_chromium
from tools.workbench import Workbench

PAGE = PROJECT_ROOT / "benchmarks" / "live_view.md"
PAIRS = 5
PHASE_SECONDS = 15.0
GOAL = 0.02
SAMPLE = "drugs"
BASES = {"MiniLM": "bundled", "static, from its own texts": "static"}
PACKAGES = ("torch", "streamlit", "plotly")
_EPOCHS = 200
"""So many that the run is stopped, not done, when everything is measured."""
_SETTLING_SECONDS = 3.0
_LOOK_SECONDS = 0.02
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
    "One run a base on the drug sample, long enough to be measured in {pairs} pairs of {phase:.0f} "
    "s each: alone, then with its Run screen open in Chromium. *Slower by* is the median over the "
    "pairs, with the smallest and the largest; steps are counted from the run's `status.json`, "
    "which is written four times a second.",
    "*Server* and *browser*: what the web server and all processes of Chromium use more while "
    "somebody watches, in percent of one core. The browser runs on the same cores here, which a "
    "viewer at another computer does not cost.",
)


@dataclass(frozen=True)
class Phase:
    """One phase: steps a second, and what server and browser used, as shares of one core."""

    rate: float
    server: float
    browser: float


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
            for name, kind in BASES.items():
                rows.append(_row(name, _measure(browser, kind)))
                print(rows[-1], file=sys.stderr, flush=True)
            browser.close()
    except RunEnded as problem:
        print(problem, file=sys.stderr)
        return 1
    text = _page(rows, load)
    PAGE.write_text(text, encoding="utf-8")
    print(text)
    return 0


def _measure(browser: Browser, kind: str) -> list[tuple[Phase, Phase]]:
    """Pairs of phases, alone and watched, within one run."""
    with own_workspace() as workspace:
        bench = Workbench(workspace.root)
        try:
            bench.start()
            run = _begin(workspace, kind)
            page = browser.new_context(locale="en-US").new_page()
            pairs = []
            for _pair in range(PAIRS):
                page.goto("about:blank")
                alone = _phase(workspace, run.id, bench.pid)
                page.goto(f"{bench.url}/run?run={run.id}")
                _wait_for_chart(page)
                pairs.append((alone, _phase(workspace, run.id, bench.pid)))
            page.context.close()
        finally:
            bench.close()
    return pairs


def _begin(workspace: Workspace, kind: str) -> Run:
    """A long run, once it has done its first step."""
    dataset = load_dataset(workspace, add_sample_with_exam(workspace, SAMPLE))
    config = propose(workspace, dataset.info, BaseConfig(kind=kind))
    training = config.training.model_copy(update={"epochs": _EPOCHS})
    # One look at the model at the end, so that none falls into a phase.
    evaluation = config.evaluation.model_copy(update={"evaluations": 1, "exam": None})
    parts = {"training": training, "evaluation": evaluation}
    id = start_run(workspace, config.model_copy(update=parts))
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        run = load_run(workspace, id)
        if not run.status.state.active:
            break
        if any(event["type"] == "train" for event in read_events(run.folder)[0]):
            return run
        time.sleep(0.5)
    raise RunEnded(reason=load_run(workspace, id).log_tail(20))


def _wait_for_chart(page: Page) -> None:
    page.locator(".pairloom-live-chart .plot-container").wait_for(timeout=1000 * _PATIENCE_SECONDS)


def _phase(workspace: Workspace, id: str, server: int) -> Phase:
    """What happens in one phase, after a moment in which the change before it settles."""
    time.sleep(_SETTLING_SECONDS)
    used, began = _processor_seconds(server), time.monotonic()
    first, first_step = _next_step(workspace, id)
    time.sleep(PHASE_SECONDS)
    last, last_step = _next_step(workspace, id)
    seconds = time.monotonic() - began
    shares = [
        (after - before) / seconds
        for before, after in zip(used, _processor_seconds(server), strict=True)
    ]
    return Phase((last_step - first_step) / (last - first), *shares)


def _next_step(workspace: Workspace, id: str) -> tuple[float, int]:
    """When the run's status says another step than at first, and which."""
    found, known = _step(workspace, id), None
    while known is None or found == known:
        known = found
        time.sleep(_LOOK_SECONDS)
        found = _step(workspace, id)
    return time.monotonic(), found


def _step(workspace: Workspace, id: str) -> int:
    run = load_run(workspace, id)
    if not run.status.state.active:
        raise RunEnded(reason=run.log_tail(20))
    return int((run.status.stage or {}).get("params", {}).get("step", 0))


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


def _row(name: str, pairs: list[tuple[Phase, Phase]]) -> str:
    slower = sorted(1 - watched.rate / alone.rate for alone, watched in pairs)
    cells = [
        name,
        f"{statistics.median(alone.rate for alone, _ in pairs):.2f}",
        f"{statistics.median(watched.rate for _, watched in pairs):.2f}",
        f"**{statistics.median(slower):.1%}** ({slower[0]:.1%} – {slower[-1]:.1%})",
        f"{statistics.median(watched.server - alone.server for alone, watched in pairs):.1%}",
        f"{statistics.median(watched.browser - alone.browser for alone, watched in pairs):.1%}",
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
        "pairs": PAIRS,
        "phase": PHASE_SECONDS,
    }
    notes = [
        textwrap.fill(f"- {note.format(**facts)}", 100, subsequent_indent="  ") for note in NOTES
    ]
    return TEXT.format(
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        table="\n".join([HEADER, *rows]),
        goal=GOAL,
        notes="\n".join(notes),
    )


if __name__ == "__main__":
    sys.exit(main())
