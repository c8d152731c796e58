"""What the data report and the warnings of Train would have told the author of a card.

The author's table is not here: what is said comes from the statistics, the log and the settings on
the card, and from what its few texts show (:mod:`core.training.recipes.evidence`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property

import numpy as np

from core.data.dataset import DatasetInfo
from core.data.findings import Severity
from core.data.read import Source
from core.data.shapes import Mapping, Shape
from core.models.bases import resolve
from core.models.folder import ResolvedBase
from core.problems import N_, Message, Problem
from core.training.advice.case import Advice, Case
from core.training.advice.data import UNREADABLE_SHARE
from core.training.advice.facts import Facts
from core.training.advice.settings import CHECKS
from core.training.config import DatasetConfig, RunConfig
from core.training.cost import planned_steps
from core.training.defaults import propose_rows
from core.training.losses.registry import loss_named
from core.training.recipes.facts import Card, Column, Point
from core.training.recipes.recipe import Recipe
from core.workspace import Workspace

TABLE_FAULTS = ("same_columns", "only_signs")
"""Kinds of remarks that no setting can make good: the table itself has to be mended."""

_LOG_EVERY = 500
"""Steps between two lines of the log, unless somebody changes it; cards do not print it."""
_MOSTLY_SIGNS = 0.5
_OWN_TOKENS = 2
"""Tokens that a transformer adds to every text."""
_EASY_SHARE = 0.02
"""With less than this share of the loss of pure guessing, there was next to nothing to learn."""
_LOPSIDED = 0.25
_NEARLY_CHANCE = 0.9
_MOST_OF_THE_FALL = 0.9
_FEW_POINTS = 10
_IDLE_SHARE = 0.4
"""From this share of the epochs on that changed hardly anything, it is said."""
_LONG_SHARE = 0.3

_GARBLED = N_(
    "The card's characters went through a wrong encoding ({encoding}); {lost:,} of them are lost "
    "and are shown as �."
)
_GARBLED_CARD = N_(
    "The words that the library itself writes are garbled too, so it was the card's file that was "
    "saved wrongly. The table may have been in order."
)
_GARBLED_TABLE = N_(
    "The library's own words are whole, so the table itself was garbled: the model has learned "
    "characters that nobody will ever type."
)
_UNREADABLE = N_("The base cannot read {share} of the card's texts.")
_UNREADABLE_WHY = N_(
    "Those characters are one and the same unknown sign to it, and no training changes that. A "
    "static model made from the texts themselves reads all of them."
)
_SAME = N_("Both columns hold the same text in every row that the card shows.")
_SAME_WHY = N_(
    "Each text finds itself by comparing letters: the loss falls to almost 0 and nothing has been "
    "learned. Perhaps one of the two columns was meant to be another one."
)
_SIGNS = N_("“{column}” holds nothing but signs; its longest text has {most} tokens.")
_SIGNS_WHY = N_(
    "The same text has high and low scores, so the model can only learn the average. Perhaps "
    "another column of the table was meant."
)
_CUT = N_("Texts in “{column}” reach the limit of {limit} tokens and are cut off there.")
_CUT_WHY = N_("What stands behind is not read, neither in training nor in search.")
_REPEATS = N_("Batches did not keep rows that share a text apart.")
_REPEATS_WHY = N_(
    "{loss} takes the other rows' answers for wrong ones: where a text repeats, the right answer "
    "counts as a wrong one."
)
_SCORES = N_("The scores go from {low:g} to {high:g}; they should lie between 0 and 1.")
_SCORES_WHY = N_("The model's similarities cannot reach scores beyond 1.")
_MEAN = N_("The scores are lopsided: their mean is {mean:g}.")
_MEAN_WHY = N_(
    "A model does well on such a table by giving nearly every pair the commoner score. Pairs that "
    "belong together teach more: turn the table into pairs, and the other rows of a batch serve as "
    "wrong answers."
)
_UNMEASURED = N_("Nothing was held out and nothing was measured.")
_UNMEASURED_WHY = N_(
    "A falling loss only says that the training rows are known by now. Whether the model answers "
    "better than its base, nobody knows."
)
_NO_LOG = N_("No loss was ever logged: {steps:,} steps, and a line only every {every}.")
_NO_LOG_WHY = N_("Nobody could have seen whether the model learned anything.")
_EASY = N_("At step {step:,} the loss was {loss:g} already; pure guessing gives {chance:.2g}.")
_EASY_WHY = N_(
    "The base knew nearly all of it before, so there was little to learn. Wrong answers that are "
    "harder to tell apart would teach more; Pairloom can look for them."
)
_CHANCE = N_(
    "At step {step:,} the loss was {loss:g}; giving every pair the mean score costs {chance:.2g}."
)
_CHANCE_WHY = N_("The model had learned nothing by then.")
_IDLE = N_("After epoch {epoch:g} of {epochs:g} the loss hardly fell any more.")
_IDLE_WHY = N_(
    "The rest of the time taught the rows by heart. Fewer epochs, or the best of several looks at "
    "held-out rows, would have done."
)  # fmt: skip


def remarks(workspace: Workspace, recipe: Recipe) -> list[Advice]:
    """What would have been said about a card's table and settings, the worst first.

    Nothing about a recipe that comes from no card.
    """
    card = recipe.card
    if card is None:
        return []
    order = list(Severity)
    found = [
        *_about_characters(card),
        *_about_columns(card),
        *_about_settings(workspace, recipe, card),
        *_about_the_log(recipe, card),
    ]
    return sorted(found, key=lambda one: -order.index(one.severity))


def _about_characters(card: Card) -> Iterator[Advice]:
    if card.garbled is not None and card.garbled.lost:
        facts = {"encoding": card.garbled.encoding, "lost": card.garbled.lost}
        whole = card.garbled.by_template
        yield Advice(
            "garbled",
            Severity.INFO if whole else Severity.PROBLEM,
            Message(_GARBLED, facts),
            Message(_GARBLED_CARD if whole else _GARBLED_TABLE),
        )
    share = card.evidence.unknown_share
    if share is not None and share >= UNREADABLE_SHARE:
        yield Advice(
            "unreadable",
            Severity.PROBLEM,
            Message(_UNREADABLE, {"share": share}),
            Message(_UNREADABLE_WHY),
        )


def _about_columns(card: Card) -> Iterator[Advice]:
    columns = card.table.columns if card.table else ()
    texts = [column for column in columns if column.is_text]
    if card.evidence.same_columns:
        yield Advice("same_columns", Severity.PROBLEM, Message(_SAME), Message(_SAME_WHY))
    if texts and _only_signs(card, texts[0]):
        facts = {"column": texts[0].name, "most": int((texts[0].most or 0) - _OWN_TOKENS)}
        yield Advice("only_signs", Severity.PROBLEM, Message(_SIGNS, facts), Message(_SIGNS_WHY))
    for column in texts:
        limit = card.max_length
        if column.unit == "tokens" and limit and column.most and column.most >= limit:
            often = (column.mean or 0) >= _LONG_SHARE * limit
            yield Advice(
                "too_long",
                Severity.WARNING if often else Severity.INFO,
                Message(_CUT, {"column": column.name, "limit": limit}),
                Message(_CUT_WHY),
            )
    if card.shape is Shape.SCORED_PAIRS:
        yield from _about_scores(columns[-1])


def _only_signs(card: Card, column: Column) -> bool:
    return card.evidence.sign_share >= _MOSTLY_SIGNS and (column.most or math.inf) <= 8


def _about_scores(column: Column) -> Iterator[Advice]:
    low, mean, high = column.least, column.mean, column.most
    if low is None or mean is None or high is None:
        return
    if low < 0 or high > 1:
        facts = {"low": low, "high": high}
        yield Advice("scores", Severity.PROBLEM, Message(_SCORES, facts), Message(_SCORES_WHY))
    elif min(mean, 1 - mean) < _LOPSIDED:
        message = Message(_MEAN, {"mean": mean})
        yield Advice("lopsided", Severity.WARNING, message, Message(_MEAN_WHY))


def _about_settings(workspace: Workspace, recipe: Recipe, card: Card) -> Iterator[Advice]:
    loss = loss_named(recipe.loss.name)
    if loss.in_batch and not recipe.training.separate_duplicates:
        yield Advice(
            "repeats",
            Severity.WARNING,
            Message(_REPEATS),
            Message(_REPEATS_WHY, {"loss": loss.name}),
        )
    if card.rows and card.shape:
        case = _case(workspace, recipe, card)
        for check in CHECKS:
            for one in check(case):
                # Their buttons belong to a form that is filled in already.
                yield Advice(one.kind, one.severity, one.message, one.why)
    if not card.was_measured:
        yield Advice("unmeasured", Severity.WARNING, Message(_UNMEASURED), Message(_UNMEASURED_WHY))


def _about_the_log(recipe: Recipe, card: Card) -> Iterator[Advice]:
    points = card.losses
    if not points:
        steps = planned_steps(card.rows, recipe.training) if card.rows else None
        if steps is not None and steps < _LOG_EVERY:
            facts = {"steps": steps, "every": _LOG_EVERY}
            yield Advice("no_log", Severity.INFO, Message(_NO_LOG, facts), Message(_NO_LOG_WHY))
        return
    chance = _chance(recipe, card)
    if chance is not None:
        yield from _beside_chance(recipe, card, chance)
    yield from _about_the_end(recipe, card)


def _beside_chance(recipe: Recipe, card: Card, chance: float) -> Iterator[Advice]:
    """A loss that was near 0 from the beginning, or never better than that of guessing."""
    first, last = card.losses[0], card.losses[-1]
    if not loss_named(recipe.loss.name).in_batch:
        if (last.loss or 0.0) >= _NEARLY_CHANCE * chance:
            message = _beside(_CHANCE, last, chance)
            yield Advice("chance", Severity.PROBLEM, message, Message(_CHANCE_WHY))
    # Where both columns are the same, that is why, and it has been said.
    elif (first.loss or 0.0) <= _EASY_SHARE * chance and not card.evidence.same_columns:
        yield Advice("easy", Severity.WARNING, _beside(_EASY, first, chance), Message(_EASY_WHY))


def _beside(template: str, point: Point, chance: float) -> Message:
    return Message(template, {"step": point.step, "loss": point.loss, "chance": chance})


def _chance(recipe: Recipe, card: Card) -> float | None:
    """The loss of a model that knows nothing; None where that depends on more than the card says.

    For losses that choose among a batch's answers it is the logarithm of their number.  For
    CosineSimilarityLoss on scores that are 0 or 1 it is the variance of the scores.
    """
    if loss_named(recipe.loss.name).in_batch:
        answers = sum(column.is_text for column in card.table.columns) - 1 if card.table else 1
        return math.log(recipe.training.batch_size * max(1, answers))
    if recipe.loss.name == "CosineSimilarityLoss" and card.shape is Shape.SCORED_PAIRS:
        assert card.table is not None
        mean = card.table.columns[-1].mean
        return None if mean is None else mean * (1 - mean)
    return None


def _about_the_end(recipe: Recipe, card: Card) -> Iterator[Advice]:
    """Whether most of the training changed hardly anything."""
    points = card.losses
    values = [point.loss or 0.0 for point in points]
    if len(points) < _FEW_POINTS or values[0] <= min(values):
        return
    low_enough = values[0] - _MOST_OF_THE_FALL * (values[0] - min(values))
    reached = next(point for point in points if (point.loss or 0.0) <= low_enough)
    epochs = recipe.training.epochs
    if reached.epoch is None or reached.epoch > (1 - _IDLE_SHARE) * epochs:
        return
    facts = {"epoch": round(reached.epoch, 1), "epochs": epochs}
    yield Advice("idle", Severity.INFO, Message(_IDLE, facts), Message(_IDLE_WHY))


class _CardCase(Case):
    """A card's settings as the warnings of Train see them."""

    @cached_property
    def proposed(self) -> RunConfig:
        """What the form would propose for such a table."""
        fits = self.dataset.shape in self.loss.shapes
        return propose_rows(
            self.workspace,
            self.config.dataset,
            self.dataset.shape,
            self.dataset.rows,
            self.config.base,
            loss=self.loss.name if fits else None,
        )


def _case(workspace: Workspace, recipe: Recipe, card: Card) -> Case:
    assert card.table is not None and card.shape is not None and card.rows is not None
    dataset = DatasetInfo(
        id="card",
        name=recipe.name,
        shape=card.shape,
        rows=card.rows,
        rows_before=card.rows,
        created="",
        content_hash="",
        mapping=Mapping(),
        source=Source(card.source, "", "", "", rows_read=card.rows, quarantined=0),
        left_out=(),
        findings=(),
        stats={},
        columns=(),
        original_hash="",
        family="card",
    )
    base, resolved = recipe.base, _resolved(workspace, recipe, card)
    # The texts are not here: only what needs none is asked.
    facts = Facts(
        rows=card.rows,
        own_held_out=0,
        codes=np.zeros((0, 1), dtype=np.int64),
        texts=(),
    )
    config = RunConfig(
        name=recipe.name,
        dataset=as_dataset(recipe),
        base=base,
        loss=recipe.loss,
        training=recipe.training,
        evaluation=recipe.evaluation,
    )
    return _CardCase(workspace, dataset, config, resolved, loss_named(recipe.loss.name), facts)


def as_dataset(recipe: Recipe) -> DatasetConfig:
    """A name for the table of a card, where a configuration wants one."""
    return DatasetConfig(id="card", name=recipe.name, content_hash="")


def _resolved(workspace: Workspace, recipe: Recipe, card: Card) -> ResolvedBase:
    try:
        return resolve(workspace, recipe.base)
    except Problem:
        # Not on this computer: a transformer, as far as the card tells.
        return ResolvedBase(
            name=card.base or "",
            kind="transformer",
            path=None,
            tokenizer=None,
            dimension=card.dimension or 1,
            max_length=card.max_length,
            parameters=0,
            embedding_parameters=0,
        )
