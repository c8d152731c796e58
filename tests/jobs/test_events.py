"""The event log is readable while it is written, and after a crash cut a line short."""

from __future__ import annotations

from pathlib import Path

from core.jobs.events import EVENTS_FILE, EventWriter, read_events


def test_events_are_read_once_and_from_the_last_offset_on(tmp_path: Path) -> None:
    writer = EventWriter(tmp_path)
    writer.write({"type": "train", "step": 1, "note": "鞋"})
    events, offset = read_events(tmp_path)
    assert events == [{"type": "train", "step": 1, "note": "鞋"}]
    assert read_events(tmp_path, offset) == ([], offset)
    writer.write({"type": "train", "step": 2})
    events, _ = read_events(tmp_path, offset)
    assert [event["step"] for event in events] == [2]


def test_a_half_written_last_line_waits_for_its_end(tmp_path: Path) -> None:
    path = tmp_path / EVENTS_FILE
    path.write_bytes(b'{"type": "train", "step": 1}\n{"type": "tr')
    events, offset = read_events(tmp_path)
    assert [event["step"] for event in events] == [1]
    with path.open("ab") as file:
        file.write(b'ain", "step": 2}\n')
    events, _ = read_events(tmp_path, offset)
    assert [event["step"] for event in events] == [2]


def test_a_line_that_a_crash_cut_short_is_skipped(tmp_path: Path) -> None:
    (tmp_path / EVENTS_FILE).write_bytes(
        b'{"type": "a"}\n{"type": "trai{"type": "b"}\n{"type": "c"}\n'
    )
    events, _ = read_events(tmp_path)
    assert [event["type"] for event in events] == ["a", "c"]


def test_no_file_is_no_events(tmp_path: Path) -> None:
    assert read_events(tmp_path) == ([], 0)
