"""Personal data that should not be trained on."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from core.data.findings import Finding, Fix, Severity
from core.data.personal import find_personal
from core.data.report.view import Check, TableView, Tell
from core.data.steps import Step
from core.problems import N_, Message

_PERSONAL = N_(
    "Rows with personal data in {columns}: {count:,}. With ID numbers: {id_number:,}, with bank "
    "cards: {bank_card:,}, with mobile numbers: {mobile:,}, with e-mail addresses: {email:,}."
)
_EFFECT = N_(
    "Texts of the training table end up in the model's card and in search results, and a model can "
    "give away what it has learned; the law may forbid it. No loss learns anything useful from a "
    "number that belongs to one person."
)
_FIX = N_("Mask the personal data")


def check_personal_data(view: TableView, told: Tell) -> Iterator[Finding]:
    """Look for ID numbers, bank cards, mobile numbers and e-mail addresses."""
    found = find_personal(view.texts.to_pandas())
    if not len(found.positions):
        return
    flags = _flags(view, found.positions)
    counts = {
        kind.value: int(view.rows_with(_flags(view, places)).sum())
        for kind, places in found.by_kind.items()
    }
    yield view.finding(
        "personal_data",
        Severity.WARNING,
        Message(_PERSONAL, {"columns": view.columns_with(flags), **counts}),
        view.rows_with(flags),
        effects=[Message(_EFFECT)],
        fix=Fix(Message(_FIX), Step("mask_personal")),
    )


def _flags(view: TableView, places: np.ndarray) -> np.ndarray:
    flags = np.zeros(len(view.texts), dtype=bool)
    flags[places] = True
    return flags


PERSONAL_DATA = Check(N_("Looking for personal data"), check_personal_data)
