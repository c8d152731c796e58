"""A match or near-duplicates as a file to take away: what stands in it, made once and kept."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from core.files import read_json, write_json
from core.matching.chosen import NONE, Candidates, Chosen, State, Wish, choose, lines
from core.matching.decisions import DECISIONS_FILE, read_decisions
from core.matching.groups import Found, Groups, copies, keeps, make_groups
from core.matching.results import CANDIDATES_FILE, NotWritten, Result, Side
from core.matching.sheets import Cut, write_csv, write_workbook
from core.problems import N_

WORDS = {
    "number": N_("Row"),
    "score": N_("Score"),
    "rank": N_("Rank"),
    "gap": N_("Gap to the second best"),
    "state": N_("Result"),
    "decision": N_("By hand"),
    "accepted": N_("accepted"),
    "rejected": N_("rejected"),
    "group": N_("Group"),
    "keep": N_("Stays"),
    "yes": N_("yes"),
    "no": N_("no"),
    "kind": N_("Kind"),
    "near": N_("nearly equal"),
    "copy": N_("exact copy"),
    "to_kept": N_("Score with the row that stays"),
    "lowest": N_("Lowest score in the group"),
    **{f"state_{state.name}": state.label for state in State},
}
"""The words of a file; a screen hands them over in its own language."""
FOLDER = "export"
AT_ONCE_ROWS = 5_000
"""Up to so many lines a file is written while somebody waits (about a second)."""
_PIECE = 5_000
_KEPT_FILES = 12

What = Literal["matches", "groups", "kept"]
Told = Callable[[int], None]


class FileWish(BaseModel):
    """Which file is wanted.

    Attributes:
        id: of the result.
        what: the matches; the groups of near-duplicates; or the table without what can go.
        format: how it is written.
        wish: how candidates are looked at; for near-duplicates only the threshold counts.
        matched_only: leave out rows of the first table that have no match.
        words: :data:`WORDS` in the reader's language.
        about: lines about how the table was made.
        decided: how much had been decided by hand, so that a later file is another one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    what: What
    format: Literal["csv", "xlsx"]
    wish: Wish
    matched_only: bool = False
    words: dict[str, str] = WORDS
    about: tuple[tuple[str, str], ...] = ()
    decided: int = 0

    @property
    def file_name(self) -> str:
        """The name on disk: the same for the same wish."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.{self.format}"


@dataclass(frozen=True)
class Made:
    """A file that was written: where, how many rows it has, and what it could not hold."""

    path: Path
    rows: int
    cut: Cut


def decided_so_far(result: Result) -> int:
    """What tells one state of the decisions from another."""
    path = result.folder / DECISIONS_FILE
    return path.stat().st_size if path.exists() else 0


def made_file(result: Result, wish: FileWish) -> Made | None:
    """The file, when it was written before."""
    path = result.folder / FOLDER / wish.file_name
    try:
        facts = read_json(path.with_suffix(f"{path.suffix}.json"))
        return Made(path, facts["rows"], Cut(**facts["cut"])) if path.is_file() else None
    except (OSError, ValueError, TypeError, KeyError):
        return None


def make_file(result: Result, wish: FileWish, told: Told = lambda rows: None) -> Made:
    """Write the file, whole or not at all, unless it is there.

    Args:
        result: what it is about.
        wish: which file.
        told: told how many rows are written; may raise to stop.

    Raises:
        ResultDamaged: the result cannot be read.
        NotWritten: the disk is full, or not writable.
    """
    made = made_file(result, wish)
    if made is not None:
        return made
    path = result.folder / FOLDER / wish.file_name
    try:
        path.parent.mkdir(exist_ok=True)
        rows, cut = _write(path, result, wish, told)
    except OSError as error:
        raise NotWritten(reason=error.strerror or str(error)) from error
    _tidy(path.parent)
    return Made(path, rows, cut)


def load_candidates(result: Result) -> Candidates:
    """The candidates of a match."""
    return Candidates.of(result.meta.tables["left"].rows, result.scored(CANDIDATES_FILE))


def _write(path: Path, result: Result, wish: FileWish, told: Told) -> tuple[int, Cut]:
    draft = path.with_name(f".{secrets.token_hex(8)}.{wish.format}")
    pieces = _pieces(result, wish)
    try:
        if wish.format == "csv":
            rows, cut = write_csv(draft, pieces, told), Cut()
        else:
            title = wish.words["group"] if wish.what == "groups" else wish.words["state"]
            rows, cut = write_workbook(draft, title, pieces, wish.about, told)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    # Last, because its presence says that the file is whole.
    facts = {"rows": rows, "cut": {"rows": cut.rows, "cells": cut.cells}}
    write_json(path.with_suffix(f"{path.suffix}.json"), facts)
    return rows, cut


def _pieces(result: Result, wish: FileWish) -> Iterator[pa.Table]:
    if wish.what == "matches":
        return _match_pieces(result, wish)
    found = Found.load(result)
    groups = make_groups(found, wish.wish.threshold)
    if wish.what == "kept":
        return _kept_pieces(result, wish, np.flatnonzero(keeps(found, groups)))
    return _group_pieces(result, wish, found, groups)


def _match_pieces(result: Result, wish: FileWish) -> Iterator[pa.Table]:
    candidates = load_candidates(result)
    chosen = choose(candidates, wish.wish, read_decisions(result.folder))
    state = State.MATCHED if wish.matched_only else None
    lefts, found = lines(candidates, chosen, "table", wish.wish.threshold, state)
    for start in range(0, max(1, len(lefts)), _PIECE):
        part = slice(start, start + _PIECE)
        yield _match_piece(result, wish.words, candidates, chosen, (lefts[part], found[part]))


def _match_piece(
    result: Result,
    words: Mapping[str, str],
    candidates: Candidates,
    chosen: Chosen,
    part: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> pa.Table:
    lefts, found = part
    known = found != NONE
    at = np.where(known, found, 0)
    rights = np.where(known, candidates.right[at], 0) if len(candidates.right) else at
    columns = [*_side_columns(result, words, "left", lefts, None)]
    columns += _side_columns(result, words, "right", rights, known)
    score = np.full(len(found), np.nan)
    score[known] = candidates.score[found[known]]
    rank = np.full(len(found), np.nan)
    rank[known] = candidates.rank[found[known]]
    best = known & (chosen.first[lefts] == found)
    gap = np.where(best, chosen.gaps[lefts], np.nan)
    decided = np.zeros(len(found), dtype=np.int8)
    decided[known] = chosen.decided[found[known]]
    hand = {1: words["accepted"], -1: words["rejected"], 0: ""}
    states = [words[f"state_{State(state).name}"] for state in chosen.states[lefts].tolist()]
    columns += [
        (words["score"], "", _numbers(score)),
        (words["rank"], "", _numbers(rank)),
        (words["gap"], "", _numbers(gap)),
        (words["state"], "", _texts(states)),
        (words["decision"], "", _texts([hand[one] for one in decided.tolist()])),
    ]
    return _table(columns)


def _group_pieces(
    result: Result, wish: FileWish, found: Found, groups: Groups
) -> Iterator[pa.Table]:
    words, stays = wish.words, keeps(found, groups)
    # Copies of a text that has no near-duplicate are groups of their own, behind the others.
    alone = [rows for rows in copies(found) if groups.of[found.keys[rows[0]]] == NONE]
    rows = np.concatenate([groups.in_order, *alone])
    sizes = np.concatenate([groups.rows, np.array([len(one) for one in alone], dtype=np.int64)])
    number = np.repeat(np.arange(1, len(sizes) + 1), sizes)
    keys = found.keys[rows]
    near = groups.of[keys] != NONE
    for start in range(0, max(1, len(rows)), _PIECE):
        part = slice(start, start + _PIECE)
        own, inside = groups.of[keys[part]], near[part]
        lowest = np.ones(len(own))
        lowest[inside] = groups.lowest[own[inside]]
        to_kept = np.where(inside, groups.to_kept[keys[part]], 1.0)
        kinds = [words["near"] if one else words["copy"] for one in inside.tolist()]
        yes_no = [words["yes"] if stays[row] else words["no"] for row in rows[part].tolist()]
        columns = [
            (words["group"], "", _numbers(number[part])),
            (words["kind"], "", _texts(kinds)),
            (words["keep"], "", _texts(yes_no)),
            *_side_columns(result, words, "table", rows[part], None),
            (words["to_kept"], "", _numbers(to_kept)),
            (words["lowest"], "", _numbers(lowest)),
        ]
        yield _table(columns)


def _kept_pieces(result: Result, wish: FileWish, rows: NDArray[np.int64]) -> Iterator[pa.Table]:
    for start in range(0, max(1, len(rows)), _PIECE):
        part = rows[start : start + _PIECE]
        yield _table(_side_columns(result, wish.words, "table", part, None))


Column = tuple[str, str, Any]


def _side_columns(
    result: Result,
    words: Mapping[str, str],
    side: Side,
    places: NDArray[np.int64],
    known: NDArray[np.bool_] | None,
) -> list[Column]:
    """A table's own columns at these places; empty where not ``known``."""
    meta = result.meta.tables[side]
    rows = result.rows(side, places)
    # Both tables of a match may call their columns alike: the file says whose each is.
    whose = "" if side == "table" else f" ({meta.name})"
    names = [meta.label or words["number"], meta.text, *meta.fields]
    columns = []
    for at, name in enumerate(names):
        values: list[str] = rows[rows.column_names[at]].to_pylist()  # type: ignore[assignment]
        if known is not None:
            values = [value if here else "" for value, here in zip(values, known, strict=True)]
        columns.append((f"{name}{whose}", "text" if at == 1 else "", _texts(values)))
    return columns


def _table(columns: list[Column]) -> pa.Table:
    fields: list[Any] = []
    for name, role, values in columns:
        fields.append(pa.field(name, values.type, metadata={"role": role}))
    return pa.Table.from_arrays([values for _, _, values in columns], schema=pa.schema(fields))


def _texts(values: list[str]) -> Any:
    return pa.array(values, pa.large_string())


def _numbers(values: NDArray[Any]) -> Any:
    return pa.array(values.astype(np.float64), pa.float64(), from_pandas=True)


def _tidy(folder: Path) -> None:
    """Keep the newest files only; every threshold that was tried has left one."""
    files = sorted(folder.glob("[!.]*.json"), key=lambda path: path.stat().st_mtime)
    for facts in files[:-_KEPT_FILES]:
        facts.with_suffix("").unlink(missing_ok=True)
        facts.unlink(missing_ok=True)
