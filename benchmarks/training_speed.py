"""Training beside the library's bare trainer: speed, memory, held-out loss, and what paid.

`python -m benchmarks.training_speed` writes benchmarks/training_speed.md; it takes about an
hour on two cores (`--shapes`, `--repeats` and `--without-parts` make it shorter).
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
import tempfile
import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import nnls

from benchmarks.measuring import load_when_quiet, parser
from benchmarks.speed_shapes import SHAPES, SpeedShape, make_table
from benchmarks.training_runs import Bench, Outcome, held_out_loss, held_out_loss_of
from core.devices import list_devices
from core.models.bundled import bundled_path
from core.models.folder import read_folder
from core.training.cost import step_flops
from core.training.sampling import Traits, padding_share, plan
from core.workspace import PROJECT_ROOT

PAGE = PROJECT_ROOT / "benchmarks" / "training_speed.md"
_ALL = ("cutting once", "like lengths", "own attention", "quick dropout", "one pass")
PARTS = (
    ("nothing of it: the library's way in our trainer", _ALL),
    ("texts cut once", ("like lengths", "own attention", "quick dropout", "one pass")),
    ("texts cut once, like lengths together", ("own attention", "quick dropout", "one pass")),
    ("texts cut once, own attention, quick dropout", ("like lengths", "one pass")),
    ("texts cut once, one pass with own attention", ("quick dropout",)),
    ("all that a run does: cut once, one pass, quick dropout", ()),
)
"""What is measured one after the other, and what is left out then."""
LEARNING = 20
"""Seeds with which the held-out loss of a small run is compared."""
TRIED = (
    "Sparse updates of a static model's table: 104 ms a step where one pass over dense ones takes "
    "36 ms (3,000 pieces × 1,024 numbers), 53 ms where it takes 54 (30,522 × 384).",
    "Like lengths in one batch where texts go through the model one behind the other: nothing is "
    "filled up there, and after three steps of 64 pairs the held-out loss of in-batch negatives "
    "was worse by 0.11 and 0.13 of 2.0, on two seeds.",
    "A fused optimiser: the library takes PyTorch's by default.",
    "Compiling the model (`torch.compile`, shapes left open): the first six batches took 118 s "
    "here with another program at work, longer than many a run, and it needs a C++ compiler on the "
    "user's machine. Whether steps are quicker afterwards was not measured.",
    "Threads: as many as cores, PyTorch's default. What is set besides is GOMP_SPINCOUNT=0 in "
    "workers, so that waiting threads leave the processor to the web server.",
)
"""By hand, in November 2026, on the machine of the table while others were at work there."""
_WIDTH = 100


def shape_row(shape: SpeedShape, bench: Bench, repeats: int) -> str:
    """A line of the table: paired runs, one after the other."""
    pairs = []
    for seed in range(repeats):
        order = (
            ("bare_trainer", "our_trainer") if seed % 2 == 0 else ("our_trainer", "bare_trainer")
        )
        found = {by: bench.run(shape, seed, by) for by in order}
        pairs.append((found["bare_trainer"], found["our_trainer"]))
    rows = shape.batch * shape.steps
    bare, ours = ([rows / pair[at].seconds for pair in pairs] for at in (0, 1))
    ratios = [mine / theirs for theirs, mine in zip(bare, ours, strict=True)]
    memory = statistics.median(one.peak / other.peak for other, one in pairs)
    differences = [one.held_out - other.held_out for other, one in pairs]
    error = statistics.stdev(differences) / math.sqrt(len(differences)) if repeats > 1 else 0.0
    before = held_out_loss(bench.base(shape), shape)
    return (
        f"| {shape.name} | {shape.loss}, {shape.batch} × {shape.steps} "
        f"| {statistics.median(bare):.1f} | {statistics.median(ours):.1f} "
        f"| **{statistics.median(ratios):.2f}** ({min(ratios):.2f} – {max(ratios):.2f}) "
        f"| {memory:.2f} | {before:.4f} "
        f"| {statistics.mean(pair[0].held_out for pair in pairs):.4f} "
        f"| {statistics.mean(pair[1].held_out for pair in pairs):.4f} "
        f"| {statistics.mean(differences):+.4f} ± {error:.4f} |"
    )


def parts_rows(bench: Bench, shape: SpeedShape, repeats: int) -> list[str]:
    """What each part is good for on one shape, one after the other.

    Raises:
        RuntimeError: two lines went through the model in the same way, so one of them is no line.
    """
    rows = shape.batch * shape.steps
    found: dict[str, list[Outcome]] = {name: [] for name, _ in PARTS}
    for seed in range(repeats):
        # In turns, so that what slows the machine down for a while slows all of them down.
        for name, without in PARTS:
            found[name].append(bench.run(shape, seed, "our_trainer", without))
    lines, before = [], None
    for name, outcomes in found.items():
        speed = statistics.median(rows / one.seconds for one in outcomes)
        before = before or speed
        lines.append(f"| {name} | {outcomes[0].way} | {speed:.1f} | {speed / before:.2f} |")
    # The first three differ in how texts are cut and in which rows meet, not in the model.
    ways = [outcomes[0].way for outcomes in found.values()][2:]
    if len(set(ways)) < len(ways):
        raise RuntimeError(f"a part was not left out: {ways}")
    return lines


def learning_row(bench: Bench, seeds: int) -> str:
    """The held-out loss of the same small run in both ways, over more seeds than the table has."""
    from benchmarks import bare_trainer, our_trainer

    shape = SpeedShape(
        "small", "CosineSimilarityLoss", 16, 10, ((8, 12.0, 24), (6, 20.0, 40)), scored=True
    )
    differences = []
    for seed in range(seeds):
        job = bench.job(shape, seed, ())
        losses = [
            held_out_loss_of(trainer.train(job).model, shape)
            for trainer in (bare_trainer, our_trainer)
        ]
        differences.append(losses[1] - losses[0])
    error = statistics.stdev(differences) / math.sqrt(seeds)
    return (
        f"Whether it learns the same: card 000's loss on short texts, {shape.batch} × "
        f"{shape.steps}, {seeds} seeds in one process: ours less theirs "
        f"{statistics.mean(differences):+.4f} ± {error:.4f} (before training "
        f"{held_out_loss(bench.base(shape), shape):.4f}). Rows come in another order, and other "
        "numbers are dropped; without dropout the gradients are equal (a test)."
    )


def padding_rows(shapes: Sequence[SpeedShape]) -> list[str]:
    """How much of what a transformer would work through is filling."""
    from sentence_transformers import SentenceTransformer

    from core.training.rows import TrainingRows

    model = SentenceTransformer(str(bundled_path()), device="cpu", local_files_only=True)
    lines = []
    for shape in shapes:
        rows = TrainingRows(model, make_table(shape, 0, max(2_000, shape.batch * 20)), {})
        count = len(rows.table)
        shares = [
            padding_share(plan(traits, shape.batch, np.random.default_rng(0)), rows.lengths)
            for traits in (Traits(count), Traits(count, rows.lengths))
        ]
        means = " + ".join(f"{mean:.0f}" for mean in rows.lengths.mean(axis=0))
        lines.append(f"| {shape.name} | {means} | {shares[0]:.0%} | {shares[1]:.0%} | 0% |")
    return lines


def limit_row(bench: Bench, shape: SpeedShape, repeats: int) -> str:
    """Which share of the processor's arithmetic a run reaches."""
    from sentence_transformers import SentenceTransformer

    from core.training.rows import TrainingRows

    model = SentenceTransformer(str(bundled_path()), device="cpu", local_files_only=True)
    base = read_folder(bundled_path())
    shares, reached = {}, []
    for by in ("bare_trainer", "our_trainer"):
        each = []
        for seed in range(repeats):
            lengths = TrainingRows(model, make_table(shape, seed), {}).lengths
            flops = sum(step_flops(base, 1, int(length)) for length in lengths.ravel())
            outcome = bench.run(shape, seed, by)
            each.append(flops / outcome.seconds / outcome.flops)
            reached.append(outcome.flops)
        shares[by] = statistics.median(each)
    return (
        f"Matrix products of a layer's shape reach {min(reached) / 1e9:.0f} to "
        f"{max(reached) / 1e9:.0f} GFLOP/s here, measured before each run. Counting the "
        f"operations of real tokens only, {shape.name} reaches {shares['bare_trainer']:.0%} of "
        f"that with the bare trainer and {shares['our_trainer']:.0%} with Pairloom."
    )


def growth_rows(bench: Bench, repeats: int) -> list[str]:
    """How a run's seconds grow: fitted to runs of several lengths, batches and steps."""
    found = []
    for length in (16, 64, 192):
        for batch, steps in ((8, 12), (8, 24), (32, 6), (64, 3)):
            shape = SpeedShape(
                f"{length} tokens, {batch} × {steps}",
                "CosineSimilarityLoss",
                batch,
                steps,
                ((length, float(length), length),) * 2,
                scored=True,
            )
            seconds = min(bench.run(shape, seed, "our_trainer").seconds for seed in range(repeats))
            found.append((steps, 2 * batch * steps * length, length, seconds))
    table = pd.DataFrame(found, columns=["steps", "tokens", "length", "seconds"])
    terms = np.stack(
        [
            np.ones(len(table)),
            table["steps"],
            table["tokens"] / 1_000,
            table["tokens"] * table["length"] / 1e6,
        ],
        axis=1,
    )
    # Small runs count as much as large ones: shares of the time are fitted.  Nothing takes less
    # than no time.
    weights = 1 / table["seconds"].to_numpy()
    solved, _ = nnls(terms * weights[:, None], np.ones(len(table)))
    errors = np.abs(terms @ solved * weights - 1)
    names = ("once", "a step", "1,000 tokens", "1,000 tokens for each 1,000 tokens of length")
    lines = [f"| {name} | {value:.3f} s |" for name, value in zip(names, solved, strict=True)]
    return [*lines, f"| largest error of the fit | {errors.max():.0%} |"]


def main() -> int:
    """Measure, write the page; returns the exit code."""
    options = _options()
    load_when_quiet(options.patience)
    chosen = [shape for shape in SHAPES if not options.shapes or shape.name in options.shapes]
    with tempfile.TemporaryDirectory(prefix="pairloom-benchmark-") as folder:
        bench = Bench(Path(folder), options.outcomes)
        rows = [shape_row(shape, bench, options.repeats) for shape in chosen]
        first = SHAPES[0]
        parts = [] if options.without_parts else parts_rows(bench, first, min(3, options.repeats))
        learning = "" if options.without_parts else learning_row(bench, LEARNING)
        padding = padding_rows([shape for shape in chosen if not shape.static])
        limit = limit_row(bench, first, options.repeats)
        growth = [] if options.without_parts else growth_rows(bench, 2)
        loads, dates = bench.loads(), bench.dates()
    left_out = [shape.name for shape in SHAPES if shape not in chosen]
    if options.without_parts:
        left_out += ["what each part is good for", "how the cost grows"]
    measured = f"on {dates}, with a load of the machine from {loads[0]:.1f} to {loads[1]:.1f}"
    remarks = [limit, *([learning] if learning else [])]
    text = _page(rows, parts, padding, remarks, growth, measured, options.repeats, left_out)
    PAGE.write_text(text, encoding="utf-8")
    print(text)
    return 0


def _page(
    rows: Sequence[str],
    parts: Sequence[str],
    padding: Sequence[str],
    remarks: Sequence[str],
    growth: Sequence[str],
    measured: str,
    repeats: int,
    left_out: Sequence[str],
) -> str:
    cpu = list_devices()[0]
    notes = [
        f"Machine: {cpu.name}, {cpu.cores} cores in use, no GPU. Measured {measured} before each "
        "run (others at work lengthen the times).",
        f"{repeats} paired runs each, in fresh processes, one after the other in turns: the same "
        "rows, tokens, steps, threads and learning rate. *Bare* is `benchmarks/bare_trainer.py`: "
        "the library's trainer with its defaults. Rows a second are medians and count cutting the "
        "texts into tokens; *ratio* is the median of the pairs, with the smallest and the largest.",
        "*Memory*: the most that the process held (VmHWM), ours by theirs. *Held-out loss*: the "
        "library's own, on 128 other rows in the same batches; *difference* is ours less theirs, "
        "mean and standard error over the pairs, each of which has its own rows and seed.",
        "Card 004 has batches of 256 rows, for which the bare trainer wants more than 20 GB here "
        "and is ended by the system; both get batches of 128.",
        *remarks,
        *([f"Left out this time: {', '.join(left_out)}."] if left_out else []),
    ]
    blocks = [
        "# Training speed",
        "Written by `python -m benchmarks.training_speed`.",
        _table(
            "| shape | loss, batch × steps | bare, rows/s | Pairloom, rows/s | ratio | memory "
            "| held-out loss before | after, bare | after, Pairloom | difference |",
            rows,
        ),
        "\n".join(textwrap.fill(f"- {note}", _WIDTH, subsequent_indent="  ") for note in notes),
    ]
    if parts:
        blocks += [
            "## What paid, on card 000",
            _table("| | how rows go through the model | rows/s | times as fast |", parts),
        ]
    blocks += [
        "## Filling",
        "Which share of the tokens that a transformer would work through is filling:",
        _table(
            "| shape | tokens on average | any rows | like lengths together | packed |", padding
        ),
    ]
    blocks += [
        "## Tried by hand and not kept",
        "\n".join(textwrap.fill(f"- {one}", _WIDTH, subsequent_indent="  ") for one in TRIED),
    ]
    if growth:
        blocks += ["## How the cost grows", _table("| | seconds |", growth)]
    return "\n\n".join(blocks) + "\n"


def _table(head: str, rows: Sequence[str]) -> str:
    return "\n".join([head, "|" + "---|" * (head.count("|") - 1), *rows])


def _options() -> argparse.Namespace:
    made = parser("training_speed", __doc__)
    made.add_argument("--repeats", type=int, default=5, help="paired runs a shape (default: 5)")
    made.add_argument("--shapes", nargs="+", default=[], help="only these")
    made.add_argument("--without-parts", action="store_true", help="only the first table")
    made.add_argument("--outcomes", type=Path, help="keeps what was measured, to go on from there")
    return made.parse_args()


if __name__ == "__main__":
    sys.exit(main())
