"""``stop``, ``resume``, ``queue``, ``clone`` and ``continue`` from the command line."""

from __future__ import annotations

import json
import time

import pytest
import yaml

from core.cli import steering
from core.cli.output import DONE, FAILED, REFUSED
from core.data.store import remove_dataset
from core.jobs import queue
from core.jobs.status import JobState, JobStatus
from core.jobs.stopping import StopWish, read_stop
from core.models.bundled import bundled_path
from core.training.config import RunConfig
from core.training.runs import load_run
from core.workspace import Workspace
from tests.cli.conftest import Run
from tests.pages.compared import make_model
from tests.pages.made import make_run


@pytest.fixture(autouse=True)
def supervised(monkeypatch: pytest.MonkeyPatch) -> list[Workspace]:
    """Nobody serves the queue; the workspaces for which somebody was asked to."""
    asked: list[Workspace] = []
    for module in (steering, "core.training.start"):
        target = module if isinstance(module, str) else module.__name__
        monkeypatch.setattr(f"{target}.ensure_supervisor", asked.append)
    return asked


def wish(workspace: Workspace, id: str) -> StopWish | None:
    stop = read_stop(workspace.run(id))
    return stop and stop.wish


def test_stop_asks_for_an_end_with_or_without_a_model(
    workspace: Workspace, core: Run, supervised: list[Workspace]
) -> None:
    id = make_run(workspace, JobState.RUNNING)
    assert core("stop", id)[0] == DONE and wish(workspace, id) is StopWish.DISCARD
    code, said, told = core("stop", id, "--keep")
    assert (code, said) == (DONE, "") and "after its current step" in told
    assert wish(workspace, id) is StopWish.KEEP and supervised == [workspace] * 2


def test_stop_takes_a_waiting_run_out_of_the_queue(workspace: Workspace, core: Run) -> None:
    id = make_run(workspace, JobState.QUEUED)
    assert core("stop", id) == (DONE, "", "")
    assert JobStatus.load(workspace.run(id)).state is JobState.CANCELLED
    code, _, told = core("stop", id)
    assert code == REFUSED and "has already ended" in told


def test_resume_puts_a_run_back_into_the_queue(
    workspace: Workspace, core: Run, supervised: list[Workspace]
) -> None:
    id = make_run(workspace, JobState.INTERRUPTED)
    assert core("resume", id, "--detach")[0] == DONE
    assert [job.id for job in queue.waiting_jobs(workspace)] == [id] and supervised
    assert wish(workspace, id) is None
    core("stop", id)
    assert core("resume", id, "--finish", "--detach")[0] == DONE
    assert wish(workspace, id) is StopWish.KEEP
    code, _, told = core("resume", id)
    assert code == REFUSED and "cannot be resumed: it is queued" in told


def test_resume_waits_for_the_end_and_says_with_its_exit_code_how_it_was(
    workspace: Workspace, core: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = make_run(workspace, JobState.CANCELLED)
    monkeypatch.setattr(time, "sleep", lambda seconds: queue.request_stop(workspace, id))
    code, _, told = core("resume", id)
    assert code == FAILED and told.splitlines() == ["queued", "cancelled"]


def test_the_queue_is_listed_in_its_order_and_changed(workspace: Workspace, core: Run) -> None:
    at_work = make_run(workspace, JobState.RUNNING, name="at work")
    queue.restore_queue(workspace)
    a, b, c = (make_run(workspace, JobState.QUEUED, name=name) for name in "abc")
    code, said, _ = core("queue")
    assert code == DONE
    assert [line.split() for line in said.splitlines()] == [
        ["cpu", at_work, "at", "work"],
        ["1", a, "a"],
        ["2", b, "b"],
        ["3", c, "c"],
    ]
    for arguments, order in (
        ((c, "--up"), [a, c, b]),
        ((a, "--down"), [c, a, b]),
        ((b,), [b, c, a]),
        ((a, "--first"), [a, b, c]),
    ):
        code, said, _ = core("queue", *arguments, "--json")
        assert (code, json.loads(said)) == (DONE, {"at_work": [at_work], "waiting": order})
    code, _, told = core("queue", at_work, "--up")
    assert code == REFUSED and "does not wait any more" in told


def test_other_work_is_listed_and_stopped(
    workspace: Workspace, core: Run, supervised: list[Workspace]
) -> None:
    run = make_run(workspace, JobState.QUEUED)
    job = queue.submit(workspace, "export", {"run": run}, name="zip")
    assert job not in core("queue")[1] and job in core("queue", "--all")[1]
    told = json.loads(core("queue", "--all", "--json")[1])
    assert told == {"at_work": [], "waiting": [run], "other": [job]}
    assert core("stop", job)[0] == DONE and supervised
    assert JobStatus.load(workspace.job(job)).state is JobState.CANCELLED
    assert job not in core("queue", "--all")[1]
    code, _, told = core("stop", job)
    assert code == REFUSED and f"There is no run named {job}" in told
    assert "which run is to be moved" in core("queue", "--first")[2]


def test_clone_prints_a_configuration_with_changes(workspace: Workspace, core: Run) -> None:
    id = make_run(workspace, name="Shoes")
    changes = ("--set", "training.epochs=3", "--set", "evaluation.patience=2")
    code, said, told = core("clone", id, *changes)
    assert (code, told) == (DONE, "")
    config = RunConfig.parse(yaml.safe_load(said), "stdout")
    assert (config.training.epochs, config.evaluation.patience) == (3.0, 2)
    source = load_run(workspace, id).config
    assert config.loss == source.loss and config.dataset == source.dataset
    for change, words in (("training.shoes=1", "no setting training.shoes"), ("epochs", "which")):
        code, said, told = core("clone", id, "--set", change)
        assert (code, said) == (REFUSED, "") and words in told


def test_continue_starts_from_the_model_at_a_lower_rate(workspace: Workspace, core: Run) -> None:
    id = make_run(workspace, name="Shoes")
    code, _, told = core("continue", id)
    assert code == REFUSED and "Traceback" not in told
    make_model(workspace.run(id) / "model")
    code, said, told = core("continue", id, "--set", "training.epochs=1")
    assert code == DONE and "a fifth of" in told
    config = RunConfig.parse(yaml.safe_load(said), "stdout")
    assert (config.base.kind, config.base.run, config.training.epochs) == ("run", id, 1.0)
    code, said, told = core("continue", id, "--set", "training.seed=7")
    assert code == DONE and "has been trained on this table with other rows held out" in told


def test_start_puts_the_new_run_into_the_queue_and_warns_of_what_would_mislead(
    workspace: Workspace, core: Run
) -> None:
    id = make_run(workspace, name="Shoes")
    (workspace.run(id) / "model").symlink_to(bundled_path())
    code, said, _ = core("clone", id, "--start", "--detach")
    new = load_run(workspace, said.strip())
    assert code == DONE and new.name == "Shoes (2)" and new.status.state is JobState.QUEUED
    code, said, told = core("continue", id, "--set", "training.seed=7", "--start", "--detach")
    assert code == DONE and "Hold out the same rows as then" in told
    remove_dataset(workspace, new.config.dataset.id)
    code, said, told = core("clone", id, "--start")
    assert (code, said) == (REFUSED, "") and "has been deleted" in told
    assert len(queue.waiting_jobs(workspace)) == 2


@pytest.mark.parametrize("command", ["stop", "resume", "clone", "continue"])
def test_a_run_that_does_not_exist_is_refused(core: Run, command: str) -> None:
    code, said, told = core(command, "no-such-run")
    assert (code, said) == (REFUSED, "") and "There is no run named no-such-run" in told
