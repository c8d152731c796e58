"""Checks of characters: lost ones, mojibake, control characters, private ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from core.data.findings import Example, Finding, Fix, Severity
from core.data.mojibake import MojibakeKind, find_mojibake
from core.data.report.scripts import CONTROL, LOST, PRIVATE, UNASSIGNED
from core.data.report.texts import leave_out, matches
from core.data.report.view import Check, TableView, Tell, clip
from core.data.steps import Step
from core.problems import N_, Message

_COMMON_SHARE = 0.01

_MOJIBAKE = {
    MojibakeKind.SINGLE_BYTE: N_(
        "Garbled characters in {columns}: {count:,} of {rows:,} rows. They look like UTF-8 text "
        "that was opened as {encoding} and saved."
    ),
    MojibakeKind.GBK: N_(
        "Garbled characters in {columns}: {count:,} of {rows:,} rows. They look like UTF-8 text "
        "that was opened as {encoding} and saved."
    ),
    MojibakeKind.GBK_AS_WESTERN: N_(
        "Garbled characters in {columns}: {count:,} of {rows:,} rows. They look like GBK text that "
        "was opened as {encoding} and saved."
    ),
    MojibakeKind.REPLACED: N_(
        "Garbled characters in {columns}: {count:,} of {rows:,} rows. They look like text in "
        "another encoding that was opened as {encoding} and saved."
    ),
}
_LOST_CHARACTERS = N_(
    "Rows with characters that were lost before the file came here (shown as �) in {columns}: "
    "{count:,} of {rows:,}."
)
_HALVES = N_("Rows with half a character, which no file can hold: {count:,}.")
_CONTROLS = N_("Rows with invisible control characters in {columns}: {count:,}.")
_PRIVATE = N_(
    "Rows with characters that only one font or program knows, often shown as a box, in {columns}: "
    "{count:,}."
)

_MOJIBAKE_EFFECT = N_(
    "Whatever the loss, the model learns these signs and not the words: it will not understand the "
    "same words written properly, as people will type them."
)
_UNRECOVERABLE = N_(
    "{lost:,} characters cannot be recovered, because bytes of them are gone. The repair marks "
    "them with �. If you still have the original file, upload that one."
)
_LOST_EFFECT = N_(
    "To a model every lost character is the same sign, so words that differ only there become one. "
    "This weakens every loss."
)
_CONTROL_EFFECT = N_(
    "Most bases leave them out, some read them as an unknown sign; equal words with and without "
    "them then differ. No loss gains from them."
)
_PRIVATE_EFFECT = N_("To nearly every base such a character is an unknown sign, whatever the loss.")
_REPAIR = N_("Repair the garbled characters")
_CLEAN = N_("Take control characters out")
_LEAVE_OUT = N_("Leave out rows with lost characters")


def check_characters(view: TableView, told: Tell) -> Iterator[Finding]:
    """Look for characters that should not be there."""
    garbled = np.zeros(len(view.texts), dtype=bool)
    for finding, flags in _mojibake(view):
        garbled |= flags
        yield finding
    told(0.5)
    marks = view.marks
    lost = marks.having(LOST) & ~garbled
    if lost.any():
        concerned = view.rows_with(lost)
        fix = leave_out(view, concerned)
        if fix is not None:
            fix = Fix(Message(_LEAVE_OUT), Step("drop_broken"))
        yield view.finding(
            "lost_characters",
            _by_share(concerned),
            Message(_LOST_CHARACTERS, {"columns": view.columns_with(lost), "rows": len(view)}),
            concerned,
            effects=[Message(_LOST_EFFECT)],
            fix=fix,
        )
    if view.halves.any():
        yield view.finding(
            "half_characters",
            Severity.WARNING,
            Message(_HALVES),
            view.halves,
            effects=[Message(_LOST_EFFECT)],
            fix=leave_out(view, view.halves),
        )
    control = marks.having(CONTROL) & ~garbled
    if control.any():
        # The step leaves bytes of Latin-1 alone, which another one can still repair.
        curable = ~matches(view.texts, r"[\x{80}-\x{9f}]")
        yield view.finding(
            "control_characters",
            Severity.INFO,
            Message(_CONTROLS, {"columns": view.columns_with(control)}),
            view.rows_with(control),
            effects=[Message(_CONTROL_EFFECT)],
            fix=Fix(Message(_CLEAN), Step("collapse_spaces")) if curable[control].all() else None,
        )
    private = (marks.having(PRIVATE) | marks.having(UNASSIGNED)) & ~garbled
    if private.any():
        yield view.finding(
            "private_characters",
            Severity.INFO,
            Message(_PRIVATE, {"columns": view.columns_with(private)}),
            view.rows_with(private),
            effects=[Message(_PRIVATE_EFFECT)],
        )


def _mojibake(view: TableView) -> Iterator[tuple[Finding, np.ndarray]]:
    """What is garbled, with the texts that are."""
    found = find_mojibake(pd.Series(view.texts.to_pandas()))
    if found is None:
        return
    flags = np.zeros(len(view.texts), dtype=bool)
    flags[found.positions] = True
    concerned = view.rows_with(flags)
    facts = {
        "columns": view.columns_with(flags),
        "rows": len(view),
        "encoding": found.encoding,
    }
    effects = [Message(_MOJIBAKE_EFFECT)]
    if found.unrecoverable:
        effects.append(Message(_UNRECOVERABLE, {"lost": found.unrecoverable}))
    finding = view.finding(
        "mojibake",
        _by_share(concerned),
        Message(_MOJIBAKE[found.kind], facts),
        concerned,
        effects=effects,
        fix=Fix(Message(_REPAIR), Step("repair_text")),
    )
    examples = []
    for code, repair in found.examples:
        holding = np.zeros(len(view.texts), dtype=bool)
        holding[code] = True
        position = int(np.flatnonzero(view.rows_with(holding))[0])
        texts = (clip(repair.before), clip(repair.after))
        examples.append(Example(int(view.rows[position]), texts))
    yield replace(finding, examples=tuple(examples)), flags


def _by_share(concerned: np.ndarray) -> Severity:
    share = concerned.mean()
    if share >= 0.5:
        return Severity.PROBLEM
    return Severity.WARNING if share >= _COMMON_SHARE else Severity.INFO


CHARACTERS = Check(N_("Looking for broken characters"), check_characters, weight=2)
