"""The form of Train: what fills it in, what a button changes, and what is kept on the way."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.data.samples import add_sample
from core.data.shapes import Shape
from core.data.store import load_dataset
from core.jobs import queue
from core.jobs.status import JobState, JobStatus
from core.models.bases import BaseConfig
from core.training.config import LossConfig, RunConfig
from core.training.defaults import propose
from core.training.losses.registry import losses_for
from core.training.measured import Measured, save_measured
from core.workspace import Workspace
from tests.pages.test_train import widget
from tests.ui.helpers import base_box, go_to, open_screen, shown

BUNDLED = BaseConfig(kind="bundled")


@pytest.fixture
def config(workspace: Workspace) -> RunConfig:
    """A configuration of which nearly nothing is as it would be proposed."""
    info = load_dataset(workspace, add_sample(workspace, "products")).info
    made = propose(workspace, info, BUNDLED, loss="TripletLoss")
    training = made.training.model_copy(
        update={
            "epochs": 2.5,
            "batch_size": 12,
            "gradient_accumulation": 3,
            "gradient_checkpointing": True,
            "learning_rate": 3e-5,
            "warmup_share": 0.2,
            "schedule": "cosine",
            "weight_decay": 0.01,
            "precision": "fp32",
            "max_length": 100,
            "query_prompt": "query: ",
            "document_prompt": "passage: ",
            "seed": 5,
            "data_seed": 6,
        }
    )
    evaluation = made.evaluation.model_copy(
        update={
            "held_out_share": 0.2,
            "evaluations": 5,
            "keep_best": False,
            "patience": 3,
            "confusables": False,
        }
    )
    loss = LossConfig(
        name="TripletLoss",
        parameters={"triplet_margin": 5.0, "distance_metric": "euclidean"},
        matryoshka=(128, 64),
    )
    return made.model_copy(
        update={"name": "Mine", "training": training, "evaluation": evaluation, "loss": loss}
    )


def said(app: AppTest) -> RunConfig:
    """What the form says."""
    last: RunConfig = app.session_state["train_form"].last
    return last


def open_with(config: RunConfig) -> AppTest:
    return open_screen("train", train_with=config.to_dict())


def test_a_configuration_that_was_handed_over_comes_out_as_it_went_in(config: RunConfig) -> None:
    app = open_with(config)
    assert not app.exception
    assert said(app) == config
    assert "train_with" not in app.session_state
    # What is typed afterwards counts.
    widget(app, "number_input", "-epochs").set_value(4.0).run()
    assert said(app).training == config.training.model_copy(update={"epochs": 4.0})


def test_a_way_out_changes_the_form_and_nothing_else(config: RunConfig) -> None:
    app = open_with(config)
    assert "A margin of 5 can never be reached" in shown(app)
    app.button(key="way_margin_0").click().run()
    assert "A margin of 5 can never be reached" not in shown(app)
    assert widget(app, "number_input", "-triplet_margin").value == 0.5
    loss = config.loss.model_copy(
        update={"parameters": {**config.loss.parameters, "triplet_margin": 0.5}}
    )
    assert said(app) == config.model_copy(update={"loss": loss})


def test_a_way_out_may_lead_to_another_base(config: RunConfig) -> None:
    app = open_with(config)
    app.button(key="way_unreadable_0").click().run()
    assert said(app).base.kind == "static" and said(app).name == "Mine"
    assert "Static, from your own data" in str(base_box(app).format_func(base_box(app).value))
    assert "This base cannot read" not in shown(app)


def test_another_loss_keeps_what_was_changed_and_proposes_the_rest(workspace: Workspace) -> None:
    add_sample(workspace, "products")
    app = open_screen("train")
    widget(app, "number_input", "-epochs").set_value(7.0).run()
    before = said(app)
    app.radio[0].set_value(losses_for(Shape.TRIPLETS)[1]).run()
    assert said(app).loss.name != before.loss.name
    assert said(app).training.epochs == 7.0
    widget(app, "number_input", "-batch").set_value(24).run()
    assert said(app).loss.name != before.loss.name and said(app).training.batch_size == 24


def test_another_kind_of_base_brings_its_own_learning_rate(config: RunConfig) -> None:
    app = open_with(config)
    bases = base_box(app)
    bases.select_index(1).run()
    training = said(app).training
    assert said(app).base.kind == "static"
    assert training.learning_rate == 0.001 and training.max_length is None
    assert (training.seed, training.schedule) == (5, "cosine")


def test_who_comes_back_finds_what_was_typed(workspace: Workspace) -> None:
    add_sample(workspace, "products")
    app = open_screen("train")
    widget(app, "number_input", "-epochs").set_value(7.0).run()
    before = said(app)
    go_to(app, "data")
    go_to(app, "train")
    assert said(app) == before
    assert widget(app, "number_input", "-epochs").value == 7.0


def test_a_configuration_whose_dataset_is_gone_fills_in_the_rest(
    workspace: Workspace, config: RunConfig
) -> None:
    gone = config.dataset.model_copy(update={"id": "20260101-000000-gone-0000", "name": "Gone"})
    app = open_with(config.model_copy(update={"dataset": gone}))
    assert "The dataset Gone that this run learned from has been deleted" in shown(app)
    assert said(app).training == config.training
    assert said(app).dataset.id == config.dataset.id


def test_each_setting_has_its_reason_beside_it(workspace: Workspace) -> None:
    add_sample(workspace, "products")
    app = open_screen("train")
    base_box(app).select_index(0).run()
    words = shown(app)
    for reason in (
        "A table of up to 2,000 rows is seen 3 times",
        "stands in for a larger batch",
        "Falling evenly to 0",
        "0, because one or a few epochs",
        "The same seed gives the same run again",
        "how the curve runs and cost little",
    ):
        assert reason in words


def test_all_losses_stand_in_a_table_grouped_by_what_they_need(workspace: Workspace) -> None:
    add_sample(workspace, "products")
    words = shown(open_screen("train"))
    assert "For this table: triplets" in words
    assert "For another table: scored pairs" in words
    row = next(line for line in words.splitlines() if "`TripletLoss`" in line)
    assert "Margin: 0.5 (0.01 to 100)" in row and "straight line (Euclidean)" in row


def measure(workspace: Workspace, config: RunConfig, **changes: Any) -> None:
    values = {"batch_size": 12, "fits": True, "largest": 4_000, **changes}
    save_measured(workspace, config, Measured("cpu", 0.5, 2 * 10**9, 8 * 10**9, **values))


def test_an_estimate_says_that_it_was_reckoned_until_it_was_measured(
    workspace: Workspace, config: RunConfig
) -> None:
    app = open_with(config)
    assert "Reckoned from the lengths of your texts" in shown(app)
    measure(workspace, config)
    app.run()
    words = shown(app)
    assert "Measured on real batches: 0.5 s a step" in words and "of" in words
    assert "The batch size suits memory, loss and table" in words
    assert not [button for button in app.button if button.key == "try-batches"]


def test_the_suggested_batch_size_is_one_click_away(
    workspace: Workspace, config: RunConfig
) -> None:
    measure(workspace, config, batch_size=4, fits=False, largest=5)
    app = open_with(config)
    assert "A batch of 12 needs more memory than there is; 5 rows fit" in shown(app)
    app.button(key="suggested-batch").click().run()
    assert said(app).training == config.training.model_copy(update={"batch_size": 4})


def probes(workspace: Workspace) -> list[JobStatus]:
    return [
        JobStatus.load(folder)
        for folder in workspace.jobs.iterdir()
        if folder.is_dir() and queue.read_spec(folder).kind == "probe"
    ]


def test_real_batches_are_tried_when_asked_for_and_make_way_for_the_run(
    workspace: Workspace, config: RunConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nobody is to work on the queue.
    monkeypatch.setattr("ui.jobs.ensure_supervisor", lambda _workspace: None)
    monkeypatch.setattr("core.training.start.ensure_supervisor", lambda _workspace: None)
    app = open_with(config)
    assert probes(workspace) == []
    app.button(key="try-batches").click().run()
    assert not app.exception
    (status,) = probes(workspace)
    assert status.state is JobState.QUEUED
    # Another name or seed is the same trial; another batch size is not, and nobody asked for it.
    widget(app, "number_input", "-seed").set_value(9).run()
    assert [one.state for one in probes(workspace)] == [JobState.QUEUED]
    app.button(key="start").click().run()
    assert [one.state for one in probes(workspace)] == [JobState.CANCELLED]


def test_a_trial_for_other_settings_is_stopped(
    workspace: Workspace, config: RunConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.jobs.ensure_supervisor", lambda _workspace: None)
    app = open_with(config)
    app.button(key="try-batches").click().run()
    widget(app, "number_input", "-batch").set_value(8).run()
    assert [one.state for one in probes(workspace)] == [JobState.CANCELLED]
    assert app.button(key="try-batches")
