"""The README's figures: both one-click samples, trained once each, as a table.

`python -m benchmarks.two_core_run` takes some minutes and writes benchmarks/two_core_run.md.
"""

from __future__ import annotations

import signal
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version

from benchmarks.measuring import (
    bullets,
    load_when_quiet,
    own_workspace,
    parser,
    wait_for,
    words_for,
)
from core.data.samples import SAMPLES
from core.data.store import load_dataset
from core.devices import list_devices
from core.encoder import client
from core.models.bundled import BUNDLED_NAME, bundled_path
from core.models.vocabulary import coverage
from core.problems import Problem
from core.training.estimate import Estimate
from core.training.quickstart import quickstart, quickstart_estimate
from core.training.report import Report
from core.training.runs import Run, load_run
from core.training.speed import load_speed
from core.workspace import PROJECT_ROOT, Workspace

PAGE = PROJECT_ROOT / "benchmarks" / "two_core_run.md"
SAMPLE_IDS = ("products", "drugs")
PACKAGES = ("torch", "sentence-transformers", "transformers", "tokenizers", "bm25s")

_MEASURING_SECONDS = 180.0

HEADER = (
    "| sample (base) | estimate | took | took ÷ estimate | nDCG@10 of BM25 | of MiniLM as it is "
    "| of the tuned model | tokens that MiniLM does not know |\n"
    "|---|---|---|---|---|---|---|---|"
)

TITLE = """\
# Both samples on one machine

Written by `python -m benchmarks.two_core_run` on {date}.

{table}
"""
NOTES = (
    "Machine: {cpu}, {cores} cores in use, no GPU; {packages}. Load before the first run: "
    "{load:.2f} ({quiet}).",
    "Each sample is trained once, with the settings that Pairloom proposes, through the function "
    "behind the button on Home (`core.training.quickstart`), in a workspace made for this.",
    "*Estimate* is what Home and Train show before the start; the machine's speed was {measured}. "
    "*Took* counts from the start of the run's process to its report: loading PyTorch, scoring the "
    "base, training, scoring the tuned model, and the exam.",
    "The nDCG@10 are those of the exam: {questions}. MiniLM is {minilm} as it is; BM25 counts "
    "characters and pairs of neighbouring characters.",
    "*Tokens that MiniLM does not know*: the share of the tokens of up to 2,000 of the sample's "
    "texts (anchors and positives) that its tokenizer gives up on.",
)


@dataclass(frozen=True)
class Result:
    """One sample's run."""

    sample: str
    base: str
    estimate: Estimate
    run: Run
    report: Report
    unknown_share: float

    def row(self) -> str:
        """The table's row."""
        assert self.report.exam is not None
        reached = {one.role: one.metrics["ndcg@10"] for one in self.report.exam.models}
        took = self.run.seconds() or 0.0
        cells = [
            f"{self.sample} ({self.base})",
            f"{self.estimate.seconds:.0f} s",
            f"{took:.0f} s",
            f"{took / self.estimate.seconds:.2f}",
            *(f"{reached[role]:.3f}" for role in ("bm25", "base", "tuned")),
            f"{self.unknown_share:.0%}",
        ]
        return f"| {' | '.join(cells)} |"


class RunFailed(Problem):
    what = "The run {id} ended as {state}: {reason}"
    do = "Its log.txt is printed above."


def main() -> int:
    """Run both samples; returns the exit code."""
    options = parser("two_core_run", __doc__).parse_args()
    # Whoever is told to end still ends what was started for it.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        with own_workspace() as workspace:
            load, measured = _get_ready(workspace, options.patience)
            results = [_run(workspace, sample) for sample in SAMPLE_IDS]
    except RunFailed as problem:
        print(problem, file=sys.stderr)
        return 1
    text = _page(results, load, measured)
    PAGE.write_text(text, encoding="utf-8")
    print(text)
    return 0


def _get_ready(workspace: Workspace, patience: float) -> tuple[float, bool]:
    """Wait for a quiet machine, then until its speed is measured; the load, and whether it was."""
    load = load_when_quiet(patience)
    client.warm_up(workspace)
    return load, wait_for(lambda: load_speed(workspace).measured, _MEASURING_SECONDS)


def _run(workspace: Workspace, sample_id: str) -> Result:
    """Train one sample.

    Raises:
        RunFailed: it did not succeed.
    """
    sample = SAMPLES[sample_id]
    estimate = quickstart_estimate(workspace, sample_id)
    print(f"{sample.title}: about {estimate.seconds:.0f} s …", file=sys.stderr, flush=True)
    id = quickstart(workspace, sample_id)
    while (run := load_run(workspace, id)).status.state.active:
        time.sleep(0.5)
    report = run.report()
    if report is None or report.exam is None:
        print(run.log_tail(200), file=sys.stderr)
        reason = " ".join(message.text() for message in run.status.error_messages or ())
        raise RunFailed(id=id, state=run.status.state.value, reason=reason)
    frame = load_dataset(workspace, run.config.dataset.id).frame(["anchor", "positive"])
    tokenizer = bundled_path() / "tokenizer.json"
    unknown = coverage(tokenizer, [*frame["anchor"], *frame["positive"]]).unknown_share
    base = {"bundled": "MiniLM", "static": "static, from its own texts"}[sample.base]
    return Result(sample.title, base, estimate, run, report, unknown)


def _page(results: list[Result], load: float, measured: bool) -> str:
    exams = [result.report.exam for result in results]
    questions = ", ".join(f"{exam.questions} questions over {exam.name}" for exam in exams if exam)
    cpu = list_devices()[0]
    facts = {
        "cpu": cpu.name,
        "cores": cpu.cores,
        "packages": ", ".join(f"{name} {version(name)}" for name in PACKAGES),
        "load": load,
        "quiet": words_for(load),
        "measured": "measured before" if measured else "not measured yet but assumed",
        "questions": questions,
        "minilm": BUNDLED_NAME,
    }
    title = TITLE.format(
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        table="\n".join([HEADER, *(result.row() for result in results)]),
    )
    notes = bullets(NOTES, facts)
    return "\n".join([title, *notes]) + "\n"


if __name__ == "__main__":
    sys.exit(main())
