"""Train and Run with recipes: a card pasted, read and used, and its curve behind the new one."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

from core.data.samples import add_sample
from core.files import write_text
from core.jobs.events import EventWriter
from core.jobs.queue import CONFIG_FILE, request_stop
from core.training.config import RunConfig
from core.training.recipes.facts import Point
from core.training.recipes.store import NAMES, card_curve, list_recipes, load_recipe
from core.training.runs import Curves, list_runs, load_run
from core.workspace import Workspace
from tests.pages.made import make_run
from tests.training.recipes.cards import VERSION_3
from tests.ui.helpers import open_screen, shown
from ui.loss_chart import loss_chart
from ui.run_progress import chart


def field(app: AppTest, ending: str):
    (found,) = [one for one in app.number_input if str(one.key).endswith(ending)]
    return found


def choose(app: AppTest, id: str) -> AppTest:
    return app.selectbox(key="recipe").select(id).run(timeout=120)


def test_a_ready_recipe_fills_the_form_in_and_the_run_remembers_it(workspace: Workspace) -> None:
    app = open_screen("train", dataset=add_sample(workspace, "products"))
    assert app.selectbox(key="recipe").value is None
    words = shown(choose(app, "card-001"))
    assert "A margin of 5 can never be reached" in words
    assert "cannot read 63% of the card's texts" in words
    assert "Batch size: **16**" in words and "Batch size: **64**" in words
    app.button(key="fill_recipe").click().run(timeout=120)
    assert not app.exception and "The form below is filled in." in shown(app)
    assert field(app, "-triplet_margin").value == 5 and field(app, "-epochs").value == 2
    app.button(key="start").click().run(timeout=120)
    (run,) = list_runs(workspace)
    request_stop(workspace, run.id)
    assert run.config.recipe == "card-001" and run.config.base.kind == "bundled"
    assert run.config.loss.parameters == {"distance_metric": "euclidean", "triplet_margin": 5.0}
    assert run.config.training == load_recipe(workspace, "card-001").recipe.training
    assert run.name == "Products, triplets (card 001)"


def test_the_better_recipe_fills_the_form_in_too(workspace: Workspace) -> None:
    app = open_screen("train", dataset=add_sample(workspace, "products"))
    choose(app, "card-001")
    app.button(key="fill_better").click().run(timeout=120)
    assert not app.exception
    assert field(app, "-epochs").value == 10 and field(app, "-batch").value == 64


def test_a_pasted_card_is_read_kept_and_deleted(workspace: Workspace) -> None:
    app = open_screen("train", dataset=add_sample(workspace, "products"))
    app.segmented_control(key="recipe_way").set_value("bring").run(timeout=120)
    app.text_area(key="card_text_0").set_value("my shopping list").run(timeout=120)
    app.button(key="read_card").click().run(timeout=120)
    assert "This is no model card" in shown(app) and len(list_recipes(workspace)) == len(NAMES)
    app.text_area(key="card_text_0").set_value(VERSION_3).run(timeout=120)
    app.button(key="read_card").click().run(timeout=120)
    words = shown(app)
    assert not app.exception and "a blue boot" in words
    assert "Multiple negatives ranking" in words or "`MultipleNegativesRankingLoss`" in words
    (settings,) = [one.value for one in app.dataframe if "Here" in one.value.columns]
    here = dict(zip(settings["On the card"], settings["Here"], strict=True))
    assert here["per_device_train_batch_size"] == "Batch size"
    assert here["warmup_ratio"] == "Warm-up"
    assert "Assumed:" in words and "`warmup_ratio` → `warmup_steps`" in words
    (own,) = [one for one in list_recipes(workspace) if not one.ready]
    assert app.selectbox(key="recipe").value == own.id
    assert "The card does not say:" not in words
    # Its base is not on this computer, and its table has another shape: both are said.
    app.button(key="fill_recipe").click().run(timeout=120)
    assert "BAAI/bge-base-en-v1.5 is not on this computer" in shown(app)
    app.button(key="recipe_delete").click().run(timeout=120)
    assert not app.exception and len(list_recipes(workspace)) == len(NAMES)


def test_a_recipe_that_cannot_learn_from_the_table_says_so(workspace: Workspace) -> None:
    app = open_screen("train", dataset=add_sample(workspace, "products"))
    choose(app, "card-000")
    app.button(key="fill_recipe").click().run(timeout=120)
    assert "CosineSimilarityLoss cannot learn from triplets" in shown(app) and not app.exception


def test_the_settings_of_a_run_are_kept_on_its_screen(workspace: Workspace) -> None:
    run = make_run(workspace)
    app = open_screen("run", run=run)
    app.text_input(key=f"recipe_name_{run}").set_value("Shoes again").run(timeout=120)
    app.button(key="recipe_keep").click().run(timeout=120)
    assert "Kept." in shown(app)
    app.button(key="recipe_keep").click().run(timeout=120)
    (own,) = [one for one in list_recipes(workspace) if not one.ready]
    assert own.recipe.name == "Shoes again"
    assert own.recipe.training == load_run(workspace, run).config.training


def test_the_run_screen_knows_the_recipe_of_its_run(workspace: Workspace) -> None:
    id = make_run(workspace)
    folder: Path = workspace.run(id)
    config = RunConfig.load(folder / CONFIG_FILE).model_copy(update={"recipe": "card-000"})
    write_text(folder / CONFIG_FILE, config.to_yaml())
    assert load_run(workspace, id).config.recipe == "card-000"
    log = EventWriter(folder)
    log.write({"type": "start", "steps": 100, "step": 0})
    point = {"type": "train", "loss": 1.0, "learning_rate": 0.1, "rows_per_second": 9.0}
    for step in (10, 20):
        log.write(point | {"step": step, "epoch": step / 50, "memory_bytes": 10**9})
    log.close()
    assert not open_screen("run", run=id).exception
    # The card's own losses lie behind the run's, by epochs.
    curves = Curves()
    curves.update(folder)
    behind = chart(workspace, load_run(workspace, id), curves)["data"][0]
    points = card_curve(workspace, "card-000")
    assert behind["y"] == [point.loss for point in points]
    assert behind["customdata"] == [point.epoch for point in points]
    assert behind["y"][:3] == [0.0949, 0.07, 0.0568] and len(points) == 91


def test_the_cards_curve_lies_behind_by_epochs() -> None:
    curves = Curves(steps=100)
    curves.train = [
        {"step": step, "epoch": step / 50, "loss": 1.0, "learning_rate": 0.1} for step in (10, 20)
    ]
    card = [Point(step=500, epoch=0.5, loss=0.4), Point(step=900, epoch=1.0, loss=0.3)]
    figure = loss_chart(curves, "run", card)
    first = figure["data"][0]
    assert (first["x"], first["y"]) == ([25.0, 50.0], [0.4, 0.3])
    assert first["customdata"] == [0.5, 1.0] and first["opacity"] < 1
    names = [line["name"] for line in figure["data"]]
    assert names[1:] == [line["name"] for line in loss_chart(curves, "run")["data"]]
    assert loss_chart(Curves(), "run", card)["data"][0]["name"] == names[1]
