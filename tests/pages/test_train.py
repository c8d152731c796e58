"""Train: what is proposed, what is refused, and what Start puts into the queue."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.data.samples import add_sample
from core.data.shapes import Mapping
from core.data.store import load_dataset
from core.jobs import queue
from core.jobs.queue import request_stop
from core.models.bases import BaseConfig
from core.models.catalogue import describe_bases
from core.models.hub.settings import hub_of, save_hub
from core.models.hub.shelf import list_downloads
from core.training.defaults import propose
from core.training.losses.registry import losses_for
from core.training.quickstart import add_sample_with_exam
from core.training.runs import list_runs
from core.workspace import Workspace
from tests.models.hub_server import running_hub, serve_queue, tiny_files
from tests.pages.made import make_run
from tests.training.conftest import add_table
from tests.ui.helpers import base_box, open_screen, shown
from ui import jobs


def widget(app: AppTest, kind: str, ending: str):
    (found,) = [one for one in app.get(kind) if str(one.key).endswith(ending)]
    return found


def test_without_a_dataset_the_way_to_one_is_shown(workspace: Workspace) -> None:
    words = shown(open_screen("train"))
    assert "There is no dataset yet" in words


def test_a_damaged_table_is_a_sentence_and_another_one_can_be_chosen(workspace: Workspace) -> None:
    damaged, whole = add_sample(workspace, "products"), add_sample(workspace, "drug_pairs")
    (workspace.dataset(damaged) / "data.parquet").write_bytes(b"PAR1")
    app = open_screen("train", dataset=damaged)
    assert "is damaged" in shown(app) and not app.exception
    app.selectbox[0].select(whole).run()
    assert [one for one in app.button if one.key == "start"]


def test_a_table_of_classes_is_learned_from_too(workspace: Workspace) -> None:
    rows = [(f"红色鞋子第{number}款", "鞋" if number % 2 else "靴") for number in range(40)]
    frame = pd.DataFrame(rows, columns=["text", "kind"])
    id = add_table(workspace, frame, Mapping(text="text", label="kind"))
    app = open_screen("train", dataset=id)
    assert "added to its vocabulary it can: it learns them" in shown(app) and not app.exception
    app.button(key="start_recommended").click().run(timeout=120)
    (run,) = list_runs(workspace)
    request_stop(workspace, run.id)
    assert run.config.base.extend is not None and not run.config.training.structured_negatives


def test_single_texts_teach_nothing_and_no_base_is_asked_for(workspace: Workspace) -> None:
    frame = pd.DataFrame({"text": [f"红色鞋子第{number}款" for number in range(40)]})
    id = add_table(workspace, frame.assign(number=range(40)), Mapping(text="text"))
    app = open_screen("train", dataset=id)
    assert len(app.warning) == 1 and not app.exception
    assert not [one for one in app.button if one.key in ("start", "start_recommended")]


def test_two_clicks_start_what_was_proposed(workspace: Workspace) -> None:
    add_sample_with_exam(workspace, "drugs")
    app = open_screen("train")
    words = shown(app)
    assert "one vector a piece" in words
    assert "on this machine" in words and "steps over" in words
    app.button(key="start").click().run(timeout=120)
    assert app.title[0].value == "Run"
    (run,) = list_runs(workspace)
    request_stop(workspace, run.id)
    assert run.config.base.kind == "static" and run.config.base.vocabulary_size == 3_000
    assert run.config.loss.name == "MultipleNegativesRankingLoss"
    assert run.config.evaluation.exam is not None


def test_what_was_changed_is_what_is_queued(workspace: Workspace) -> None:
    add_sample(workspace, "products")
    app = open_screen("train")
    base_box(app).select_index(0).run()
    widget(app, "number_input", "-epochs").set_value(2.0)
    widget(app, "number_input", "-batch").set_value(8)
    widget(app, "number_input", "-rate").set_value(3e-5)
    widget(app, "number_input", "-length").set_value(64)
    widget(app, "number_input", "-seed").set_value(7)
    app.run()
    app.button(key="start").click().run(timeout=120)
    (run,) = list_runs(workspace)
    request_stop(workspace, run.id)
    training = run.config.training
    assert (training.epochs, training.batch_size, training.seed) == (2.0, 8, 7)
    assert (training.learning_rate, training.max_length) == (3e-5, 64)


def test_a_base_that_cannot_read_the_table_is_named_before_an_hour_is_spent(
    workspace: Workspace,
) -> None:
    add_sample(workspace, "products")
    app = open_screen("train")
    assert "This base cannot read" not in shown(app)
    base_box(app).select_index(0).run()
    assert "This base cannot read 68% of the table" in shown(app)


@pytest.mark.parametrize("sample", ["products", "drug_pairs"])
def test_only_losses_that_fit_are_offered(workspace: Workspace, sample: str) -> None:
    info = load_dataset(workspace, add_sample(workspace, sample)).info
    app = open_screen("train")
    base_box(app).select_index(0).run()
    fitting = [loss.title for loss in losses_for(info.shape)]
    assert app.radio[0].options == fitting[:3]
    app.toggle(key="all-losses").set_value(True).run()
    assert app.radio[0].options == fitting


def test_a_folder_that_is_no_model_is_a_sentence(workspace: Workspace) -> None:
    add_sample(workspace, "products")
    app = open_screen("train")
    base_box(app).select("folder").run()
    assert "No folder was given" in shown(app)
    widget(app, "text_input", "-folder").set_value(str(workspace.root)).run()
    assert "is not a model folder" in shown(app) and not app.exception
    assert not [button for button in app.button if button.key == "start"]


def test_an_earlier_runs_dataset_stays_chosen(workspace: Workspace) -> None:
    make_run(workspace, sample="products")
    drugs = add_sample(workspace, "drugs")
    app = open_screen("train", dataset=drugs)
    assert app.selectbox[0].value == drugs


def chosen_base(app: AppTest) -> BaseConfig:
    return app.session_state["train_form"].last.base


def test_what_is_recommended_is_chosen_and_stands_on_top(workspace: Workspace) -> None:
    info = load_dataset(workspace, add_sample(workspace, "drugs")).info
    describe_bases(workspace, info)  # a page shows what it cannot find out in a moment as …
    app = open_screen("train")
    words = shown(app)
    assert "**Recommended: Static, from your own data**" in words
    assert "all-MiniLM-L6-v2 cannot read 6" in words and "found most in what we measured" in words
    # Its limits stand beside it.
    assert "does not see word order" in words and "never in your table mean nothing" in words
    assert chosen_base(app).kind == "static"
    names = ("Static, from your own data", "all-MiniLM-L6-v2", "all-MiniLM-L6-v2 + your characters")
    places = [words.index(f"**{name}**") for name in names]
    assert places == sorted(places)
    assert "256 tokens" in words and "22.7 M" in words
    # How far the proposed run reads stands in the table, and why below the form.
    limit = propose(workspace, info, BaseConfig(kind="static")).training.max_length
    assert f"{limit} tokens" in words and words.count("any length") == 1
    assert "can read texts of any length" in words
    assert f"Only the first {limit} tokens of a text are read" in words
    assert "of 2,000 texts looked at" in words and ":red[**6" in words
    assert [one.label for one in app.button].count("Choose") == 2


def test_one_click_starts_what_is_recommended_whatever_the_form_says(workspace: Workspace) -> None:
    info = load_dataset(workspace, add_sample(workspace, "drugs")).info
    app = open_screen("train")
    base_box(app).select_index(0).run()
    widget(app, "number_input", "-epochs").set_value(7.0).run()
    app.button(key="start_recommended").click().run(timeout=120)
    assert app.title[0].value == "Run"
    (run,) = list_runs(workspace)
    request_stop(workspace, run.id)
    assert run.config == propose(workspace, info, BaseConfig(kind="static"))


def test_a_static_model_can_start_where_another_model_puts_its_pieces(
    workspace: Workspace, tmp_path: Path
) -> None:
    for name, data in tiny_files().items():
        (tmp_path / name).write_bytes(data)
    add_sample(workspace, "products")
    app = open_screen("train")
    start = widget(app, "selectbox", "-start")
    assert (start.value, chosen_base(app).start) == ("own", "own")
    start.select("bundled").run()
    assert chosen_base(app).start == "bundled" and "vectors of 384 numbers" in shown(app)
    widget(app, "selectbox", "-start").select("folder").run()
    assert chosen_base(app).start == "own"
    widget(app, "text_input", "-start-folder").set_value("/nowhere").run()
    assert "There is no folder /nowhere" in shown(app) and chosen_base(app).start == "own"
    widget(app, "text_input", "-start-folder").set_value(str(tmp_path)).run()
    assert chosen_base(app).start == str(tmp_path) and "vectors of 16 numbers" in shown(app)
    # Not a question for any other base.
    base_box(app).select_index(0).run()
    assert not [one for one in app.selectbox if str(one.key).endswith("-start")]


def test_a_click_takes_another_base(workspace: Workspace) -> None:
    info = load_dataset(workspace, add_sample(workspace, "drugs")).info
    describe_bases(workspace, info)
    app = open_screen("train")
    widget(app, "text_input", "-name").set_value("Mine").run()
    [one for one in app.button if one.label == "Choose"][1].click().run()
    base = chosen_base(app)
    assert base.kind == "bundled" and base.extend is not None
    form = app.session_state["train_form"].last
    assert form.name == "Mine" and form.training.new_rate
    assert "This base cannot read" not in shown(app)
    # Back to what is recommended, with that one's own settings.
    next(one for one in app.button if one.label == "Choose").click().run()
    form = app.session_state["train_form"].last
    assert form.base.kind == "static" and form.name == "Mine"
    assert form.training.new_rate is None and form.training.learning_rate >= 0.005


def test_a_model_from_a_hub_is_looked_up_fetched_and_trained_from(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "ensure_supervisor", lambda workspace: None)
    add_sample(workspace, "products")
    with running_hub() as hub:
        commit = hub.add("tiny/static", tiny_files())
        save_hub(workspace, "huggingface", address=hub.address, token=None)
        app = open_screen("train")
        app.text_input(key="hub_repo").set_value("tiny/static").run()
        app.button(key="hub_look").click().run()
        assert not app.exception and hub.asked == []
        serve_queue(workspace)
        app.run()
        words = shown(app)
        assert f"main is commit {commit[:10]}" in words and "3 files" not in words
        assert "4 files" in words and " kB" in words
        assert hub.stored == []
        key = f"huggingface-tiny/static-{commit}"
        app.button(key=f"hub_fetch_{key}").click().run()
        assert [one for one in app.button if one.key == f"hub_pause_{key}"]
        app.button(key=f"hub_pause_{key}").click().run()
        assert not queue.waiting_jobs(workspace) and list_downloads(workspace) == []
        app.button(key=f"hub_fetch_{key}").click().run()
        serve_queue(workspace)
        app.run()
    assert "It is on this computer." in shown(app)
    app.button(key="hub_use").click().run()
    base = chosen_base(app)
    assert base == BaseConfig(kind="hub", repo="tiny/static", revision=commit)
    assert "vectors of 16 numbers" in shown(app)
    app.button(key=f"hub_delete_{key}").click().run()
    assert list_downloads(workspace) == [] and not app.exception


def test_a_hub_out_of_reach_is_a_helpful_sentence(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "ensure_supervisor", lambda workspace: None)
    add_sample(workspace, "products")
    with running_hub() as hub:
        address = hub.address
    save_hub(workspace, "huggingface", address=address, token="hf_secret")
    app = open_screen("train")
    app.text_input(key="hub_repo").set_value("../etc").run()
    app.button(key="hub_look").click().run()
    assert "is not the name of a model on a hub" in shown(app)
    app.text_input(key="hub_repo").set_value("tiny/static").run()
    app.button(key="hub_look").click().run()
    serve_queue(workspace)
    app.run()
    words = shown(app)
    assert "cannot be reached" in words and "https://hf-mirror.com" in words
    assert "hf_secret" not in str(app)


def test_hub_settings_never_show_the_token(workspace: Workspace) -> None:
    add_sample(workspace, "products")
    app = open_screen("train")
    app.text_input(key="hub_address_huggingface_0").set_value("https://hub.example/")
    app.text_input(key="hub_token_huggingface_0").set_value("hf_secret")
    save = [one for one in app.button if "hub_settings_huggingface" in str(one.key)]
    save[0].click().run()
    hub = hub_of(workspace, "huggingface")
    assert (hub.address, hub.token) == ("https://hub.example", "hf_secret")
    token = app.text_input(key="hub_token_huggingface_1")
    assert token.value == "" and token.placeholder == "one is set"
    assert app.text_input(key="hub_address_huggingface_1").value == "https://hub.example"
    assert "hf_secret" not in str(app)
