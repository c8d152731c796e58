"""Checking a mapped table: which of its rows can be used, and why the others cannot."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.data.findings import EXAMPLE_ROWS, Finding, Fix, Severity, list_rows
from core.data.reading.rows import ROW
from core.data.scores import Scale, detect_scale, score_numbers
from core.data.shapes import (
    ANCHOR,
    HELD_OUT,
    NEGATIVE,
    POSITIVE,
    SCORE,
    SPLIT,
    TRAIN,
    Mapping,
    is_negative,
    negative_role,
)
from core.data.steps import Step
from core.problems import N_, Message, Problem, Term

MINIMUM_ROWS = 10
"""Fewer usable rows than this cannot be split into training and held-out rows."""


class ColumnMissing(Problem):
    what = N_("The table has no column named “{column}”.")
    do = N_("Choose one of its columns: {columns}.")


class ColumnUsedTwice(Problem):
    what = N_("The column “{column}” is chosen twice.")
    do = N_("Choose a different column for each role.")


class NegativeAndScore(Problem):
    what = N_("Both a negative column (“{negative}”) and a score column (“{score}”) are chosen.")
    do = N_("Keep the negative for triplets, or the score for scored pairs, and clear the other.")


class TextAndPair(Problem):
    what = N_(
        "“{text}” is chosen as single text, and “{other}” as {role}: a row cannot be both a single "
        "text and a pair."
    )
    do = N_("Clear one of the two.")


class LabelWithoutText(Problem):
    what = N_("“{label}” is chosen as class, but no column is chosen as its text.")
    do = N_("Choose the column of the texts; a pair of texts takes a score instead of a class.")


class TooFewRows(Problem):
    what = N_(
        "Only {usable} of {rows:,} rows can be used; training needs at least {minimum}. "
        "Rows left out: {left_out}."
    )
    do = N_("Check that the right columns are chosen, and fill in their blank cells.")


class ScoreNotNumber(Problem):
    what = N_(
        "The score column “{column}” holds neither numbers nor words such as yes and no in "
        "{count:,} rows: “{value}” in row {row}, and so on (rows {rows})."
    )
    do = N_("Choose a column of numbers from 0 (unrelated) to 1 (same), written like 0.5.")


class ScoreOutOfRange(Problem):
    what = N_(
        "The score column “{column}” goes from {low:g} to {high:g}, but a score goes from 0 "
        "(unrelated) to 1 (same). Out of range: {count:,} rows (rows {rows})."
    )
    do = N_(
        "Change the scores in the table to (score − {low:g}) ÷ ({high:g} − {low:g}), "
        "or choose another column."
    )


class ScoreOnOtherScale(Problem):
    what = N_(
        "The score column “{column}” is not on the scale from 0 (unrelated) to 1 (same): "
        "“{value}” in row {row}, and so on."
    )
    do = N_("Confirm how the scores will change, {becomes}, or choose another column.")

    def __init__(self, scale: Scale, **params: object) -> None:
        super().__init__(becomes=scale.becomes, **params)
        self.scale = scale
        """What was recognised; its sentence explains the change."""


class SplitValueUnknown(Problem):
    what = N_(
        "The split column “{column}” says “{value}” in row {row}, which means neither training nor "
        "held out; so do {count:,} rows (rows {rows})."
    )
    do = N_("Use words such as train and test in every row, or choose no split column.")


class SplitOneSided(Problem):
    what = N_("The split column “{column}” puts all {rows:,} usable rows on one side: {side}.")
    do = N_("Choose no split column; the held-out rows are then drawn.")


_BLANK = N_("Rows with a blank cell in “{column}”: {count:,}.")
_BLANK_NEGATIVES = N_("Rows without any negative in “{columns}”: {count:,}.")
_SCORE_TEXT = N_("Rows whose “{column}” is not a score, such as “{value}”: {count:,}.")
_RESCALED = N_("Scores were changed to go from 0 (unrelated) to 1 (same): {becomes}.")
_REPEATED = N_(
    "Rows with fewer negatives than there are columns: {count:,}. They repeat their own negatives, "
    "so that no column is blank. Unfold them to have one row for each negative instead."
)
_UNFOLD = N_("One row for each negative")
_TRAINING, _HELD_OUT = N_("training"), N_("held out")

_VALUE_CHARACTERS = 30
# What looks blank: Unicode's white space, and the invisible characters that copying leaves behind.
_BLANKS = " \t\n\v\f\r\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    chr(code) for code in (*range(0x2000, 0x200E), 0x2060, 0xFEFF)
)
# In UTF-8 that was read in a Western encoding, these two are the last third of a character: the 加
# of a cell that ends in "å\x8a\xa0" can only be repaired as long as they are there.
_LAST_BYTES = "\x85\xa0"
_BEFORE_LAST = re.compile(r"(?:[\xe3-\xef][\x80-\xbf\u0152-\u2122]|Ã)[\x85\xa0]$")

_SPLIT_WORDS = {
    TRAIN: "train training trn tr learn fit 训练 训练集 训练样本 训练数据",
    HELD_OUT: (
        "heldout holdout test testing tst dev development valid validation val eval evaluation "
        "测试 测试集 测试样本 测试数据 验证 验证集 开发 开发集 评估 评估集 评测 评测集 留出"
    ),
}
_SPLIT_VALUES = {word: side for side, words in _SPLIT_WORDS.items() for word in words.split()}


@dataclass(frozen=True)
class CheckedTable:
    """A table that can be trained on.

    Attributes:
        frame: a dataset's columns by role (:mod:`core.data.shapes`) in training order, texts
            without blanks around them, ``score`` as float32 from 0 to 1, ``split`` as "train" or
            "held_out"; last ``row``: the row's number in the source as a spreadsheet shows it
            (int32).
        left_out: which rows were left out and why.
        findings: what was changed in rows that were kept: scores, and blank negatives.
        rows_before: how many rows there were with those left out.
        scale: the scale that the scores were on; None without scores.
    """

    frame: pd.DataFrame
    left_out: tuple[Finding, ...]
    findings: tuple[Finding, ...]
    rows_before: int
    scale: Scale | None = None


def check_mapping(frame: pd.DataFrame, mapping: Mapping, *, rescale: bool = False) -> CheckedTable:
    """Check ``frame`` (text cells; its index holds row numbers) under ``mapping``.

    Rows with a blank cell are left out.  Of several negatives, one is enough: a row that lacks some
    repeats its own in their place, which teaches nothing else and loses nothing; the step
    ``unfold_negatives`` turns such rows into triplets without the repetitions.

    Args:
        frame: as :func:`core.data.read.read_table` gives it.
        mapping: which column is what.
        rescale: change scores that are on another scale; otherwise refuse them.

    Raises:
        MappingIncomplete, ColumnMissing, ColumnUsedTwice, NegativeAndScore, TextAndPair,
        LabelWithoutText: the mapping does not fit the table.
        ScoreNotNumber: most scores are neither numbers nor words for yes and no.
        ScoreOutOfRange: they are on no usual scale.
        ScoreOnOtherScale: they are on the problem's ``scale``; see ``rescale``.
        SplitValueUnknown, SplitOneSided: the split column does not say what is held out.
        TooFewRows: fewer than :data:`MINIMUM_ROWS` rows can be used.
    """
    check_roles(frame, mapping)
    rows = frame.index.to_numpy()
    left_out: list[Finding] = []
    findings: list[Finding] = []
    columns: dict[str, pd.Series] = {}
    usable = np.ones(len(frame), dtype=bool)
    for role, column in mapping.columns:
        cells = _strip(frame[column])
        columns[role] = cells
        if is_negative(role) and len(mapping.negatives) > 1:
            continue
        blank = (cells == "").to_numpy() & usable
        if blank.any():
            left_out.append(_left_out("blank_cell", _BLANK, rows[blank], column=column))
        usable &= ~blank
    if len(mapping.negatives) > 1:
        usable &= _fill_negatives(columns, mapping, rows, usable, left_out, findings)
    checked = pd.DataFrame({**columns, ROW: rows.astype(np.int32)})[usable]
    scale = None
    if mapping.score is not None and len(checked):
        checked, scale = _check_scores(checked, mapping, rescale, left_out)
        if not scale.is_unit:
            message = Message(_RESCALED, {"becomes": scale.becomes})
            findings.append(Finding("rescaled", Severity.INFO, message, len(checked)))
    if mapping.split is not None and len(checked):
        checked = checked.assign(**{SPLIT: _split_sides(checked, mapping.split)})
    if len(checked) < MINIMUM_ROWS:
        raise TooFewRows(
            usable=len(checked),
            rows=len(frame),
            minimum=MINIMUM_ROWS,
            left_out=list_rows(row for finding in left_out for row in finding.rows) or "–",
        )
    checked = checked.reset_index(drop=True)
    return CheckedTable(checked, tuple(left_out), tuple(findings), len(frame), scale)


def check_roles(frame: pd.DataFrame, mapping: Mapping) -> None:
    """Refuse a mapping that does not fit the table's columns, as :func:`check_mapping` does."""
    if mapping.text is not None:
        given = dict(mapping.columns)
        others = [role for role in (ANCHOR, POSITIVE, NEGATIVE, SCORE) if role in given]
        if others:
            other = others[0]
            raise TextAndPair(text=mapping.text, other=given[other], role=other)
    elif mapping.label is not None:
        raise LabelWithoutText(label=mapping.label)
    mapping.require_complete()
    columns = [column for _, column in mapping.columns]
    for place, column in enumerate(columns):
        if column not in frame.columns:
            raise ColumnMissing(column=column, columns=", ".join(map(str, frame.columns)))
        if column in columns[:place]:
            raise ColumnUsedTwice(column=column)
    if mapping.negatives and mapping.score is not None:
        raise NegativeAndScore(negative=", ".join(mapping.negatives), score=mapping.score)


def split_side(value: str) -> str | None:
    """Which side a word in a split column means, "train" or "held_out"; None for neither."""
    return _SPLIT_VALUES.get(re.sub(r"[\s_\-]+", "", value.casefold()))


def _strip(cells: pd.Series) -> pd.Series:
    """The cells without what looks blank around them."""
    stripped = cells.str.strip(_BLANKS)
    shortened = np.flatnonzero(cells.str.endswith(tuple(_LAST_BYTES)).to_numpy(dtype=bool))
    kept = {}
    for place in shortened.tolist():
        text = cells.iloc[place].lstrip(_BLANKS)
        if _BEFORE_LAST.search(text):
            kept[place] = text
    if not kept:
        return stripped
    texts = stripped.to_numpy(dtype=object, copy=True)
    texts[list(kept)] = list(kept.values())
    return pd.Series(texts, stripped.index, dtype=stripped.dtype)


def _fill_negatives(
    columns: dict[str, pd.Series],
    mapping: Mapping,
    rows: np.ndarray,
    usable: np.ndarray,
    left_out: list[Finding],
    findings: list[Finding],
) -> np.ndarray:
    """Close the gaps in several negatives (in ``columns``); returns which rows have at least one.

    A row's own negatives move to the front and fill the places that are left, in turn.
    """
    roles = [negative_role(place) for place in range(len(mapping.negatives))]
    blank = np.column_stack([(columns[role] == "").to_numpy() for role in roles])
    none = blank.all(axis=1) & usable
    if none.any():
        names = ", ".join(mapping.negatives)
        left_out.append(_left_out("blank_cell", _BLANK_NEGATIVES, rows[none], columns=names))
    gaps = np.flatnonzero(blank.any(axis=1) & ~blank.all(axis=1) & usable)
    if len(gaps):
        texts = np.column_stack([columns[role].iloc[gaps].to_numpy(object) for role in roles])
        front = np.argsort(blank[gaps], axis=1, kind="stable")
        filled = len(roles) - blank[gaps].sum(axis=1)
        places = np.arange(len(roles))[None, :] % filled[:, None]
        texts = np.take_along_axis(texts, np.take_along_axis(front, places, axis=1), axis=1)
        for place, role in enumerate(roles):
            cells = columns[role].to_numpy(dtype=object, copy=True)
            cells[gaps] = texts[:, place]
            columns[role] = pd.Series(cells, columns[role].index, dtype=columns[role].dtype)
        findings.append(
            Finding(
                "negatives_repeated",
                Severity.INFO,
                Message(_REPEATED, {"count": len(gaps)}),
                len(gaps),
                tuple(int(row) for row in rows[gaps[:EXAMPLE_ROWS]]),
                fix=Fix(Message(_UNFOLD), Step("unfold_negatives")),
            )
        )
    return ~none


def _check_scores(
    checked: pd.DataFrame, mapping: Mapping, rescale: bool, left_out: list[Finding]
) -> tuple[pd.DataFrame, Scale]:
    """``checked`` with scores as numbers from 0 to 1; rows without one go to ``left_out``."""
    column = str(mapping.score)
    cells = checked[SCORE]
    scale = detect_scale(cells, (str(mapping.anchor), str(mapping.positive)))
    if scale is None:
        raise _no_scale(checked, column)
    scores = scale.apply(cells)
    wrong = scores.isna()
    if not scale.is_unit and not rescale:
        other = checked[ROW][~cells.isin(["0", "1"]) & ~wrong]
        first = other.index[0] if len(other) else checked.index[0]
        raise ScoreOnOtherScale(
            scale,
            column=column,
            value=str(cells.loc[first])[:_VALUE_CHARACTERS],
            row=int(checked[ROW].loc[first]),
        )
    if wrong.any():
        value = str(cells[wrong].iloc[0])[:_VALUE_CHARACTERS]
        facts = {"column": column, "value": value}
        wrong_rows = checked[ROW][wrong].to_numpy()
        left_out.append(_left_out("score_not_number", _SCORE_TEXT, wrong_rows, **facts))
    return checked.assign(**{SCORE: scores})[~wrong], scale


def _no_scale(checked: pd.DataFrame, column: str) -> Problem:
    """Why no scale fits: most cells are no scores, or their numbers are on none."""
    numbers = score_numbers(checked[SCORE])
    wrong = numbers.isna()
    if wrong.mean() >= 0.5:
        wrong_rows = checked[ROW][wrong]
        return ScoreNotNumber(
            column=column,
            count=len(wrong_rows),
            value=str(checked[SCORE][wrong].iloc[0])[:_VALUE_CHARACTERS],
            row=int(wrong_rows.iloc[0]),
            rows=list_rows(wrong_rows),
        )
    outside = checked[ROW][(numbers < 0) | (numbers > 1)]
    return ScoreOutOfRange(
        column=column,
        low=float(numbers.min()),
        high=float(numbers.max()),
        count=len(outside),
        rows=list_rows(outside),
    )


def _split_sides(checked: pd.DataFrame, column: str) -> pd.Series:
    """The split column's cells as "train" and "held_out"."""
    codes, different = pd.factorize(checked[SPLIT])
    sides = np.array([split_side(value) for value in different], dtype=object)
    unknown = [place for place, side in enumerate(sides) if side is None]
    if unknown:
        concerned = checked[np.isin(codes, unknown)]
        raise SplitValueUnknown(
            column=column,
            value=str(concerned[SPLIT].iloc[0])[:_VALUE_CHARACTERS],
            row=int(concerned[ROW].iloc[0]),
            count=len(concerned),
            rows=list_rows(concerned[ROW]),
        )
    if len(set(sides)) == 1:
        side = Term(_TRAINING if sides[0] == TRAIN else _HELD_OUT)
        raise SplitOneSided(column=column, rows=len(checked), side=side)
    return pd.Series(sides[codes], checked.index, dtype="str")


def _left_out(kind: str, template: str, rows: np.ndarray, **params: object) -> Finding:
    message = Message(template, {"count": len(rows), **params})
    examples = tuple(int(row) for row in rows[:EXAMPLE_ROWS])
    return Finding(kind, Severity.WARNING, message, len(rows), examples)
