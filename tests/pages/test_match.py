"""Match: two tables and near-duplicates, from the form to the file."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.data.samples import add_sample
from core.data.staging import load_staged
from core.data.store import list_datasets
from core.files import read_json, write_json
from core.jobs import queue
from core.jobs.reasons import ProcessVanished
from core.matching.decisions import Decision, read_decisions
from core.matching.models import offered_models
from core.matching.results import Result, list_results, load_result
from core.retrieval.sample_corpora import add_sample_corpus
from core.training.artifacts import load_reference
from core.training.calibration import Calibration, Distribution, Search
from core.training.metrics import Cut
from core.training.runs import load_run
from core.workspace import Workspace
from tests.pages.compared import do_jobs, fail_jobs, make_compared
from tests.pages.made import make_report
from tests.retrieval.stand_in import CharacterEncoder
from tests.ui.helpers import open_screen, shown
from ui import staged

ASKED = pd.DataFrame({"no": ["q1", "q2", "q3"], "q": ["红色 跑鞋", "摄像头", "=碗"]})
SHOP = pd.DataFrame(
    {"id": ["a", "b", "c", "d"], "name": ["跑鞋 红色", "云台摄像头", "红 鞋", "碗"]}
)
TWICE = pd.DataFrame(
    {"t": ["红色跑鞋", "红色跑鞋", "红色 跑鞋子", "摄像头", "碗"], "n": list("abcde")}
)


def csv(frame: pd.DataFrame) -> bytes:
    return frame.to_csv(index=False).encode()


@pytest.fixture(autouse=True)
def stand_in(encoder: CharacterEncoder) -> CharacterEncoder:
    return encoder


def fine(app: AppTest) -> AppTest:
    assert not app.exception, app.exception
    return app


def bring(app: AppTest, place: str, name: str, frame: pd.DataFrame) -> None:
    """Upload a file on one side of the form."""
    app.selectbox(key=f"match_{place}_table").set_value("upload").run()
    here = next(one for one in app.file_uploader if f"match_{place}_" in (one.key or ""))
    fine(here.upload(name, csv(frame)).run())


def match(workspace: Workspace, asked: pd.DataFrame) -> tuple[AppTest, Result]:
    """Two uploaded tables, matched by the stand-in model."""
    app = open_screen("match")
    bring(app, "left", "asked.csv", asked)
    bring(app, "right", "shop.csv", SHOP)
    left = app.selectbox(key="match_left_table").value.partition(":")[2]
    app.selectbox(key=f"match_left_table_{left}_text").set_value("q").run()
    fine(app.button(key="start_match").click().run())
    app.run()
    assert [job.kind for job in queue.waiting_jobs(workspace)] == ["match"]
    do_jobs(workspace)
    fine(app.run())
    (meta,) = list_results(workspace)
    return app, load_result(workspace, meta.id)


@pytest.fixture
def matched(workspace: Workspace) -> tuple[AppTest, Result]:
    return match(workspace, ASKED)


def table(app: AppTest, alt: str = "The matches") -> pd.DataFrame:
    return next(one.value for one in app.dataframe if one.proto.alt == alt)


def metric(app: AppTest, label: str) -> str:
    return next(one.value for one in app.metric if one.label == label)


def test_two_uploaded_tables_are_matched_and_the_threshold_moves_at_once(
    workspace: Workspace, matched: tuple[AppTest, Result]
) -> None:
    app, result = matched
    slider = app.slider(key=f"match_threshold_{result.meta.id}")
    assert slider.value == pytest.approx(0.7)
    assert "which is a guess" in shown(app)
    slider.set_value(slider.min).run()
    assert metric(fine(app), "Matched") == "3"
    first = table(app)[table(app)["rank"] == 1]
    assert list(zip(first["left_text"], first["right_text"], strict=True)) == [
        ("红色 跑鞋", "跑鞋 红色"),
        ("摄像头", "云台摄像头"),
        ("=碗", "碗"),
    ]
    assert first["score"].iloc[0] == pytest.approx(1.0)
    app.slider(key=f"match_threshold_{result.meta.id}").set_value(0.995).run()
    assert metric(fine(app), "Matched") == "1"
    assert metric(app, "Below the threshold") == "2"
    assert not queue.waiting_jobs(workspace)
    figure = json.loads(app.get("plotly_chart")[0].proto.spec)
    assert [sum(bar["y"]) for bar in figure["data"]] == [1, 2]


def test_a_large_file_is_read_by_a_job_and_what_is_no_table_is_refused(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_screen("match")
    bring(app, "left", "asked.csv", ASKED)
    with monkeypatch.context() as patch:
        patch.setattr(staged, "INLINE_BYTES", 10)
        bring(app, "right", "shop.csv", SHOP)
        upload = app.selectbox(key="match_right_table").value.partition(":")[2]
        assert [job.kind for job in queue.waiting_jobs(workspace)] == ["read_table"]
        assert load_staged(workspace, upload) is None
        assert "Choose both tables first" in shown(app)
        assert "Reading shop.csv" in app.get("progress")[0].proto.text
        do_jobs(workspace)
        fine(app.run())
    assert app.selectbox(key=f"match_right_table_{upload}_text").value == "name"
    assert app.button(key="start_match")
    app.selectbox(key="match_left_table").set_value("upload").run()
    here = next(one for one in app.file_uploader if "match_left_" in (one.key or ""))
    fine(here.upload("empty.csv", b"a,b\n").run())
    assert "empty.csv" in shown(app) and app.selectbox(key="match_left_table").value == "upload"


def test_one_to_one_filter_of_states_order_and_search(matched: tuple[AppTest, Result]) -> None:
    app, result = matched
    id = result.meta.id
    app.slider(key=f"match_threshold_{id}").set_value(0.0).run()
    fine(app.toggle(key=f"match_once_{id}").set_value(True).run())
    assert len(table(app)) == 3
    app.selectbox(key=f"match_order_{id}").set_value("best").run()
    assert table(app)["score"].is_monotonic_decreasing
    app.selectbox(key=f"match_order_{id}").set_value("doubtful").run()
    fine(app.text_input(key=f"match_find_{id}").set_value("摄像").run())
    assert table(app)["left_text"].tolist() == ["摄像头"]
    fine(app.text_input(key=f"match_find_{id}").set_value("＝碗").run())
    assert table(app)["left_text"].tolist() == ["=碗"]
    fine(app.text_input(key=f"match_find_{id}").set_value("没有这个").run())
    assert "No row is like that." in shown(app)


def test_a_threshold_that_keeps_nothing_is_a_sentence(workspace: Workspace) -> None:
    result = match(workspace, ASKED.assign(q=["红", "摄像", "碗儿"]))[1]
    app = open_screen("match", match=result.meta.id)
    fine(app.slider(key=f"match_threshold_{result.meta.id}").set_value(1.0).run())
    assert metric(app, "Matched") == "0"
    best = pd.read_parquet(result.folder / "candidates.parquet")["score"].max()
    assert f"the highest score is {best:.3f}." in shown(app)


def test_a_ticked_pair_is_rejected_and_the_next_candidate_moves_up(
    workspace: Workspace, matched: tuple[AppTest, Result]
) -> None:
    app, result = matched
    id = result.meta.id
    app.slider(key=f"match_threshold_{id}").set_value(0.0).run()
    app.toggle(key=f"match_once_{id}").set_value(True).run()
    key = f"match_lines_{id}_None_table__0_table"
    app.session_state[key] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    fine(app.run())
    assert "跑鞋 红色" in shown(app) and "红 鞋" in shown(app)
    fine(app.button(key="decide_reject").click().run())
    assert read_decisions(result.folder) == {(0, 0): Decision.REJECT}
    assert table(app)["right_text"].tolist()[0] == "红 鞋"
    assert "1 rejected" in shown(app)


def test_files_are_made_and_linked(workspace: Workspace, matched: tuple[AppTest, Result]) -> None:
    app, result = matched
    fine(app.button(key="make_matches").click().run())
    links = [one.proto.url for one in app.get("link_button")]
    assert len(links) == 2
    assert all(link.startswith(f"/download/matches/{result.meta.id}/export/") for link in links)
    assert sorted(p.suffix for p in (result.folder / "export").glob("[!.]*[!n]")) == [
        ".csv",
        ".xlsx",
    ]


def test_matches_become_a_dataset(workspace: Workspace) -> None:
    many = pd.DataFrame({"no": list("0123456789"), "q": [f"红色 跑鞋 {n}" for n in range(10)]})
    app, result = match(workspace, many)
    app.slider(key=f"match_threshold_{result.meta.id}").set_value(0.0).run()
    app.toggle(key=f"match_dataset_hand_{result.meta.id}").set_value(True).run()
    fine(app.button(key="match_dataset").click().run())
    assert "No pair counts as a match" in shown(app)
    app.number_input(key=f"match_top_{result.meta.id}").set_value(1).run()
    app.toggle(key=f"match_dataset_hand_{result.meta.id}").set_value(False).run()
    fine(app.button(key="match_dataset").click().run())
    (info,) = list_datasets(workspace)
    assert (info.name, info.rows) == ("asked.csv → shop.csv", 10)
    assert app.session_state["dataset"] == info.id


def test_the_same_table_twice_offers_near_duplicates(workspace: Workspace) -> None:
    app = open_screen("match")
    bring(app, "left", "twice.csv", TWICE)
    upload = app.selectbox(key="match_left_table").value
    app.selectbox(key="match_right_table").set_value(upload).run()
    fine(app.button(key="start_match").click().run())
    assert "every row would match itself" in shown(app)
    fine(app.button(key="match_go_duplicates").click().run())
    assert app.selectbox(key="match_one_table").value == upload
    assert not queue.waiting_jobs(workspace)


def test_near_duplicates_and_exact_copies(workspace: Workspace) -> None:
    app = open_screen("match", match_view="duplicates")
    bring(app, "one", "twice.csv", TWICE)
    app.number_input(key="duplicates_floor").set_value(0.8).run()
    fine(app.button(key="start_duplicates").click().run())
    app.run()
    do_jobs(workspace)
    fine(app.run())
    figures = ["Exact copies that could go", "Nearly equal that could go"]
    assert [metric(app, one) for one in ["Rows", *figures, "Rows that would stay"]] == [
        "5",
        "1",
        "1",
        "3",
    ]
    groups = table(app, "Groups of nearly equal texts")
    assert groups["rows"].tolist() == [3] and groups["texts"].tolist() == [2]
    inside = table(app, "The rows of the group")
    assert inside["keep"].tolist() == ["stays", "could go", "could go"]
    (meta,) = list_results(workspace)
    fine(app.segmented_control(key=f"duplicates_kind_{meta.id}").set_value("copies").run())
    assert table(app, "Exact copies")["label"].tolist() == ["2", "3"]
    fine(app.button(key="make_kept").click().run())
    assert len(app.get("link_button")) == 2


def test_a_failed_match_says_why(workspace: Workspace) -> None:
    dataset, corpus = add_sample(workspace, "products"), add_sample_corpus(workspace, "products")
    app = open_screen("match")
    assert app.selectbox(key="match_left_table").value == f"dataset:{dataset}"
    assert app.selectbox(key="match_right_table").value == f"corpus:{corpus}"
    fine(app.button(key="start_match").click().run())
    app.run()
    fail_jobs(workspace, ProcessVanished())
    fine(app.run())
    assert "ended without a word" in shown(app)
    fine(app.button(key="close_match").click().run())
    assert app.button(key="start_match")


def test_work_can_be_stopped_from_its_first_moment(workspace: Workspace) -> None:
    add_sample(workspace, "products"), add_sample_corpus(workspace, "products")
    app = open_screen("match")
    fine(app.button(key="start_match").click().run())
    assert len(queue.waiting_jobs(workspace)) == 1
    fine(app.button(key="stop_match").click().run())
    assert not queue.waiting_jobs(workspace)
    assert app.button(key="start_match")
    assert "What the model has read is kept" in app.toast[0].value


def test_a_result_that_was_deleted_is_a_sentence(workspace: Workspace) -> None:
    app = fine(open_screen("match", match="match-0123456789ab"))
    assert "There is no result named match-0123456789ab" in shown(app)


def test_models_of_runs_come_first_and_a_sample_is_one_click_away(
    workspace: Workspace,
) -> None:
    app = fine(open_screen("match"))
    assert not queue.waiting_jobs(workspace)
    fine(app.button(key="match_sample").click().run())
    assert app.selectbox(key="match_right_table").value.startswith("corpus:")
    make_compared(workspace, name="Mine")
    app = fine(open_screen("match"))
    assert app.selectbox(key="match_model").options[0] == "your model Mine"


def test_a_model_that_was_changed_or_deleted_since_its_run_is_refused(
    workspace: Workspace,
) -> None:
    add_sample(workspace, "products"), add_sample_corpus(workspace, "products")
    run = load_run(workspace, make_compared(workspace, name="Mine"))
    base = load_reference(run.folder).path
    app = fine(open_screen("match"))
    key = next(one.key for one in offered_models(workspace) if one.role == "base")
    app.selectbox(key="match_model").set_value(key).run()
    (base / "model.safetensors").write_bytes(b"another")
    fine(app.button(key="start_match").click().run())
    assert "does not hold the model" in shown(app)
    shutil.rmtree(base)
    fine(app.button(key="start_match").click().run())
    assert "was deleted or moved" in shown(app)
    assert not queue.waiting_jobs(workspace)


def test_what_names_a_row_is_proposed_and_a_model_that_cannot_read_is_said(
    workspace: Workspace,
) -> None:
    app, result = match(workspace, ASKED.rename(columns={"no": "货号"}))
    assert result.meta.match is not None and result.meta.tables["left"].label == "货号"
    assert "MiniLM-L6-v2 cannot read 95% of these texts" in shown(app)
    meta = read_json(result.folder / "meta.json")
    write_json(result.folder / "meta.json", meta | {"unread": 0.19})
    assert "cannot read" not in shown(fine(app.run()))


def test_what_a_measured_threshold_reached_stands_beside_its_condition(
    workspace: Workspace,
) -> None:
    add_sample(workspace, "products"), add_sample_corpus(workspace, "products")
    run = load_run(workspace, make_compared(workspace, name="Mine"))
    report = make_report((0.2, 0.8))
    side = Distribution((9,), (9,), 0.7, 0.2, Cut(0.5, 0.8, 0.98, 0.9))
    pairs_only = Calibration(True, 9, 9, side, side, side.cut)
    replace(report, calibration=pairs_only).save(run.folder)
    app = fine(open_screen("match"))
    assert "98% were right" in shown(app)
    assert "far fewer of the pairs found are right" in shown(app)
    search = Search(40, 340, Cut(0.4, 0.2, 0.2, 0.2), Cut(0.655, 0.7, 0.76, 0.65))
    replace(report, calibration=replace(pairs_only, search=search)).save(run.folder)
    app = fine(open_screen("match"))
    assert "40 held-out questions took the best of 340 answers" in shown(app)
    assert "reached the threshold 76% was right, and 65% of the questions" in shown(app)
    fine(app.button(key="start_match").click().run())
    app.run()
    (job,) = queue.waiting_jobs(workspace)
    params = queue.read_spec(job.folder).params
    assert (params["threshold"], params["threshold_from"]) == (0.655, "Mine")


def test_by_words_without_a_model(workspace: Workspace, encoder: CharacterEncoder) -> None:
    add_sample(workspace, "products"), add_sample_corpus(workspace, "products")
    app = open_screen("match")
    app.segmented_control(key="match_method").set_value("words").run()
    assert not [box for box in app.selectbox if box.key == "match_model"]
    fine(app.button(key="start_match").click().run())
    app.run()
    do_jobs(workspace)
    fine(app.run())
    (meta,) = list_results(workspace)
    slider = app.slider(key=f"match_threshold_{meta.id}")
    assert slider.value == slider.min == 0.0 and slider.max > 5
    assert "BM25 has no upper limit" in shown(app)
    assert encoder.texts == []
