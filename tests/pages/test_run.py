"""Run: what a run in each state shows, and what its buttons do."""

from __future__ import annotations

import pytest

from core.jobs.context import STOP_FILE
from core.jobs.events import EventWriter
from core.jobs.status import JobState, JobStatus
from core.jobs.supervisor import KilledForMemory
from core.training.runs import list_runs
from core.workspace import Workspace
from tests.pages.made import make_run
from tests.ui.helpers import open_screen, shown


def test_without_a_run_the_way_to_one_is_shown(workspace: Workspace) -> None:
    assert "There are no runs yet" in shown(open_screen("run"))


def test_a_running_run_shows_its_figures_and_can_be_stopped(workspace: Workspace) -> None:
    id = make_run(workspace, JobState.RUNNING, done=0.24)
    writer = EventWriter(workspace.run(id))
    writer.write({"type": "start", "step": 0, "steps": 60})
    writer.write(
        {
            "type": "train",
            "step": 1,
            "epoch": 0.02,
            "loss": 2.5,
            "learning_rate": 1e-4,
            "rows_per_second": 12.5,
            "memory_bytes": 1_500_000_000,
            "eta_seconds": 80,
        }
    )
    app = open_screen("run")
    figures = {metric.label: metric.value for metric in app.metric}
    assert figures["Step"] == "1 / 60"
    assert figures["Rows per second"] == "12.5"
    assert figures["Training time left"] == "1 min 20 s"
    assert figures["Memory"] == "1.5 GB"
    app.button(key="stop").click().run()
    assert (workspace.run(id) / STOP_FILE).exists()
    assert "Stopping: the run ends after its current step" in shown(app)


def test_before_the_first_step_the_place_of_the_chart_is_kept(workspace: Workspace) -> None:
    make_run(workspace, JobState.RUNNING)
    assert "as soon as the first step is done" in shown(open_screen("run"))


def test_a_waiting_run_says_how_many_are_before_it_and_is_cancelled_at_once(
    workspace: Workspace,
) -> None:
    make_run(workspace, JobState.QUEUED, name="first")
    second = make_run(workspace, JobState.QUEUED, name="second")
    app = open_screen("run", run=second)
    assert "Runs before this one: 1" in shown(app)
    app.button(key="stop").click().run()
    assert JobStatus.load(workspace.run(second)).state is JobState.CANCELLED


def test_an_interrupted_run_says_why_and_can_be_resumed(workspace: Workspace) -> None:
    id = make_run(workspace, JobState.INTERRUPTED, problem=KilledForMemory())
    app = open_screen("run")
    assert "most likely by the system because memory ran out" in shown(app)
    (resume,) = [button for button in app.button if button.label == "Resume"]
    resume.click().run()
    assert JobStatus.load(workspace.run(id)).attempt == 1


def test_a_finished_run_opens_with_its_verdict(workspace: Workspace) -> None:
    make_run(workspace, JobState.SUCCEEDED, scores=(0.2, 0.8))
    app = open_screen("run")
    words = shown(app)
    assert "Is it better?" in words and "mistake in Pairloom" not in words
    assert "Better than before: nDCG@10 rose from 0.2 to 0.8 on 50 held-out questions" in words
    assert not [button for button in app.button if button.key == "stop"]


def test_a_run_is_deleted_only_when_asked_twice(workspace: Workspace) -> None:
    id = make_run(workspace, JobState.FAILED)
    app = open_screen("run")
    app.button(key="delete").click().run()
    assert list_runs(workspace) == [] and not (workspace.runs / id).exists()


@pytest.mark.parametrize("id", ["no-such-run", "../etc"])
def test_a_link_to_a_run_that_is_gone_falls_back_to_another(workspace: Workspace, id: str) -> None:
    other = make_run(workspace)
    app = open_screen("run", run=id)
    assert not app.exception
    assert app.session_state["run"] == other
