"""Workers forked from a parent: like any other, and nothing is lost when the parent dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from core.jobs import forking, queue
from core.jobs.engines import ForkedProcess, LocalEngine, forking_for, worker_environment
from core.jobs.events import read_events
from core.jobs.forking import Forking, Parent, code_on_disk
from core.jobs.status import JobState
from core.jobs.supervisor import Supervisor
from core.workspace import PROJECT_ROOT, Workspace
from tests.jobs.conftest import WORKER, Bench, steps

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there is no parent elsewhere")
MODULES = ("core.jobs.context", "numpy")


class ForkingBench(Bench):
    """A bench whose workers have a parent."""

    modules: tuple[str, ...] = MODULES

    def new_supervisor(self) -> Supervisor:
        environment = worker_environment(self.workspace, "cpu")
        self.forking = Forking(WORKER, environment, self.modules)
        self.engine = LocalEngine(self.workspace, WORKER, self.forking)
        supervisor = Supervisor(self.workspace, self.engine)
        supervisor.reconcile()
        return supervisor

    def parent(self) -> Parent:
        """The parent that the next worker will have; waits until it is ready."""
        until(lambda: self.engine.prepare() is None and self.forking.parent() is not None)
        parent = self.forking.parent()
        assert parent is not None
        until(lambda: parent.alive() and parent.ready)
        return parent

    def look(self) -> dict[str, Any]:
        """What a worker sees."""
        id = self.submit("look")
        self.until_state(id, JobState.SUCCEEDED)
        (event,) = read_events(self.workspace.job(id))[0]
        mine = str(self.workspace.job(id))
        text = {key: str(value).replace(mine, "<job>") for key, value in event.items()}
        return {**event, **{key: text[key] for key in ("argv", "command", "files")}}

    def worker_of(self, id: str) -> psutil.Process:
        return psutil.Process(self.until_state(id, JobState.RUNNING).pid)


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def ended(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forking, "_FIRST_LOOK_SECONDS", 0.0)
    monkeypatch.setattr(forking, "_LOOK_SECONDS", 0.0)


@pytest.fixture
def forks(workspace: Workspace) -> Iterator[ForkingBench]:
    bench = ForkingBench(workspace)
    yield bench
    parent = bench.forking.parent()
    if parent is not None:
        parent.kill()


def test_a_forked_worker_is_like_one_that_was_started_by_itself(forks: ForkingBench) -> None:
    fresh = forks.look()
    parent = forks.parent()
    forked = forks.look()
    assert (fresh["parent"], forked["parent"]) == (os.getpid(), parent.pid)
    own = {"time", "parent", "drawn"}
    assert {k: v for k, v in forked.items() if k not in own} == {
        k: v for k, v in fresh.items() if k not in own
    }
    assert forked["leads"] == [True, True] and forked["input"] == ""
    assert "supervisor.lock" not in forked["files"] and "workspace.db" not in forked["files"]


def test_forked_workers_do_not_draw_the_same_lots(forks: ForkingBench) -> None:
    forks.modules = ("core.jobs.context", "numpy.random", "datasets")
    forks.supervisor = forks.new_supervisor()
    forks.parent()
    first, second = forks.look()["drawn"], forks.look()["drawn"]
    assert len(first) == len(second) == 5
    assert not set(first) & set(second)


def test_a_forked_worker_sees_the_device_that_it_was_given(
    forks: ForkingBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    forks.parent()
    for device, seen in (("cuda:1", "1"), ("cpu", "")):
        id = forks.submit("look")
        folder = forks.workspace.job(id)
        handle = forks.engine.start(folder, device, "look")
        assert isinstance(handle, ForkedProcess)
        until(lambda handle=handle: not handle.alive())
        (event,) = read_events(folder)[0]
        assert event["environment"]["CUDA_VISIBLE_DEVICES"] == seen
        assert "PYTORCH_NVML_BASED_CUDA_CHECK" not in event["environment"]
        assert event["argv"][1:] == [str(folder), "--device", device]


@pytest.mark.parametrize(
    ("kind", "params", "code", "reason"),
    [
        ("nap", {"steps": 1}, 0, None),
        ("vanish", {"code": 3}, 3, "ProcessFailed"),
        ("vanish", {"code": 0}, 0, "ProcessVanished"),
        ("fault", {"signal": "SIGKILL"}, -9, "KilledForMemory"),
        ("fault", {"signal": "SIGSEGV"}, -11, "ProcessCrashed"),
    ],
)
def test_exit_codes_come_through_the_parent(
    forks: ForkingBench, kind: str, params: dict[str, Any], code: int, reason: str | None
) -> None:
    forks.parent()
    handle = forks.engine.start(forks.workspace.job(forks.submit(kind, **params)), "cpu", kind)
    assert isinstance(handle, ForkedProcess)
    until(lambda: not handle.alive())
    assert handle.exit_code() == code
    if reason is not None:
        status = forks.until_state(forks.submit(kind, **params), JobState.INTERRUPTED)
        assert status.error and status.error["kind"] == reason


def test_a_forked_worker_is_stopped_with_its_group(
    forks: ForkingBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "STOP_GRACE_SECONDS", 0.2)
    monkeypatch.setattr(queue, "TERM_GRACE_SECONDS", 0.5)
    forks.parent()
    id = forks.submit("stubborn", deaf=True)
    worker = forks.worker_of(id)
    queue.request_stop(forks.workspace, id)
    forks.until_state(id, JobState.CANCELLED)
    assert ended(worker.pid)


def test_killing_the_parent_loses_nothing(forks: ForkingBench) -> None:
    parent = forks.parent()
    id = forks.submit("nap", steps=50)
    worker = forks.worker_of(id)
    assert worker.ppid() == parent.pid
    parent.kill()
    assert forks.status(id).state is JobState.RUNNING
    meanwhile = forks.submit("nap", steps=1)
    forks.until_state(meanwhile, JobState.SUCCEEDED)
    forks.until_state(id, JobState.SUCCEEDED)
    assert steps(forks.workspace.job(id)) == list(range(50))
    assert forks.parent().pid != parent.pid
    forks.until_state(forks.submit("nap", steps=1), JobState.SUCCEEDED)


def test_a_worker_that_dies_after_its_parent_is_an_interrupted_job(forks: ForkingBench) -> None:
    parent = forks.parent()
    id = forks.submit("nap", steps=10_000)
    worker = forks.worker_of(id)
    parent.kill()
    worker.kill()
    status = forks.until_state(id, JobState.INTERRUPTED)
    assert status.error and status.error["kind"] == "ProcessVanished"


def test_a_worker_that_dies_just_before_its_parent_is_understood(forks: ForkingBench) -> None:
    parent = forks.parent()
    id = forks.submit("nap", steps=10_000)
    forks.worker_of(id).kill()
    until(lambda: not psutil.Process(parent.pid).children())
    parent.kill()
    status = forks.until_state(id, JobState.INTERRUPTED)
    assert status.error and status.error["kind"] == "KilledForMemory"


def test_a_parent_that_does_not_answer_is_ended_and_the_job_runs(
    forks: ForkingBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forking, "_ANSWER_SECONDS", 0.3)
    parent = forks.parent()
    os.kill(parent.pid, signal.SIGSTOP)
    assert forks.look()["parent"] == os.getpid()
    assert ended(parent.pid)


def test_a_parent_without_room_for_a_process_still_tells_how_its_workers_end(
    forks: ForkingBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = tmp_path / "full"
    (tmp_path / "narrow.py").write_text(
        "import os\n"
        "fork = os.fork\n"
        "def narrow():\n"
        f"    if os.path.exists({str(full)!r}):\n"
        "        raise OSError(12, 'Cannot allocate memory')\n"
        "    return fork()\n"
        "os.fork = narrow\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    forks.modules = ("narrow", *MODULES)
    forks.supervisor = forks.new_supervisor()
    parent = forks.parent()
    id = forks.submit("nap", steps=10_000)
    worker = forks.worker_of(id)
    assert worker.ppid() == parent.pid
    full.touch()
    assert forks.look()["parent"] == os.getpid()
    worker.kill()
    status = forks.until_state(id, JobState.INTERRUPTED)
    assert status.error and status.error["kind"] == "KilledForMemory"
    assert not ended(parent.pid)


def test_a_job_is_done_once_when_a_parent_answers_too_late(
    forks: ForkingBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The parent forks a worker, but is thought to be dead, and a second worker is started."""
    parent = forks.parent()
    id = forks.submit("nap", steps=150)
    folder = forks.workspace.job(id)

    def answer_too_late(worker: object) -> None:
        assert parent.fork(worker, 5) is not None  # type: ignore[arg-type]
        until(lambda: forks.status(id).state is JobState.RUNNING)

    with monkeypatch.context() as patch:
        patch.setattr(forks.forking, "start", answer_too_late)
        forks.supervisor.step()
    refused = "another worker has this job already"
    forks.until(lambda: refused in (folder / "log.txt").read_text())
    after = time.monotonic() + 0.5
    forks.until(lambda: time.monotonic() > after)
    (device,) = queue.placed_jobs(forks.workspace)
    assert forks.status(id).state is JobState.RUNNING and device.startswith("light")
    forks.until_state(id, JobState.SUCCEEDED)
    assert steps(folder) == list(range(150))


def test_training_waits_for_a_parent_that_still_imports_and_other_jobs_do_not(
    forks: ForkingBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "slow_module.py").write_text("import time\ntime.sleep(1.5)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    forks.modules = ("slow_module", "core.jobs.context")
    forks.supervisor = forks.new_supervisor()
    forks.engine.prepare()
    parent = forks.forking.parent()
    assert parent is not None
    id = forks.submit("train_nap", steps=200)
    assert forks.look()["parent"] == os.getpid()
    assert not parent.ready and forks.status(id).state is JobState.QUEUED
    assert forks.worker_of(id).ppid() == parent.pid and parent.ready


def test_without_what_it_imports_there_is_no_parent_and_jobs_run(forks: ForkingBench) -> None:
    forks.modules = ("core.no_such_module",)
    forks.supervisor = forks.new_supervisor()
    forks.engine.prepare()
    parent = forks.forking.parent()
    assert parent is not None
    id = forks.submit("train_nap", steps=1)
    forks.until_state(id, JobState.SUCCEEDED)
    until(lambda: not parent.alive())
    for _ in range(3):
        forks.engine.prepare()
    assert forks.forking.parent() is None


def test_a_parent_with_old_code_starts_no_worker_and_is_replaced(
    forks: ForkingBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = forks.parent()
    running = forks.submit("nap", steps=10_000)
    worker = forks.worker_of(running)
    monkeypatch.setattr(forking, "code_on_disk", lambda: "another version")
    assert forks.look()["parent"] == os.getpid()
    new = forks.parent()
    assert new.pid != old.pid and forks.look()["parent"] == new.pid
    # The old one stays for its worker's exit code, and no longer.
    pid = old.pid
    del old
    worker.kill()
    status = forks.until_state(running, JobState.INTERRUPTED)
    assert status.error and status.error["kind"] == "KilledForMemory"
    until(lambda: ended(pid))


def test_an_update_shows_in_the_code_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "core" / "jobs" / "some.py"
    file.parent.mkdir(parents=True)
    file.write_text("")
    monkeypatch.setattr(forking, "PROJECT_ROOT", tmp_path)
    other = file.with_name("other.py")
    other.write_text("")
    before = code_on_disk()
    (file.parent / "notes.txt").write_text("nothing that is imported")
    assert code_on_disk() == before
    os.utime(file, ns=(0, 10**9))
    older = code_on_disk()
    assert older != before
    other.unlink()
    assert code_on_disk() != older


def test_forking_can_be_switched_off(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAIRLOOM_FORKING", "off")
    assert forking_for(workspace) is None
    monkeypatch.delenv("PAIRLOOM_FORKING")
    assert forking_for(workspace) is not None


SERVE = """
import sys
from core.encoder.keeper import EncoderKeeper
from core.jobs import forking, supervisor
from core.jobs.engines import worker_environment
from core.workspace import Workspace
from tests.jobs.naps import NAPS

forking._FIRST_LOOK_SECONDS = forking._LOOK_SECONDS = 0.0
EncoderKeeper.step = lambda self: False
supervisor.forking_for = lambda workspace: forking.Forking(
    "tests.jobs.naps", worker_environment(workspace, "cpu"), ("core.jobs.context",)
)
sys.exit(supervisor.main())
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_the_end_of_the_supervisor_ends_the_parent_and_no_job(
    workspace: Workspace, number: signal.Signals
) -> None:
    command = [sys.executable, "-c", SERVE, "--workspace", str(workspace.root)]
    log = workspace.root / "supervisor.log"
    with log.open("wb") as output:
        supervisor = subprocess.Popen(command, cwd=PROJECT_ROOT, stderr=output)
    family = psutil.Process(supervisor.pid)
    # A job that comes sooner is given a process of its own, which knows no naps.
    until(lambda: "workers can be forked" in log.read_text())
    (parent,) = family.children()
    bench = Bench.__new__(Bench)
    bench.workspace = workspace
    id = bench.submit("nap", steps=100)
    until(lambda: bench.status(id).state is JobState.RUNNING)
    pid = bench.status(id).pid
    assert pid and psutil.Process(pid).ppid() == parent.pid
    supervisor.send_signal(number)
    supervisor.wait(10)
    until(lambda: ended(parent.pid))
    assert bench.status(id).state is JobState.RUNNING
    bench.supervisor = bench.new_supervisor()
    bench.until_state(id, JobState.SUCCEEDED)
    assert steps(workspace.job(id)) == list(range(100))
