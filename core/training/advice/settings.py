"""Warnings about the settings: margins, batches, learning rates, steps."""

from __future__ import annotations

import math
from collections.abc import Iterator

from core.data.findings import Severity
from core.problems import N_, Message
from core.training.advice.case import Advice, Case, Check
from core.training.cost import planned_steps
from core.training.defaults import usual_rates
from core.training.memory import compares_rows

FEW_STEPS = 20
"""With fewer changes of the weights than this, a model stays about as it was."""
GOOD_STEPS = 100
"""So many changes are worth aiming at."""
_FAR_OFF = 10.0
_TOLERANCE = 1e-9


def reach(metric: str, dimension: int) -> float:
    """The largest distance that two vectors of length 1 can have.

    Manhattan: the sum of ``dimension`` absolute values is at most the square root of ``dimension``
    times their Euclidean length (Cauchy and Schwarz), which is at most 2.
    """
    return 2.0 * math.sqrt(dimension) if metric == "manhattan" else 2.0


def _margin(case: Case) -> Iterator[Advice]:
    settings = case.loss.settings(case.config.loss.parameters)
    name = next((one for one in ("triplet_margin", "margin") if one in settings), None)
    metric = settings.get("distance_metric")
    if name is None or metric is None:
        return
    margin, most = float(settings[name]), reach(str(metric), case.base.dimension)
    if margin <= most:
        return
    # A quarter of what can be reached: 0.5 for vectors of length 1 measured in a straight line.
    better = round(most / 4, 1)
    yield Advice(
        "margin",
        Severity.PROBLEM,
        Message(
            N_("A margin of {margin:g} can never be reached: the largest distance is {most:.3g}."),
            {"margin": margin, "most": most},
        ),
        Message(
            N_(
                "Vectors are compared as if all had length 1. The loss could never come near 0 and "
                "would go on pushing texts that are far enough apart already."
            )
        ),
        (
            case.parameter(
                Message(N_("Set the margin to {margin:g}"), {"margin": better}), name, better
            ),
        ),
    )


def _batch_of_one(case: Case) -> Iterator[Advice]:
    if case.config.training.batch_size > 1 or not compares_rows(case.loss):
        return
    size = case.proposed.training.batch_size
    yield Advice(
        "batch_of_one",
        Severity.PROBLEM,
        Message(N_("With a batch size of 1, {loss} learns nothing."), {"loss": case.loss.name}),
        Message(N_("It learns by comparing the rows of a batch; a single row has no others.")),
        (case.training(Message(N_("Use batches of {size}"), {"size": size}), batch_size=size),),
    )


def _learning_rate(case: Case) -> Iterator[Advice]:
    rate = case.config.training.learning_rate
    low, high = usual_rates(static=case.static)
    too_high = rate >= high * _FAR_OFF * (1 - _TOLERANCE)
    too_low = rate <= low / _FAR_OFF * (1 + _TOLERANCE)
    if not too_high and not too_low:
        return
    better = case.proposed.training.learning_rate
    high_why = N_("With corrections of that size the model forgets what it knew, or comes apart.")
    low_why = N_("With corrections of that size the model ends nearly as it began.")
    kind = (
        N_("The learning rate {rate:g} is far from what static models need ({low:g} to {high:g}).")
        if case.static
        else N_(
            "The learning rate {rate:g} is far from what transformers need ({low:g} to {high:g})."
        )
    )
    yield Advice(
        "rate_too_high" if too_high else "rate_too_low",
        Severity.PROBLEM,
        Message(kind, {"rate": rate, "low": low, "high": high}),
        Message(high_why if too_high else low_why),
        (
            case.training(
                Message(N_("Set the learning rate to {rate:g}"), {"rate": better}),
                learning_rate=better,
            ),
        ),
    )


def _batch_too_large(case: Case) -> Iterator[Advice]:
    size, rows = case.config.training.batch_size, case.train_rows
    if size <= rows:
        return
    better = 2 ** max(1, int(math.log2(max(4, rows // 8))))
    yield Advice(
        "batch_too_large",
        Severity.WARNING,
        Message(
            N_("A batch of {size} is larger than the {rows} rows to learn from."),
            {"size": size, "rows": rows},
        ),
        Message(N_("The model would be changed once an epoch, which teaches it next to nothing.")),
        (case.training(Message(N_("Use batches of {size}"), {"size": better}), batch_size=better),),
    )


def _few_steps(case: Case) -> Iterator[Advice]:
    training = case.config.training
    steps = planned_steps(case.train_rows, training)
    if steps >= FEW_STEPS or training.batch_size > case.train_rows:
        return
    ways = []
    size = training.batch_size
    least = 8 if compares_rows(case.loss) else 4
    while (
        size > least
        and planned_steps(case.train_rows, training.model_copy(update={"batch_size": size}))
        < FEW_STEPS
    ):
        size //= 2
    smaller = training.model_copy(update={"batch_size": size, "gradient_accumulation": 1})
    if planned_steps(case.train_rows, smaller) >= FEW_STEPS:
        ways.append(
            case.training(
                Message(N_("Use batches of {size}"), {"size": size}),
                batch_size=size,
                gradient_accumulation=1,
            )
        )
    epochs = min(200, math.ceil(training.epochs * GOOD_STEPS / steps))
    ways.append(
        case.training(Message(N_("Train for {epochs} epochs"), {"epochs": epochs}), epochs=epochs)
    )
    yield Advice(
        "few_steps",
        Severity.WARNING,
        Message(N_("The model would be changed only {steps} times."), {"steps": steps}),
        Message(
            N_("With fewer than {few} steps a model stays about as it was."), {"few": FEW_STEPS}
        ),
        tuple(ways),
    )


CHECKS: tuple[Check, ...] = (
    _margin,
    _batch_of_one,
    _learning_rate,
    _batch_too_large,
    _few_steps,
)
