"""The queue: a job that several ask for is done once."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from core.jobs import queue
from core.jobs.status import JobState, JobStatus
from core.workspace import Workspace

PARAMS = {"corpus": "c", "model": "/m", "fingerprint": "0123"}


def ask(workspace: Workspace, **changes: str) -> str:
    return queue.submit_once(workspace, "encode_corpus", {**PARAMS, **changes}, name="encode")


def set_state(workspace: Workspace, id: str, state: JobState) -> None:
    folder = workspace.job(id)
    replace(JobStatus.load(folder), state=state).save(folder)


def test_the_same_work_is_put_into_the_queue_once(workspace: Workspace) -> None:
    id = ask(workspace)
    assert ask(workspace) == id
    assert queue.find_active(workspace, "encode_corpus", dict(PARAMS)) == id
    other = ask(workspace, fingerprint="4567")
    assert [job.id for job in queue.waiting_jobs(workspace)] == [id, other]
    assert queue.find_active(workspace, "project", dict(PARAMS)) is None


def test_many_ask_at_the_same_moment(workspace: Workspace) -> None:
    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(lambda _: ask(workspace), range(24)))
    assert len(ids) == len(queue.waiting_jobs(workspace)) == 1


def test_a_running_job_is_joined_and_an_ended_one_is_not(workspace: Workspace) -> None:
    id = ask(workspace)
    queue.place(workspace, id, "light-0")
    set_state(workspace, id, JobState.RUNNING)
    assert ask(workspace) == id
    set_state(workspace, id, JobState.FAILED)
    assert ask(workspace) != id


def test_a_job_that_was_asked_to_stop_is_not_joined(workspace: Workspace) -> None:
    id = ask(workspace)
    queue.place(workspace, id, "light-0")
    set_state(workspace, id, JobState.RUNNING)
    queue.request_stop(workspace, id)
    assert ask(workspace) != id


def test_a_job_whose_folder_is_gone_is_not_joined(workspace: Workspace) -> None:
    id = ask(workspace)
    shutil.rmtree(workspace.job(id))
    assert ask(workspace) != id
