"""Trains the five published cards again and compares the new cards with them, field by field.

`python -m benchmarks.card_reproduction` writes docs/card-reproduction.md.  On a GPU each is trained
in full; on the CPU for the first 100 steps or five minutes, whichever ends first.  The base of card
003, bge-small-zh-v1.5, is taken from `--bge FOLDER`; without it all-MiniLM-L6-v2 stands in, and the
page says so.  `--card card-001` does one card only, and prints instead of writing.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.card_tables import Table, table_of
from benchmarks.measuring import own_workspace
from benchmarks.unseen_runs import RunFailed, store
from core.devices import list_devices
from core.jobs import queue
from core.jobs.stopping import StopWish
from core.models.bases import BaseConfig
from core.models.bundled import BUNDLED_NAME
from core.training.recipes.card import decode, read_card
from core.training.recipes.facts import Card
from core.training.recipes.recipe import Recipe, usable
from core.training.recipes.sections import front_matter, split
from core.training.recipes.store import NAMES, load_recipe
from core.training.runs import Curves, Run, load_run
from core.training.start import start_run
from core.workspace import PROJECT_ROOT, Workspace

CARDS = PROJECT_ROOT.parent / "shared" / "cards"
"""The cards themselves; without them their headings are not compared."""
PAGE = PROJECT_ROOT / "docs" / "card-reproduction.md"
MOST_STEPS, MOST_SECONDS = 100, 300.0
_LOOK_SECONDS = 0.5
_WIDTH = 60

TITLE = """\
# Five cards, trained again

Written by `python -m benchmarks.card_reproduction` on {date}; {device}.

What each card says and why it is so: [recipes.md](recipes.md). The authors' tables are not
published: those here have the same shape, number of rows and faults, and texts of the bundled
samples, about as long as theirs (`benchmarks/card_tables.py`). The bundled base comes as a
package that names no revision. With one table it makes no difference how several would take turns
(`multi_dataset_batch_sampler`). `logging_nan_inf_filter`, `disable_tqdm`, `eval_on_start`,
`use_cpu` and `dataloader_pin_memory` are set by Pairloom and change nothing in the model. A
widget's examples are held-out rows whose texts differ: with the same text in both columns there
are none (card 003), with two anchors two (card 004).
"""
HEADER = "| section | field | the card | made here | |\n|---|---|---|---|---|"


@dataclass(frozen=True)
class Field:
    """One field of both cards."""

    section: str
    name: str
    original: Any
    made: Any

    def row(self) -> str:
        """The table's row."""
        same = "same" if self.original == self.made else ""
        cells = [self.section, self.name, _words(self.original), _words(self.made), same]
        return f"| {' | '.join(cells)} |"


def main() -> int:
    """Train and compare; returns the exit code."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    device = list_devices()[0]
    whole = device.id.startswith("cuda")
    parts = []
    try:
        with own_workspace() as workspace:
            for id in [options.card] if options.card else NAMES:
                parts.append(_reproduce(workspace, id, options.bge, whole, options.seconds))
    except RunFailed as problem:
        print(problem, file=sys.stderr)
        return 1
    date = f"{datetime.now(UTC):%Y-%m-%d}"
    text = "\n".join([TITLE.format(date=date, device=device.name), *parts])
    if options.card is None:
        PAGE.write_text(text, encoding="utf-8")
    print(text)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.card_reproduction", description=__doc__
    )
    parser.add_argument("--bge", type=Path, help="a folder with BAAI/bge-small-zh-v1.5")
    parser.add_argument("--card", choices=NAMES, help="only this one; prints, writes nothing")
    parser.add_argument(
        "--seconds", type=float, default=MOST_SECONDS, help="of training on the CPU (default: 300)"
    )
    return parser.parse_args()


def _reproduce(workspace: Workspace, id: str, bge: Path | None, whole: bool, seconds: float) -> str:
    """Train one card again; its part of the page."""
    stored = load_recipe(workspace, id)
    card = stored.card
    assert card is not None and card.rows is not None
    table = table_of(id, card.rows)
    info = store(workspace, id, table.frame, table.mapping)
    recipe = stored.recipe
    if bge is not None and recipe.base.kind == "hub":
        recipe = recipe.model_copy(update={"base": BaseConfig(kind="folder", path=str(bge))})
    recipe, notes = usable(workspace, recipe, info)
    run = _train(workspace, start_run(workspace, recipe.config(info, id)), whole, seconds)
    assert run.model is not None
    text = decode((run.model / "README.md").read_bytes())
    made = read_card(text)
    curves = Curves()
    curves.update(run.folder)
    lines = [
        f"\n## {stored.recipe.name}\n",
        _told(card, recipe, table, run, curves),
        _sections(id, text),
        *(f"\n{note.text()}" for note in notes),
        "",
        HEADER,
        *(field.row() for field in fields(card, made)),
    ]
    return "\n".join(lines) + "\n"


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


def _sections(id: str, made: str) -> str:
    """Which of the card's headings the new one lacks, and which it has besides."""
    found = list(CARDS.glob(f"{id.removeprefix('card-')}_*.txt"))
    if not found:
        return ""
    theirs, ours = (
        list(dict.fromkeys(one.title for one in split(front_matter(text)[1]) if one.level > 1))
        for text in (decode(found[0].read_bytes()), made)
    )
    lacking = [title for title in theirs if title not in ours]
    more = [title for title in ours if title not in theirs]
    return (
        f"\nOf the card's {len(theirs)} headings {len(theirs) - len(lacking)} are there"
        f"{'; not there: ' + ', '.join(lacking) if lacking else ''}. "
        f"Besides: {', '.join(more) or 'none'}."
    )


def fields(card: Card, made: Card) -> Iterator[Field]:
    """The fields of both cards, section by section."""
    for section, names in _SECTIONS.items():
        for name in names:
            yield Field(section, name, _value(card, name), _value(made, name))
    theirs, ours = card.table, made.table
    assert theirs is not None and ours is not None
    yield Field("Training Dataset", "shape", theirs.shape, ours.shape)
    for number, (one, other) in enumerate(zip(theirs.columns, ours.columns, strict=False)):
        place = f"column {number + 1}"
        yield Field("Training Dataset", f"{place}, type", one.type, other.type)
        for name in ("least", "mean", "most"):
            numbers = (getattr(one, name), getattr(other, name))
            yield Field("Training Dataset", f"{place}, {name} {one.unit}".strip(), *numbers)
    yield Field("Loss", "name", card.loss, made.loss)
    for name in card.loss_parameters | made.loss_parameters:
        values = (card.loss_parameters.get(name), made.loss_parameters.get(name))
        yield Field("Loss", name, *values)
    for name in card.non_default | made.non_default:
        values = (card.hyperparameters.get(name), made.hyperparameters.get(name))
        yield Field("Non-Default Hyperparameters", name, *values)
    yield Field("Training Logs", "lines", len(card.curve), len(made.curve))
    yield Field("Widget", "examples", 5, len(made.examples))
    for name in card.versions:
        yield Field("Framework Versions", name, card.versions[name], made.versions.get(name))


def _value(card: Card, name: str) -> Any:
    """A field, as far as cards of all versions say it alike."""
    value = getattr(card, name)
    if name == "pooling":
        return str(value).removesuffix("s").removesuffix("_token")
    if name == "evaluations":
        return ", ".join(metric for one in value for metric in one.metrics) or None
    return value.rows if name == "measured" and value is not None else value


_SECTIONS = {
    "Model Description": ("base", "revision", "max_length", "dimension", "similarity"),
    "Full Model Architecture": ("modules", "pooling"),
    "Training Dataset": ("rows",),
    "Evaluation": ("evaluations", "measured"),
}


def _words(value: Any) -> str:
    if value is None or value == ():
        return "–"
    if isinstance(value, tuple | list):
        value = ", ".join(map(str, value))
    text = " ".join(str(getattr(value, "value", value)).split()).replace("|", "\\|")
    return text if len(text) <= _WIDTH else f"{text[:_WIDTH]}…"


if __name__ == "__main__":
    sys.exit(main())
