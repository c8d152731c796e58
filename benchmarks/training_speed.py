"""Training beside the library's bare trainer: speed, memory, held-out loss, and what paid.

`python -m benchmarks.training_speed` writes benchmarks/training_speed.md; it takes about half an
hour on two cores (`--shapes`, `--repeats` and `--without-parts` make it shorter).
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.measuring import load_when_quiet, parser, words_for
from benchmarks.speed_shapes import SHAPES, SpeedShape, make_table
from core.devices import list_devices
from core.models.bundled import bundled_path
from core.models.folder import read_folder
from core.training.cost import step_flops
from core.training.sampling import Traits, padding_share, plan
from core.workspace import PROJECT_ROOT

PAGE = PROJECT_ROOT / "benchmarks" / "training_speed.md"
RATE = {True: 0.01, False: 5e-5}
"""The learning rate of a static base and of a transformer."""
PARAMETERS: dict[str, dict[str, float]] = {"TripletLoss": {"triplet_margin": 5.0}}
PARTS = ("quick dropout", "own attention", "one pass", "cutting once", "grouping")
"""What can be left out, one after the other and all together."""
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
)
"""By hand, in November 2026, on the machine of the table while others were at work there."""
_HELD_OUT = 128
_WIDTH = 100


@dataclass(frozen=True)
class Outcome:
    """What one run took: seconds, bytes at the peak, and its held-out loss afterwards."""

    seconds: float
    steps: int
    peak: int
    held_out: float


class Bench:
    """Measured processes, in a folder of their own."""

    def __init__(self, folder: Path, outcomes: Path | None) -> None:
        self._folder = folder
        self._kept = outcomes
        lines = outcomes.read_text("utf-8").splitlines() if outcomes and outcomes.exists() else []
        self._known: dict[str, Any] = dict(map(json.loads, lines))

    def run(self, shape: SpeedShape, seed: int, by: str, without: Sequence[str] = ()) -> Outcome:
        """Train a shape once, ``by`` "bare_trainer" or "our_trainer", in a fresh process."""
        key = f"{shape.name} {seed} {by} {' '.join(without)}"
        if key not in self._known:
            self._known[key] = asdict(self._measured(shape, seed, by, without))
            if self._kept is not None:
                with self._kept.open("a", encoding="utf-8") as file:
                    print(json.dumps([key, self._known[key]]), file=file)
        outcome = Outcome(**self._known[key])
        print(key, outcome, file=sys.stderr, flush=True)
        return outcome

    def base(self, shape: SpeedShape) -> Path:
        """What the shape is trained from."""
        if not shape.static:
            return bundled_path()
        folder = self._folder / "static"
        if not folder.exists():
            from core.models.static import build_static, train_tokenizer

            table = make_table(shape, 0)
            texts = [text for name in table for text in table[name]]
            tokenizer = train_tokenizer(texts, 4_000, 3)
            build_static(tokenizer, texts, 1024, 0).save(str(folder))
        return folder

    def _measured(self, shape: SpeedShape, seed: int, by: str, without: Sequence[str]) -> Outcome:
        table, job, model = (self._folder / name for name in ("table.parquet", "job.json", "model"))
        make_table(shape, seed).to_parquet(table)
        job.write_text(
            json.dumps(
                {
                    "base": str(self.base(shape)),
                    "table": str(table),
                    "model": str(model),
                    "loss": shape.loss,
                    "parameters": PARAMETERS.get(shape.loss, {}),
                    "batch": shape.batch,
                    "learning_rate": RATE[shape.static],
                    "seed": seed,
                    "without": list(without),
                }
            )
        )
        done = subprocess.run(
            [sys.executable, "-m", f"benchmarks.{by}", str(job)],
            cwd=PROJECT_ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(done.stderr)
        said = json.loads(done.stdout.splitlines()[-1])
        loss = held_out_loss(model, shape)
        return Outcome(said["seconds"], said["steps"], said["peak"], loss)


def held_out_loss(folder: Path, shape: SpeedShape) -> float:
    """The library's loss on rows that were not trained on, always in the same batches."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer import losses

    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True).eval()
    loss = getattr(losses, shape.loss)(model, **PARAMETERS.get(shape.loss, {}))
    table = make_table(shape, 1_000, _HELD_OUT)
    names = [name for name in table if name != "score"]
    size = min(shape.batch, _HELD_OUT)
    values = []
    with torch.no_grad():
        for start in range(0, len(table), size):
            part = table[start : start + size]
            features = [model.preprocess(part[name].tolist()) for name in names]
            labels = torch.tensor(part["score"].to_numpy()) if shape.scored else None
            values.append(float(loss(features, labels)))
    return statistics.mean(values)


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
    """What each part is good for on one shape: without it, and without all up to it."""
    rows = shape.batch * shape.steps

    def speed(without: Sequence[str]) -> float:
        return statistics.median(
            rows / bench.run(shape, seed, "our_trainer", without).seconds for seed in range(repeats)
        )

    whole = speed(())
    lines = [f"| everything | {whole:.1f} | |"]
    for part in PARTS:
        lines.append(f"| without {part} | {(found := speed([part])):.1f} | {whole / found:.2f} |")
    for count in range(2, len(PARTS) + 1):
        found = speed(PARTS[:count])
        lines.append(f"| without {', '.join(PARTS[:count])} | {found:.1f} | {whole / found:.2f} |")
    return lines


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
    import torch
    from sentence_transformers import SentenceTransformer

    from core.training.rows import TrainingRows

    a, b = torch.randn(2_000, 384), torch.randn(384, 1_536)
    times = []
    for _ in range(30):
        began = time.perf_counter()
        torch.mm(a, b)
        times.append(time.perf_counter() - began)
    peak = 2 * 2_000 * 384 * 1_536 / statistics.median(times)
    model = SentenceTransformer(str(bundled_path()), device="cpu", local_files_only=True)
    base = read_folder(bundled_path())
    shares = {}
    for by in ("bare_trainer", "our_trainer"):
        reached = []
        for seed in range(repeats):
            lengths = TrainingRows(model, make_table(shape, seed), {}).lengths
            flops = sum(step_flops(base, 1, int(length)) for length in lengths.ravel())
            reached.append(flops / bench.run(shape, seed, by).seconds / peak)
        shares[by] = statistics.median(reached)
    return (
        f"Matrix products of a layer's shape reach {peak / 1e9:.0f} GFLOP/s here. Counting the "
        f"operations of real tokens only, {shape.name} reaches {shares['bare_trainer']:.0%} of it "
        f"with the bare trainer and {shares['our_trainer']:.0%} with Pairloom."
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
    # Small runs count as much as large ones: shares of the time are fitted.
    weights = 1 / table["seconds"].to_numpy()
    solved, *_ = np.linalg.lstsq(terms * weights[:, None], np.ones(len(table)), rcond=None)
    errors = np.abs(terms @ solved * weights - 1)
    names = ("once", "a step", "1,000 tokens", "1,000 tokens for each 1,000 tokens of length")
    lines = [f"| {name} | {value:.3f} s |" for name, value in zip(names, solved, strict=True)]
    return [*lines, f"| largest error of the fit | {errors.max():.0%} |"]


def main() -> int:
    """Measure, write the page; returns the exit code."""
    options = _options()
    load = load_when_quiet(options.patience)
    chosen = [shape for shape in SHAPES if not options.shapes or shape.name in options.shapes]
    with tempfile.TemporaryDirectory(prefix="pairloom-benchmark-") as folder:
        bench = Bench(Path(folder), options.outcomes)
        rows = [shape_row(shape, bench, options.repeats) for shape in chosen]
        first = SHAPES[0]
        parts = [] if options.without_parts else parts_rows(bench, first, min(3, options.repeats))
        padding = padding_rows([shape for shape in chosen if not shape.static])
        limit = limit_row(bench, first, options.repeats)
        growth = [] if options.without_parts else growth_rows(bench, 1)
    left_out = [shape.name for shape in SHAPES if shape not in chosen]
    if options.without_parts:
        left_out += ["what each part is good for", "how the cost grows"]
    text = _page(rows, parts, padding, limit, growth, load, options.repeats, left_out)
    PAGE.write_text(text, encoding="utf-8")
    print(text)
    return 0


def _page(
    rows: Sequence[str],
    parts: Sequence[str],
    padding: Sequence[str],
    limit: str,
    growth: Sequence[str],
    load: float,
    repeats: int,
    left_out: Sequence[str],
) -> str:
    cpu = list_devices()[0]
    notes = [
        f"Machine: {cpu.name}, {cpu.cores} cores in use, no GPU. Load at the start: {load:.2f} "
        f"({words_for(load)}).",
        f"{repeats} paired runs each, in fresh processes, one after the other in turns: the same "
        "rows, tokens, steps, threads and learning rate. *Bare* is `benchmarks/bare_trainer.py`: "
        "the library's trainer with its defaults. Rows a second are medians and count cutting the "
        "texts into tokens; *ratio* is the median of the pairs, with the smallest and the largest.",
        "*Memory*: the process's peak, ours by theirs. *Held-out loss*: the library's own, on 128 "
        "other rows in the same batches; *difference* is ours less theirs, mean and standard error "
        "over the pairs, each of which has its own rows and seed.",
        "Card 004 has batches of 256 rows, for which the bare trainer wants more than 20 GB here "
        "and is ended by the system; both get batches of 128.",
        limit,
        *([f"Left out this time: {', '.join(left_out)}."] if left_out else []),
    ]
    blocks = [
        "# Training speed",
        f"Written by `python -m benchmarks.training_speed` on {datetime.now(UTC):%Y-%m-%d}.",
        _table(
            "| shape | loss, batch × steps | bare, rows/s | Pairloom, rows/s | ratio | memory "
            "| held-out loss before | after, bare | after, Pairloom | difference |",
            rows,
        ),
        "\n".join(textwrap.fill(f"- {note}", _WIDTH, subsequent_indent="  ") for note in notes),
    ]
    if parts:
        blocks += ["## What paid, on card 000", _table("| | rows/s | times slower |", parts)]
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
