"""Old jobs are tidied away; what is young, active or a training run is not."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.data.staging import stage_upload
from core.jobs import queue
from core.jobs.cleaning import KEEP_DAYS, clean_jobs, clean_up
from core.jobs.engines import LocalEngine
from core.jobs.status import JobState, JobStatus
from core.jobs.supervisor import Supervisor
from core.training.run_removal import bury
from core.workspace import Workspace

LONG_AGO = datetime.now(UTC) - timedelta(days=KEEP_DAYS, hours=1)
LATELY = datetime.now(UTC) - timedelta(days=KEEP_DAYS) + timedelta(hours=1)


def make_job(
    workspace: Workspace, state: JobState, at: datetime, kind: str = "encode_corpus"
) -> str:
    """A job that was made and, if it has ended, ended at a time."""
    id = queue.submit(workspace, kind, {}, name="old")
    folder = workspace.job(id)
    finished = None if state.active else at.isoformat()
    status = replace(JobStatus.load(folder), state=state, created=at.isoformat(), finished=finished)
    status.save(folder)
    return id


@pytest.mark.parametrize(
    "state", [JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED, JobState.INTERRUPTED]
)
def test_jobs_that_ended_long_ago_are_deleted(workspace: Workspace, state: JobState) -> None:
    old, young = make_job(workspace, state, LONG_AGO), make_job(workspace, state, LATELY)
    assert clean_jobs(workspace) == [old]
    assert [folder.name for folder in workspace.jobs.iterdir()] == [young]


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.RUNNING, JobState.STOPPING])
def test_an_active_job_is_kept_however_old_it_is(workspace: Workspace, state: JobState) -> None:
    id = make_job(workspace, state, LONG_AGO)
    assert clean_jobs(workspace) == [] and (workspace.jobs / id).exists()


def test_training_runs_and_unreadable_folders_are_kept(workspace: Workspace) -> None:
    run = make_job(workspace, JobState.SUCCEEDED, LONG_AGO, kind="train")
    damaged = make_job(workspace, JobState.SUCCEEDED, LONG_AGO)
    (workspace.jobs / damaged / "status.json").write_text("{")
    (workspace.jobs / ".submit.lock").touch()
    assert clean_jobs(workspace) == []
    assert (workspace.runs / run).exists() and (workspace.jobs / damaged).exists()
    assert (workspace.jobs / ".submit.lock").exists()


def test_what_a_dead_process_left_half_made_goes_too(workspace: Workspace) -> None:
    old, young = workspace.jobs / ".20200101-old", workspace.jobs / ".20200101-young"
    for folder in (old, young):
        folder.mkdir()
    age(old)
    clean_jobs(workspace)
    assert not old.exists() and young.exists()


def test_the_files_of_a_deleted_run_go_at_once(workspace: Workspace) -> None:
    run = make_job(workspace, JobState.SUCCEEDED, LATELY, kind="train")
    kept = make_job(workspace, JobState.SUCCEEDED, LONG_AGO, kind="train")
    bury(workspace.run(run))
    (grave,) = workspace.runs.glob(".*")
    assert grave.is_dir(), "a screen does not wait until large files are deleted"
    clean_up(workspace)
    assert [folder.name for folder in workspace.runs.iterdir()] == [kept]


def age(*files: Path) -> None:
    for file in files:
        os.utime(file, (LONG_AGO.timestamp(), LONG_AGO.timestamp()))


def test_the_supervisor_tidies_up_when_it_agrees_with_the_disk(workspace: Workspace) -> None:
    old = make_job(workspace, JobState.SUCCEEDED, LONG_AGO)
    waiting = make_job(workspace, JobState.QUEUED, LONG_AGO)
    left, fresh = (stage_upload(workspace, b"a,b\n1,2\n", "table.csv") for _ in range(2))
    folder = workspace.upload(left)
    age(*folder.rglob("*"), folder)
    Supervisor(workspace, LocalEngine(workspace)).reconcile()
    assert not (workspace.jobs / old).exists()
    assert [job.id for job in queue.waiting_jobs(workspace)] == [waiting]
    assert [one.name for one in workspace.uploads.iterdir()] == [fresh]
