"""Finding and masking personal data that a model should not be trained on.

Mainland ID numbers are checked by the rule of GB 11643-1999 (ISO 7064 MOD 11-2), bank cards by
Luhn's (ISO/IEC 7812-1), so that order numbers and barcodes are seldom taken for them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np
import pandas as pd

from core.problems import N_


class PersonalKind(StrEnum):
    """A kind of personal data that is looked for."""

    ID_NUMBER = "id_number"
    BANK_CARD = "bank_card"
    MOBILE = "mobile"
    EMAIL = "email"

    @property
    def label(self) -> str:
        """What it is called, as a message id."""
        return _LABELS[self]

    @property
    def mask(self) -> str:
        """What stands in its place in a masked text."""
        return f"[{self.name.removesuffix('_NUMBER').removeprefix('BANK_')}]"


_LABELS = {
    PersonalKind.ID_NUMBER: N_("mainland ID numbers"),
    PersonalKind.BANK_CARD: N_("bank card numbers"),
    PersonalKind.MOBILE: N_("mobile numbers"),
    PersonalKind.EMAIL: N_("e-mail addresses"),
}


@dataclass(frozen=True)
class Personal:
    """Where personal data is in a column of texts.

    ``positions`` are the places (from 0, ascending) of the texts with such data, of any kind and
    for each kind.
    """

    positions: np.ndarray
    by_kind: dict[PersonalKind, np.ndarray]


def find_personal(texts: pd.Series) -> Personal:
    """Which texts hold personal data, and of which kind; half a million texts take about a second.

    Args:
        texts: a column of texts.
    """
    suspects = np.flatnonzero(np.array(texts.str.contains(_SUSPECT), dtype=bool))
    codes, different = pd.factorize(texts.iloc[suspects])
    found = [kinds_in(text) for text in different]
    by_kind = {}
    for kind in PersonalKind:
        has = np.array([kind in kinds for kinds in found], dtype=bool)
        by_kind[kind] = suspects[has[codes]] if len(codes) else suspects
    return Personal(np.unique(np.concatenate(list(by_kind.values()))), by_kind)


def mask_column(texts: pd.Series) -> tuple[pd.Series, np.ndarray]:
    """The texts with personal data masked, and the positions (from 0) of those that had some."""
    positions = find_personal(texts).positions
    if not len(positions):
        return texts, positions
    cells = texts.to_numpy(dtype=object, copy=True)
    cells[positions] = [mask(text) for text in cells[positions]]
    return pd.Series(cells, texts.index, name=texts.name, dtype=texts.dtype), positions


def kinds_in(text: str) -> frozenset[PersonalKind]:
    """The kinds of personal data in one text."""
    return frozenset(kind for kind, _, _ in _spans(text))


def mask(text: str) -> str:
    """``text`` with ``[ID]``, ``[CARD]``, ``[MOBILE]`` or ``[EMAIL]`` in place of such data."""
    masked, end = [], 0
    for kind, start, stop in sorted(_spans(text), key=lambda span: span[1]):
        if start >= end:
            masked += [text[end:start], kind.mask]
            end = stop
    return "".join(masked) + text[end:]


# What every finding contains, for a first pass over a whole column.
_SUSPECT = "[0-9]{11}|1[3-9][0-9][ -][0-9]{4}[ -][0-9]{4}|[0-9]{4}(?:[ -][0-9]{4}){3}|@"
_NUMBER_BEFORE, _NUMBER_AFTER = r"(?<![0-9A-Za-z_])(?<![0-9]\.)", r"(?![0-9A-Za-z_]|\.[0-9])"
_ID_18 = re.compile(f"{_NUMBER_BEFORE}[1-9][0-9]{{16}}[0-9Xx]{_NUMBER_AFTER}")
_ID_15 = re.compile(f"{_NUMBER_BEFORE}[1-9][0-9]{{14}}{_NUMBER_AFTER}")
_CARD = re.compile(
    f"{_NUMBER_BEFORE}[2-6](?:[0-9]{{15,18}}|[0-9]{{3}}(?:[ -][0-9]{{4}}){{3}}"
    f"(?:[ -]?[0-9]{{1,3}})?){_NUMBER_AFTER}"
)
_MOBILE = re.compile(
    f"{_NUMBER_BEFORE}(?:\\+?86[ -]?)?1[3-9][0-9](?:[0-9]{{8}}|[ -][0-9]{{4}}[ -][0-9]{{4}})"
    f"{_NUMBER_AFTER}"
)
_EMAIL = re.compile(
    r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}"
    r"(?![A-Za-z0-9-])"
)
# First two digits of an ID number: the provinces and regions of GB/T 2260.
_REGIONS = frozenset(
    map(
        str,
        [
            *(*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55)),
            *(*range(61, 66), 71, 81, 82, 83),
        ],
    )
)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
# UnionPay, Visa, Mastercard, JCB, Maestro.
_CARD_STARTS = re.compile("62|60|4|5[0-8]|2[2-7]|35|6[37]")


def _is_id_18(number: str) -> bool:
    total = sum(int(n) * weight for n, weight in zip(number[:17], _WEIGHTS, strict=True))
    return (
        _is_region_and_day(number, number[6:14]) and number[17].upper() == "10X98765432"[total % 11]
    )


def _is_id_15(number: str) -> bool:
    # Given out until 1999, so the year has two digits.
    return _is_region_and_day(number, "19" + number[6:12])


def _is_region_and_day(number: str, day: str) -> bool:
    try:
        born = date(int(day[:4]), int(day[4:6]), int(day[6:]))
    except ValueError:
        return False
    return number[:2] in _REGIONS and 1900 <= born.year <= date.today().year


def _is_card(number: str) -> bool:
    digits = [int(char) for char in number if char.isdigit()]
    doubled = [n if place % 2 == 0 else n * 2 - 9 * (n > 4) for place, n in enumerate(digits[::-1])]
    return (
        16 <= len(digits) <= 19
        and sum(doubled) % 10 == 0
        and len(set(digits)) > 1
        and _CARD_STARTS.match(number) is not None
    )


def _always(_number: str) -> bool:
    return True


_RULES: tuple[tuple[PersonalKind, re.Pattern[str], Callable[[str], bool]], ...] = (
    (PersonalKind.ID_NUMBER, _ID_18, _is_id_18),
    (PersonalKind.ID_NUMBER, _ID_15, _is_id_15),
    (PersonalKind.BANK_CARD, _CARD, _is_card),
    (PersonalKind.MOBILE, _MOBILE, _always),
    (PersonalKind.EMAIL, _EMAIL, _always),
)


def _spans(text: str) -> list[tuple[PersonalKind, int, int]]:
    return [
        (kind, *found.span())
        for kind, pattern, is_one in _RULES
        for found in pattern.finditer(text)
        if is_one(found[0])
    ]
