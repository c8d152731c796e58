"""Train: what is proposed, what is refused, and what Start puts into the queue."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.data.samples import add_sample
from core.data.store import load_dataset
from core.jobs.queue import request_stop
from core.training.losses.registry import losses_for
from core.training.quickstart import add_sample_with_exam
from core.training.runs import list_runs
from core.workspace import Workspace
from tests.pages.made import make_run
from tests.ui.helpers import open_screen, shown


def widget(app: AppTest, kind: str, ending: str):
    (found,) = [one for one in app.get(kind) if str(one.key).endswith(ending)]
    return found


def test_without_a_dataset_the_way_to_one_is_shown(workspace: Workspace) -> None:
    words = shown(open_screen("train"))
    assert "There is no dataset yet" in words


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
    assert "cannot read 68% of the table" in shown(app)
    app.selectbox[1].select_index(1).run()
    assert "cannot read" not in shown(app)


@pytest.mark.parametrize("sample", ["products", "drug_pairs"])
def test_only_losses_that_fit_are_offered(workspace: Workspace, sample: str) -> None:
    info = load_dataset(workspace, add_sample(workspace, sample)).info
    app = open_screen("train")
    fitting = [loss.title for loss in losses_for(info.shape)]
    assert app.radio[0].options == fitting[:3]
    app.toggle(key="all-losses").set_value(True).run()
    assert app.radio[0].options == fitting


def test_a_folder_that_is_no_model_is_a_sentence(workspace: Workspace) -> None:
    add_sample(workspace, "products")
    app = open_screen("train")
    app.selectbox[1].select("folder").run()
    assert "No folder was given" in shown(app)
    widget(app, "text_input", "-folder").set_value(str(workspace.root)).run()
    assert "is not a model folder" in shown(app) and not app.exception
    assert not [button for button in app.button if button.key == "start"]


def test_an_earlier_runs_dataset_stays_chosen(workspace: Workspace) -> None:
    make_run(workspace, sample="products")
    drugs = add_sample(workspace, "drugs")
    app = open_screen("train", dataset=drugs)
    assert app.selectbox[0].value == drugs
