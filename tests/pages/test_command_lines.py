"""The command that every screen shows: the parser takes it, and it does the same."""

from __future__ import annotations

import argparse
import json
import shlex
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml
from streamlit.testing.v1 import AppTest

from core.cli import commands, parser
from core.cli import match as match_commands
from core.cli.commands import CONFIG_FILE
from core.cli.lines import Line
from core.data.samples import add_sample
from core.data.shapes import Mapping
from core.data.steps import Step
from core.data.store import list_datasets
from core.encoder import client
from core.files import write_text
from core.jobs.status import JobState
from core.problems import Message
from core.retrieval.corpora import load_corpus
from core.retrieval.filters import Filter as FieldFilter
from core.retrieval.sample_corpora import add_sample_corpus
from core.training.config import RunConfig
from core.training.recipes.facts import Example
from core.training.run_table import Filter
from core.training.runs import load_run
from core.workspace import DEFAULT_ROOT, Workspace
from tests.pages.compared import do_jobs, make_compared
from tests.pages.made import make_run
from tests.pages.test_data import open_data
from tests.pages.test_match import ASKED, SHOP, TWICE, bring
from tests.retrieval.stand_in import CharacterEncoder
from tests.ui.helpers import open_screen

SIMILARITY_PAGE = Path("similarity.html")
Run = Callable[..., tuple[int, str]]


def lines(app: AppTest) -> list[str]:
    """Every command that the screen shows, all of them understood by the parser."""
    assert not app.exception, app.exception
    shown = [one.value for one in app.code if one.value.startswith("python -m core")]
    assert shown
    for line in shown:
        parsed(line)
    return shown


def arguments(line: str) -> list[str]:
    """What the program gets of a line."""
    words = shlex.split(line)
    assert words[:3] == ["python", "-m", "core"]
    return words[3 : -2 if ">" in words[-2:-1] else None]


def parsed(line: str) -> argparse.Namespace:
    try:
        return parser.make_parser().parse_args(arguments(line))
    except SystemExit:
        raise AssertionError(f"the parser refuses {line}") from None


def the(app: AppTest, *words: str) -> str:
    """The only line of the screen that holds these words."""
    found = [line for line in lines(app) if all(word in line for word in words)]
    assert len(found) == 1, (words, lines(app))
    return found[0]


@pytest.fixture
def core(
    capsys: pytest.CaptureFixture[str], workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> Run:
    """Does what a line says, here, with jobs done at once: exit code and stdout."""
    monkeypatch.setattr(match_commands, "ensure_supervisor", do_jobs)
    monkeypatch.setattr(client, "encode", CharacterEncoder().encode)

    def run(line: str, *more: str) -> tuple[int, str]:
        code = parser.main([*arguments(line), *more])
        said = capsys.readouterr()
        assert code in (0, 1), said.err
        return code, said.out

    return run


# How a line is written ----------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["鞋子 好穿吗?", 'it\'s $HOME `x` "y"', "-5℃ 的靴子", ">", "*"])
def test_words_arrive_as_they_were_typed(workspace: Workspace, words: str) -> None:
    (named,) = commands.recipe(words, "id", better=False)
    assert parsed(named.text(workspace)).recipe == words
    listed = commands.runs(Filter(words=words), [])[0]
    assert parsed(listed.text(workspace)).search == words


def test_the_workspace_is_named_where_it_is_not_the_usual_one(workspace: Workspace) -> None:
    line = Line(Message("List the runs"), ("runs",))
    assert line.text(Workspace(DEFAULT_ROOT)) == "python -m core runs"
    assert parsed(line.text(workspace)).workspace == workspace.root


# Screen by screen ---------------------------------------------------------------------------------


def test_home_offers_the_samples_and_the_lists(workspace: Workspace) -> None:
    shown = lines(open_screen("home"))
    assert [line.split()[-1] for line in shown] == ["products", "drugs", "runs", "datasets"]
    make_run(workspace, JobState.RUNNING)
    assert the(open_screen("home"), "queue")


def test_data_repeats_how_a_table_is_read_mapped_and_mended(
    workspace: Workspace, core: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [f"{n}\t怎么 {n} 用, 好吗\t每次 {n} 片\t{n * 2}" for n in range(40)]
    rows.append(rows[0].replace("0\t", "40\t", 1))
    content = "\n".join(rows).encode("gb18030")
    app = open_data()
    app.file_uploader[0].upload("药 品.tsv", content)
    app.run()
    (folder,) = workspace.uploads.iterdir()
    kept = json.loads((folder / "draft.json").read_text(encoding="utf-8"))
    kept["draft"]["options"] |= {"header": False, "separator": "\t", "encoding": "GB18030"}
    kept["draft"]["mapping"] = Mapping("B", "C", score="D").to_json()
    kept["draft"]["rescale"] = True
    steps = [Step("drop_duplicate_rows"), Step("scored_to_pairs", {"threshold": 0.25})]
    kept["draft"]["steps"] = [step.to_json() for step in steps]
    (folder / "draft.json").write_text(json.dumps(kept), encoding="utf-8")
    app = open_data(table=folder.name)
    check, make = the(app, " check "), the(app, " dataset ")
    saved = next(one for one in app.button if one.label == "Save dataset").click().run()
    assert not saved.exception
    (on_screen,) = list_datasets(workspace)
    # The file of an upload is known by its name only: the line is run where it lies.
    monkeypatch.chdir(tmp_path)
    Path("药 品.tsv").write_bytes(content)
    report = json.loads(core(check, "--json")[1])
    assert report["mapping"] == kept["draft"]["mapping"] and report["rows"] > 0
    made = json.loads(core(make, "--json")[1])
    assert made["content_hash"] == on_screen.content_hash and made["id"] == on_screen.id


def test_data_knows_where_a_sample_lies_and_what_can_be_done_with_a_dataset(
    workspace: Workspace,
) -> None:
    assert len(lines(open_data())) == 3
    app = open_data()
    app.button(key="sample_products").click().run()
    assert Path(parsed(the(app, " check ")).file) == Path("sample_data/product_triplets.csv")
    id = add_sample(workspace, "products")
    app = open_data(dataset=id)
    assert parsed(the(app, "bases")).dataset == id
    assert the(app, " check ", id) and the(app, " version ", id) and the(app, "negatives mine", id)


def test_train_shows_the_configuration_that_its_line_takes(workspace: Workspace) -> None:
    app = open_screen("train", dataset=add_sample(workspace, "products"))
    assert parsed(the(app, " train ")).config == Path(CONFIG_FILE)
    assert lines(app)
    (text,) = [one.value for one in app.code if one.language == "yaml"]
    config = RunConfig.parse(yaml.safe_load(text), "screen")
    (field,) = [one for one in app.number_input if str(one.key).endswith("-epochs")]
    assert config.training.epochs == field.value
    field.set_value(3.0)
    app.run()
    (text,) = [one.value for one in app.code if one.language == "yaml"]
    assert RunConfig.parse(yaml.safe_load(text), "screen").training.epochs == 3.0


def test_a_recipe_writes_a_configuration(workspace: Workspace, core: Run) -> None:
    id = add_sample(workspace, "products")
    app = open_screen("train", dataset=id, recipe="card-001")
    plain = the(app, "recipe config", id, "card-001", f"--dataset {id} >")
    better = the(app, "recipe config", "--better")
    configs = [RunConfig.parse(yaml.safe_load(core(one)[1]), "x") for one in (plain, better)]
    assert configs[0].recipe == configs[1].recipe == "card-001"
    assert configs[0].training.batch_size < configs[1].training.batch_size


@pytest.mark.parametrize("state", list(JobState))
def test_a_run_shows_what_fits_its_state(workspace: Workspace, state: JobState) -> None:
    id = make_run(workspace, state, done=0.5)
    shown = [arguments(line)[2:] for line in lines(open_screen("run", run=id))]
    commands = [(words[0], *words[2:]) for words in shown]
    again = ("clone",)
    assert all(words[1] == id for words in shown)
    assert commands == {
        JobState.QUEUED: [("queue", "--first"), ("stop",), again],
        JobState.RUNNING: [("stop", "--keep"), ("stop",), again],
        JobState.STOPPING: [("stop", "--keep"), ("stop",), again],
        JobState.SUCCEEDED: [again],
    }.get(state, [("resume",), again])


def test_a_finished_run_can_be_scored_and_trained_further(workspace: Workspace) -> None:
    app = open_screen("run", run=make_compared(workspace))
    assert the(app, " evaluate ") and parsed(the(app, " continue ")).start


def test_runs_lists_and_compares_what_is_on_screen(workspace: Workspace, core: Run) -> None:
    first = make_run(workspace, name="Shoes, red", scores=(0.5, 0.75))
    second = make_run(workspace, JobState.FAILED, name="Shoes, blue")
    make_run(workspace, name="Bowls")
    app = open_screen(
        "runs", runs_ticked=[first, second], runs_words="shoes", runs_states=["succeeded"]
    )
    shown = lines(app)
    (listed,) = [line for line in shown if line.endswith("--search shoes --state succeeded")]
    assert [run["id"] for run in json.loads(core(listed, "--json")[1])] == [first]
    found = json.loads(core(the(app, " compare "), "--json")[1])
    assert [run["id"] for run in found["runs"]] == [first, second]
    core(the(app, "--favourite"))
    app = open_screen("runs", runs_favourites=True)
    (listed,) = [line for line in lines(app) if line.endswith("runs --favourites")]
    assert {run["id"] for run in json.loads(core(listed, "--json")[1])} == {first, second}


def test_inspect_writes_the_view_and_the_texts_that_are_open(
    workspace: Workspace, encoder: CharacterEncoder
) -> None:
    run = make_compared(workspace)
    dataset = load_run(workspace, run).config.dataset.id
    config = load_run(workspace, run).config
    examples = (Example(source="red shoe", sentences=("a red shoe", "a blue boot")),)
    told = config.model_copy(update={"examples": examples}).to_yaml()
    write_text(workspace.run(run) / CONFIG_FILE, told)
    for texts, what in (
        ("examples", None), ("card", "card"), ("held_out", "held_out"), ("dataset", "dataset")
    ):  # fmt: skip
        app = open_screen("inspect", run=run, inspect_texts=texts)
        options = parsed(the(app, " --to "))
        assert (options.run, options.what, options.to) == (run, "similarity", SIMILARITY_PAGE)
        assert options.held_out == (what == "held_out")
        assert options.card_examples == (what == "card")
        if what == "card":
            assert ["red shoe", "a red shoe", "a blue boot"] in [one[1] for one in encoder.asked]
        assert options.dataset == (dataset if what == "dataset" else None)
    app = open_screen("inspect", locale="zh-CN", run=run, inspect_view="map", inspect_method="pca")
    options = parsed(the(app, " --to "))
    assert (options.what, options.layout, options.lang) == ("map", "pca", "zh")
    usual = (options.neighbours, options.min_dist, options.seed)
    assert usual == (15, 0.1, 42)


def test_inspect_names_the_order_and_the_umap_that_are_chosen(
    workspace: Workspace, encoder: CharacterEncoder
) -> None:
    run = make_compared(workspace)
    app = open_screen("inspect", run=run)
    assert parsed(the(app, " --to ")).order is None
    (order,) = [one for one in app.segmented_control if one.label == "Order"]
    order.set_value("cluster").run()
    assert parsed(the(app, " --to ")).order == "alike"
    chosen = {"inspect_neighbours": 30, "map_min_dist": 0.5, "map_seed": 7}
    app = open_screen("inspect", run=run, inspect_view="map", inspect_method="umap", **chosen)
    options = parsed(the(app, " --to "))
    assert (options.neighbours, options.min_dist, options.seed) == (30, 0.5, 7)


def test_search_asks_the_same_question_of_the_same_models_and_texts(
    workspace: Workspace, encoder: CharacterEncoder
) -> None:
    from core.cli.filters import parse_filters

    run, corpus = make_compared(workspace), add_sample_corpus(workspace, "products")
    app = open_screen("search", run=run, corpus=corpus)
    do_jobs(workspace)
    app.session_state["search_models"] = [f"base:{run}", f"tuned:{run}", "bm25"]
    app.session_state["search_models_for"] = run
    app.session_state[f"filter_{corpus}_category"] = ["跑鞋", "键盘"]
    app.text_input(key="question").set_value("-5℃ 穿什么鞋").run()
    options = parsed(the(app, " search "))
    assert (options.question, options.corpus, options.top) == ("-5℃ 穿什么鞋", corpus, 10)
    assert options.by == [f"base:{run}", run, "bm25"]
    (wanted,) = parse_filters(load_corpus(workspace, corpus), options.where)
    assert wanted == FieldFilter("category", values=("跑鞋", "键盘"))
    app.session_state["search_view"] = "many"
    options = parsed(the(app.run(), " --questions "))
    assert (options.model, options.by, options.corpus) == (f"base:{run}", [run, "bm25"], corpus)
    app.session_state["search_view"] = "test"
    assert parsed(the(app.run(), " evaluate ")).judged
    assert parsed(the(app, " judge ", "--dataset")).corpus == corpus
    app.session_state["search_view"] = "texts"
    assert the(app.run(), " corpus list")


def test_match_of_uploads_names_the_files_and_what_is_chosen(
    workspace: Workspace, core: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_screen("match")
    bring(app, "left", "asked.csv", ASKED)
    bring(app, "right", "shop.csv", SHOP)
    left, right = (
        app.selectbox(key=f"match_{side}_table").value.partition(":")[2]
        for side in ("left", "right")
    )
    app.selectbox(key=f"match_left_table_{left}_text").set_value("q").run()
    app.selectbox(key=f"match_right_table_{right}_label").set_value("id").run()
    app.segmented_control(key="match_method").set_value("words").run()
    monkeypatch.chdir(tmp_path)
    ASKED.to_csv("asked.csv", index=False)
    SHOP.to_csv("shop.csv", index=False)
    (line,) = [line for line in lines(app) if " match " in line and "matches.xlsx" not in line]
    assert json.loads(core(line, "--json")[1])["rows"] == 3


def test_match_of_stored_tables_finds_the_result_that_is_on_screen(
    workspace: Workspace, core: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from ui import jobs

    monkeypatch.setattr(jobs, "ensure_supervisor", do_jobs)
    dataset, corpus = add_sample(workspace, "products"), add_sample_corpus(workspace, "products")
    run = make_compared(workspace, sample="drugs")
    app = open_screen("match", match_model=f"tuned:{run}")
    app.selectbox(key="match_left_table").set_value(f"dataset:{dataset}").run()
    app.selectbox(key="match_right_table").set_value(f"corpus:{corpus}").run()
    form = lines(app)
    app.button(key="start_match").click().run()
    app.run()
    id = app.session_state["match"]
    app.slider(key=f"match_threshold_{id}").set_value(0.8).run()
    app.number_input(key=f"match_top_{id}").set_value(1).run()
    (line,) = [line for line in lines(app) if " match " in line and "matches.xlsx" not in line]
    assert (
        line.startswith(next(one for one in form if " match " in one and "matches.xlsx" not in one))
        and run in line
    )
    found = json.loads(core(line, "--json")[1])
    assert (found["id"], found["threshold"]) == (id, 0.8)
    assert found["states"]["matched"] == int(app.metric[0].value.replace(",", ""))

    app.slider(key=f"match_threshold_{id}").set_value(0.4).run()
    matched = int(app.metric[0].value.replace(",", ""))
    assert 0 < matched < found["rows"]
    app.toggle(key=f"files_matched_{id}").set_value(True).run()
    (line,) = [line for line in lines(app) if "matches.xlsx" in line]
    monkeypatch.chdir(tmp_path)
    core(line)
    rows = pd.read_excel("matches.xlsx", engine="openpyxl")
    assert len(rows) == matched and set(rows["Result"]) == {"matched"}


def test_duplicates_repeats_the_table_and_the_score(
    workspace: Workspace, core: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_screen("match", match_view="duplicates")
    bring(app, "one", "twice.csv", TWICE)
    app.number_input(key="duplicates_floor").set_value(0.95).run()
    monkeypatch.chdir(tmp_path)
    TWICE.to_csv("twice.csv", index=False)
    (line,) = [line for line in lines(app) if "--kept" not in line]
    found = json.loads(core(line, "--json")[1])
    assert (found["rows"], found["copies"], found["threshold"]) == (5, 1, 0.95)


def test_export_writes_every_form_that_is_offered_and_the_card(
    workspace: Workspace, core: Run
) -> None:
    run = make_compared(workspace)
    options = [parsed(line) for line in lines(open_screen("export", run=run))]
    assert [one.run for one in options] == [run] * len(options)
    assert options[-1].format == ["all"]
    app = open_screen("export", run=run, export_view="card")
    english, chinese = lines(app)
    assert english.endswith("> README.md") and chinese.endswith("> README.zh.md")
    assert "中文" in core(chinese)[1] or "模型" in core(chinese)[1]
