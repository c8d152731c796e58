"""Trains the five published cards again and compares the new cards with them, field by field.

`python -m benchmarks.card_reproduction` writes docs/card-reproduction.md.  On a GPU each is trained
in full; on the CPU for the first 100 steps or five minutes, whichever ends first.  The base of card
003, bge-small-zh-v1.5, is taken from `--bge FOLDER`; without it all-MiniLM-L6-v2 stands in, and the
page says so; no hub is ever asked.  `--card card-001` does one card only, and prints instead of
writing.  `--cards FOLDER` keeps the new cards, and compares those that are there without training.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.card_comparison import comparison
from benchmarks.card_tables import Table, table_of
from benchmarks.measuring import own_workspace
from benchmarks.unseen_runs import RunFailed, store
from core.devices import list_devices
from core.jobs import queue
from core.jobs.stopping import StopWish
from core.models.bases import BaseConfig
from core.models.bundled import BUNDLED_NAME
from core.training.recipes.card import decode
from core.training.recipes.facts import Card
from core.training.recipes.recipe import Recipe, usable
from core.training.recipes.store import NAMES, load_recipe
from core.training.runs import Curves, Run, load_run
from core.training.start import start_run
from core.workspace import PROJECT_ROOT, Workspace

CARDS = PROJECT_ROOT.parent / "shared" / "cards"
"""The cards themselves; without them only their facts are compared."""
PAGE = PROJECT_ROOT / "docs" / "card-reproduction.md"
MOST_STEPS, MOST_SECONDS = 100, 300.0
_LOOK_SECONDS = 0.5

TITLE = """\
# Five cards, trained again

Written by `python -m benchmarks.card_reproduction`; {devices}.{gpu} On the CPU each card is trained
for 100 steps or five minutes, whichever ends first; on a GPU in full.

What each card says and why it is so: [recipes.md](recipes.md). The authors' tables are not
published: those here have the same shape, number of rows and faults, and texts of the bundled
samples, about as long as theirs (`benchmarks/card_tables.py`). The bundled base comes as a
package that names no revision. With one table it makes no difference how several would take turns
(`multi_dataset_batch_sampler`). `logging_nan_inf_filter`, `disable_tqdm`, `eval_on_start`,
`use_cpu` and `dataloader_pin_memory` are set by Pairloom and change nothing in the model. A
widget's examples are held-out rows whose texts differ: with the same text in both columns there
are none (card 003), with two anchors two (card 004). Both cards' texts differ, so samples are
counted. "On neither" is a field that neither card fills; it is no agreement. The base of card 003
is taken from `--bge FOLDER`; the script asks no hub, and without the folder all-MiniLM-L6-v2
stands in. `--cards FOLDER` keeps the new cards and compares them again without training.
"""
_NO_GPU = " No run was made on a GPU."


@dataclass(frozen=True)
class Made:
    """A card that was made here.

    Attributes:
        text: of the card.
        told: how it was trained, in a sentence or two.
        device: on what.
        date: when.
    """

    text: str
    told: str
    device: str
    date: str


def main() -> int:
    """Train and compare; returns the exit code."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    parts = []
    try:
        with own_workspace() as workspace:
            for id in [options.card] if options.card else NAMES:
                made = _kept(options.cards, id) or _reproduce(workspace, id, options)
                stored = load_recipe(workspace, id)
                assert stored.card is not None
                compared = comparison(stored.card, _original(id), made.text)
                parts.append((made, f"\n## {stored.recipe.name}\n\n{made.told}\n{compared}\n"))
    except RunFailed as problem:
        print(problem, file=sys.stderr)
        return 1
    text = page([made for made, _part in parts], [part for _made, part in parts])
    if options.card is None:
        PAGE.write_text(text, encoding="utf-8")
    print(text)
    return 0


def page(made: list[Made], parts: list[str]) -> str:
    """The whole page; it says on what devices the cards were made."""
    devices = dict.fromkeys(f"{one.device} ({one.date})" for one in made)
    gpu = any("CUDA" in one.device or "NVIDIA" in one.device for one in made)
    head = TITLE.format(devices=", ".join(devices), gpu="" if gpu else _NO_GPU)
    return "\n".join([head, *parts])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.card_reproduction", description=__doc__
    )
    parser.add_argument("--bge", type=Path, help="a folder with BAAI/bge-small-zh-v1.5")
    parser.add_argument("--card", choices=NAMES, help="only this one; prints, writes nothing")
    parser.add_argument(
        "--seconds", type=float, default=MOST_SECONDS, help="of training on the CPU (default: 300)"
    )
    parser.add_argument(
        "--cards",
        type=Path,
        metavar="FOLDER",
        help="keep the new cards here; those that are here are compared without training again",
    )
    return parser.parse_args()


def _kept(folder: Path | None, id: str) -> Made | None:
    """A card that was made before, from the folder of ``--cards``."""
    if folder is None or not (folder / f"{id}.json").exists():
        return None
    return Made(**json.loads((folder / f"{id}.json").read_text(encoding="utf-8")))


def _reproduce(workspace: Workspace, id: str, options: argparse.Namespace) -> Made:
    """Train one card again; the new card, kept in the folder of ``--cards`` too."""
    device = list_devices()[0]
    whole = device.id.startswith("cuda")
    stored = load_recipe(workspace, id)
    card, recipe = stored.card, stored.recipe
    assert card is not None and card.rows is not None
    table = table_of(id, card.rows)
    info = store(workspace, id, table.frame, table.mapping)
    if options.bge is not None and recipe.base.kind == "hub":
        recipe = recipe.model_copy(
            update={"base": BaseConfig(kind="folder", path=str(options.bge))}
        )
    recipe, notes = usable(workspace, recipe, info)
    started = start_run(workspace, recipe.config(info, id))
    run = _train(workspace, started, whole, options.seconds)
    assert run.model is not None
    curves = Curves()
    curves.update(run.folder)
    told = [_told(card, recipe, table, run, curves), *(f"\n{note.text()}" for note in notes)]
    made = Made(
        text=decode((run.model / "README.md").read_bytes()),
        told="\n".join(told),
        device=device.name,
        date=f"{datetime.now(UTC):%Y-%m-%d}",
    )
    if options.cards is not None:
        options.cards.mkdir(parents=True, exist_ok=True)
        (options.cards / f"{id}.md").write_text(made.text, encoding="utf-8")
        record = json.dumps(asdict(made), ensure_ascii=False)
        (options.cards / f"{id}.json").write_text(record, encoding="utf-8")
    return made


def _train(workspace: Workspace, id: str, whole: bool, seconds: float) -> Run:
    """Wait for the end, on the CPU no longer than is agreed; what it has learned is kept."""
    curves, began, asked = Curves(), None, False
    while (run := load_run(workspace, id)).status.state.active:
        curves.update(run.folder)
        if curves.train and began is None:
            began = time.monotonic()
        step = int((run.status.stage or {}).get("params", {}).get("step", 0))
        over = began is not None and (step >= MOST_STEPS or time.monotonic() - began >= seconds)
        if over and not whole and not asked:
            queue.request_stop(workspace, id, StopWish.KEEP)
            asked = True
        time.sleep(_LOOK_SECONDS)
    if run.model is None:
        print(run.log_tail(200), file=sys.stderr)
        reason = " ".join(message.text() for message in run.status.error_messages or ())
        raise RunFailed(id=id, state=run.status.state.value, reason=reason)
    return run


def _told(card: Card, recipe: Recipe, table: Table, run: Run, curves: Curves) -> str:
    last = curves.train[-1]
    stand_in = (
        ""
        if run.config.base.kind != "bundled" or card.base == BUNDLED_NAME
        else (f" Stand-in for {card.base}: {BUNDLED_NAME}.")
    )
    logged = card.losses[0] if card.losses else None
    theirs = f"; the card logs {logged.loss:g} at step {logged.step:,}" if logged else ""
    return (
        f"Table: {table.words}. {last['step']:,} of {curves.steps:,} steps, batch "
        f"{recipe.training.batch_size}; the loss is {curves.train[0]['loss']:.4g} at step 1 and "
        f"{last['loss']:.4g} at step {last['step']:,}{theirs}.{stand_in}"
    )


def _original(id: str) -> str | None:
    """The published card's text, where it is on this computer."""
    found = list(CARDS.glob(f"{id.removeprefix('card-')}_*.txt"))
    return decode(found[0].read_bytes()) if found else None


if __name__ == "__main__":
    sys.exit(main())
