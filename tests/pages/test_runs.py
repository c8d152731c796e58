"""Runs: what the table shows, what can be done with ticked runs, and several side by side."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.files import write_text
from core.jobs import queue
from core.jobs.events import EventWriter
from core.jobs.status import JobState
from core.training.continuing import change_config
from core.training.run_index import load_rows
from core.training.run_notes import Notes, change_notes, load_notes
from core.training.runs import list_runs, load_run
from core.workspace import Workspace
from tests.pages.compared import make_model
from tests.pages.made import finish, make_run
from tests.ui.helpers import go_to, open_screen, shown
from ui.run_actions import TRAIN_WITH


def table(app: AppTest) -> pd.DataFrame:
    return app.dataframe[0].value


def tick(app: AppTest, *places: int) -> AppTest:
    """Tick rows of the table as the browser says it."""
    app.session_state["runs_table"] = {
        "selection": {"rows": list(places), "columns": [], "cells": []}
    }
    drawn = app.session_state["runs_drawn"]
    app.session_state["runs_ticked"] = [drawn[place] for place in places]
    return app.run()


def open_runs(*ids: str) -> AppTest:
    """The screen with these runs ticked, as a link brings it."""
    return open_screen("runs", runs_ticked=list(ids))


def chart(app: AppTest) -> dict[str, Any]:
    (component,) = app.get("bidi_component")
    return json.loads(json.loads(component.proto.json)["figure"])


def test_without_a_run_the_way_to_one_is_shown(workspace: Workspace) -> None:
    assert "There are no runs yet" in shown(open_screen("runs"))


def test_every_run_is_a_row_with_what_it_reached(workspace: Workspace) -> None:
    make_run(workspace, name="Shoes", scores=(0.5, 0.75))
    make_run(workspace, JobState.RUNNING, done=0.5)
    app = open_screen("runs")
    assert not app.exception and "2 of 2 runs" in shown(app)
    rows = table(app)
    assert rows["name"].tolist() == ["Chinese products", "Shoes"]
    assert rows["state"].tolist() == [["running"], ["succeeded"]]
    shoes = rows.iloc[1]
    assert (shoes["before"], shoes["after"], shoes["gain"]) == (0.5, 0.75, 0.25)
    assert (shoes["verdict"], shoes["base"], shoes["device"]) == ("better", "Static", "cpu")
    chinese = table(open_screen("runs", locale="zh-CN"))
    assert chinese["name"].tolist()[1] == "Shoes" and chinese["state"].tolist()[0] != ["running"]


def test_the_filter_narrows_the_table(workspace: Workspace) -> None:
    make_run(workspace, name="Shoes", scores=(0.5, 0.75))
    drugs = make_run(workspace, JobState.FAILED, name="Drugs", sample="drugs")
    hidden = make_run(workspace, name="Old shoes")
    change_notes(workspace, drugs, favourite=True, add_tags=["winter"])
    change_notes(workspace, hidden, archived=True)
    app = open_screen("runs")
    for key, value, names in (
        ("words", "shoes", ["Shoes"]),
        ("states", ["failed"], ["Drugs"]),
        ("tags", ["winter"], ["Drugs"]),
        ("favourites", True, ["Drugs"]),
        ("archived", True, ["Old shoes"]),
    ):
        before = app.session_state[f"runs_{key}"]
        app.session_state[f"runs_{key}"] = value
        assert table(app.run())["name"].tolist() == names
        app.session_state[f"runs_{key}"] = before
    app.session_state["runs_words"] = "no such run"
    assert "No run fits" in shown(app.run())


def test_ticks_stay_with_their_runs_when_the_table_shows_others(workspace: Workspace) -> None:
    first, second = make_run(workspace, name="one"), make_run(workspace, name="two")
    app = tick(open_screen("runs"), 1)
    assert "**one**" in shown(app) and app.query_params["runs"] == first
    app.session_state["runs_words"] = "two"
    app.run()
    assert table(app)["name"].tolist() == ["two"] and "**one**" in shown(app)
    assert app.session_state["runs_table"]["selection"]["rows"] == []
    app.session_state["runs_words"] = ""
    app.run()
    assert app.session_state["runs_table"]["selection"]["rows"] == [1]
    make_run(workspace, name="three")
    app.run()
    assert app.session_state["runs_table"]["selection"]["rows"] == [2]
    go_to(app, "home")
    go_to(app, "runs")
    assert "**one**" in shown(app)
    assert app.session_state["runs_table"]["selection"]["rows"] == [2]
    app.button(key="runs_untick").click().run()
    assert "**one**" not in shown(app) and app.session_state["runs_ticked"] == []
    assert second in {row.id for row in load_rows(workspace)}


def test_a_link_brings_the_ticked_runs_back(workspace: Workspace) -> None:
    first, second = make_run(workspace, name="one"), make_run(workspace, name="two")
    app = open_screen("runs")
    app.query_params["runs"] = f"{first},{second},deleted-since"
    assert "**2 runs ticked**" in shown(app.run())


def test_a_run_is_starred_tagged_noted_and_archived(workspace: Workspace) -> None:
    id = make_run(workspace, name="Shoes")
    app = open_runs(id)
    app.button(key="runs_star").click().run()
    (tags,) = [
        field for field in app.multiselect if field.label == "Tags" and field.key != "runs_tags"
    ]
    tags.set_value(["summer"]).run()
    app.text_area(key=f"runs_note_{id}").set_value("with larger batches").run()
    app.button(key="runs_archive").click().run()
    notes = Notes(favourite=True, archived=True, tags=("summer",), note="with larger batches")
    assert load_notes(workspace.run(id)) == notes
    assert "No run fits" in shown(app) and "**Shoes**" in shown(app)
    app.button(key="runs_archive").click().run()
    rows = table(app)
    assert rows["favourite"].tolist() == ["★"] and rows["tags"].tolist() == [["summer"]]


def test_tags_of_several_runs_are_changed_together(workspace: Workspace) -> None:
    first, second = make_run(workspace), make_run(workspace)
    change_notes(workspace, first, add_tags=["both", "one"])
    change_notes(workspace, second, add_tags=["both"])
    app = open_runs(first, second)
    (tags,) = [field for field in app.multiselect if field.label == "Tags that all of them have"]
    assert tags.value == ["both"]
    tags.set_value(["new"]).run()
    assert load_notes(workspace.run(first)).tags == ("one", "new")
    assert load_notes(workspace.run(second)).tags == ("new",)


def test_open_and_use_again_lead_to_the_other_screens(workspace: Workspace) -> None:
    id = make_run(workspace, name="Shoes")
    app = open_runs(id)
    app.button(key="runs_open").click().run()
    assert app.title[0].value == "Run" and app.session_state["run"] == id
    app = open_runs(id)
    app.button(key="runs_clone").click().run()
    assert app.title[0].value == "Train" and TRAIN_WITH not in app.session_state
    (name,) = [field for field in app.text_input if field.label == "Name of the run"]
    assert name.value == "Shoes (2)"


def test_deleting_says_first_what_goes(workspace: Workspace) -> None:
    id, other = make_run(workspace, name="Shoes"), make_run(workspace, name="Boots")
    make_model(workspace.run(id) / "model")
    change_notes(workspace, id, note="keep?")
    app = open_runs(id, other)
    app.button(key="runs_delete").click().run()
    words = shown(app)
    assert "- 2 runs, " in words and "- 1 trained model" in words and "- 1 note" in words
    app.button(key="runs_delete_now").click().run()
    assert list_runs(workspace) == []


def test_a_running_run_is_not_deleted(workspace: Workspace) -> None:
    id = make_run(workspace, JobState.RUNNING, name="Shoes")
    app = open_runs(id)
    app.button(key="runs_delete").click().run()
    assert "Shoes is still running. Stop it first" in shown(app)
    assert "runs_delete_now" not in {button.key for button in app.button}


def test_runs_stand_side_by_side_with_what_differs(workspace: Workspace) -> None:
    ids = [make_run(workspace, name=name, scores=(0.5, 0.7)) for name in ("one", "two")]
    config = change_config(load_run(workspace, ids[1]).config, {"training.epochs": 9})
    write_text(workspace.run(ids[1]) / queue.CONFIG_FILE, config.to_yaml())
    for id, loss in zip(ids, (1.5, 2.5), strict=True):
        writer = EventWriter(workspace.run(id))
        writer.write({"type": "start", "step": 0, "steps": 2})
        writer.write({"type": "train", "step": 1, "epoch": 0.5, "loss": loss, "learning_rate": 1})
        look = {"step": 1, "epoch": 0.5, "metric": "ndcg@10", "value": loss / 10}
        writer.write({"type": "held_out_score", **look})
    app = open_runs(*ids)
    assert not app.exception and "**2 runs ticked**" in shown(app)
    lines = {line["name"]: line["y"] for line in chart(app)["data"]}
    assert lines == {"one": [0.15], "two": [0.25]}
    app.segmented_control(key="runs_lines").set_value("train").run()
    assert {line["name"]: line["y"] for line in chart(app)["data"]} == {"one": [1.5], "two": [2.5]}
    scores, settings = (frame.value for frame in app.dataframe[1:])
    assert scores.loc["After"].tolist() == ["0.700", "0.700"]
    assert settings.index.tolist() == ["Epochs"] and settings.loc["Epochs", "two"] == "9"


def test_scores_on_other_rows_are_not_compared(workspace: Workspace) -> None:
    ids = [make_run(workspace, name="one", scores=(0.5, score)) for score in (0.7, 0.8)]
    assert "not scored on the same rows" not in shown(open_runs(*ids))
    config = change_config(load_run(workspace, ids[1]).config, {"training.seed": 7})
    write_text(workspace.run(ids[1]) / queue.CONFIG_FILE, config.to_yaml())
    app = open_runs(*ids)
    assert "not scored on the same rows" in shown(app)
    names = app.dataframe[1].value.columns.tolist()
    assert names == [f"one · {id[-4:]}" for id in ids]


def test_the_best_of_each_dataset_is_shown_while_nothing_is_ticked(workspace: Workspace) -> None:
    make_run(workspace, name="good", scores=(0.5, 0.7))
    best = make_run(workspace, name="better", scores=(0.5, 0.8))
    archived = make_run(workspace, name="best", scores=(0.5, 0.9))
    change_notes(workspace, archived, archived=True)
    app = open_screen("runs")
    words = shown(app)
    assert "**Chinese products**: better" in words and "the best of 2 runs" in words
    app.button(key=f"best_{best}").click().run()
    assert app.title[0].value == "Run" and app.session_state["run"] == best


def test_a_run_that_ends_is_seen_the_next_time(workspace: Workspace) -> None:
    id = make_run(workspace, JobState.RUNNING)
    app = open_screen("runs")
    finish(workspace, id)
    assert table(app.run())["state"].tolist() == [["succeeded"]]


@pytest.mark.parametrize("screen", ["run", "export", "inspect"])
def test_an_archived_run_leaves_the_lists_but_opens_by_its_link(
    workspace: Workspace, screen: str
) -> None:
    kept, archived = make_run(workspace, name="kept"), make_run(workspace, name="put away")
    for id in (kept, archived):
        make_model(workspace.run(id) / "model")
    change_notes(workspace, archived, archived=True)
    app = open_screen(screen)
    assert not any("put away" in option for option in app.selectbox[0].options)
    linked = open_screen(screen, run=archived)
    assert "put away" in linked.selectbox[0].options[linked.selectbox[0].index]
