"""Recipes: what would have been said, what is better, keeping, exporting, using, comparing."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from core.cli.parser import main
from core.data.samples import add_sample
from core.data.store import load_dataset
from core.export.card.facts import origin_of, public_config
from core.models.bases import BaseConfig
from core.problems import Problem
from core.training.config import LossConfig, RunConfig
from core.training.recipes.better import better, compare
from core.training.recipes.card import read_card
from core.training.recipes.facts import Card
from core.training.recipes.recipe import (
    Recipe,
    RecipeUnreadable,
    base_of,
    of_config,
    parse,
    usable,
)
from core.training.recipes.remarks import remarks
from core.training.recipes.store import (
    NAMES,
    RecipeNameTaken,
    RecipeWithoutName,
    bring_in,
    card_curve,
    delete_recipe,
    list_recipes,
    load_recipe,
    save_recipe,
    save_run,
)
from core.training.runs import load_run
from core.workspace import UnknownItem, Workspace
from tests.pages.made import make_run
from tests.training.recipes import new_cards, old_cards
from tests.training.recipes.cards import VERSION_2, VERSION_3, VERSION_6

TOLD = {
    "card-000": {"unreadable", "too_long", "lopsided", "unmeasured", "idle"},
    "card-001": {"unreadable", "margin", "garbled", "no_log", "unmeasured"},
    "card-002": {"repeats", "easy", "unmeasured"},
    "card-003": {"same_columns", "garbled", "too_long", "repeats", "unmeasured"},
    "card-004": {"only_signs", "chance", "too_long", "unmeasured"},
}


def values(first: Recipe | RunConfig, second: Recipe | RunConfig) -> dict[str, tuple[object, ...]]:
    return {one.setting: one.values for one in compare(first, second)}


@pytest.mark.parametrize("id", NAMES)
def test_what_would_have_been_said_to_the_authors(workspace: Workspace, id: str) -> None:
    recipe = load_recipe(workspace, id).recipe
    assert {one.kind for one in remarks(workspace, recipe)} == TOLD[id]


def test_a_recipe_without_the_fault_is_not_told_of_it(workspace: Workspace) -> None:
    recipe = load_recipe(workspace, "card-001").recipe
    reachable = LossConfig(name="TripletLoss", parameters={"triplet_margin": 0.5})
    mended = recipe.model_copy(update={"loss": reachable})
    assert {one.kind for one in remarks(workspace, mended)} == TOLD["card-001"] - {"margin"}


@pytest.mark.parametrize(
    ("id", "expected"),
    [
        ("card-000", {"base.kind": ("bundled", "static"),
                      "loss.name": ("CosineSimilarityLoss", "CoSENTLoss")}),
        ("card-001", {"base.kind": ("bundled", "static"),
                      "loss.name": ("TripletLoss", "MultipleNegativesRankingLoss")}),
        ("card-002", {"training.separate_duplicates": (False, True)}),
        ("card-003", {"training.separate_duplicates": (False, True)}),
        ("card-004", {"loss.name": ("CosineSimilarityLoss", "CoSENTLoss")}),
    ],
)  # fmt: skip
def test_a_better_recipe_with_a_reason_for_every_change(
    workspace: Workspace, id: str, expected: dict[str, tuple[object, ...]]
) -> None:
    recipe = load_recipe(workspace, id).recipe
    found = better(workspace, recipe)
    assert found is not None
    changes = {one.difference.setting: one for one in found.changes}
    assert expected == {name: changes[name].difference.values for name in expected}
    assert all(one.why is not None for one in found.changes)
    assert (found.first is not None) == (id in ("card-003", "card-004"))
    improved = {one.kind for one in remarks(workspace, found.recipe)}
    assert not improved & {"margin", "repeats"}
    if id in ("card-002", "card-003"):
        # A larger batch teaches this loss more: the card's is kept.
        assert found.recipe.training.batch_size == recipe.training.batch_size


def test_the_settings_of_a_run_are_kept_and_used_with_another_table(workspace: Workspace) -> None:
    run = load_run(workspace, make_run(workspace))
    id = save_run(workspace, run.id, "  Shoes, quickly ")
    kept = load_recipe(workspace, id)
    assert (kept.recipe.name, kept.recipe.run, kept.ready) == ("Shoes, quickly", run.id, False)
    assert kept.recipe.evaluation.exam is None and kept.recipe.training == run.config.training
    drugs = load_dataset(workspace, add_sample(workspace, "drugs")).info
    fitted, notes = usable(workspace, kept.recipe, drugs)
    config = fitted.config(drugs, id)
    assert config.dataset.id == drugs.id and config.recipe == id and not notes
    assert config.training == run.config.training
    # Kept once more it is the same; another one cannot have its name.
    assert save_run(workspace, run.id, "Shoes, quickly") == id
    with pytest.raises(RecipeNameTaken):
        save_recipe(workspace, kept.recipe.model_copy(update={"base": BaseConfig()}))
    with pytest.raises(RecipeWithoutName):
        save_run(workspace, run.id, " ")
    delete_recipe(workspace, id)
    assert [one.id for one in list_recipes(workspace)] == list(NAMES)
    with pytest.raises(UnknownItem):
        delete_recipe(workspace, "card-000")


def test_a_recipe_is_exported_and_imported_as_it_is(workspace: Workspace) -> None:
    for id in NAMES:
        recipe = load_recipe(workspace, id).recipe
        assert parse(workspace, recipe.to_yaml(), "x.yaml") == recipe
    run = load_run(workspace, make_run(workspace))
    id, card = bring_in(workspace, run.config.to_yaml(), "config.yaml")
    assert card is None
    assert load_recipe(workspace, id).recipe.training == run.config.training


def test_a_pasted_card_becomes_a_recipe_with_its_widget_and_without_its_table(
    workspace: Workspace,
) -> None:
    id, card = bring_in(workspace, VERSION_3, "README.md")
    assert card is not None and card.examples
    stored = load_recipe(workspace, id)
    assert stored.recipe.name == "Shoes, found" and stored.card == read_card(
        VERSION_3, "README.md"
    ).facts().model_copy(update={"evidence": stored.card.evidence})
    # The widget's texts go along, the samples of its author's table do not.
    assert stored.recipe.examples == card.examples and card.examples[0].source == "red shoe"
    assert "which?" not in (workspace.recipes / f"{id}.yaml").read_text(encoding="utf-8")
    products = load_dataset(workspace, add_sample(workspace, "products")).info
    assert (
        RunConfig.parse(yaml.safe_load(stored.recipe.config(products, id).to_yaml()), "x").examples
        == card.examples
    )
    assert better(workspace, stored.recipe).recipe.examples == card.examples
    assert [point.loss for point in card_curve(workspace, id)] == [1.5602]
    # The same once more is the same recipe; another card with that title gets a number.
    assert bring_in(workspace, VERSION_3, "README.md")[0] == id
    other, _ = bring_in(workspace, VERSION_3.replace("6,300", "6,301"), "README.md")
    assert load_recipe(workspace, other).recipe.name == "Shoes, found (2)"


def test_a_curve_is_found_by_the_runs_recipe_only_while_it_is_there(workspace: Workspace) -> None:
    assert len(card_curve(workspace, "card-000")) == 91
    assert card_curve(workspace, None) == card_curve(workspace, "gone") == ()
    assert card_curve(workspace, "../../etc/passwd") == ()


def test_a_base_that_is_not_here_is_said_and_something_stands_in(workspace: Workspace) -> None:
    recipe = load_recipe(workspace, "card-003").recipe
    products = load_dataset(workspace, add_sample(workspace, "products")).info
    fitted, notes = usable(workspace, recipe, products)
    assert fitted.base == BaseConfig(kind="bundled")
    assert "BAAI/bge-small-zh-v1.5 is not on this computer" in notes[0].text()


@pytest.mark.parametrize(
    ("named", "repo"),
    [
        ("bert-base-chinese", "bert-base-chinese"),
        ("distiluse-base-multilingual-cased-v2",
         "sentence-transformers/distiluse-base-multilingual-cased-v2"),
        ("output/checkpoint-500", None),
        ("./models/shoes", None),
        ("models/my-model", None),
        ("/home/li.wei/secret-project/shoes-v2", None),
    ],
)  # fmt: skip
def test_a_base_is_a_model_of_a_hub_or_a_place_of_its_author(
    workspace: Workspace, named: str, repo: str | None
) -> None:
    base, notes = base_of(workspace, Card(base=named))
    told = [note.text() for note in notes]
    if repo is not None:
        assert base == BaseConfig(kind="hub", repo=repo) and not told
    else:
        assert base == BaseConfig(kind="bundled") and "a place on its author's computer" in told[0]


def test_a_loss_that_does_not_fit_the_table_is_said(workspace: Workspace) -> None:
    scored = load_recipe(workspace, "card-000").recipe
    products = load_dataset(workspace, add_sample(workspace, "products")).info
    fitted, notes = usable(workspace, scored, products)
    assert fitted.loss.name == "MultipleNegativesRankingLoss"
    assert "CosineSimilarityLoss cannot learn from triplets" in notes[0].text()


@pytest.mark.parametrize(
    "text",
    ["version: 1\nname: x\n", "version: 1\nname: [", "version: 1\nname: x\nbase: {kind: moon}\n"],
)
def test_a_file_that_is_no_recipe_is_refused(workspace: Workspace, text: str) -> None:
    with pytest.raises(RecipeUnreadable):
        bring_in(workspace, text, "recipe.yaml")


def test_a_damaged_recipe_does_not_hide_the_others(workspace: Workspace) -> None:
    (workspace.recipes / "20260101-000000-broken-0000.yaml").write_text("version: [")
    assert [one.id for one in list_recipes(workspace)] == list(NAMES)


def test_differences_are_in_the_settings_only(workspace: Workspace) -> None:
    first, second = (load_recipe(workspace, id).recipe for id in ("card-002", "card-003"))
    assert set(values(first, second)) == {
        "base.kind", "base.source", "base.repo", "base.revision", "training.batch_size"
    }  # fmt: skip
    assert values(first, first.model_copy(update={"name": "other", "card": None})) == {}


def test_the_command_line_reads_keeps_shows_and_compares(
    workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*words: str) -> str:
        assert main(["recipe", *words]) == 0
        return capsys.readouterr().out

    card = tmp_path / "README.md"
    card.write_text(VERSION_6, encoding="utf-8")
    read = json.loads(run("read", str(card), "--json"))
    assert read["recipe"]["training"]["seed"] == 7 and read["unread"] == ["evaluation"]
    text = run("read", str(card), "--keep", "Kinds")
    assert "the card does not say: scores" in text
    assert "warmup_steps = 0.1 -> training.warmup_share = 0.1" in text
    id = text.splitlines()[-1]
    assert id in run("list")
    assert {one["id"] for one in json.loads(run("list", "--json"))} == {*NAMES, id}
    shown = tmp_path / "shown.yaml"
    shown.write_text(run("show", "card-001"), encoding="utf-8")
    assert run("diff", "card-001", str(shown)) == ""
    assert "Batch size: 16 -> 256" in run("diff", "card-000", "card-004")
    assert yaml.safe_load(run("show", "card-001", "--better"))["base"]["kind"] == "static"
    dataset = add_sample(workspace, "products")
    asked = ("config", "card-001", "--dataset", dataset, "--set", "training.epochs=1")
    config = RunConfig.parse(yaml.safe_load(run(*asked)), "stdout")
    assert (config.recipe, config.training.epochs) == ("card-001", 1)
    assert config.loss.parameters["triplet_margin"] == 5
    made = make_run(workspace)
    saved = run("save", made, "--name", "Mine").strip()
    assert run("diff", made, saved) == ""
    other = make_run(workspace, sample="drugs")
    assert run("diff", made, other).startswith("Dataset: ")
    run("delete", saved)
    with pytest.raises(Problem):
        load_recipe(workspace, saved)
    assert main(["recipe", "read", str(tmp_path / "none.md")]) == 2


def test_shares_are_printed_as_people_read_them(
    workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card = tmp_path / "README.md"
    text = VERSION_3.replace("BAAI/bge-base-en-v1.5", "sentence-transformers/all-MiniLM-L6-v2")
    card.write_text(text.replace("a blue boot", "蓝色登山靴防水透气"), encoding="utf-8")
    assert main(["recipe", "read", str(card)]) == 0
    assert re.search(r"cannot read \d\d?(\.\d)?% of the card's texts", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (VERSION_3, "Shoes, found"),
        (new_cards.VERSION_5_PROMPTS, "all-mpnet-base-v2, 100,000 rows (triplets)"),
        (old_cards.TRIPLETS, "TripletLoss, 5,752 rows"),
        (VERSION_2, "shoes/finder"),
    ],
)
def test_recipes_of_cards_are_told_apart_by_their_names(
    workspace: Workspace, text: str, name: str
) -> None:
    id, _card = bring_in(workspace, text, "README.md")
    assert load_recipe(workspace, id).recipe.name == name


def test_the_settings_of_a_run_that_came_from_a_card_keep_its_texts(workspace: Workspace) -> None:
    examples = read_card(VERSION_3).examples
    config = load_run(workspace, make_run(workspace)).config
    recipe = of_config(config.model_copy(update={"examples": examples}), "Shoes")
    assert recipe.examples == examples and parse(workspace, recipe.to_yaml(), "x") == recipe
    assert "red shoe" in recipe.to_yaml()
    # They are texts, no settings: they make no difference, and a card without texts has none.
    assert compare(recipe, of_config(config, "Shoes")) == []
    origin = origin_of(workspace, config.base)
    shown = config.model_copy(update={"examples": examples})
    assert "red shoe" in public_config(shown, origin, show_texts=True).text
    assert "red shoe" not in public_config(shown, origin, show_texts=False).text
