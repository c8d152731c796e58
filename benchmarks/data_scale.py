"""Half a million rows from upload to dataset, ten million opened by path, beside plain pandas.

`python -m benchmarks.data_scale` takes some minutes and 1 GB of disk for as long, and writes
benchmarks/data_scale.md.  Everything is measured in a fresh process of its own that may use two
cores.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Sequence
from concurrent.futures.process import BrokenProcessPool
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil

from benchmarks.data_tasks import (
    GLOSSES,
    MOST_BYTES,
    ODD,
    PARQUET_GROUP,
    PREVIEW_ROWS,
    SAMPLE_ROWS,
    Measured,
    make_tables,
    measure_pairloom,
    measure_pandas,
    measure_pandas_large,
    measure_preview,
    measure_sample,
)
from benchmarks.measuring import Result, in_fresh_process, load_when_quiet, parser, words_for

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "benchmarks" / "data_scale.md"
PACKAGES = ("pandas", "pyarrow", "tokenizers", "rensa")

ROWS = 532_761
"""As many as the all-MiniLM-L6-v2 of card 002 was tuned on."""
PARQUET_ROWS = 10_000_000
CORES = 2
TABLES = ("pairs", "scored")
STAGES = {
    "start": "start",
    "upload": "upload kept",
    "read": "read, staged",
    "map": "columns guessed",
    "check": "checked, with report (pandas: rows without gaps, no copies)",
    "store": "stored",
}
WHOLE_GOAL, STORING_GOAL, MEMORY_GOAL = 60.0, 15.0, 1_500_000_000

TITLE = """\
# Large tables

Written by `python -m benchmarks.data_scale` on {date}.

## {rows:,} rows, from the end of the upload to a dataset

{stages}

{goals}

## {parquet_rows:,} rows of Parquet, opened by path

{parquet}

## What this says
"""
NOTES = (
    "Machine: {cores} cores in use, {memory:.0f} GB of memory; Python {python}, {packages}. Load "
    "before the first measurement: {load:.2f} ({quiet}).",
    "Every column of a table is one fresh process (every cell in the second one), started by "
    "`multiprocessing` with `spawn`; *start* is from asking for it until its libraries are "
    "imported. *Peak* is the most memory that the whole process ever held, its interpreter and "
    "libraries included (VmHWM), plus that of its largest child process; {children}.",
    "The rows are {source}, in the manner of card 002, shuffled; of every {odd:,} rows one has a "
    "blank answer and one is a copy of another. As CSV they are {pairs_size} (with scores "
    "{scored_size}); scores are grades 0, 1 and 2, which Pairloom brings to 0–1. It calls them "
    "{sentences}.",
    "*Pairloom* does all that the Data screen does, in one process: `stage_upload`, `read_staged` "
    "(find out encoding, separator and header, set bad rows aside, hash, write Parquet), "
    "`guess_mapping`, `check_draft` (check every cell, then the data report: exact checks of all "
    "rows, tokens under the bundled all-MiniLM-L6-v2), `store_draft`. The screen runs reading, "
    "checking and storing as three jobs, each with a start of its own.",
    "*Plain pandas* does what it can: `read_csv` (it is told nothing), `dropna` and "
    "`drop_duplicates`, `to_parquet`. It looks into no text, so ratios of *whole way* compare a "
    "data report with none; those of *reading and storing* compare like with like.",
    "Looked at in part only: {sampled} Of the check's time the report says: {timings}.",
    "The Parquet file has two columns and is {parquet_size}, in row groups of {group:,} rows, as "
    "pandas writes them. *Preview*: {preview} rows by `stage_path` and `peek_staged`; *sample*: "
    "{sample:,} rows drawn evenly by `read_staged`, kept on disk, with the file's SHA-256. Plain "
    "pandas: `read_parquet(…).head({preview})` and `read_parquet(…).sample({sample})`, allowed "
    "{limit:.0f} GB.",
)


def main() -> int:
    """Measure everything; returns the exit code."""
    line = parser("data_scale", __doc__)
    line.add_argument(
        "--data",
        type=Path,
        default=ROOT.parent / "shared" / "data",
        metavar="FOLDER",
        help=f"where {GLOSSES} is (default: ../shared/data); without it words are made up",
    )
    line.add_argument("--rows", type=int, default=ROWS, help="for a quick try; writes no page")
    line.add_argument("--parquet-rows", type=int, default=PARQUET_ROWS, help="likewise")
    options = line.parse_args()
    if hasattr(os, "sched_setaffinity"):
        # What is started from here may use no more cores either.
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    with tempfile.TemporaryDirectory(prefix="pairloom-benchmark-") as name:
        folder = Path(name)
        source = _in_process(make_tables, folder, options.data, options.rows, options.parquet_rows)
        load = load_when_quiet(options.patience)
        text = _page(folder, source, load, options.rows, options.parquet_rows)
    print(text)
    if (options.rows, options.parquet_rows) == (ROWS, PARQUET_ROWS):
        PAGE.write_text(text, encoding="utf-8")
    return 0


def _page(folder: Path, source: str, load: float, rows: int, parquet_rows: int) -> str:
    """Measure everything, one process after the other, and write it down."""
    # Files are opened by path only where that was allowed.
    os.environ["PAIRLOOM_FOLDERS"] = str(folder)
    runs: list[Measured | None] = []
    for table in TABLES:
        runs += [
            _in_process(measure_pairloom, folder, table),
            _in_process(measure_pandas, folder, table),
        ]
    large: list[Measured | None] = [
        _in_process(measure_preview, folder),
        _in_process_or_too_large(measure_pandas_large, folder, False),
        _in_process(measure_sample, folder),
        _in_process_or_too_large(measure_pandas_large, folder, True),
    ]
    ours = [run for run in runs[::2] if run is not None]
    children = max(run.children for run in (*runs, *large) if run is not None)
    facts = {
        "source": source,
        **{f"{path.stem}_size": _bytes(path.stat().st_size) for path in folder.glob("*.csv")},
        "parquet_size": _bytes((folder / "large.parquet").stat().st_size),
        "sentences": " and ".join(f"“{run.facts['sentence']}”" for run in ours),
        "children": f"the largest of these held {_bytes(children)}" if children else "none had any",
        "sampled": ours[0].facts["sampled"],
        "timings": " · ".join(
            f"{table}: {run.facts['timings']}" for table, run in zip(TABLES, ours, strict=True)
        ),
    }
    numbers = {
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "memory": psutil.virtual_memory().total / 1e9,
        "python": platform.python_version(),
        "packages": ", ".join(f"{name} {version(name)}" for name in PACKAGES),
        "load": load,
        "quiet": words_for(load),
        "odd": ODD,
        "group": PARQUET_GROUP,
        "preview": PREVIEW_ROWS,
        "sample": SAMPLE_ROWS,
        "limit": MOST_BYTES / 1e9,
    }
    page = TITLE.format(
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        rows=rows,
        parquet_rows=parquet_rows,
        stages=_stages(runs),
        goals=_goals(ours),
        parquet=_parquet(large),
    )
    notes = [note.format(**facts, **numbers) for note in NOTES]
    lines = [textwrap.fill(f"- {note}", 100, subsequent_indent="  ") for note in notes]
    return page + "\n" + "\n".join(lines) + "\n"


def _stages(runs: Sequence[Measured | None]) -> str:
    """The table of stages: a column for each run, a ratio after each pair of them."""
    shown: list[tuple[str, Callable[[Measured], float | None], Callable[[float], str]]] = [
        *(
            (name, lambda run, stage=stage: run.seconds.get(stage), _seconds)
            for stage, name in STAGES.items()
        ),
        ("**whole way**", lambda run: run.whole, _seconds),
        ("**of which reading and storing**", lambda run: run.storing, _seconds),
        ("**peak memory**", lambda run: run.peak + run.children, _bytes),
    ]
    heads = [head for table in TABLES for head in (f"Pairloom, {table}", "plain pandas", "ratio")]
    return _table(["", *heads], [[name, *_beside(runs, pick, word)] for name, pick, word in shown])


def _goals(runs: Sequence[Measured]) -> str:
    """Whether the goals were reached, the larger of the runs against each."""
    goals = [
        ("Whole way", max(run.whole for run in runs), WHOLE_GOAL, _seconds),
        ("reading and storing", max(run.storing for run in runs), STORING_GOAL, _seconds),
        ("peak", max(run.peak + run.children for run in runs), MEMORY_GOAL, _bytes),
    ]
    said = "; ".join(
        f"{name} at most {word(goal)}: {'reached' if reached <= goal else '**missed**'} "
        f"({word(reached)})"
        for name, reached, goal, word in goals
    )
    return f"Goals on two cores: {said}."


def _parquet(runs: Sequence[Measured | None]) -> str:
    """The table of the large file."""
    names = (f"the first {PREVIEW_ROWS} rows", f"a sample of {SAMPLE_ROWS:,} rows")
    picks: list[tuple[str, Callable[[Measured], float | None], Callable[[float], str]]] = [
        ("", lambda run: run.whole, _seconds),
        (", peak memory", lambda run: run.peak + run.children, _bytes),
    ]
    rows = [
        [f"{name}{what}", *_beside(runs[2 * place : 2 * place + 2], pick, word)]
        for place, name in enumerate(names)
        for what, pick, word in picks
    ]
    return _table(["", "Pairloom", "plain pandas", "ratio"], rows)


def _beside(
    runs: Sequence[Measured | None],
    pick: Callable[[Measured], float | None],
    word: Callable[[float], str],
) -> list[str]:
    """Cells for Pairloom and pandas by turns, each two followed by their ratio."""
    cells = []
    for ours, theirs in zip(runs[::2], runs[1::2], strict=True):
        values = [None if run is None else pick(run) for run in (ours, theirs)]
        cells += ["–" if value is None else word(value) for value in values]
        if theirs is None:
            cells[-1] = f"more than {_bytes(MOST_BYTES)}"
        one, other = values
        cells.append(f"{one / other:.2f}" if one is not None and other else "–")
    return cells


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"


def _bytes(size: float) -> str:
    return f"{size / 1e9:.2f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


def _in_process(function: Callable[..., Result], *args: object) -> Result:
    """Call ``function`` with the time and ``args`` in a fresh process."""
    print(function.__name__, *args[1:], "…", file=sys.stderr, flush=True)
    return in_fresh_process(function, time.time(), *args)


def _in_process_or_too_large(function: Callable[..., Result], *args: object) -> Result | None:
    """The same; None when there was not memory enough."""
    try:
        return _in_process(function, *args)
    except (MemoryError, BrokenProcessPool):
        return None


if __name__ == "__main__":
    sys.exit(main())
