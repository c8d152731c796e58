"""Run: what a run in each state shows, and what its buttons do."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.data.store import remove_dataset
from core.files import write_json, write_text
from core.jobs import queue
from core.jobs.events import EventWriter
from core.jobs.reasons import KilledForMemory
from core.jobs.status import JobState, JobStatus
from core.jobs.stopping import StopWish, read_stop
from core.problems import Message
from core.training.checkpoints import CHECKPOINTS, WHOLE_MARK
from core.training.config import RunConfig
from core.training.continuing import further_config
from core.training.run_notes import change_notes
from core.training.run_removal import bury
from core.training.runs import list_runs, load_run
from core.workspace import Workspace
from tests.pages.compared import make_model
from tests.pages.made import make_run
from tests.ui.helpers import open_screen, shown
from ui import run_actions


@pytest.fixture(autouse=True)
def supervised(monkeypatch: pytest.MonkeyPatch) -> list[Workspace]:
    """Nobody serves the queue; the workspaces for which somebody was asked to."""
    asked: list[Workspace] = []
    monkeypatch.setattr(run_actions, "ensure_supervisor", asked.append)
    return asked


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.RUNNING, JobState.SUCCEEDED])
def test_looking_at_an_active_run_sees_to_somebody_who_serves_it(
    workspace: Workspace, state: JobState, supervised: list[Workspace]
) -> None:
    make_run(workspace, state)
    open_screen("run")
    assert bool(supervised) is state.active


def test_where_a_model_comes_from_and_what_became_of_it_is_shown(workspace: Workspace) -> None:
    first = make_run(workspace, name="first *one*")
    make_model(workspace.run(first) / "model")
    second = trained_further(workspace, first)
    third = trained_further(workspace, second)
    app = open_screen("run", run=second)
    words = shown(app)
    assert "Trained further from:" in words and "Its model was trained further by:" in words
    assert app.button(key=f"kin_{first}").label == "first \\*one\\*"
    app.button(key=f"kin_{third}").click().run()
    assert app.session_state["run"] == third
    assert {f"kin_{first}", f"kin_{second}"} <= {button.key for button in app.button}
    bury(workspace.run(first))
    assert "a run that has been deleted since" in shown(app.run())


def trained_further(workspace: Workspace, source: str) -> str:
    config = further_config(load_run(workspace, source)).config
    id = make_run(workspace, name=config.name)
    write_text(workspace.run(id) / queue.CONFIG_FILE, config.to_yaml())
    make_model(workspace.run(id) / "model")
    return id


def live(app: AppTest) -> dict[str, Any]:
    """What the part that keeps itself up to date shows at first."""
    (component,) = app.get("bidi_component")
    now: dict[str, Any] = json.loads(component.proto.json)["now"]
    return now


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
    now = live(app)
    figures = dict(now["figures"])
    assert figures["Step"] == "1 / 60"
    assert figures["Rows per second"] == "12.5"
    assert figures["Training time left"] == "1 min 20 s"
    assert figures["Memory"] == "1.5 GB"
    assert now["done"] == 0.24
    assert json.loads(now["chart"]["figure"])["data"][0]["y"] == [2.5]
    app.button(key="stop_discard").click().run()
    assert wish(workspace, id) is StopWish.DISCARD
    assert "Stopping: the run ends after its current step" in shown(app)


@pytest.mark.parametrize(
    ("padding", "words"),
    [
        ({"share": 0.08, "any_order": 0.61}, "8% are blanks that fill up short texts; in batches"),
        ({"share": 0.0, "any_order": 0.61}, "No blanks: texts go through the model one behind"),
        (None, ""),
    ],
)
def test_the_share_of_blanks_stands_below_the_figures(
    workspace: Workspace, padding: dict[str, float] | None, words: str
) -> None:
    id = make_run(workspace, JobState.RUNNING)
    start = {"type": "start", "step": 0, "steps": 60, "padding": padding}
    EventWriter(workspace.run(id)).write(start)
    said = live(open_screen("run"))["note"]
    assert words in said
    assert ("61%" in said) == (padding is not None)


def wish(workspace: Workspace, id: str) -> StopWish | None:
    stop = read_stop(workspace.run(id))
    return stop and stop.wish


def test_a_run_can_be_ended_with_its_model_and_the_wish_be_changed_while_it_stops(
    workspace: Workspace,
) -> None:
    id = make_run(workspace, JobState.RUNNING)
    app = open_screen("run")
    app.button(key="stop_keep").click().run()
    assert wish(workspace, id) is StopWish.KEEP
    assert "Finishing: the run ends after its current step" in shown(app)
    assert not [button for button in app.button if button.key == "stop_keep"]
    app.button(key="stop_discard").click().run()
    assert wish(workspace, id) is StopWish.DISCARD
    assert "Stopping: the run ends after its current step" in shown(app)
    app.button(key="stop_keep").click().run()
    assert wish(workspace, id) is StopWish.KEEP


def test_before_the_first_step_the_place_of_the_chart_is_kept(workspace: Workspace) -> None:
    make_run(workspace, JobState.RUNNING)
    now = live(open_screen("run"))
    assert "as soon as the first step is done" in now["waiting"] and now["chart"] is None


def test_a_waiting_run_shows_the_line_and_is_cancelled_at_once(workspace: Workspace) -> None:
    make_run(workspace, JobState.QUEUED, name="first *one*")
    second = make_run(workspace, JobState.QUEUED, name="second")
    app = open_screen("run", run=second)
    words = shown(app)
    assert "2 runs wait." in words and "**second**" in words and "first \\*one\\*" in words
    app.button(key="cancel").click().run()
    assert JobStatus.load(workspace.run(second)).state is JobState.CANCELLED


def test_the_order_of_the_waiting_runs_can_be_changed(workspace: Workspace) -> None:
    a, b, c = (make_run(workspace, JobState.QUEUED, name=name) for name in ("a", "b", "c"))
    app = open_screen("run", run=b)
    assert app.button(key=f"up_{a}").disabled and app.button(key=f"down_{c}").disabled
    for button, order in (
        (f"up_{b}", [b, a, c]),
        (f"down_{a}", [b, c, a]),
        (f"first_{a}", [a, b, c]),
    ):
        app.button(key=button).click().run()
        assert [job.id for job in queue.waiting_jobs(workspace)] == order
    app.button(key=f"line_{a}").click().run()
    assert app.session_state["run"] == a


def test_a_single_waiting_run_has_nothing_to_be_moved_past(workspace: Workspace) -> None:
    at_work = make_run(workspace, JobState.RUNNING, name="at work")
    queue.restore_queue(workspace)
    id = make_run(workspace, JobState.QUEUED, name="waits")
    app = open_screen("run", run=id)
    words = shown(app)
    assert "One run waits." in words and "at work" in words and "trains on cpu" in words
    keys = {button.key for button in app.button}
    assert f"line_{at_work}" in keys and not keys & {f"up_{id}", f"down_{id}", f"first_{id}"}


def test_a_run_that_started_meanwhile_is_not_moved_and_that_is_said(workspace: Workspace) -> None:
    make_run(workspace, JobState.QUEUED, name="first")
    second = make_run(workspace, JobState.QUEUED, name="second")
    app = open_screen("run", run=second)
    button = app.button(key=f"first_{second}")
    queue.place(workspace, second, "cpu")
    button.click().run()
    assert not app.exception
    assert "does not wait any more" in app.toast[0].value


def test_an_interrupted_run_says_why_and_can_be_resumed(workspace: Workspace) -> None:
    id = make_run(workspace, JobState.INTERRUPTED, problem=KilledForMemory())
    app = open_screen("run")
    assert "most likely by the system because memory ran out" in shown(app)
    assert app.button(key="resume").label == "Start again from the beginning"
    assert not [button for button in app.button if button.key in ("finish", "discard")]
    app.button(key="resume").click().run()
    assert JobStatus.load(workspace.run(id)).attempt == 1


def add_checkpoint(workspace: Workspace, id: str, step: int) -> None:
    folder = workspace.run(id) / CHECKPOINTS / f"checkpoint-{step}"
    folder.mkdir(parents=True)
    write_json(folder / WHOLE_MARK, {"step": step})
    (folder / "model.safetensors").write_bytes(bytes(2_000_000))


def test_a_checkpoint_can_be_gone_on_from_made_a_model_of_or_deleted(workspace: Workspace) -> None:
    id = make_run(workspace, JobState.CANCELLED)
    add_checkpoint(workspace, id, 1200)
    app = open_screen("run")
    assert app.button(key="resume").label == "Resume from step 1,200"
    assert "Frees 2.0 MB." in shown(app)
    app.button(key="finish").click().run()
    assert JobStatus.load(workspace.run(id)).state is JobState.QUEUED
    assert wish(workspace, id) is StopWish.KEEP
    assert "Finishing" not in shown(app)  # it waits

    app.button(key="cancel").click().run()
    app.button(key="discard").click().run()
    assert load_run(workspace, id).checkpoint is None
    assert app.button(key="resume").label == "Start again from the beginning"


def test_a_finished_run_opens_with_its_verdict(workspace: Workspace) -> None:
    make_run(workspace, JobState.SUCCEEDED, scores=(0.2, 0.8))
    app = open_screen("run")
    words = shown(app)
    assert "Is it better?" in words and "mistake in Pairloom" not in words
    assert "Better than before: nDCG@10 rose from 0.2 to 0.8 on 50 held-out questions" in words
    assert not [button for button in app.button if (button.key or "").startswith("stop")]


def test_a_run_that_was_ended_early_says_so(workspace: Workspace) -> None:
    id = make_run(workspace, JobState.SUCCEEDED, scores=(0.2, 0.8))
    note = Message("Stopped at step {step} of {steps}.", {"step": 40, "steps": 480})
    folder = workspace.run(id)
    replace(JobStatus.load(folder), note=note.to_json()).save(folder)
    assert "Stopped at step 40 of 480." in shown(open_screen("run"))
    assert "Stopped at step 40 of 480." in shown(open_screen("home"))


def test_the_settings_of_a_run_go_to_the_train_screen(workspace: Workspace) -> None:
    id = make_run(workspace, JobState.FAILED, name="Shoes")
    app = open_screen("run")
    assert "has been deleted" not in shown(app)
    handed = handed_over(app, "clone")
    source = load_run(workspace, id).config
    assert handed == source.model_copy(update={"name": "Shoes (2)"})


def test_a_finished_model_is_trained_further_at_a_lower_rate_and_the_reason_is_said(
    workspace: Workspace,
) -> None:
    id = make_run(workspace, name="Shoes")
    make_model(workspace.run(id) / "model")
    app = open_screen("run")
    assert "a fifth of the 0.001 that the run had" in shown(app)
    handed = handed_over(app, "further")
    assert (handed.base.kind, handed.base.run) == ("run", id)
    assert handed.training.learning_rate == 0.0002


def handed_over(app: AppTest, button: str) -> RunConfig:
    """What a button of the Run screen puts where the Train screen looks for it."""
    seen: list[object] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_actions, "go_to", lambda name: seen.append(name))
        app.button(key=button).click().run()
    assert seen == ["train"]
    return RunConfig.parse(app.session_state[run_actions.TRAIN_WITH], "train_with")


def test_a_deleted_dataset_is_said_before_its_settings_are_used_again(workspace: Workspace) -> None:
    id = make_run(workspace, JobState.FAILED)
    remove_dataset(workspace, load_run(workspace, id).config.dataset.id)
    app = open_screen("run")
    assert "that this run learned from has been deleted" in shown(app)
    assert handed_over(app, "clone").dataset == load_run(workspace, id).config.dataset


def test_a_run_is_deleted_only_when_asked_twice(workspace: Workspace) -> None:
    id = make_run(workspace, JobState.FAILED)
    app = open_screen("run")
    change_notes(workspace, id, note="keep?")
    app.button(key="delete").click().run()
    words = shown(app)
    assert "- 1 run, " in words and "- 1 note" in words
    app.button(key="runs_delete_now").click().run()
    assert list_runs(workspace) == [] and not (workspace.runs / id).exists()


@pytest.mark.parametrize("id", ["no-such-run", "../etc"])
def test_a_link_to_a_run_that_is_gone_falls_back_to_another(workspace: Workspace, id: str) -> None:
    other = make_run(workspace)
    app = open_screen("run", run=id)
    assert not app.exception
    assert app.session_state["run"] == other


def test_what_the_report_opens_with_is_not_said_twice(workspace: Workspace) -> None:
    id = make_run(workspace, JobState.SUCCEEDED, scores=(0.2, 0.8))
    folder, report = workspace.run(id), load_run(workspace, id).report()
    assert report is not None
    note = Message("Stopped at step {step} of {steps}.", {"step": 40, "steps": 480}).to_json()
    replace(report, messages=[*report.messages, note]).save(folder)
    replace(JobStatus.load(folder), note=note).save(folder)
    assert shown(open_screen("run")).count("Stopped at step 40 of 480.") == 1
