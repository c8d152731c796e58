"""The request to stop a job: what is asked of it, and since when.

``stop.json`` in the job's folder carries the request.  Whoever clicks writes it, the worker and the
supervisor read it; while the job is still ending, another click may change what is wished.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from core.files import read_json, write_json
from core.workspace import utc_now

STOP_FILE = "stop.json"


class StopWish(StrEnum):
    """What is to become of the work done so far.

    ``KEEP``: the job ends early with a result: a training run saves the model as it is now, scores
    it and writes its report.  ``DISCARD``: it ends without one; what a later Resume needs is kept.
    """

    KEEP = "keep"
    DISCARD = "discard"


@dataclass(frozen=True)
class StopRequest:
    """A request to stop: the wish, and when it was made (UTC; None when nobody wrote it down)."""

    wish: StopWish
    requested: datetime | None


def read_stop(folder: Path) -> StopRequest | None:
    """The request to stop the job in ``folder``; None when there is none.

    A file that says nothing, or nothing readable, asks for an end without a result.
    """
    try:
        data = read_json(folder / STOP_FILE)
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return StopRequest(StopWish.DISCARD, None)
    wish = StopWish.KEEP if data.get("wish") == StopWish.KEEP else StopWish.DISCARD
    try:
        return StopRequest(wish, datetime.fromisoformat(data["requested"]))
    except (KeyError, TypeError, ValueError):
        return StopRequest(wish, None)


def write_stop(folder: Path, wish: StopWish) -> None:
    """Ask the job in ``folder`` to stop.

    The same wish a second time changes nothing; another one counts from now on.
    """
    before = read_stop(folder)
    if before is None or before.wish is not wish:
        write_json(folder / STOP_FILE, {"requested": utc_now(), "wish": wish.value})
