"""Home: a first model in one click, what is running, what there is."""

from __future__ import annotations

import pytest

from core.data.samples import add_sample
from core.data.store import list_datasets
from core.jobs.queue import request_stop
from core.jobs.reasons import ProcessVanished
from core.jobs.status import JobState
from core.training.runs import list_runs
from core.workspace import Workspace
from tests.pages.made import finish, make_run
from tests.ui.helpers import open_screen, shown


def subheaders(app: object) -> list[str]:
    return [element.value for element in app.subheader]


def test_an_empty_workspace_offers_two_samples_and_ones_own_table(workspace: Workspace) -> None:
    app = open_screen()
    assert subheaders(app) == ["Train a first model in one click", "Devices"]
    words = shown(app)
    assert "Try it with: Chinese products" in words
    assert "Try it with: Chinese drugs" in words
    assert words.count("on this machine, from the click to a trained model") == 2
    assert words.index("Try it with") < words.index("Or start with your own table")


def test_the_device_is_shown_with_its_memory_and_arithmetic(workspace: Workspace) -> None:
    words = shown(open_screen())
    assert "memory free" in words
    assert "trains in fp32" in words


def test_ones_own_table_leads_to_data(workspace: Workspace) -> None:
    app = open_screen()
    app.button(key="own_table").click().run()
    assert app.title[0].value == "Data"


def test_one_click_adds_the_sample_starts_a_run_and_opens_it(workspace: Workspace) -> None:
    app = open_screen()
    app.button(key="try_drugs").click().run(timeout=120)
    assert not app.exception
    assert app.title[0].value == "Run"
    (run,) = list_runs(workspace)
    request_stop(workspace, run.id)
    assert app.session_state["run"] == run.id
    assert app.query_params["run"] == run.id
    assert run.config.base.kind == "static"
    assert [info.sample for info in list_datasets(workspace)] == ["drugs"]


def test_a_running_run_is_shown_with_its_progress_and_leads_to_its_screen(
    workspace: Workspace,
) -> None:
    id = make_run(workspace, JobState.RUNNING, done=0.24)
    app = open_screen()
    assert subheaders(app)[0] == "Running now"
    assert "Training: step 1,200 of 5,000" in shown(app)
    assert app.get("progress")[0].value == 24
    app.button(key=f"open_{id}").click().run()
    assert app.title[0].value == "Run"
    assert app.session_state["run"] == id


def test_a_run_that_has_ended_leaves_the_live_part(workspace: Workspace) -> None:
    id = make_run(workspace, JobState.RUNNING, done=0.9)
    app = open_screen()
    finish(workspace, id)
    app.run()
    assert "Running now" not in subheaders(app)
    assert "Recent runs" in subheaders(app)


def test_recent_runs_say_what_they_reached_or_what_went_wrong(workspace: Workspace) -> None:
    make_run(workspace, scores=(0.1234, 0.7831))
    make_run(workspace, JobState.FAILED, name="*Mine*", problem=ProcessVanished())
    words = shown(open_screen())
    assert "nDCG@10 on held-out rows: 0.123 before, 0.783 after" in words
    assert r"**\*Mine\***" in words
    assert "ended without a word" in words


def test_a_dataset_leads_to_training_on_it(workspace: Workspace) -> None:
    id = add_sample(workspace, "products")
    app = open_screen()
    assert "500 triplets" in shown(app)
    app.button(key=f"train_{id}").click().run()
    assert app.title[0].value == "Train"
    assert app.session_state["dataset"] == id


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.RUNNING, JobState.SUCCEEDED])
def test_chinese_home_is_chinese(workspace: Workspace, state: JobState) -> None:
    make_run(workspace, state)
    words = shown(open_screen(locale="zh-CN"))
    for english in ("Running", "Recent", "Devices", "Samples", "Chinese products", "triplets"):
        assert english not in words
    assert "中文商品" in words
