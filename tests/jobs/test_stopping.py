"""The request to stop: what it asks for, how it is changed, and what a job makes of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.jobs import queue
from core.jobs.context import JobContext, JobSpec, Stopped
from core.jobs.status import JobState, JobStatus
from core.jobs.stopping import STOP_FILE, StopRequest, StopWish, read_stop, write_stop
from core.workspace import Workspace


def test_a_wish_is_read_back_with_its_time_and_repeating_it_changes_nothing(tmp_path: Path) -> None:
    assert read_stop(tmp_path) is None
    write_stop(tmp_path, StopWish.KEEP)
    first = read_stop(tmp_path)
    assert first is not None and first.wish is StopWish.KEEP and first.requested is not None
    assert abs((datetime.now(UTC) - first.requested).total_seconds()) < 60
    write_stop(tmp_path, StopWish.KEEP)
    assert read_stop(tmp_path) == first


def test_another_wish_counts_from_now_on(tmp_path: Path) -> None:
    (tmp_path / STOP_FILE).write_text('{"requested": "2026-01-01T00:00:00+00:00", "wish": "keep"}')
    write_stop(tmp_path, StopWish.DISCARD)
    stop = read_stop(tmp_path)
    assert stop is not None and stop.wish is StopWish.DISCARD
    assert stop.requested is not None and stop.requested.year >= 2026
    assert stop.requested != datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("text", ["{}", "{", "", '{"wish": "dance"}', '{"requested": 3}'])
def test_a_file_that_says_little_asks_for_an_end_without_a_result(
    tmp_path: Path, text: str
) -> None:
    (tmp_path / STOP_FILE).write_text(text)
    assert read_stop(tmp_path) == StopRequest(StopWish.DISCARD, None)


@pytest.fixture
def job(workspace: Workspace) -> JobContext:
    """A job that runs, in this process."""
    id = queue.submit(workspace, "train", {}, name="here")
    folder = workspace.run(id)
    JobStatus.load(folder).moved(JobState.RUNNING).save(folder)
    return JobContext(workspace, folder, JobSpec("train", {}), "cpu")


def state_of(job: JobContext) -> JobState:
    return JobStatus.load(job.folder).state


def test_a_job_nobody_stops_goes_on(job: JobContext) -> None:
    job.check_stop()
    assert job.stop_wish() is None and not job.unwanted()
    assert state_of(job) is JobState.RUNNING


def test_with_nothing_to_keep_every_wish_ends_the_job(job: JobContext) -> None:
    write_stop(job.folder, StopWish.KEEP)
    with pytest.raises(Stopped):
        job.check_stop()
    assert state_of(job) is JobState.STOPPING


def test_a_job_with_something_to_keep_finishes_unless_the_wish_changes(job: JobContext) -> None:
    job.worth_keeping = True
    write_stop(job.folder, StopWish.KEEP)
    job.check_stop()
    assert state_of(job) is JobState.STOPPING and job.stop_requested() and not job.unwanted()
    write_stop(job.folder, StopWish.DISCARD)
    with pytest.raises(Stopped):
        job.check_stop()
