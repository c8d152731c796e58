"""Warnings about the table: what the base and the loss would make of it."""

from __future__ import annotations

from collections.abc import Iterator

from core.data.findings import Severity
from core.data.shapes import Shape
from core.models.extension_config import Extension
from core.problems import N_, Message
from core.training.advice.case import Advice, Case, Check, WayOut, to_static
from core.training.advice.facts import (
    SAMPLE_ROWS,
    cut_share,
    missing_characters,
    reading_of,
)
from core.training.continuing import seen_problem
from core.training.defaults import propose
from core.training.losses.registry import losses_for
from core.training.memory import compares_rows

FEW_HELD_OUT = 20
"""With fewer held-out rows, a difference between two models is mostly chance."""
CUT_SHARE = 0.05
"""From this share of texts on that are cut off, it is said."""
UNREADABLE_SHARE = 0.2
"""From this share of unknown tokens on, a model misses so much that it must be said."""
_FULL_SHARE = 0.9
"""Batches that hold less than this share of the rows asked for are warned of."""
_TOO_FEW = 3
"""Rows of a batch below which next to nothing is learned from the other rows."""
_LOSSES_OF_SCORES = ("CosineSimilarityLoss",)


def _unreadable(case: Case) -> Iterator[Advice]:
    if case.base.tokenizer is None:
        return
    read = reading_of(case.workspace, case.dataset, case.base)
    if read.unknown_share < UNREADABLE_SHARE:
        return
    missing = missing_characters(case.workspace, case.dataset, case.base)
    extend = case.config.base.extend
    if extend is not None and 0 < missing <= extend.characters:
        # What it cannot read will have been added before it is trained.
        return
    ways: tuple[WayOut, ...] = ()
    if case.base.path is not None:
        ways = (*to_static(case), *_to_extended(case, missing))
    yield Advice(
        "unreadable",
        Severity.PROBLEM,
        Message(N_("This base cannot read {share} of the table."), {"share": read.unknown_share}),
        Message(
            N_(
                "Those characters are one and the same unknown sign to it, and {same} of {texts} "
                "texts look exactly like another one. A static model made from your own texts "
                "reads all of them."
            ),
            {"same": read.indistinguishable, "texts": read.texts},
        ),
        ways,
    )


def _to_extended(case: Case, missing: int) -> Iterator[WayOut]:
    """The way to the same base with a vocabulary that knows the table's characters."""
    if not missing:
        return
    base = case.config.base.model_copy(update={"extend": Extension()})
    keeps = case.loss.name if case.dataset.shape in case.loss.shapes else None
    proposed = propose(case.workspace, case.dataset, base, loss=keeps)
    training = case.config.training.model_copy(update={"new_rate": proposed.training.new_rate})
    config = case.config.model_copy(update={"base": base, "training": training})
    exact = N_("Add the {count:,} characters that it cannot read")
    at_least = N_("Add the characters that it cannot read, {count:,} or more")
    label = exact if case.facts.rows <= SAMPLE_ROWS else at_least
    yield WayOut(Message(label, {"count": missing}), config)


def _zero_rows(case: Case) -> Iterator[Advice]:
    if not case.loss.in_batch or not case.facts.zeros:
        return
    ordering = losses_for(Shape.SCORED_PAIRS, static=case.static)[0]
    loss = case.config.loss.model_copy(update={"name": ordering.name, "parameters": {}})
    yield Advice(
        "zero_rows",
        Severity.PROBLEM,
        Message(
            N_("{count} of {rows} rows are scored 0, but {loss} takes every row for a match."),
            {"count": case.facts.zeros, "rows": case.facts.rows, "loss": case.loss.name},
        ),
        Message(N_("It would pull together texts that your table says do not belong together.")),
        (
            WayOut(Message(N_("Turn them into pairs or triplets on Data")), screen="data"),
            WayOut(
                Message(N_("Use {loss}, which understands scores"), {"loss": ordering.name}),
                case.config.model_copy(update={"loss": loss}),
            ),
        ),
    )


def _scores_out_of_range(case: Case) -> Iterator[Advice]:
    low, high = case.facts.lowest, case.facts.highest
    if low is None or high is None or (low >= 0 and high <= 1):
        return
    ways = [WayOut(Message(N_("Bring the scores to 0 to 1 on Data")), screen="data")]
    ordering = losses_for(Shape.SCORED_PAIRS, static=case.static)[0]
    if case.loss.name in _LOSSES_OF_SCORES:
        loss = case.config.loss.model_copy(update={"name": ordering.name, "parameters": {}})
        ways.append(
            WayOut(
                Message(N_("Use {loss}, for which only the order counts"), {"loss": ordering.name}),
                case.config.model_copy(update={"loss": loss}),
            )
        )
    yield Advice(
        "scores_out_of_range",
        Severity.PROBLEM if case.loss.name in _LOSSES_OF_SCORES else Severity.WARNING,
        Message(
            N_("The scores go from {low:g} to {high:g}; they should lie between 0 and 1."),
            {"low": low, "high": high},
        ),
        Message(
            N_(
                "The model's similarities cannot reach scores beyond 1, and what counts as a match "
                "(0.5 and more) would mean something else."
            )
        ),
        tuple(ways),
    )


def _repeats(case: Case) -> Iterator[Advice]:
    """Repeated texts in batches that do not keep them apart."""
    if not case.loss.in_batch or case.config.training.separate_duplicates:
        return
    largest = case.facts.largest
    if largest < 2:
        return
    yield Advice(
        "repeats",
        Severity.WARNING,
        Message(
            N_("Texts repeat (one stands in {largest} rows), and batches do not keep them apart."),
            {"largest": largest},
        ),
        Message(
            N_(
                "{loss} takes the other rows' answers for wrong ones: where a text repeats, the "
                "right answer would count as a wrong one."
            ),
            {"loss": case.loss.name},
        ),
        (case.training(Message(N_("Keep repeated texts apart")), separate_duplicates=True),),
    )


def _collapse(case: Case) -> Iterator[Advice]:
    size = case.config.training.batch_size
    if not case.loss.in_batch or not case.config.training.separate_duplicates or size < 2:
        return
    if case.train_rows < size or case.facts.largest < 2:
        return
    dealt = case.dealt(size)
    if dealt.rows >= _FULL_SHARE * size:
        return
    yield Advice(
        "collapse",
        Severity.PROBLEM if dealt.rows < _TOO_FEW else Severity.WARNING,
        Message(
            N_(
                "One text stands in {largest} rows, which must not meet in one batch. So an epoch "
                "takes {steps} batches of {rows} or fewer rows, instead of {wanted} of {size}."
            ),
            {
                "largest": case.facts.largest,
                "steps": dealt.steps,
                "rows": dealt.rows,
                "wanted": dealt.wanted,
                "size": size,
            },
        ),
        Message(
            N_(
                "The wrong answers come from the other rows of a batch: a small batch has few, and "
                "a batch of one row has none and teaches nothing (its loss is 0)."
            ),
        ),
        tuple(_ways_out_of_collapse(case)),
    )


def _ways_out_of_collapse(case: Case) -> Iterator[WayOut]:
    for loss in losses_for(case.dataset.shape, static=case.static):
        if not compares_rows(loss):
            proposed = propose(case.workspace, case.dataset, case.config.base, loss=loss.name)
            training = case.config.training.model_copy(
                update={"batch_size": proposed.training.batch_size}
            )
            yield WayOut(
                Message(N_("Use {loss}, which needs no other rows"), {"loss": loss.name}),
                case.config.model_copy(update={"loss": proposed.loss, "training": training}),
            )
            break
    # The largest size of which batches come out (nearly) full.
    for size in (2**power for power in range(12, 1, -1)):
        asked = case.config.training.batch_size
        if size < asked and case.dealt(size).rows >= _FULL_SHARE * size:
            yield case.training(
                Message(N_("Use batches of {size}"), {"size": size}), batch_size=size
            )
            break
    yield WayOut(Message(N_("Clear up repeated texts on Data")), screen="data")


def _too_long(case: Case) -> Iterator[Advice]:
    limits = [case.base.max_length, case.config.training.max_length]
    limit = min((one for one in limits if one), default=None)
    if limit is None or case.base.tokenizer is None or case.static:
        return
    share = cut_share(case.workspace, case.dataset, case.base, limit)
    if share < CUT_SHARE:
        return
    ways = []
    if case.base.max_length is None or limit < case.base.max_length:
        ways.append(case.training(Message(N_("Read as much as the base allows")), max_length=None))
    ways += to_static(case)
    yield Advice(
        "too_long",
        Severity.WARNING,
        Message(
            N_("{share} of the texts are longer than {limit} tokens and will be cut off there."),
            {"share": share, "limit": limit},
        ),
        Message(N_("What stands behind is not read, neither in training nor in search.")),
        tuple(ways),
    )


def _scored_rows_seen(case: Case) -> Iterator[Advice]:
    seen = seen_problem(case.workspace, case.config)
    if seen is None:
        return
    then = seen.params
    training = case.config.training.model_copy(update={"seed": then["seed"]})
    evaluation = case.config.evaluation.model_copy(
        update={"held_out_share": then["held_out_share"]}
    )
    changed = {"training": training, "evaluation": evaluation}
    yield Advice(
        "scored_rows_seen",
        Severity.PROBLEM,
        seen.message(),
        seen.advice(),
        (
            WayOut(
                Message(N_("Hold out the same rows as then")),
                case.config.model_copy(update=changed),
            ),
        ),
    )


def _few_held_out(case: Case) -> Iterator[Advice]:
    held_out = case.facts.held_out(case.config)
    if held_out >= FEW_HELD_OUT:
        return
    ways = []
    share = -(-100 * FEW_HELD_OUT // case.facts.rows) / 100
    if case.facts.own_held_out is None and share <= 0.5:
        evaluation = case.config.evaluation.model_copy(update={"held_out_share": share})
        ways.append(
            WayOut(
                Message(N_("Hold out {share}"), {"share": share}),
                case.config.model_copy(update={"evaluation": evaluation}),
            )
        )
    else:
        ways.append(WayOut(Message(N_("Add rows on Data")), screen="data"))
    yield Advice(
        "few_held_out",
        Severity.WARNING,
        Message(N_("Only {count} rows are held out for scoring."), {"count": held_out}),
        Message(
            N_("On so few rows, whether the model got better or worse is mostly a matter of luck.")
        ),
        tuple(ways),
    )


CHECKS: tuple[Check, ...] = (
    _unreadable,
    _scored_rows_seen,
    _zero_rows,
    _scores_out_of_range,
    _collapse,
    _repeats,
    _few_held_out,
    _too_long,
)
