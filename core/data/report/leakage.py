"""Texts that are on both sides of a split that the table brings itself."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from core.data.findings import Finding, Fix, Severity
from core.data.report.near import near_pairs
from core.data.report.view import Check, TableView, Tell
from core.data.shapes import ANCHOR, HELD_OUT, MATCH_SCORE, POSITIVE, TEXT
from core.data.steps import Step
from core.problems import N_, Message

SAMPLE_TEXTS = 20_000
_HELD_OUT_TEXTS = 5_000
_PROBLEM_SHARE = 0.1

_LEAKED = N_(
    "Held-out rows with a text that the model is trained on: {count:,} of {held_out:,} "
    "({share:.1%})."
)
_NEARLY = N_(
    "Held-out rows whose “{column}” is nearly the same as one that the model is trained on: "
    "{count:,} of {held_out:,}."
)
_NEARLY_SAMPLED = N_(
    "Held-out rows whose “{column}” is nearly the same as one that the model is trained on: "
    "{count:,} of {held_out:,}. {looked:,} of {texts:,} different texts were compared."
)
_EFFECT = N_(
    "Training itself does not mind. But the held-out rows are there to show how the model does on "
    "what it has never seen; with every loss the scores will look better than they are."
)
_FIX = N_("Leave out the training rows that share a text with held-out ones")


def check_leakage(view: TableView, told: Tell) -> Iterator[Finding]:
    """Compare the held-out rows with the others, where the table says which they are."""
    if view.split is None:
        return
    held = (view.split == HELD_OUT).to_numpy()
    if not held.any() or held.all():
        return
    leaked = _shared(view, held)
    if leaked.any():
        share = float(leaked.sum() / held.sum())
        yield view.finding(
            "leaked_texts",
            Severity.PROBLEM if share >= _PROBLEM_SHARE else Severity.WARNING,
            Message(_LEAKED, {"held_out": int(held.sum()), "share": share}),
            leaked,
            effects=[Message(_EFFECT)],
            fix=Fix(Message(_FIX), Step("drop_leaks")),
        )
    yield from _nearly(view, held, leaked, told)


def _shared(view: TableView, held: np.ndarray) -> np.ndarray:
    """Which held-out rows have an anchor or a matching text that is one in a training row."""
    matches = view.scores >= MATCH_SCORE if view.scores is not None else np.ones(len(view), bool)
    counted = {ANCHOR: np.ones(len(view), bool), TEXT: np.ones(len(view), bool), POSITIVE: matches}
    roles = [role for role in view.roles if role in counted]
    trained = np.zeros(len(view.texts), dtype=bool)
    for role in roles:
        trained[view.codes[role][counted[role] & ~held]] = True
    leaked = np.zeros(len(view), dtype=bool)
    for role in roles:
        leaked |= trained[view.codes[role]] & counted[role] & held
    return leaked


def _nearly(view: TableView, held: np.ndarray, leaked: np.ndarray, told: Tell) -> Iterator[Finding]:
    """Held-out rows whose anchor is nearly one that is trained on, though no text is the same."""
    role = view.roles[0]
    codes = view.codes[role]
    held_out = np.unique(codes[held & ~leaked])
    trained = np.setdiff1d(codes[~held], held_out)
    texts = len(held_out) + len(trained)
    if not view.full:
        held_out = _evenly(held_out, max(_HELD_OUT_TEXTS, SAMPLE_TEXTS - len(trained)))
        trained = _evenly(trained, SAMPLE_TEXTS - len(held_out))
    looked = len(held_out) + len(trained)
    if not len(held_out) or not len(trained):
        return
    boundary = len(trained)
    compared = view.texts.take(np.concatenate([trained, held_out])).to_pylist()
    pairs = near_pairs(
        compared,
        np.arange(looked)[:, None],
        told,
        lambda first, second: (first < boundary) & (second >= boundary),
    )
    if len(pairs):
        near = np.zeros(len(view.texts), dtype=bool)
        near[held_out[np.unique(pairs[:, 1]) - boundary]] = True
        facts = {
            "column": view.column(role),
            "held_out": int(held.sum()),
            "looked": looked,
            "texts": texts,
        }
        yield view.finding(
            "nearly_leaked_texts",
            Severity.WARNING,
            Message(_NEARLY if looked == texts else _NEARLY_SAMPLED, facts),
            near[codes] & held & ~leaked,
            effects=[Message(_EFFECT)],
        )


def _evenly(codes: np.ndarray, most: int) -> np.ndarray:
    """At most so many of them, evenly spread."""
    if len(codes) <= most:
        return codes
    return codes[np.linspace(0, len(codes) - 1, most).astype(np.int64)]


LEAKAGE = Check(N_("Comparing training and held-out rows"), check_leakage, weight=2)
