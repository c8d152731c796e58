"""Every way in which a job's process can end without a result is said in words."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from core.jobs import engines, queue, worker
from core.jobs.reasons import reason_of
from core.jobs.status import JobState
from core.jobs.stopping import StopWish
from tests.jobs.conftest import Bench, steps


def test_a_killed_worker_that_was_to_keep_its_result_is_interrupted_with_the_reason(
    bench: Bench,
) -> None:
    id = bench.submit("stubborn")
    pid = bench.until_state(id, JobState.RUNNING).pid
    queue.request_stop(bench.workspace, id, StopWish.KEEP)
    assert pid
    os.kill(pid, signal.SIGKILL)
    status = bench.until_state(id, JobState.INTERRUPTED)
    assert status.error and status.error["kind"] == "KilledForMemory"


def test_a_worker_that_the_system_kills_while_it_stops_is_cancelled_and_says_so(
    bench: Bench,
) -> None:
    id = bench.submit("stubborn")
    pid = bench.until_state(id, JobState.RUNNING).pid
    queue.request_stop(bench.workspace, id)
    assert pid
    os.kill(pid, signal.SIGKILL)
    status = bench.until_state(id, JobState.CANCELLED)
    assert status.error is None and status.note_message is not None
    assert "because memory ran out" in status.note_message.text()


def test_a_worker_told_to_end_from_outside_is_interrupted_not_cancelled(bench: Bench) -> None:
    id = bench.submit("nap", steps=10_000)
    bench.until(lambda: len(steps(bench.workspace.job(id))) > 3)
    pid = bench.status(id).pid
    assert pid
    os.kill(pid, signal.SIGTERM)  # as the computer does before it shuts down
    status = bench.until_state(id, JobState.INTERRUPTED)
    assert status.error and status.error["kind"] == "ProcessKilled"


def test_a_problem_is_kept_with_its_words(bench: Bench) -> None:
    status = bench.until_state(bench.submit("trouble"), JobState.FAILED)
    assert status.error_messages is not None
    what, do = status.error_messages
    assert (what.text(), do.text()) == ("The shoe is broken.", "Buy a new one.")


def test_an_unexpected_failure_is_one_sentence_and_the_traceback_is_in_the_log(
    bench: Bench,
) -> None:
    id = bench.submit("crash")
    status = bench.until_state(id, JobState.FAILED)
    assert status.error_messages is not None
    said = status.error_messages[0].text()
    assert "RuntimeError: the sole came off" in said and "second line" not in said
    assert "Traceback" in (bench.workspace.job(id) / "log.txt").read_text()


@pytest.mark.parametrize(
    ("kind", "params", "reason"),
    [
        ("vanish", {}, "ProcessFailed"),
        ("vanish", {"code": 0}, "ProcessVanished"),
        ("fault", {"signal": "SIGSEGV"}, "ProcessCrashed"),
        ("fault", {"signal": "SIGHUP"}, "ProcessKilled"),
        ("overuse", {}, "KilledForMemory"),
    ],
)
def test_a_worker_that_ends_without_a_word_leaves_an_interrupted_job(
    bench: Bench, kind: str, params: dict[str, object], reason: str
) -> None:
    status = bench.until_state(bench.submit(kind, **params), JobState.INTERRUPTED)
    assert status.error and status.error["kind"] == reason


@pytest.mark.parametrize(
    ("kind", "params", "reason"),
    [
        ("fill_memory", {"how": "numpy"}, "OutOfMemory"),
        ("fill_memory", {"how": "torch"}, "OutOfMemory"),
        ("fill_memory", {"how": "gpu"}, "OutOfMemory"),
        ("fill_disk", {}, "DiskFull"),
    ],
)
def test_a_worker_that_has_no_room_says_so_in_plain_words(
    bench: Bench, kind: str, params: dict[str, object], reason: str
) -> None:
    id = bench.submit(kind, **params)
    bench.until(lambda: not bench.status(id).state.active, 60)
    status = bench.status(id)
    assert status.state is JobState.FAILED and status.error and status.error["kind"] == reason


@pytest.mark.parametrize(
    ("said", "free", "reason"),
    [
        ("I/O error: No space left on device (os error 28)", 10**12, "DiskFull"),
        ("[enforce fail at inline_container.cc:672] . unexpected pos 576 vs 534", 0, "DiskFull"),
        ("[enforce fail at inline_container.cc:672] .", 10**12, "UnexpectedFailure"),
        ("no shoes", 0, "UnexpectedFailure"),
    ],
)
def test_what_libraries_say_of_a_full_disk_is_understood(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, free: int, reason: str
) -> None:
    usage = SimpleNamespace(free=free)
    monkeypatch.setattr(worker.shutil, "disk_usage", lambda folder: usage)
    assert worker._in_words(RuntimeError(said), tmp_path).kind == reason


def test_a_job_whose_computer_was_started_again_says_that(bench: Bench) -> None:
    id = bench.submit("nap", steps=1)
    assert queue.place(bench.workspace, id, "light-0")
    dead = subprocess.Popen(["true"])
    dead.wait()
    # As it was written before the restart: another boot's id before the tick.
    status = bench.status(id).moved(JobState.RUNNING, pid=dead.pid, process_start="other-boot:5")
    status.save(bench.workspace.job(id))
    bench.supervisor = bench.new_supervisor()
    status = bench.status(id)
    assert status.state is JobState.INTERRUPTED
    assert status.error and status.error["kind"] == "ComputerRestarted"


def test_a_job_whose_process_cannot_be_started_fails_and_the_next_one_starts(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    id, gone = bench.submit("nap", steps=1), bench.submit("nap", steps=1)
    shutil.rmtree(bench.workspace.job(gone))

    def refuse(*arguments: object, **settings: object) -> None:
        raise OSError(errno.ENOMEM, "Cannot allocate memory")

    with monkeypatch.context() as patch:
        patch.setattr(engines.subprocess, "Popen", refuse)
        bench.supervisor.step()
    status = bench.status(id)
    assert status.state is JobState.FAILED and status.error_messages is not None
    assert "Cannot allocate memory" in status.error_messages[0].text()
    assert queue.waiting_jobs(bench.workspace) == []
    bench.until_state(bench.submit("nap", steps=1), JobState.SUCCEEDED)


def test_a_killed_worker_leaves_an_interrupted_job_with_the_likely_reason(bench: Bench) -> None:
    id = bench.submit("nap", steps=10_000)
    status = bench.until_state(id, JobState.RUNNING)
    assert status.pid
    os.kill(status.pid, signal.SIGKILL)
    status = bench.until_state(id, JobState.INTERRUPTED)
    assert status.error and status.error["kind"] == "KilledForMemory"


def test_what_to_do_next_depends_on_the_work() -> None:
    run = reason_of("train", -signal.SIGTERM).text()
    assert "The process of this run was ended from outside" in run and "Resume the run" in run
    download = reason_of("fetch_repo", -signal.SIGTERM).text()
    assert "The process of this download" in download and "go on with the download" in download
    other = reason_of("export", -signal.SIGKILL).text()
    assert "The process of this task was killed" in other and other.endswith("Start it again.")
    reading = reason_of("encode_corpus", -signal.SIGKILL).text()
    assert reading.endswith("What was read is kept: start it again, and it goes on there.")
