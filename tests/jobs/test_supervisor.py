"""Jobs in real processes: order, devices, stop, death of worker and supervisor."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import time
from dataclasses import replace

import pytest

from core.jobs import queue
from core.jobs.engines import LocalEngine
from core.jobs.status import JobState, JobStatus
from core.jobs.stopping import StopWish
from core.workspace import Workspace
from tests.jobs.conftest import WORKER, Bench, steps


def test_a_job_runs_in_its_own_process_group_to_its_end(bench: Bench) -> None:
    id = bench.submit("nap", steps=5)
    assert bench.status(id).state is JobState.QUEUED
    status = bench.until_state(id, JobState.SUCCEEDED)
    assert steps(bench.workspace.job(id)) == [0, 1, 2, 3, 4]
    assert status.pid not in (None, os.getpid())
    assert status.started and status.finished and status.started <= status.finished
    bench.until(lambda: queue.placed_jobs(bench.workspace) == {})
    assert queue.waiting_jobs(bench.workspace) == []


def test_training_runs_wait_for_the_device_in_order_while_light_jobs_go_past(bench: Bench) -> None:
    first = bench.submit("train_nap", steps=1000)
    second = bench.submit("train_nap", steps=1)
    light = bench.submit("nap", steps=1)
    bench.until_state(light, JobState.SUCCEEDED)
    bench.until_state(first, JobState.RUNNING)
    assert bench.status(second).state is JobState.QUEUED
    assert queue.queue_position(bench.workspace, second) == 0
    queue.request_stop(bench.workspace, first)
    bench.until_state(first, JobState.CANCELLED)
    bench.until_state(second, JobState.SUCCEEDED)


def test_a_stop_request_ends_a_running_job_after_its_step(bench: Bench) -> None:
    id = bench.submit("nap", steps=10_000)
    bench.until(lambda: len(steps(bench.workspace.job(id))) > 3)
    queue.request_stop(bench.workspace, id)
    status = bench.until_state(id, JobState.CANCELLED)
    assert status.error is None
    with pytest.raises(queue.NotStoppable, match="has already ended"):
        queue.request_stop(bench.workspace, id)


def test_a_waiting_job_is_cancelled_at_once_and_never_starts(bench: Bench) -> None:
    id = bench.submit("nap", steps=5)
    queue.request_stop(bench.workspace, id)
    assert bench.status(id).state is JobState.CANCELLED
    for _ in range(5):
        bench.supervisor.step()
    assert steps(bench.workspace.job(id)) == []


@pytest.mark.parametrize("deaf", [False, True])
def test_a_job_that_does_not_obey_gets_term_and_then_kill(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, deaf: bool
) -> None:
    monkeypatch.setattr(queue, "STOP_GRACE_SECONDS", 0.2)
    monkeypatch.setattr(queue, "TERM_GRACE_SECONDS", 0.5)
    id = bench.submit("stubborn", deaf=deaf)
    bench.until(lambda: bench.status(id).state is JobState.RUNNING)
    time.sleep(0.3)
    queue.request_stop(bench.workspace, id)
    status = bench.until_state(id, JobState.CANCELLED)
    assert status.error is None and status.note_message is not None
    assert "did not come to a point where it could save" in status.note_message.text()


def test_a_job_that_is_to_keep_its_result_gets_no_deadline_until_the_wish_changes(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "STOP_GRACE_SECONDS", 0.1)
    monkeypatch.setattr(queue, "TERM_GRACE_SECONDS", 0.3)
    id = bench.submit("stubborn")
    bench.until_state(id, JobState.RUNNING)
    queue.request_stop(bench.workspace, id, StopWish.KEEP)
    passed = time.monotonic() + 0.6
    bench.until(lambda: time.monotonic() > passed)
    assert bench.status(id).state is JobState.RUNNING
    queue.request_stop(bench.workspace, id, StopWish.DISCARD)
    bench.until_state(id, JobState.CANCELLED)


def test_a_job_with_nothing_to_keep_is_cancelled_and_says_so(bench: Bench) -> None:
    id = bench.submit("nap", steps=10_000)
    bench.until_state(id, JobState.RUNNING)
    queue.request_stop(bench.workspace, id, StopWish.KEEP)
    status = bench.until_state(id, JobState.CANCELLED)
    assert status.note_message is not None
    assert "before it had learned anything" in status.note_message.text()


def test_two_devices_take_one_run_each(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LocalEngine, "devices", lambda self: ["cuda:0", "cuda:1"])
    ids = [bench.submit("train_nap", steps=10_000) for _ in range(3)]
    for id in ids[:2]:
        bench.until_state(id, JobState.RUNNING)
    assert [bench.status(id).device for id in ids] == ["cuda:0", "cuda:1", None]
    queue.request_stop(bench.workspace, ids[1])
    bench.until_state(ids[1], JobState.CANCELLED)
    bench.until_state(ids[2], JobState.RUNNING)
    assert bench.status(ids[2]).device == "cuda:1"


def test_a_run_resumed_while_its_process_is_still_ending_runs_again(bench: Bench) -> None:
    id = queue.submit(bench.workspace, "train", {}, name="run")
    folder = bench.workspace.run(id)
    bench.until(lambda: JobStatus.load(folder).state is JobState.SUCCEEDED)
    # The worker has said its last word, its process is there for a second more.
    replace(JobStatus.load(folder), state=JobState.CANCELLED).save(folder)
    queue.resume(bench.workspace, id)
    bench.until(lambda: JobStatus.load(folder).state is JobState.SUCCEEDED)
    assert JobStatus.load(folder).attempt == 1


def test_a_new_supervisor_adopts_living_jobs_and_reaps_dead_ones(bench: Bench) -> None:
    living = bench.submit("nap", steps=10_000)
    dying = bench.submit("nap", steps=10_000)
    for id in (living, dying):
        bench.until_state(id, JobState.RUNNING)
    pid = bench.status(dying).pid
    assert pid
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    bench.supervisor = bench.new_supervisor()
    status = bench.status(dying)
    assert status.state is JobState.INTERRUPTED
    assert status.error and status.error["kind"] == "ProcessVanished"
    assert bench.status(living).state is JobState.RUNNING
    queue.request_stop(bench.workspace, living)
    bench.until_state(living, JobState.CANCELLED)


def test_a_reused_process_number_is_neither_adopted_nor_killed(bench: Bench) -> None:
    id = bench.submit("nap", steps=1)
    folder = bench.workspace.job(id)
    assert queue.place(bench.workspace, id, "light-0")
    # This very process stands in for a stranger that got the number of a dead worker.
    status = bench.status(id).moved(JobState.RUNNING, pid=os.getpid(), process_start="long ago:1")
    status.save(folder)
    bench.supervisor = bench.new_supervisor()
    assert bench.status(id).state is JobState.INTERRUPTED


def test_a_job_whose_supervisor_died_before_starting_it_is_queued_again(bench: Bench) -> None:
    id = bench.submit("nap", steps=2)
    assert queue.place(bench.workspace, id, "light-0")
    bench.supervisor = bench.new_supervisor()
    bench.until_state(id, JobState.SUCCEEDED)


def test_the_queue_is_rebuilt_from_the_folders_when_the_database_is_lost(bench: Bench) -> None:
    ids = [bench.submit("nap", steps=1) for _ in range(3)]
    for file in bench.workspace.root.glob("workspace.db*"):
        file.unlink()
    bench.supervisor.reconcile()
    assert [job.id for job in queue.waiting_jobs(bench.workspace)] == ids
    for id in ids:
        bench.until_state(id, JobState.SUCCEEDED)


def test_two_workers_for_one_folder_do_its_work_once(bench: Bench) -> None:
    id = bench.submit("nap", steps=30)
    folder = bench.workspace.job(id)
    engine = LocalEngine(bench.workspace, WORKER)
    handles = [engine.start(folder, "cpu", "nap") for _ in range(2)]
    deadline = time.monotonic() + 20
    while any(handle.alive() for handle in handles):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert [handle.exit_code() for handle in handles] == [0, 0]
    assert steps(folder) == list(range(30))


def test_a_long_sleep_of_the_computer_is_not_the_end_of_a_job(bench: Bench) -> None:
    id = bench.submit("nap", steps=10_000)
    status = bench.until_state(id, JobState.RUNNING)
    assert status.pid
    os.kill(status.pid, signal.SIGSTOP)
    path = bench.workspace.job(id) / "status.json"
    frozen = json.loads(path.read_text())
    frozen["heartbeat"] = "2020-01-01T00:00:00.000+00:00"
    path.write_text(json.dumps(frozen))
    bench.supervisor = bench.new_supervisor()
    for _ in range(3):
        bench.supervisor.step()
    assert bench.status(id).state is JobState.RUNNING
    os.kill(status.pid, signal.SIGCONT)
    queue.request_stop(bench.workspace, id)
    bench.until_state(id, JobState.CANCELLED)


def test_jobs_that_draw_the_same_id_both_get_one(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = iter(["20261121-101530-many-3fa9"] * 3 + ["20261121-101530-many-77c0"])
    monkeypatch.setattr(queue, "new_id", lambda name: next(drawn))
    ids = [queue.submit(workspace, "nap", {"steps": steps}, name="many") for steps in (1, 2)]
    assert ids == ["20261121-101530-many-3fa9", "20261121-101530-many-77c0"]
    assert [queue.read_spec(workspace.job(id)).params for id in ids] == [{"steps": 1}, {"steps": 2}]
    assert [job.id for job in queue.waiting_jobs(workspace)] == ids


def test_the_queue_survives_many_writers(workspace: Workspace) -> None:
    import threading

    def submit_some() -> None:
        for _ in range(10):
            queue.submit(workspace, "nap", {"steps": 1}, name="many")

    threads = [threading.Thread(target=submit_some) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(queue.waiting_jobs(workspace)) == 60
    with sqlite3.connect(workspace.database) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
