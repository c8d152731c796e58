"""Search in 50,000 to a million texts: time, memory and growth, beside two others.

`python -m benchmarks.search_scale` takes half an hour and some 6 GB of disk, needs the packages of
requirements-benchmarks.txt, and writes benchmarks/search_scale.md.  Everything is measured in a
fresh process of its own that may use two cores.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from benchmarks.measuring import (
    load_when_quiet,
    parser,
    say_and_run,
    size_words,
    table,
    words_for,
)
from benchmarks.search_tasks import (
    CLUSTER_ROWS,
    LANCE_INDEXED_ROWS,
    QUESTIONS,
    SHARE,
    SPREAD,
    WIDTH,
    Measured,
    build_hnsw,
    build_lance,
    make_texts,
    make_vectors,
    measure_exact,
    measure_hnsw,
    measure_indexing,
    measure_lance,
    measure_library,
    measure_storing,
    measure_words,
)

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "benchmarks" / "search_scale.md"
PACKAGES = ("numpy", "faiss-cpu", "bm25s", "sentence-transformers", "torch", "lancedb")
SIZES = (50_000, 200_000, 500_000, 1_000_000)
TEXT_SIZES = (50_000, 200_000, 500_000)
GOAL_ROWS = 500_000
EXACT_GOAL, HNSW_GOAL, RECALL_GOAL = 100.0, 20.0, 0.95
ROUNDS = 2
CORES = 2

TITLE = """\
# Search at scale

Written by `python -m benchmarks.search_scale` on {date}.

{goals}

## One question to vectors of width {width}, in milliseconds

{times}

## Memory of the process that answers: at most, and of that pages of files

{memory}

## How it grows: milliseconds for each further 100,000 rows

{growth}

## Building

{building}

## Texts and words

{texts}

## What this says
"""
NOTES = (
    "Machine: {cores} cores in use, {memory:.0f} GB of memory; Python {python}, {packages}. Load "
    "before the first measurement: {load:.2f} ({quiet}).",
    "Every cell is a fresh process, the median of {questions} questions asked one by one after "
    "five to warm up; of {rounds} such processes the mean, the second time in the opposite order. "
    "What was read from disk was in the system's memory.",
    "Vectors: clusters of {cluster} rows, each a centre of length 1 and {spread} of noise in all "
    "{width} directions, scaled to length 1; questions come from the same clusters. Noise in all "
    "directions is the hardest case for a graph: vectors of texts vary in fewer.",
    "*Exact* is Pairloom's own index over a memory-mapped file, *filter* the same with {share:.0%} "
    "of the rows allowed. *HNSW* is the graph that is built for 100,000 rows and more, with one "
    "byte a number and the best candidates scored exactly; *view* is how many rows a search keeps "
    "in view, at least the hundred among which Search compares ranks; it is found when the graph "
    "is built. *Recall* is the share of the exact best ten that are found; *said* is what was "
    "measured at building time, with rows that were put into the graph only afterwards.",
    "`semantic_search` is that of sentence_transformers.util with dot products, the vectors in "
    "memory as it needs them. *LanceDB* keeps its table on disk: *flat* looks at every row, "
    "*graph* is its IVF_HNSW_SQ as it comes, for at most {lance:,} rows, because building takes it "
    "long.",
    "Memory: pages of files are shared with the system, which takes them back when somebody needs "
    "memory. Each process has besides what its libraries take.",
    "Texts: {source}. *Stored*: a Parquet file read in batches becomes a corpus with checked ids "
    "and a hash. *Words*: BM25 is built from the corpus in one pass. *Ten rows* are read from "
    "anywhere in the corpus.",
)


@dataclass(frozen=True)
class Sized:
    """Everything about one number of rows."""

    rows: int
    asked: dict[str, Measured]
    graph: Measured
    lance: Measured


def main() -> int:
    """Measure everything; returns the exit code."""
    line = parser("search_scale", __doc__)
    line.add_argument(
        "--data",
        type=Path,
        default=ROOT.parent / "shared" / "data",
        metavar="FOLDER",
        help="where the texts are (default: ../shared/data); without them texts are made up",
    )
    line.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="for a quick try")
    line.add_argument("--text-sizes", type=int, nargs="+", default=TEXT_SIZES, help="likewise")
    line.add_argument("--page", type=Path, default=PAGE, help="where to write")
    options = line.parse_args()
    if hasattr(os, "sched_setaffinity"):
        # What is started from here may use no more cores either.
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    load = load_when_quiet(options.patience)
    sized = [_measure_size(rows) for rows in options.sizes]
    texts, source = _measure_texts(options.text_sizes, options.data)
    page = _page(sized, texts, source, load)
    print(page)
    options.page.write_text(page, encoding="utf-8")
    return 0


def _measure_size(rows: int) -> Sized:
    """Every index over so many vectors; who is asked first changes from round to round."""
    with tempfile.TemporaryDirectory(prefix="pairloom-benchmark-") as name:
        folder = Path(name)
        indexed = rows <= LANCE_INDEXED_ROWS
        say_and_run(make_vectors, folder, rows)
        graph = say_and_run(build_hnsw, folder)
        lance = say_and_run(build_lance, folder, indexed)
        asking: list[tuple[Callable[..., Measured], tuple[Any, ...]]] = [
            (measure_exact, ()),
            (measure_hnsw, ()),
            (measure_library, ()),
            (measure_lance, (False,)),
        ]
        if indexed:
            asking.append((measure_lance, (True,)))
        found: dict[str, list[Measured]] = {}
        for round in range(ROUNDS):
            for function, more in asking if round % 2 == 0 else asking[::-1]:
                measured = say_and_run(function, folder, *more)
                for what in measured.milliseconds:
                    found.setdefault(what, []).append(measured)
    return Sized(rows, {what: _mean(what, runs) for what, runs in found.items()}, graph, lance)


def _mean(what: str, runs: Sequence[Measured]) -> Measured:
    """One question's figures over the rounds."""
    return Measured(
        {what: sum(run.milliseconds[what] for run in runs) / len(runs)},
        recall={what: runs[0].recall[what]},
        peak=int(median(run.peak for run in runs)),
        mapped=int(median(run.mapped for run in runs)),
    )


def _measure_texts(
    sizes: Sequence[int], data: Path
) -> tuple[dict[int, tuple[Measured, Measured, Measured]], str]:
    """Corpora and word indexes of so many texts, and where the texts are from."""
    found = {}
    source = ""
    for rows in sizes:
        with tempfile.TemporaryDirectory(prefix="pairloom-benchmark-") as name:
            folder = Path(name)
            source = say_and_run(make_texts, folder, data, rows)
            stored = say_and_run(measure_storing, folder)
            corpus = stored.facts["corpus"]
            words = say_and_run(measure_indexing, folder, corpus)
            found[rows] = (stored, words, say_and_run(measure_words, folder, corpus))
    return found, source


def _page(
    sized: Sequence[Sized],
    texts: dict[int, tuple[Measured, Measured, Measured]],
    source: str,
    load: float,
) -> str:
    page = TITLE.format(
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        width=WIDTH,
        goals=_goals(sized),
        times=_times(sized),
        memory=_memory(sized),
        growth=_growth(sized),
        building=_building(sized),
        texts=_texts(texts),
    )
    facts = {
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "memory": psutil.virtual_memory().total / 1e9,
        "python": platform.python_version(),
        "packages": ", ".join(f"{name} {version(name)}" for name in PACKAGES),
        "load": load,
        "quiet": words_for(load),
        "questions": QUESTIONS,
        "rounds": ROUNDS,
        "cluster": CLUSTER_ROWS,
        "spread": SPREAD,
        "width": WIDTH,
        "share": SHARE,
        "lance": LANCE_INDEXED_ROWS,
        "source": source,
    }
    notes = [note.format(**facts) for note in NOTES]
    lines = [textwrap.fill(f"- {note}", 100, subsequent_indent="  ") for note in notes]
    return page + "\n" + "\n".join(lines) + "\n"


_WAYS = {
    "exact": "exact",
    "filtered": "exact, filter",
    "hnsw": "HNSW",
    "library": "`semantic_search`",
    "lance": "LanceDB flat",
    "lance_graph": "LanceDB graph",
}


def _goals(sized: Sequence[Sized]) -> str:
    """Whether the goals were reached, at half a million rows."""
    one = next((one for one in sized if one.rows == GOAL_ROWS), None)
    if one is None:
        return f"Goals are for {GOAL_ROWS:,} rows, which were not measured."
    exact = one.asked["exact"].milliseconds["exact"]
    quick, recall = one.asked["hnsw"].milliseconds["hnsw"], one.asked["hnsw"].recall["hnsw"]
    return (
        f"Goals at {GOAL_ROWS:,} rows: exact at most {EXACT_GOAL:.0f} ms: "
        f"{_reached(exact <= EXACT_GOAL)} ({exact:.1f} ms); HNSW at most {HNSW_GOAL:.0f} ms with "
        f"recall {RECALL_GOAL} or better: "
        f"{_reached(quick <= HNSW_GOAL and recall >= RECALL_GOAL)} "
        f"({quick:.1f} ms, {recall:.3f})."
    )


def _reached(yes: bool) -> str:
    return "reached" if yes else "**missed**"


def _times(sized: Sequence[Sized]) -> str:
    heads = ["rows", *_WAYS.values(), "recall of HNSW (said)", "view", "recall of LanceDB graph"]
    rows = []
    for one in sized:
        quick = one.asked["hnsw"].recall["hnsw"]
        theirs = one.asked.get("lance_graph")
        rows.append(
            [
                f"{one.rows:,}",
                *(_milliseconds(one, way) for way in _WAYS),
                f"{quick:.3f} ({one.graph.recall['said']:.3f})",
                one.graph.facts["view"],
                f"{theirs.recall['lance_graph']:.3f}" if theirs else "–",
            ]
        )
    return table(heads, rows)


def _milliseconds(one: Sized, way: str) -> str:
    return f"{one.asked[way].milliseconds[way]:.1f}" if way in one.asked else "–"


def _memory(sized: Sequence[Sized]) -> str:
    ways = {way: name for way, name in _WAYS.items() if way != "filtered"}
    rows = [
        [
            f"{one.rows:,}",
            *(
                f"{size_words(one.asked[way].peak)} ({size_words(one.asked[way].mapped)})"
                if way in one.asked
                else "–"
                for way in ways
            ),
        ]
        for one in sized
    ]
    return table(["rows", *ways.values()], rows)


def _growth(sized: Sequence[Sized]) -> str:
    """The slope between each two neighbouring sizes."""
    rows = []
    for less, more in pairwise(sized):
        cells = [f"{less.rows:,} to {more.rows:,}"]
        for way in _WAYS:
            if way in less.asked and way in more.asked:
                gained = more.asked[way].milliseconds[way] - less.asked[way].milliseconds[way]
                cells.append(f"{gained / (more.rows - less.rows) * 1e5:.2f}")
            else:
                cells.append("–")
        rows.append(cells)
    return table(["", *_WAYS.values()], rows)


def _building(sized: Sequence[Sized]) -> str:
    heads = [
        *("rows", "vectors", "HNSW built", "measured", "its size", "peak (pages of files)"),
        *("LanceDB stored", "its graph", "size of both"),
    ]
    rows = [
        [
            f"{one.rows:,}",
            size_words(one.rows * WIDTH * 4),
            f"{one.graph.seconds['graph']:.0f} s",
            f"{one.graph.seconds['measuring']:.0f} s",
            size_words(one.graph.disk),
            f"{size_words(one.graph.peak)} ({size_words(one.graph.mapped)})",
            f"{one.lance.seconds['stored']:.0f} s",
            f"{one.lance.seconds['graph']:.0f} s" if "graph" in one.lance.seconds else "–",
            size_words(one.lance.disk),
        ]
        for one in sized
    ]
    return table(heads, rows)


def _texts(texts: dict[int, tuple[Measured, Measured, Measured]]) -> str:
    heads = [
        *("texts", "stored", "peak", "size", "words", "peak", "size", "index opened"),
        *("a question", "ten rows", "peak (pages of files)"),
    ]
    rows = [
        [
            f"{count:,}",
            f"{stored.seconds['corpus']:.0f} s",
            size_words(stored.peak),
            size_words(stored.disk),
            f"{words.seconds['words']:.0f} s",
            size_words(words.peak),
            size_words(words.disk),
            f"{asked.seconds['opened']:.1f} s",
            f"{asked.milliseconds['words']:.1f} ms",
            f"{asked.milliseconds['rows']:.1f} ms",
            f"{size_words(asked.peak)} ({size_words(asked.mapped)})",
        ]
        for count, (stored, words, asked) in texts.items()
    ]
    return table(heads, rows)


if __name__ == "__main__":
    sys.exit(main())
