"""The queue: a job that several ask for is done once."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from core.jobs import queue
from core.jobs.status import JobState, JobStatus
from core.jobs.stopping import StopWish, read_stop
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


def train(workspace: Workspace, name: str) -> str:
    return queue.submit(workspace, "train", {}, name=name)


def waiting(workspace: Workspace) -> list[str]:
    return [job.id for job in queue.waiting_jobs(workspace)]


def test_waiting_jobs_can_be_moved_and_stay_at_the_ends(workspace: Workspace) -> None:
    first, second, third = (train(workspace, name) for name in ("first", "second", "third"))
    for id, how, expected in (
        (third, queue.Move.FIRST, [third, first, second]),
        (third, queue.Move.UP, [third, first, second]),
        (third, queue.Move.FIRST, [third, first, second]),
        (third, queue.Move.DOWN, [first, third, second]),
        (third, queue.Move.DOWN, [first, second, third]),
        (third, queue.Move.DOWN, [first, second, third]),
        (second, queue.Move.UP, [second, first, third]),
    ):
        queue.move(workspace, id, how)
        assert waiting(workspace) == expected
    last = train(workspace, "last")
    assert waiting(workspace) == [second, first, third, last]
    assert queue.queue_position(workspace, last) == 3


def test_training_runs_and_other_jobs_stand_in_lines_of_their_own(workspace: Workspace) -> None:
    light = ask(workspace)
    first = train(workspace, "first")
    other_light = ask(workspace, fingerprint="4567")
    second = train(workspace, "second")
    queue.move(workspace, second, queue.Move.UP)
    assert waiting(workspace) == [light, second, other_light, first]
    queue.move(workspace, other_light, queue.Move.FIRST)
    assert waiting(workspace) == [other_light, second, light, first]


def test_many_move_at_the_same_moment_and_none_is_lost(workspace: Workspace) -> None:
    ids = [train(workspace, "run") for _ in range(6)]
    moves = [(id, how) for id in ids for how in queue.Move] * 3
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda move: queue.move(workspace, *move), moves))
    assert sorted(waiting(workspace)) == sorted(ids)


def test_a_light_job_found_at_work_does_not_take_the_device_of_training(
    workspace: Workspace,
) -> None:
    light, run = ask(workspace), train(workspace, "run")
    for id in (light, run):
        folder = workspace.job(id)
        replace(JobStatus.load(folder), state=JobState.RUNNING, device="cpu").save(folder)
    for file in workspace.root.glob("workspace.db*"):
        file.unlink()
    queue.restore_queue(workspace)
    placed = {lane: [job.id for job in jobs] for lane, jobs in queue.placed_jobs(workspace).items()}
    assert placed == {"light-0": [light], "cpu": [run]}


def test_a_job_that_has_a_device_or_has_ended_is_not_moved(workspace: Workspace) -> None:
    first, second = train(workspace, "first"), train(workspace, "second")
    queue.place(workspace, first, "cpu")
    queue.request_stop(workspace, second)
    for id in (first, second):
        with pytest.raises(queue.NotWaiting, match="does not wait any more"):
            queue.move(workspace, id, queue.Move.FIRST)


def test_a_job_that_lost_its_device_waits_where_it_was_moved_to(workspace: Workspace) -> None:
    train(workspace, "first")
    second = train(workspace, "second")
    queue.move(workspace, second, queue.Move.FIRST)
    queue.place(workspace, second, "cpu")
    queue.unplace(workspace, second)
    assert waiting(workspace)[0] == second


def test_a_run_resumed_to_finish_asks_for_its_model_and_one_resumed_to_train_does_not(
    workspace: Workspace,
) -> None:
    id = train(workspace, "run")
    queue.request_stop(workspace, id, StopWish.KEEP)
    assert JobStatus.load(workspace.run(id)).state is JobState.CANCELLED
    queue.resume(workspace, id, finish=True)
    stop = read_stop(workspace.run(id))
    assert stop is not None and stop.wish is StopWish.KEEP
    queue.request_stop(workspace, id)
    queue.resume(workspace, id)
    assert read_stop(workspace.run(id)) is None
