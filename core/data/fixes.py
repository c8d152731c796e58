"""Fixes: safe steps that mend or leave out rows of a mapped table.  Registry: :data:`FIXES`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from core.data.mojibake import LOST, repair_column
from core.data.personal import find_personal, mask_column
from core.data.reading.rows import ROW
from core.data.shapes import (
    ANCHOR,
    HELD_OUT,
    LABEL,
    MATCH_SCORE,
    POSITIVE,
    SCORE,
    SPLIT,
    TEXT,
    Shape,
    is_negative,
    text_roles,
)
from core.data.step_kinds import StepKind, Stepped
from core.problems import N_, Message, Problem


class NothingSplit(Problem):
    what = N_("This table has no split column, so no text can be on both sides of it.")
    do = N_("Leave this step out, or fix the held-out rows first.")


class UnknownChoice(Problem):
    what = N_("The step “{step}” does not know {name} = {value}.")
    do = N_("Use one of: {known}.")


_REPAIRED = N_("Rows with repaired characters: {count:,}. Characters lost and marked �: {lost:,}.")
_BROKEN = N_("Rows with characters that nobody can read were left out: {count:,}.")
_ONE_CHARACTER = N_("Rows with a text of a single character were left out: {count:,}.")
_IDENTICAL = N_("Rows that compare a text with itself were left out: {count:,}.")
_REPEATS = N_("Rows that repeat an earlier row were left out: {count:,}.")
_CHOSEN = N_("Chosen rows were left out: {count:,}.")
_NEARLY = N_("Rows that nearly repeat another one were left out: {count:,}.")
_MEAN = N_("Pairs with different scores got their mean score: {pairs:,} pairs in {count:,} rows.")
_CONFLICTS = N_("Rows that contradict one another were left out: {count:,}.")
_MAJORITY = N_("Texts with different classes keep the commonest one: {count:,} rows left out.")
_MASKED = N_("Rows in which personal data was masked: {count:,}.")
_PERSONAL = N_("Rows with personal data were left out: {count:,}.")
_LEAKS = N_("Training rows whose texts are also held out were left out: {count:,}.")
_SPACES_TIDIED = N_("Rows in which spaces and invisible characters were tidied up: {count:,}.")
_BALANCED = N_(
    "Rows left out at random, so that one side is at most {most:g} times the other: {count:,}."
)
_RARE = N_("Rows of classes with fewer than {least} texts were left out: {count:,}.")

_TOLERANCE = 1e-6
# Line breaks, tabs and control characters count as spaces.  0x80 to 0x9F stay: they are bytes of
# Latin-1 mojibake, which another step can still repair.
_SPACES = " \x00-\x1f\x7f\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_INVISIBLE = "\u200b\u2060\ufeff\xad"
_UNTIDY = f"  |[{_SPACES[1:]}{_INVISIBLE}]"


def repair_text(frame: pd.DataFrame, params: Mapping[str, Any]) -> Stepped:
    """Undo mojibake in every column of texts; ``params`` is empty."""
    changed = np.zeros(len(frame), dtype=bool)
    lost = 0
    columns = {}
    for role in text_roles(frame.columns):
        columns[role], positions, lost_here = repair_column(frame[role])
        changed[positions] = True
        lost += lost_here
    count = int(changed.sum())
    return Stepped(
        frame.assign(**columns), Message(_REPAIRED, {"count": count, "lost": lost}), count
    )


def drop_broken(frame: pd.DataFrame, params: Mapping[str, Any]) -> Stepped:
    """Leave out rows with a replacement character (�) in a text; ``params`` is empty."""
    broken = _any_text(frame, lambda cells: cells.str.contains(LOST, regex=False))
    return _without(frame, broken, _BROKEN)


def drop_one_character(frame: pd.DataFrame, params: Mapping[str, Any]) -> Stepped:
    """Leave out rows with a text of one character; ``params`` is empty."""
    return _without(frame, _any_text(frame, lambda cells: cells.str.len() <= 1), _ONE_CHARACTER)


def drop_identical(frame: pd.DataFrame, params: Mapping[str, Any]) -> Stepped:
    """Leave out rows whose anchor, positive and negatives do not all differ; ``params`` is empty.

    Negatives of a row may equal one another.
    """
    same = np.array(frame[ANCHOR] == frame[POSITIVE])
    for role in filter(is_negative, text_roles(frame.columns)):
        same |= np.array(frame[role] == frame[ANCHOR]) | np.array(frame[role] == frame[POSITIVE])
    return _without(frame, same, _IDENTICAL)


def drop_duplicate_rows(frame: pd.DataFrame, params: Mapping[str, Any]) -> Stepped:
    """Keep the first of rows that say the same; ``params`` is empty."""
    return _without(frame, repeats(frame), _REPEATS)


def drop_rows(frame: pd.DataFrame, params: Mapping[str, Any]) -> Stepped:
    """Leave out the rows with the source row numbers ``params["rows"]``."""
    return _without(frame, np.isin(frame[ROW].to_numpy(), params["rows"]), _CHOSEN)


def drop_near_duplicates(frame: pd.DataFrame, params: Mapping[str, Any]) -> Stepped:
    """Leave out the rows ``params["rows"]`` that the data report found to repeat others nearly."""
    return _without(frame, np.isin(frame[ROW].to_numpy(), params["rows"]), _NEARLY)


def resolve_conflicts(frame: pd.DataFrame, params: Mapping[str, Any]) -> Stepped:
    """Settle rows that say the same texts with different scores, or the same text's classes.

    Args:
        frame: scored pairs, or texts with a class.
        params: ``how``: "mean" gives a pair the mean of its scores and keeps its first row;
            "majority" keeps the rows of a text's commonest class, the first one's in a tie; "drop"
            leaves out all rows that contradict one another.

    Raises:
        UnknownChoice: ``how`` is none of these, or does not go with the shape.
    """
    scored = SCORE in frame
    how = params.get("how", "mean" if scored else "majority")
    known = ("mean", "drop") if scored else ("majority", "drop")
    if how not in known:
        raise UnknownChoice(step="resolve_conflicts", name="how", value=how, known=", ".join(known))
    if scored:
        return _resolve_scores(frame, how)
    return _resolve_classes(frame, how)


def _resolve_scores(frame: pd.DataFrame, how: str) -> Stepped:
    pairs = frame.groupby([ANCHOR, POSITIVE], sort=False).ngroup()
    scores = frame[SCORE].groupby(pairs)
    conflict = np.array(scores.transform("max") - scores.transform("min") > _TOLERANCE)
    if how == "drop":
        return _without(frame, conflict, _CONFLICTS)
    means = scores.transform("mean").astype(np.float32)
    settled = frame.assign(**{SCORE: frame[SCORE].where(~conflict, means)})
    kept = settled[~(conflict & np.array(pairs.duplicated()))]
    count = int(conflict.sum())
    return Stepped(
        kept, Message(_MEAN, {"pairs": int(pairs[conflict].nunique()), "count": count}), count
    )


def _resolve_classes(frame: pd.DataFrame, how: str) -> Stepped:
    texts = pd.factorize(frame[TEXT])[0]
    labels = pd.factorize(frame[LABEL])[0]
    table = pd.DataFrame({"text": texts, "label": labels})
    conflict = np.array(table.groupby("text")["label"].transform("nunique") > 1)
    if how == "drop":
        return _without(frame, conflict, _CONFLICTS)
    both = table[conflict].groupby(["text", "label"], sort=False).size().reset_index(name="rows")
    # A stable sort keeps the class that came first in front of others of the same size.
    best = both.sort_values("rows", ascending=False, kind="stable").drop_duplicates("text")
    kept = dict(zip(best["text"], best["label"], strict=True))
    wrong = conflict & (table["text"].map(kept).fillna(-1).to_numpy() != labels)
    return _without(frame, wrong, _MAJORITY)


def mask_personal(frame: pd.DataFrame, params: Mapping[str, Any]) -> Stepped:
    """Put marks such as ``[MOBILE]`` in place of personal data; ``params`` is empty."""
    changed = np.zeros(len(frame), dtype=bool)
    columns = {}
    for role in text_roles(frame.columns):
        columns[role], positions = mask_column(frame[role])
        changed[positions] = True
    count = int(changed.sum())
    return Stepped(frame.assign(**columns), Message(_MASKED, {"count": count}), count)


def drop_personal(frame: pd.DataFrame, params: Mapping[str, Any]) -> Stepped:
    """Leave out rows with personal data in a text; ``params`` is empty."""
    personal = np.zeros(len(frame), dtype=bool)
    for role in text_roles(frame.columns):
        personal[find_personal(frame[role]).positions] = True
    return _without(frame, personal, _PERSONAL)


def drop_leaks(frame: pd.DataFrame, params: Mapping[str, Any]) -> Stepped:
    """Leave out training rows whose anchor or match also stands in held-out rows.

    A scored pair's second text counts when the two match; negatives may recur.  ``params`` is
    empty.

    Raises:
        NothingSplit: there is no split column.
    """
    if SPLIT not in frame:
        raise NothingSplit
    held_out = np.array(frame[SPLIT] == HELD_OUT)
    telling = [
        (role, np.ones(len(frame), dtype=bool))
        if role != POSITIVE or SCORE not in frame
        else (role, np.array(frame[SCORE] >= MATCH_SCORE))
        for role in text_roles(frame.columns)
        if not is_negative(role)
    ]
    theirs = pd.concat([frame[role][held_out & counts] for role, counts in telling]).unique()
    leaks = np.zeros(len(frame), dtype=bool)
    for role, counts in telling:
        leaks |= np.array(frame[role].isin(theirs)) & counts
    return _without(frame, leaks & ~held_out, _LEAKS)


def collapse_spaces(frame: pd.DataFrame, params: Mapping[str, Any]) -> Stepped:
    """Make every run of white space and control characters one space; ``params`` is empty."""
    untidy = _any_text(frame, lambda cells: cells.str.contains(_UNTIDY))
    some = frame[untidy]
    changed = np.zeros(len(some), dtype=bool)
    columns = {}
    for role in text_roles(frame.columns):
        cells = some[role].str.replace(f"[{_INVISIBLE}]", "", regex=True)
        cells = cells.str.replace(f"[{_SPACES}]+", " ", regex=True).str.strip()
        # A text of nothing else is left as it is: no step may make a cell blank.
        cells = cells.where(cells != "", some[role])
        changed |= np.array(cells != some[role])
        columns[role] = _replaced(frame[role], untidy, cells)
    count = int(changed.sum())
    return Stepped(frame.assign(**columns), Message(_SPACES_TIDIED, {"count": count}), count)


def balance_scores(frame: pd.DataFrame, params: Mapping[str, Any]) -> Stepped:
    """Leave out random matches or non-matches until neither side is much larger.

    Args:
        frame: scored pairs.
        params: ``most``: how many times as large as the other a side may be, at least 1; ``seed``.
    """
    most = max(1.0, float(params.get("most", 3)))
    matches = np.array(frame[SCORE] >= MATCH_SCORE)
    sides = [np.flatnonzero(matches), np.flatnonzero(~matches)]
    smaller, larger = sorted(sides, key=len)
    too_many = np.zeros(len(frame), dtype=bool)
    if len(smaller):
        random = np.random.default_rng(int(params.get("seed", 0)))
        too_many[random.permutation(larger)[int(most * len(smaller)) :]] = True
    return _without(frame, too_many, _BALANCED, most=most)


def drop_rare_classes(frame: pd.DataFrame, params: Mapping[str, Any]) -> Stepped:
    """Leave out classes with fewer than ``params["least"]`` different texts (2 by default)."""
    least = int(params.get("least", 2))
    distinct = frame.groupby(LABEL)[TEXT].transform("nunique")
    return _without(frame, np.array(distinct < least), _RARE, least=least)


def repeats(frame: pd.DataFrame) -> np.ndarray:
    """Which rows say the same as an earlier one, on whichever side of a split (bool)."""
    return np.array(frame.duplicated([role for role in frame if role not in (ROW, SPLIT)]))


def _any_text(frame: pd.DataFrame, test: Callable[[pd.Series], pd.Series]) -> np.ndarray:
    """Which rows have a text that passes ``test``, in any role."""
    found = np.zeros(len(frame), dtype=bool)
    for role in text_roles(frame.columns):
        found |= np.array(test(frame[role]), dtype=bool)
    return found


def _replaced(cells: pd.Series, places: np.ndarray, others: pd.Series) -> pd.Series:
    """``cells`` with ``others`` at the places that are marked."""
    texts = cells.to_numpy(dtype=object, copy=True)
    texts[places] = others.to_numpy(dtype=object)
    return pd.Series(texts, cells.index, dtype=cells.dtype)


def _without(frame: pd.DataFrame, dropped: np.ndarray, template: str, **params: object) -> Stepped:
    count = int(dropped.sum())
    return Stepped(frame[~dropped], Message(template, {"count": count, **params}), count)


_ALL = tuple(Shape)
_PAIRED = (Shape.PAIRS, Shape.SCORED_PAIRS, Shape.TRIPLETS, Shape.SEVERAL_NEGATIVES)

FIXES = (
    StepKind(
        "repair_text",
        N_("Repair broken characters"),
        N_(
            "Undoes what happens when a file is opened in a wrong encoding and saved. Characters "
            "whose bytes are gone are marked with �."
        ),
        _ALL,
        repair_text,
    ),
    StepKind(
        "drop_broken",
        N_("Leave out unreadable rows"),
        N_("Leaves out rows with � in a text: a character that nobody can read any more."),
        _ALL,
        drop_broken,
    ),
    StepKind(
        "drop_one_character",
        N_("Leave out texts of one character"),
        N_("Leaves out rows with a text of a single character, which says next to nothing."),
        _ALL,
        drop_one_character,
    ),
    StepKind(
        "drop_identical",
        N_("Leave out rows of equal texts"),
        N_(
            "Leaves out rows whose two texts are the same, or whose wrong answer is one of them. "
            "A model learns nothing, or something wrong, from these."
        ),
        _PAIRED,
        drop_identical,
    ),
    StepKind(
        "drop_duplicate_rows",
        N_("Leave out repeated rows"),
        N_("Keeps the first of rows that say exactly the same."),
        _ALL,
        drop_duplicate_rows,
    ),
    StepKind(
        "drop_near_duplicates",
        N_("Leave out nearly repeated rows"),
        N_("Leaves out the rows that the data report found to be nearly the same as others."),
        _ALL,
        drop_near_duplicates,
    ),
    StepKind(
        "resolve_conflicts",
        N_("Settle contradictions"),
        N_(
            "Where the same pair has different scores, it gets their mean; where the same text has "
            "different classes, it keeps the commonest one."
        ),
        (Shape.SCORED_PAIRS, Shape.CLASSES),
        resolve_conflicts,
    ),
    StepKind(
        "drop_rows",
        N_("Leave out chosen rows"),
        N_("Leaves out the rows with these numbers."),
        _ALL,
        drop_rows,
    ),
    StepKind(
        "mask_personal",
        N_("Mask personal data"),
        N_(
            "Puts [ID], [CARD], [MOBILE] or [EMAIL] in place of ID numbers, bank cards, mobile "
            "numbers and e-mail addresses."
        ),
        _ALL,
        mask_personal,
    ),
    StepKind(
        "drop_personal",
        N_("Leave out rows with personal data"),
        N_("Leaves out rows with an ID number, a bank card, a mobile number or an e-mail address."),
        _ALL,
        drop_personal,
    ),
    StepKind(
        "drop_leaks",
        N_("Leave out training rows that are also held out"),
        N_(
            "Leaves out training rows whose text also stands in held-out rows, so that the scores "
            "say how well the model does on texts that it has never seen."
        ),
        _ALL,
        drop_leaks,
    ),
    StepKind(
        "collapse_spaces",
        N_("Tidy up spaces"),
        N_(
            "Makes line breaks, tabs and runs of spaces a single space and takes out invisible "
            "characters."
        ),
        _ALL,
        collapse_spaces,
    ),
    StepKind(
        "balance_scores",
        N_("Balance matches and non-matches"),
        N_(
            "Leaves out rows of the larger side at random, until it is at most three times the "
            "size of the other."
        ),
        (Shape.SCORED_PAIRS,),
        balance_scores,
    ),
    StepKind(
        "drop_rare_classes",
        N_("Leave out classes of a single text"),
        N_("Leaves out classes with one text only: there is nothing alike to compare it with."),
        (Shape.CLASSES,),
        drop_rare_classes,
    ),
)
"""The fixes, in the order in which they are offered."""
