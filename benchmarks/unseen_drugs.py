"""The quality bar: retrieval on drugs never trained on, on products and on English words.

`python -m benchmarks.unseen_drugs` writes benchmarks/unseen_drugs.md.  The runs on the drugs and
the products take a minute or two each; the cards' recipes, which train a transformer, and English
take some minutes each (`--without cards English` leaves them out).
"""

from __future__ import annotations

import argparse
import json
import math
import signal
import statistics
import sys
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NoReturn

from benchmarks.measuring import load_when_quiet, own_workspace, parser, words_for
from benchmarks.unseen_data import (
    FACTS,
    GLOSSES,
    Bar,
    card_tables,
    drug_bar,
    english_bar,
    product_bar,
)
from benchmarks.unseen_runs import (
    Outcome,
    RunFailed,
    baselines,
    bundled,
    for_some_rows,
    measure,
    recommended,
    scores,
    settings_of,
    store,
    train,
)
from benchmarks.unseen_runs import dense_tables as tables_of
from core.data.shapes import Mapping
from core.data.store import DatasetInfo
from core.devices import list_devices
from core.training.config import (
    DatasetConfig,
    EvaluationConfig,
    LossConfig,
    RunConfig,
    TrainingConfig,
)
from core.workspace import PROJECT_ROOT

PAGE = PROJECT_ROOT / "benchmarks" / "unseen_drugs.md"
PAIRS = Mapping("question", "passage")
SHAPES = {
    "pairs": PAIRS,
    "triplets": Mapping("question", "passage", negatives=("negative",)),
    "scored": Mapping("query", "passage", score="score"),
}
VARIANTS: dict[str, dict[str, int | None]] = {
    "texts read to the end": {"max_length": None},
    "no negatives from structure": {"structured_negatives": 0},
}
_WIDTH = 100


@dataclass(frozen=True)
class Card:
    """How a published model was trained: its table's shape and size, and its settings."""

    name: str
    shape: str
    rows: int
    loss: str
    batch: int
    epochs: float
    parameters: dict[str, float] | None = None


CARDS = (
    Card("000", "scored", 36_421, "CosineSimilarityLoss", 16, 20),
    Card("001", "triplets", 500, "TripletLoss", 16, 2, {"triplet_margin": 5.0}),
    Card("002", "pairs", 20_000, "MultipleNegativesRankingLoss", 64, 3),
    Card("003", "pairs", 5_435, "MultipleNegativesRankingLoss", 32, 3),
    Card("004", "scored", 36_421, "CosineSimilarityLoss", 256, 3),
)
"""The five cards' recipes.  All say learning rate 0.00005, falling evenly, no warm-up.  002 and 004
had more rows than there are here; 003's base, bge-small-zh-v1.5, cannot be had without a hub, and
all-MiniLM-L6-v2 stands in for it."""


def main() -> int:
    """Measure, write the page; returns the exit code."""
    options = _options()
    for path in (options.facts, options.glosses):
        if not path.exists():
            print(f"{path} is missing: say where it is with --facts and --glosses", file=sys.stderr)
            return 1
    # Whoever is told to end still ends what was started for it.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    load = load_when_quiet(options.patience)
    kept = Kept(options.outcomes)
    cards = () if "cards" in options.without else CARDS
    parts = [_drugs_part(kept, options.seeds, options.facts, options.card_rows, cards)]
    parts.append(_products_part(kept, options.seeds))
    if "English" not in options.without:
        parts.append(_english_part(kept, options.glosses, options.english_rows))
    text = _page(parts, load, options.without)
    PAGE.write_text(text, encoding="utf-8")
    print(text)
    return 0


class Kept:
    """What was measured, in a file if there is one, so that a broken-off measurement goes on."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        lines = path.read_text("utf-8").splitlines() if path is not None and path.exists() else []
        self._known = {key: outcomes for key, outcomes in map(json.loads, lines)}

    def get(self, key: str, make: Callable[[], list[Outcome]]) -> list[Outcome]:
        """The outcomes under ``key``, measured now if they are not known."""
        if key not in self._known:
            self._known[key] = [asdict(one) for one in make()]
            if self._path is not None:
                with self._path.open("a", encoding="utf-8") as file:
                    print(json.dumps([key, self._known[key]]), file=file)
        outcomes = [Outcome(**one) for one in self._known[key]]
        for one in outcomes:
            print(one.name, one.scores, one.seconds, file=sys.stderr, flush=True)
        return outcomes


def _drugs_part(kept: Kept, seeds: int, facts: Path, card_rows: int, cards: Sequence[Card]) -> str:
    """The table of the drugs."""
    first = drug_bar(0, facts)
    outcomes = kept.get("drugs before", lambda: baselines(first))

    def repetition(seed: int) -> list[Outcome]:
        bar = drug_bar(seed, facts)
        with own_workspace() as workspace:
            info = store(workspace, "Drugs", bar.train, PAIRS)
            run = train(workspace, recommended(workspace, info))
            return measure(bar, run.folder / "model", "recommended", run)

    repeated = [kept.get(f"drugs {seed}", partial(repetition, seed)) for seed in range(seeds)]
    outcomes += repeated[0]
    for name, changes in VARIANTS.items():
        outcomes += kept.get(f"drugs, {name}", partial(_varied, first, name, changes))
    for card in cards:
        outcomes += kept.get(
            f"card {card.name}, {card_rows} rows", partial(_card, first, card, facts, card_rows)
        )
    notes = [*first.notes, *_spread(repeated)]
    return _section("Drugs never trained on", outcomes, notes)


def _varied(bar: Bar, name: str, changes: dict[str, int | None]) -> list[Outcome]:
    """The recommended path with other settings, to see what they are good for."""
    with own_workspace() as workspace:
        info = store(workspace, "Drugs", bar.train, PAIRS)
        config = recommended(workspace, info)
        varied = config.training.model_copy(update=changes)
        run = train(workspace, config.model_copy(update={"training": varied}))
        return measure(bar, run.folder / "model", f"recommended, but {name}", run)[:1]


def _products_part(kept: Kept, seeds: int) -> str:
    """The table of the products."""
    bar = product_bar()
    mapping = Mapping("anchor", "positive", negatives=("negative",))

    def repetition(seed: int) -> list[Outcome]:
        with own_workspace() as workspace:
            info = store(workspace, "Products", bar.train, mapping)
            config = recommended(workspace, info, seed=None if seed == 0 else seed)
            run = train(workspace, config)
            return measure(bar, run.folder / "model", "recommended", run)

    outcomes = kept.get("products before", lambda: baselines(bar))
    repeated = [kept.get(f"products {seed}", partial(repetition, seed)) for seed in range(seeds)]
    outcomes += repeated[0]
    return _section("Products", outcomes, [*bar.notes, *_spread(repeated)])


def _english_part(kept: Kept, glosses: Path, most_rows: int) -> str:
    """The table of the English words; the run sees so many rows at most."""
    bar = english_bar(0, glosses)

    def tuned() -> list[Outcome]:
        with own_workspace() as workspace:
            info = store(workspace, "Words", bar.train, PAIRS)
            whole = recommended(workspace, info)
            config = for_some_rows(whole, most_rows, _train_rows(whole, info))
            run = train(workspace, config)
            name = f"recommended, {most_rows:,} of {info.rows:,} rows"
            return measure(bar, run.folder / "model", name, run)

    outcomes = kept.get("English before", lambda: baselines(bar))
    outcomes += kept.get(f"English, {most_rows} rows", tuned)
    return _section("English words and what they mean", outcomes, list(bar.notes))


def _card(bar: Bar, card: Card, facts: Path, most_rows: int) -> list[Outcome]:
    """A card's recipe on the drugs, for so many rows at most."""
    evaluation = EvaluationConfig(evaluations=1, keep_best=False, confusables=False)
    # Rows that would not be seen are not stored either: the run would score a tenth of them.
    rows = min(card.rows, math.ceil(most_rows / (1 - evaluation.held_out_share)))
    table = card_tables(bar, 0, facts)[card.shape].sample(rows, random_state=0)
    with own_workspace() as workspace:
        info = store(workspace, f"Card {card.name}", table, SHAPES[card.shape])
        whole = RunConfig(
            name=f"Card {card.name}",
            dataset=DatasetConfig(id=info.id, name=info.name, content_hash=info.content_hash),
            base=bundled(),
            loss=LossConfig(name=card.loss, parameters=card.parameters or {}),
            training=TrainingConfig(
                epochs=card.epochs, batch_size=card.batch, learning_rate=5e-5, warmup_share=0.0
            ),
            evaluation=evaluation,
        )
        config = for_some_rows(whole, most_rows, _train_rows(whole, info))
        run = train(workspace, config)
        reached = scores(tables_of(run.folder / "model", bar.passages, bar.sets), bar.sets)
        steps = (run.report() or _missing(run.id)).training["steps"]
        seconds = run.seconds()
    planned = round(card.epochs * card.rows / card.batch)
    name = f"card {card.name}'s recipe, {steps:,} of {planned:,} steps"
    return [Outcome(name, reached, seconds, settings_of(whole))]


def _train_rows(config: RunConfig, info: DatasetInfo) -> int:
    return round(info.rows * (1 - config.evaluation.held_out_share))


def _missing(id: str) -> NoReturn:
    raise RunFailed(id=id, state="succeeded", reason="no report")


def _spread(repeated: Sequence[Sequence[Outcome]]) -> list[str]:
    """What the recommended path reached over several splits."""
    if len(repeated) < 2:
        return []
    words = []
    for name in repeated[0][0].scores:
        reached = [outcomes[0].scores[name] for outcomes in repeated]
        each = ", ".join(f"{value:.3f}" for value in reached)
        words.append(f"{name} mean {statistics.mean(reached):.3f} ({each})")
    return [f"Recommended path, {len(repeated)} repetitions: {'; '.join(words)}."]


def _section(title: str, outcomes: Sequence[Outcome], notes: Sequence[str]) -> str:
    names = list(outcomes[0].scores)
    head = ["by", "run", *(f"nDCG@10 {name}" for name in names), "settings"]
    rows = [
        [
            one.name,
            f"{one.seconds:.0f} s" if one.seconds is not None else "–",
            *(f"{one.scores[name]:.3f}" for name in names),
            one.settings or "–",
        ]
        for one in outcomes
    ]
    lines = [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]
    told = [textwrap.fill(f"- {note}", _WIDTH, subsequent_indent="  ") for note in notes]
    return "\n".join([f"## {title}", "", *lines, "", *told, ""])


def _page(parts: Sequence[str], load: float, without: Sequence[str]) -> str:
    cpu = list_devices()[0]
    notes = (
        f"Machine: {cpu.name}, {cpu.cores} cores in use, no GPU. Load at the start: {load:.2f} "
        f"({words_for(load)}).",
        "*Run* counts from the start of the run's process to its report. *Recommended* is the base "
        "that Train recommends for the table, with the settings that it then proposes, nothing "
        "changed.",
        "The weight of a fusion is the one that was best on questions about what was trained on.",
        f"Left out this time: {' and '.join(without)}."
        if without
        else "A card's recipe is run with its loss, batch and learning rate on these drugs, for "
        "fewer steps than the card's where it says so; base all-MiniLM-L6-v2.",
    )
    told = [textwrap.fill(f"- {note}", _WIDTH, subsequent_indent="  ") for note in notes]
    date = f"{datetime.now(UTC):%Y-%m-%d}"
    title = f"# The quality bar\n\nWritten by `python -m benchmarks.unseen_drugs` on {date}.\n"
    return "\n".join([title, *parts, *told]) + "\n"


def _options() -> argparse.Namespace:
    made = parser("unseen_drugs", __doc__)
    made.add_argument("--seeds", type=int, default=3, help="repetitions (default: 3)")
    made.add_argument(
        "--without", nargs="+", choices=("cards", "English"), default=[], help="leave parts out"
    )
    made.add_argument(
        "--card-rows", type=int, default=960, help="rows that a card's recipe sees (default: 960)"
    )
    made.add_argument(
        "--english-rows", type=int, default=2_560, help="that the English run sees (default: 2,560)"
    )
    made.add_argument("--outcomes", type=Path, help="keeps what was measured, to go on from there")
    made.add_argument("--facts", type=Path, default=FACTS)
    made.add_argument("--glosses", type=Path, default=GLOSSES)
    return made.parse_args()


if __name__ == "__main__":
    sys.exit(main())
