"""The states of a job and the arrows between them."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.jobs.status import ALLOWED, JobState, JobStatus, StatusUnreadable


def test_a_status_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    status = JobStatus(kind="train").moved(JobState.RUNNING, pid=7, process_start="boot:1")
    status.save(tmp_path)
    assert JobStatus.load(tmp_path) == status


@pytest.mark.parametrize("start", list(JobState))
@pytest.mark.parametrize("end", list(JobState))
def test_only_the_written_down_arrows_exist(start: JobState, end: JobState) -> None:
    status = JobStatus(kind="train", state=start)
    if end in ALLOWED[start]:
        assert status.moved(end).state is end
    else:
        with pytest.raises(ValueError, match=f"from {start} to {end}"):
            status.moved(end)


def test_a_success_is_final_and_what_failed_can_start_again() -> None:
    assert ALLOWED[JobState.SUCCEEDED] == set()
    for state in (JobState.FAILED, JobState.CANCELLED, JobState.INTERRUPTED):
        assert ALLOWED[state] == {JobState.QUEUED}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"state": "flying"}', '{"kind": "x"}'])
def test_a_damaged_status_says_which_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "status.json").write_text(text)
    with pytest.raises(StatusUnreadable, match=r"status\.json"):
        JobStatus.load(tmp_path)
