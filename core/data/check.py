"""Checking a mapped table: what can be trained on, what is left out and why, what looks wrong."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from core.data.findings import EXAMPLE_ROWS, Finding, Severity, list_rows
from core.data.reading.rows import ROW
from core.data.shapes import ANCHOR, SCORE, Mapping
from core.problems import N_, Message, Problem

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


class TooFewRows(Problem):
    what = N_(
        "Only {usable} of {rows:,} rows can be used; training needs at least {minimum}. "
        "Rows left out: {left_out}."
    )
    do = N_("Check that the right columns are chosen, and fill in their blank cells.")


class ScoreNotNumber(Problem):
    what = N_(
        "The score column “{column}” holds something else than numbers in {count:,} rows: "
        "“{value}” in row {row}, and so on (rows {rows})."
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
        "The score column “{column}” seems to go from 0 to {top:g}, but a score goes from 0 "
        "(unrelated) to 1 (same). Above 1: {count:,} rows (rows {rows})."
    )
    do = N_("Confirm that the scores are to be divided by {top:g}, or choose another column.")


_BLANK = N_("Rows with a blank cell in “{column}”: {count:,}.")
_SCORE_TEXT = N_("Rows whose “{column}” is not a number, such as “{value}”: {count:,}.")
_RESCALED = N_("Scores from 0 to {top:g} were divided by {top:g}.")
_FEW_TEXTS = N_(
    "“{column}” has only {distinct:,} different texts in {rows:,} rows, such as “{value}”: "
    "a model cannot learn to tell them apart."
)
_SAME_TEXT = N_(
    "Rows with the same text in “{first}” and “{second}”: {count:,} of {rows:,}. "
    "They teach nothing about meaning."
)
_DUPLICATES = N_("Rows that repeat an earlier row: {count:,} of {rows:,}.")
_CONSTANT_SCORE = N_(
    "Every row has the same score, {value:g}: nothing shows the model what is unlike."
)

_SCALES = (2.0, 5.0, 10.0, 100.0)
_FEW_DISTINCT_SHARE = 0.001
_VALUE_CHARACTERS = 30
# What looks blank: Unicode's white space, and the invisible characters that copying leaves behind.
_BLANKS = " \t\n\v\f\r\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    chr(code) for code in (*range(0x2000, 0x200E), 0x2060, 0xFEFF)
)


@dataclass(frozen=True)
class CheckedTable:
    """A table that can be trained on.

    ``frame`` has the columns anchor, positive, then negative or score if there is one (texts
    without blanks around them, score as float32 from 0 to 1), in training order, and last ``row``:
    the row's number in the source as a spreadsheet shows it (int32).  ``left_out`` says which rows
    were left out and why; ``rows_before`` is how many rows there were with them.
    """

    frame: pd.DataFrame
    left_out: tuple[Finding, ...]
    findings: tuple[Finding, ...]
    rows_before: int


def check_mapping(frame: pd.DataFrame, mapping: Mapping, *, rescale: bool = False) -> CheckedTable:
    """Check ``frame`` (text cells; its index holds row numbers) under ``mapping``.

    Args:
        frame: as :func:`core.data.read.read_table` gives it.
        mapping: which column is what.
        rescale: divide scores that run from 0 to 2, 5, 10 or 100 by that; otherwise refuse them.

    Raises:
        ColumnMissing, ColumnUsedTwice, NegativeAndScore: the mapping does not fit the table.
        ScoreNotNumber: most scores are not numbers.
        ScoreOutOfRange: a score is below 0 or above 100.
        ScoreOnOtherScale: the scores seem to run from 0 to its param ``top``; see ``rescale``.
        TooFewRows: fewer than :data:`MINIMUM_ROWS` rows can be used.
    """
    _check_roles(frame, mapping)
    rows = frame.index.to_numpy()
    left_out: list[Finding] = []
    findings: list[Finding] = []
    columns: dict[str, pd.Series] = {}
    usable = np.ones(len(frame), dtype=bool)
    for role, column in mapping.columns:
        cells = frame[column].str.strip(_BLANKS)
        blank = (cells == "").to_numpy() & usable
        if blank.any():
            left_out.append(_left_out("blank_cell", _BLANK, rows[blank], column=column))
        usable &= ~blank
        columns[role] = cells
    checked = pd.DataFrame({**columns, ROW: rows.astype(np.int32)})[usable]
    if mapping.score is not None:
        checked = _check_scores(checked, mapping.score, rescale, left_out, findings)
    if len(checked) < MINIMUM_ROWS:
        raise TooFewRows(
            usable=len(checked),
            rows=len(frame),
            minimum=MINIMUM_ROWS,
            left_out=list_rows(row for finding in left_out for row in finding.rows) or "–",
        )
    checked = checked.reset_index(drop=True)
    findings += _look_at_texts(checked, mapping)
    return CheckedTable(checked, tuple(left_out), tuple(findings), len(frame))


def _check_roles(frame: pd.DataFrame, mapping: Mapping) -> None:
    mapping.require_complete()
    columns = [column for _, column in mapping.columns]
    for place, column in enumerate(columns):
        if column not in frame.columns:
            raise ColumnMissing(column=column, columns=", ".join(map(str, frame.columns)))
        if column in columns[:place]:
            raise ColumnUsedTwice(column=column)
    if mapping.negatives and mapping.score is not None:
        raise NegativeAndScore(negative=", ".join(mapping.negatives), score=mapping.score)


def _check_scores(
    checked: pd.DataFrame,
    column: str,
    rescale: bool,
    left_out: list[Finding],
    findings: list[Finding],
) -> pd.DataFrame:
    """``checked`` with scores as numbers from 0 to 1; what was noticed is added to the lists."""
    scores = pd.to_numeric(checked[SCORE], errors="coerce").astype(np.float64)
    wrong = ~np.isfinite(scores)
    if wrong.any():
        value = str(checked[SCORE][wrong].iloc[0])[:_VALUE_CHARACTERS]
        wrong_rows = checked[ROW][wrong]
        if wrong.mean() > 0.5:
            raise ScoreNotNumber(
                column=column,
                count=len(wrong_rows),
                value=value,
                row=int(wrong_rows.iloc[0]),
                rows=list_rows(wrong_rows),
            )
        left_out.append(
            _left_out(
                "score_not_number", _SCORE_TEXT, wrong_rows.to_numpy(), column=column, value=value
            )
        )
        checked, scores = checked[~wrong], scores[~wrong]
    top = _scale(scores)
    if top is None or (top > 1 and not rescale):
        outside = checked[ROW][(scores < 0) | (scores > 1)]
        facts = {"column": column, "count": len(outside), "rows": list_rows(outside)}
        if top is None:
            raise ScoreOutOfRange(low=float(scores.min()), high=float(scores.max()), **facts)
        raise ScoreOnOtherScale(top=top, **facts)
    if top > 1:
        message = Message(_RESCALED, {"top": top})
        findings.append(Finding("rescaled", Severity.INFO, message, len(checked)))
    return checked.assign(**{SCORE: (scores / top).astype(np.float32)})


def _scale(scores: pd.Series) -> float | None:
    """What to divide the scores by so that they go from 0 to 1; None when nothing usual does."""
    if scores.empty or scores.between(0, 1).all():
        return 1.0
    if scores.min() < 0:
        return None
    if scores.isin([0, 1, 2]).all():
        return 2.0
    return next((top for top in _SCALES[1:] if scores.max() <= top), None)


def _look_at_texts(checked: pd.DataFrame, mapping: Mapping) -> list[Finding]:
    """Warnings about a checked table: columns and rows that say nothing."""
    names = dict(mapping.columns)
    rows = len(checked)
    texts = [role for role in names if role != SCORE]
    findings = []

    def warn(kind: str, template: str, concerned: pd.Series, **params: object) -> None:
        message = Message(template, {"count": len(concerned), "rows": rows, **params})
        examples = tuple(int(row) for row in concerned.head(EXAMPLE_ROWS))
        findings.append(Finding(kind, Severity.WARNING, message, len(concerned), examples))

    distinct = checked[ANCHOR].nunique()
    if distinct <= max(1, rows * _FEW_DISTINCT_SHARE):
        value = str(checked[ANCHOR].iloc[0])[:_VALUE_CHARACTERS]
        facts = {"column": names[ANCHOR], "distinct": distinct, "value": value}
        warn("constant_anchor", _FEW_TEXTS, checked[ROW], **facts)
    for first, second in combinations(texts, 2):
        same = checked[ROW][checked[first] == checked[second]]
        if len(same):
            kind = "identical_columns" if len(same) == rows else "same_text"
            warn(kind, _SAME_TEXT, same, first=names[first], second=names[second])
    repeated = checked[ROW][checked.duplicated(list(names))]
    if len(repeated):
        warn("duplicate_rows", _DUPLICATES, repeated)
    if SCORE in names and checked[SCORE].nunique() == 1:
        score = float(checked[SCORE].iloc[0])
        warn("constant_score", _CONSTANT_SCORE, checked[ROW], value=score)
    return findings


def _left_out(kind: str, template: str, rows: np.ndarray, **params: object) -> Finding:
    message = Message(template, {"count": len(rows), **params})
    examples = tuple(int(row) for row in rows[:EXAMPLE_ROWS])
    return Finding(kind, Severity.WARNING, message, len(rows), examples)
