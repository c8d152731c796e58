"""Two tables of 100,000 rows matched, and 100,000 rows looked through for near-duplicates.

`python -m benchmarks.match_scale` takes some six minutes and writes benchmarks/match_scale.md.
Comparing alone is measured beside sentence-transformers' own functions, each in a fresh process.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np

from benchmarks.match_tasks import (
    DIMENSION,
    EDITED,
    FLOOR,
    TOP,
    Measured,
    make_tables,
    nearest_by_library,
    nearest_by_us,
    pairs_by_library,
    pairs_by_us,
    upload_tables,
)
from benchmarks.measuring import (
    bullets,
    load_when_quiet,
    own_workspace,
    parser,
    say_and_run,
    size_words,
    table,
    words_for,
)
from benchmarks.memory import process_peak_bytes
from core.devices import list_devices
from core.jobs import queue
from core.jobs.status import JobState, JobStatus
from core.jobs.supervisor import ensure_supervisor
from core.matching.params import DUPLICATES_KIND, KEPT, MATCH_KIND, DuplicateParams, MatchParams
from core.matching.results import load_result
from core.problems import Problem
from core.workspace import PROJECT_ROOT, Workspace

PAGE = PROJECT_ROOT / "benchmarks" / "match_scale.md"
PACKAGES = ("numpy", "torch", "sentence-transformers")
SIZES = (25_000, 100_000)
_LOOK_SECONDS = 0.2
_CLOSE = 1e-5
"""Scores of the same two texts differ by so much at most, by the order in which they are added."""

TITLE = """\
# Match at scale

Written by `python -m benchmarks.match_scale{options}` on {date}.

## The whole job, from the click to the result on disk

{jobs}

## Comparing alone, beside sentence-transformers

{compared}

## What this says
"""
NOTES = (
    "Machine: {cpu}, {cores} cores in use, no GPU; {packages}. Load before the first measurement: "
    "{load:.2f} ({quiet}).",
    "Texts: made-up names of products in Chinese and English, each row of one table worded "
    "otherwise in the other; in the table that is looked through {edited:.0%} of the rows are "
    "another row with a word more. Model: a static one that Pairloom makes of these texts, "
    "{width} numbers, not trained.",
    "*The whole job* reads the tables, reads every text with the model for the first time, "
    "compares, and writes the result; a match keeps the best {kept} rows of each. *Reading* is the "
    "part until the comparison begins. *Memory* is what the job's process held at most, Python "
    "and its libraries included; of that, pages of files may be taken back by the system.",
    "*Comparing alone*: the best {top} of every row, and the pairs from {floor} on; the same "
    "vectors for both, each in a fresh process, one after the other. Pairloom's lie in a file, the "
    "library wants them in memory; the figure is what the process held at most, interpreter and "
    "libraries included (VmHWM). `semantic_search` and `paraphrase_mining` are called as they come "
    "(the latter by its half that takes vectors; it keeps 100 a row and 500,000 in all), for the "
    "most rows only.",
    "*Same answers*: rows whose {top} best scores agree to {close}, and those with the same {top} "
    "rows, which a tie may tell apart; pairs that both found, of those that either did.",
    "Every score is made in blocks of at most 32 MiB, and nothing of the size of rows times rows "
    "is kept: memory grows with the rows, time with rows times rows.",
)


class JobFailed(Problem):
    what = "The job did not succeed: {state}."
    do = "Look into its log."


@dataclass(frozen=True)
class Done:
    """A whole job: its seconds, those of them before it compared, and the peak of its process."""

    seconds: float
    reading: float
    peak: int


def main() -> int:
    """Measure everything; returns the exit code."""
    line = parser("match_scale", __doc__)
    line.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="for a quick try")
    line.add_argument("--page", type=Path, default=PAGE, help="where to write")
    options = line.parse_args()
    load = load_when_quiet(options.patience)
    jobs, compared = [], []
    for rows in options.sizes:
        with tempfile.TemporaryDirectory(prefix="pairloom-benchmark-") as name:
            folder = Path(name)
            say_and_run(make_tables, folder, rows)
            jobs += _jobs(folder, rows)
            compared += _comparisons(folder, rows, with_library=rows == max(options.sizes))
    page = _page(jobs, compared, load, options.sizes)
    print(page)
    options.page.write_text(page, encoding="utf-8")
    return 0


def _jobs(folder: Path, rows: int) -> list[list[str]]:
    """Both jobs as the workbench does them, and their lines of the table."""
    with own_workspace() as workspace:
        match, twice = upload_tables(folder, workspace)
        lines = []
        for name, kind, params in (
            ("match", MATCH_KIND, match),
            ("near-duplicates", DUPLICATES_KIND, twice),
        ):
            done = _do(workspace, kind, params)
            print(name, rows, done, file=sys.stderr, flush=True)
            shown = f"{rows:,} × {rows:,}" if kind == MATCH_KIND else f"{rows:,}"
            lines.append(
                [
                    *(name, shown, f"{done.seconds:.1f} s", f"{done.reading:.1f} s"),
                    size_words(done.peak),
                ]
            )
    return lines


def _do(workspace: Workspace, kind: str, params: MatchParams | DuplicateParams) -> Done:
    """Have a job done, and look at its process meanwhile."""
    folder = workspace.job(queue.submit(workspace, kind, params.model_dump(mode="json"), name=kind))
    began, compared, peak = time.perf_counter(), 0.0, 0
    ensure_supervisor(workspace)
    while (status := JobStatus.load(folder)).state.active:
        stage = status.stage_message
        if not compared and stage is not None and stage.template.startswith("Comparing"):
            compared = time.perf_counter()
        if status.pid is not None:
            peak = max(peak, process_peak_bytes(status.pid))
        time.sleep(_LOOK_SECONDS)
    if status.state is not JobState.SUCCEEDED:
        raise JobFailed(state=status.state)
    assert load_result(workspace, params.id)
    return Done(time.perf_counter() - began, compared - began, peak)


def _comparisons(folder: Path, rows: int, *, with_library: bool) -> list[list[str]]:
    """The comparison of both jobs by us, and by the library if wanted: lines of the table."""
    lines = []
    for name, ours, library, same in (
        ("best rows of a match", nearest_by_us, nearest_by_library, _same_nearest),
        ("pairs of near-duplicates", pairs_by_us, pairs_by_library, _same_pairs),
    ):
        one: Measured = say_and_run(ours, folder)
        seconds, peak, answers = "–", "–", "–"
        if with_library:
            other: Measured = say_and_run(library, folder)
            seconds, peak, answers = f"{other.seconds:.1f} s", size_words(other.peak), same(folder)
        lines.append(
            [
                *(name, f"{rows:,}", f"{one.seconds:.1f} s", seconds),
                *(size_words(one.peak), peak, answers),
            ]
        )
    return lines


def _same_nearest(folder: Path) -> str:
    with (
        np.load(folder / "nearest_ours.npz") as one,
        np.load(folder / "nearest_library.npz") as two,
    ):
        close = np.abs(one["scores"] - two["scores"]).max(axis=1) <= _CLOSE
        same = (np.sort(one["places"], axis=1) == np.sort(two["places"], axis=1)).all(axis=1)
    return f"{close.mean():.2%} of the rows ({same.mean():.2%} the same rows)"


def _same_pairs(folder: Path) -> str:
    with np.load(folder / "pairs_ours.npz") as one, np.load(folder / "pairs_library.npz") as two:
        ours, theirs = (set(map(tuple, found["places"].tolist())) for found in (one, two))
    return f"{len(ours & theirs):,} of {len(ours | theirs):,} pairs"


def _page(
    jobs: Sequence[Sequence[str]],
    compared: Sequence[Sequence[str]],
    load: float,
    sizes: Sequence[int],
) -> str:
    cpu = list_devices()[0]
    page = TITLE.format(
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        options="" if tuple(sizes) == SIZES else f" --sizes {' '.join(map(str, sizes))}",
        jobs=table(["work", "rows", "seconds", "of that reading", "memory"], jobs),
        compared=table(
            [
                *("work", "rows", "Pairloom", "library", "memory, Pairloom", "library"),
                "same answers",
            ],
            compared,
        ),
    )
    facts = {
        "cpu": cpu.name,
        "cores": cpu.cores,
        "packages": ", ".join(f"{name} {version(name)}" for name in PACKAGES),
        "load": load,
        "quiet": words_for(load),
        "edited": EDITED,
        "width": DIMENSION,
        "kept": KEPT,
        "top": TOP,
        "floor": FLOOR,
        "close": f"{_CLOSE:g}",
    }
    notes = bullets(NOTES, facts)
    return page + "\n" + "\n".join(notes) + "\n"


if __name__ == "__main__":
    sys.exit(main())
