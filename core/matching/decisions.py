"""What a person decided about pairs of a match by hand: lines that are only ever added."""

from __future__ import annotations

import json
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

from core.files import append_json
from core.matching.results import NotWritten
from core.workspace import utc_now

DECISIONS_FILE = "decisions.jsonl"
Pair = tuple[int, int]
"""Places in the left and in the right table."""


class Decision(StrEnum):
    """A pair is a match whatever its score, or it is none."""

    ACCEPT = "accept"
    REJECT = "reject"


def decide(folder: Path, pairs: Iterable[Pair], decision: Decision | None) -> None:
    """Add what was decided about pairs of the result in ``folder``; None takes it back.

    Raises:
        NotWritten: the disk is full, or the result is gone.
    """
    entry = {
        "time": utc_now(),
        "decision": decision,
        "pairs": [[int(left), int(right)] for left, right in pairs],
    }
    try:
        append_json(folder / DECISIONS_FILE, entry)
    except OSError as error:
        raise NotWritten(reason=error.strerror or str(error)) from error


def read_decisions(folder: Path) -> dict[Pair, Decision]:
    """What holds now: the last word about each pair."""
    decided: dict[Pair, Decision] = {}
    try:
        lines = (folder / DECISIONS_FILE).read_bytes().splitlines()
    except FileNotFoundError:
        return decided
    for line in lines:
        try:
            entry = json.loads(line)
            word = None if entry["decision"] is None else Decision(entry["decision"])
            pairs = [(int(left), int(right)) for left, right in entry["pairs"]]
        except (ValueError, TypeError, KeyError):
            # Cut short when its writer was killed.
            continue
        for pair in pairs:
            if word is None:
                decided.pop(pair, None)
            else:
                decided[pair] = word
    return decided
