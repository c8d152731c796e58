"""Guessing which column of a table is what, from the columns' names and from what is in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from core.data.check import split_side
from core.data.column_names import (
    AMOUNT,
    ID,
    is_called,
    is_nameless,
    named,
    numbered_series,
    without_number,
)
from core.data.scores import ScaleKind, detect_scale, score_numbers
from core.data.shapes import ANCHOR, LABEL, NEGATIVE, POSITIVE, SCORE, SPLIT, TEXT, Mapping

SAMPLE_ROWS = 2000
"""Guesses look at so many rows at most."""

_NUMERIC_SHARE = 0.9
_TOP_SCORE = 5.0
_LABEL_CHARACTERS = 12
_CLASS_CHARACTERS = 60
_NAMED_CLASSES_SHARE = 0.5
_NAMELESS_CLASSES_SHARE = 0.2
_MUCH_SHORTER = 0.5
_CODE = r"(?=\S*\d)[A-Za-z0-9._/#:-]+"


@dataclass(frozen=True)
class _Columns:
    """The columns of a sample by what they hold.

    ``yes_no`` are words for matches, and part of ``texts``: all columns that hold words and are no
    ids.  ``nameless`` are those whose names say nothing.
    """

    sample: pd.DataFrame
    numeric: list[str]
    yes_no: list[str]
    texts: list[str]
    nameless: list[str]

    @property
    def sentences(self) -> list[str]:
        """The columns of words that are more than yes and no."""
        return [name for name in self.texts if name not in self.yes_no]


def guess_mapping(frame: pd.DataFrame) -> Mapping | None:
    """The likeliest mapping of a table of text cells, or None when it holds no texts.

    Names decide first (English and Chinese; numbered series such as ``sentence_0, sentence_1``),
    then content: columns of texts in their order, in a table without names the shorter texts as
    anchors; numbers from 0 to 5, or yes and no, beside two texts as the score; a few different
    values beside one text as its class.  A negative is taken from names only, so that no column
    becomes one by accident; what has no role is left out.

    Args:
        frame: the table, or its first :data:`SAMPLE_ROWS` rows.
    """
    split = _split(frame)
    columns = _look_at(frame.head(SAMPLE_ROWS), split)
    mapping = _named_class(columns) or _pair(columns) or _nameless_class(columns)
    if mapping is None:
        text = _single_text(columns)
        mapping = Mapping(text=text) if text is not None else None
    return replace(mapping, split=split) if mapping is not None else None


def _look_at(sample: pd.DataFrame, split: str | None) -> _Columns:
    names = [str(name) for name in sample.columns]
    nameless = [name for place, name in enumerate(names) if is_nameless(name, place)]
    names = [name for name in names if name != split]
    numeric = [name for name in names if _is_numeric(sample[name])]
    texts = [
        name
        for name in names
        if name not in numeric and (name in nameless or not is_called(name, ID))
    ]
    worded = [name for name in texts if not _is_code(sample[name])]
    # Codes can be what one searches for, so they are passed over only where enough is left.
    texts = worded if len(worded) >= 2 else texts
    yes_no = [name for name in texts if _is_yes_no(sample[name])]
    return _Columns(sample, numeric, yes_no, texts, nameless)


def _pair(columns: _Columns) -> Mapping | None:
    """Anchor and positive, with negatives or a score if there are any."""
    telling = [name for name in columns.sentences if name not in columns.nameless]
    negatives = _negatives(telling)
    anchor, positive, third = _from_names([name for name in telling if name not in negatives])
    if anchor is None or positive is None:
        taken = {anchor, positive, third, *negatives}
        left = [name for name in _open(columns) if name not in taken]
        if anchor is None and positive is None and set(left[:2]) <= set(columns.nameless):
            left[:2] = _shorter_first(columns.sample, left[:2])
        if anchor is None and left:
            anchor = left.pop(0)
        if positive is None and left:
            positive = left.pop(0)
    if anchor is None or positive is None:
        return None
    if third is not None and not negatives:
        negatives = [third]
    certain = not (is_called(anchor, TEXT) and is_called(positive, TEXT))
    score = None if negatives else _score(columns, certain=certain)
    return Mapping(anchor, positive, tuple(negatives), score)


def _negatives(texts: Sequence[str]) -> list[str]:
    """The columns of negatives: one, or those of a numbered series in its order."""
    exact = [name for name in texts if is_called(without_number(name)[0], NEGATIVE)]
    if not exact:
        first = named(texts, NEGATIVE)
        if first is None:
            return []
        series = without_number(first)[0]
        exact = [name for name in texts if name == first or without_number(name)[0] == series]
    return sorted(exact, key=lambda name: without_number(name)[1])


def _from_names(texts: Sequence[str]) -> tuple[str | None, str | None, str | None]:
    """The anchor, the positive and a negative that the names of the text columns give away."""
    anchor = named(texts, ANCHOR)
    positive = named(texts, POSITIVE, [anchor])
    if anchor is None or positive is None:
        series = numbered_series(texts)
        if series and {anchor, positive} <= {None, *series}:
            return series[0], series[1], series[2] if len(series) == 3 else None
    either = [name for name in texts if is_called(name, TEXT) and name not in (anchor, positive)]
    if either and anchor is None:
        anchor = either.pop(0)
    if either and positive is None:
        positive = either.pop(0)
    return anchor, positive, None


def _open(columns: _Columns) -> list[str]:
    """Columns of texts that may take a role that no name gives away."""
    texts = [
        name
        for name in columns.sentences
        if name in columns.nameless or not (is_called(name, LABEL) or is_called(name, AMOUNT))
    ]
    texts = [name for name in texts if (columns.sample[name].str.strip() != "").any()]
    sentences = [name for name in texts if not _is_label(columns.sample[name])]
    if len(sentences) >= 2:
        return sentences
    # A column of dots is no label; as a text it is wrong, too, but that is for the report to say.
    dots = [name for name in texts if not columns.sample[name].str.contains(r"\w").any()]
    return [name for name in texts if name in sentences or name in dots]


def _score(columns: _Columns, *, certain: bool) -> str | None:
    """The column of scores of a pair; ``certain`` unless it may be a text in two parts."""
    score = named([*columns.numeric, *columns.yes_no], SCORE)
    if score is not None:
        # A title and a text with labels from 0 to 3 are rather a text in two parts with a class.
        numbers = score_numbers(columns.sample[score]).dropna()
        whole = score in columns.numeric and numbers.nunique() > 3 and (numbers % 1 == 0).all()
        return score if certain or not (is_called(score, LABEL) and whole) else None
    for name in [*columns.numeric, *columns.yes_no]:
        yes_no = name in columns.yes_no
        says_else = yes_no or any(is_called(name, role) for role in (ID, AMOUNT, SPLIT))
        if says_else and name not in columns.nameless:
            continue
        if yes_no or _is_small(columns.sample[name]):
            return name
    return None


def _named_class(columns: _Columns) -> Mapping | None:
    """A text and its class, when a column is called so and repeats its values beside one text."""
    label = named(
        [
            name
            for name in [*columns.texts, *columns.numeric]
            if name not in columns.nameless
            and is_called(name, LABEL)
            and _repeats(columns.sample[name], _NAMED_CLASSES_SHARE)
        ],
        LABEL,
    )
    if label is None:
        return None
    text = _only_text(columns, label)
    return Mapping(text=text, label=label) if text is not None else None


def _nameless_class(columns: _Columns) -> Mapping | None:
    """A text and its class in a table without names: the only column that repeats its values."""
    candidates = [
        name
        for name in columns.nameless
        if name in columns.sample and _repeats(columns.sample[name], _NAMELESS_CLASSES_SHARE)
    ]
    if len(candidates) != 1:
        return None
    text = _only_text(columns, candidates[0])
    return Mapping(text=text, label=candidates[0]) if text is not None else None


def _only_text(columns: _Columns, label: str) -> str | None:
    """The only column of texts beside a class, other classes apart; None when there are more."""
    texts = [
        name
        for name in columns.sentences
        if name != label
        and not _is_label(columns.sample[name])
        and not (is_called(name, LABEL) and _repeats(columns.sample[name], _NAMED_CLASSES_SHARE))
    ]
    return texts[0] if len(texts) == 1 else None


def _single_text(columns: _Columns) -> str | None:
    """The column of single texts: the one that is called so, or the only one."""
    texts = _open(columns)
    for role in (TEXT, ANCHOR, POSITIVE):
        found = named([name for name in texts if is_called(name, role)], role)
        if found is not None:
            return found
    return texts[0] if len(texts) == 1 else None


def _split(frame: pd.DataFrame) -> str | None:
    """The column that says what is held out: all its words mean training or held out.

    It needs both sides, unless its name says it all and the rest of the table is yet to come.
    """
    for name in map(str, frame.columns):
        if None in _sides(frame[name].head(SAMPLE_ROWS)):
            continue
        sides = _sides(frame[name])
        rest_to_come = is_called(name, SPLIT) and len(frame) >= SAMPLE_ROWS
        if None not in sides and (len(sides) == 2 or (sides and rest_to_come)):
            return name
    return None


def _sides(cells: pd.Series) -> set[str | None]:
    return {split_side(value) for value in cells.unique() if value.strip()}


def _shorter_first(sample: pd.DataFrame, pair: list[str]) -> list[str]:
    """Questions are shorter than their answers; texts of about the same length keep their order."""
    if len(pair) == 2:
        first, second = (sample[name].str.len().mean() for name in pair)
        if second < first * _MUCH_SHORTER:
            return pair[::-1]
    return pair


def _is_numeric(cells: pd.Series) -> bool:
    filled = cells[cells.str.strip() != ""]
    return bool(len(filled)) and bool(score_numbers(filled).notna().mean() >= _NUMERIC_SHARE)


def _is_code(cells: pd.Series) -> bool:
    """Whether a column holds article numbers and the like: ASCII, a digit, no spaces."""
    filled = cells[cells.str.strip() != ""]
    return bool(len(filled)) and bool(filled.str.fullmatch(_CODE).mean() >= _NUMERIC_SHARE)


def _is_yes_no(cells: pd.Series) -> bool:
    scale = detect_scale(cells)
    if scale is None or scale.kind is not ScaleKind.YES_NO:
        return False
    filled = cells[cells.str.strip() != ""]
    return bool(scale.apply(filled).notna().mean() >= _NUMERIC_SHARE)


def _is_small(cells: pd.Series) -> bool:
    return bool(score_numbers(cells).dropna().between(0, _TOP_SCORE).all())


def _is_label(cells: pd.Series) -> bool:
    """Whether a column holds a few short words again and again."""
    return len(cells) >= 20 * cells.nunique() and cells.str.len().mean() <= _LABEL_CHARACTERS


def _repeats(cells: pd.Series, share: float) -> bool:
    """Whether a column has two or more values, short ones, and few of them for its rows."""
    filled = cells[cells.str.strip() != ""]
    different = filled.nunique()
    return 2 <= different <= share * len(filled) and filled.str.len().mean() <= _CLASS_CHARACTERS
