"""The append-only event log of a job: one JSON object a line, readable while it is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

EVENTS_FILE = "events.jsonl"


class EventWriter:
    """Appends events; each line reaches the file in a single write."""

    def __init__(self, folder: Path) -> None:
        self._file = (folder / EVENTS_FILE).open("ab", buffering=0)

    def write(self, event: dict[str, Any]) -> None:
        """Append ``event``; ``event["type"]`` says what it is."""
        self._file.write((json.dumps(event, ensure_ascii=False) + "\n").encode("utf-8"))

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read_events(folder: Path, offset: int = 0) -> tuple[list[dict[str, Any]], int]:
    """The events of the job in ``folder`` from byte ``offset`` on, and the offset to go on from.

    A last line that is still being written is left for the next call; a line that a crash cut
    short and that was later continued is skipped.
    """
    path = folder / EVENTS_FILE
    if not path.exists():
        return [], offset
    with path.open("rb") as file:
        file.seek(offset)
        data = file.read()
    end = data.rfind(b"\n") + 1
    events = []
    for line in data[:end].splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict):
            events.append(event)
    return events, offset + end
