"""Data, once a table is stored: the list, and one dataset with its sections."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from core.data.check import check_mapping
from core.data.mining.review import Decision, load_review
from core.data.read import read_table
from core.data.report import bases_for_report
from core.data.samples import add_sample
from core.data.shapes import HELD_OUT, Mapping, Shape
from core.data.steps import Step
from core.data.store import derive_dataset, list_datasets, load_dataset, store_dataset
from core.data.table_export import EXPORT_FOLDER
from core.jobs import queue
from core.jobs.status import JobState
from core.workspace import Workspace
from tests.data.mining.made import make_review
from tests.pages.compared import do_jobs
from tests.pages.made import make_run
from tests.ui.helpers import MAIN, go_to, open_screen, shown
from ui import dataset_change, dataset_checking, jobs

PAIRS = Mapping("问题", "答案")
SCORED = Mapping("问题", "答案", score="得分")


def store(workspace: Workspace, mapping: Mapping = PAIRS, name: str = "药品问答") -> str:
    """Forty questions about drugs with their answers, the last of them twice."""
    rows = [(f"第{n}种药怎么吃？", f"第{n}种药饭后服用。", n % 5 / 4) for n in range(39)]
    rows.append(rows[-1])
    lines = ["问题,答案,得分", *(",".join(map(str, row)) for row in rows)]
    table = read_table("\n".join(lines).encode("gb18030"), f"{name}.csv")
    checked = check_mapping(table.frame, mapping)
    return store_dataset(
        workspace, name=name, checked=checked, mapping=mapping, source=table.source
    )


def data_screen(locale: str = "en-US", **state: str) -> AppTest:
    """A new browser session that begins on Data, without the detour over Home."""
    app = AppTest.from_file(MAIN, default_timeout=60)
    app.context = {"locale": locale, "timezone": "Asia/Shanghai"}
    for key, value in state.items():
        app.session_state[key] = value
    app.switch_page("../pages/data.py")
    return run(app)


def opened(id: str, section: str = "rows", locale: str = "en-US") -> AppTest:
    """The Data screen with dataset ``id`` on its own and one of its sections open."""
    return data_screen(locale, open_dataset=id, open_section=section)


def run(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception, app.exception
    return app


def control(app: AppTest, key: str) -> AppTest:
    return next(one for one in app.get("button_group") if one.key == key)


def click(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click()
    return run(app)


def texts(app: AppTest) -> Sequence[str]:
    return app.dataframe[0].value["anchor"].tolist()


def test_the_list_says_what_each_dataset_is_and_who_used_it(workspace: Workspace) -> None:
    run_id = make_run(workspace)
    words = shown(data_screen())
    assert "**Chinese products**" in words
    assert "500 triplets: anchor against positive, not negative" in words
    assert "used by 1 run" in words
    assert "no report yet" in words
    assert run_id


def test_versions_lie_folded_under_the_newest(workspace: Workspace) -> None:
    first = store(workspace)
    second = derive_dataset(workspace, first, [Step("drop_duplicate_rows")])
    app = data_screen()
    assert len([one for one in app.button if one.label == "Train on this"]) == 1
    assert app.button(key=f"train_{second}")
    folded = next(one for one in app.expander if one.label == "1 earlier version")
    assert "As the table was brought in" in folded.markdown[0].value
    click(app, f"open_{first}")
    assert "version 1 of 2" in shown(app)


def test_the_badge_is_that_of_the_worst_finding(workspace: Workspace) -> None:
    id = store(workspace)
    opened(id, "report")
    words = shown(data_screen())
    assert "no report yet" not in words
    # The bundled base reads hardly any Chinese.
    assert "has problems" in words


def test_train_on_this_leads_to_train(workspace: Workspace) -> None:
    id = add_sample(workspace, "products")
    app = data_screen()
    click(app, f"train_{id}")
    assert app.title[0].value == "Train"
    assert app.session_state["dataset"] == id


def test_renaming_and_deleting(workspace: Workspace) -> None:
    id = store(workspace)
    app = data_screen()
    app.text_input(key=f"name_{id}").set_value("  ")
    click(app, f"rename_{id}")
    assert app.error[0].value.startswith("A dataset needs a name.")
    app.text_input(key=f"name_{id}").set_value("My *shop*")
    click(app, f"rename_{id}")
    assert r"**My \*shop\***" in shown(app)
    click(app, f"delete_{id}")
    assert r"- My \*shop\*: 40 rows, " in shown(app)
    click(app, f"delete_now_{id}")
    assert list_datasets(workspace) == []
    assert "None yet." in shown(app)


def test_deleting_what_runs_used_asks_and_names_them(workspace: Workspace) -> None:
    make_run(workspace, name="My first run")
    id = list_datasets(workspace)[0].id
    app = opened(id)
    click(app, f"delete_{id}")
    assert "My first run" in app.warning[0].value
    assert list_datasets(workspace)
    click(app, f"delete_now_{id}")
    assert list_datasets(workspace) == []
    assert "Your datasets" in shown(app)


def test_what_an_active_run_needs_is_not_deleted(workspace: Workspace) -> None:
    make_run(workspace, JobState.RUNNING, name="At work")
    id = list_datasets(workspace)[0].id
    app = opened(id)
    click(app, f"delete_{id}")
    assert "At work" in app.warning[0].value
    assert f"delete_now_{id}" not in {button.key for button in app.button}


def test_a_dataset_that_is_gone_is_said_in_words(workspace: Workspace) -> None:
    app = data_screen(open_dataset="20261121-101500-gone-0000")
    assert "There is no dataset named" in app.error[0].value
    click(app, "close_dataset")
    assert "Your datasets" in shown(app)


def test_the_address_opens_a_dataset_and_follows(workspace: Workspace) -> None:
    id = store(workspace)
    app = open_screen()
    app.query_params["dataset"] = id
    app.switch_page("../pages/data.py")
    run(app)
    assert app.title[0].value == "药品问答"
    assert app.query_params["dataset"] == id
    click(app, "close_dataset")
    assert "dataset" not in app.query_params
    go_to(app, "home")
    go_to(app, "data")
    assert app.title[0].value == "Data"


def test_rows_come_in_pages_with_the_numbers_of_the_table(workspace: Workspace) -> None:
    app = opened(store(workspace))
    assert app.dataframe[0].value.index.tolist() == list(range(2, 14))
    assert texts(app)[0] == "第0种药怎么吃？"
    app.get("pagination")[0].set_value(4)
    run(app)
    assert app.dataframe[0].value.index.tolist() == [38, 39, 40, 41]


def test_rows_are_found_by_a_word_in_any_column(workspace: Workspace) -> None:
    id = store(workspace)
    app = opened(id)
    app.text_input(key=f"find_{id}").set_value("第7种药饭后")
    run(app)
    assert "1 of 40 rows is like that" in shown(app)
    assert texts(app) == ["第7种药怎么吃？"]
    assert app.dataframe[0].value.index.tolist() == [9]
    app.text_input(key=f"find_{id}").set_value("aspirin")
    run(app)
    assert "0 of 40 rows are like that" in shown(app)
    assert not app.dataframe


def test_rows_of_one_side_of_the_split(workspace: Workspace) -> None:
    id = derive_dataset(
        workspace, store(workspace), [Step("fix_split", {"share": 0.25, "seed": 1})]
    )
    app = opened(id)
    control(app, f"side_{id}").set_value(HELD_OUT)
    run(app)
    held_out = load_dataset(workspace, id).frame().query("split == 'held_out'")
    assert app.dataframe[0].value.index.tolist() == held_out["row"].tolist()
    assert set(app.dataframe[0].value["split"]) == {"held out"}


def test_the_report_is_made_kept_and_a_fix_makes_a_version(workspace: Workspace) -> None:
    id = store(workspace)
    app = opened(id, "report")
    assert load_dataset(workspace, id).report() is not None
    words = shown(app)
    assert "cannot read" in words
    assert "Chinese characters" in str(app.table[-1].value)
    fix = next(button for button in app.button if button.key.startswith("fix_report"))
    fix.click()
    run(app)
    version = app.session_state["open_dataset"]
    info = load_dataset(workspace, version).info
    assert (info.parent, info.rows, len(info.steps)) == (id, 39, 1)
    assert "left out: 1" in shown(app)
    click(app, "undo_change")
    assert app.session_state["open_dataset"] == id
    assert "Undone: " in shown(app)


def test_each_step_is_listed_with_its_undo(workspace: Workspace) -> None:
    steps = [Step("drop_duplicate_rows"), Step("fix_split", {"share": 0.25, "seed": 1})]
    id = derive_dataset(workspace, store(workspace), steps)
    app = opened(id, "report")
    click(app, "undo_0")
    info = load_dataset(workspace, app.session_state["open_dataset"]).info
    assert [applied.step.kind for applied in info.steps] == ["fix_split"]
    assert info.rows == 40


def test_the_figures_are_those_of_the_report(workspace: Workspace) -> None:
    id = store(workspace, SCORED)
    app = opened(id, "report")
    report = load_dataset(workspace, id).report()
    assert report is not None
    lengths = next(table.value for table in app.table if "Shortest" in table.value.columns)
    assert lengths["Shortest"].tolist() == [str(one.minimum) for one in report.tokens.values()]
    assert lengths["Longest"].tolist() == [str(one.maximum) for one in report.tokens.values()]
    assert "From 0.00 to 1.00" in shown(app)
    assert any("choose “Static" in warning.value for warning in app.warning)


def test_the_report_as_files(workspace: Workspace) -> None:
    id = store(workspace)
    opened(id, "report", locale="zh-CN")
    folder = load_dataset(workspace, id).folder / EXPORT_FOLDER
    data = json.loads(next(folder.glob("report-*.json")).read_text(encoding="utf-8"))
    assert data["rows"] == 40
    (page,) = folder.glob("report-zh*.html")
    assert "药品问答" in page.read_text(encoding="utf-8")


@pytest.fixture
def all_by_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every dataset counts as large, and nobody serves the queue but the test."""
    monkeypatch.setattr(dataset_change, "INLINE_ROWS", 0)
    monkeypatch.setattr(dataset_checking, "INLINE_ROWS", 0)
    monkeypatch.setattr(jobs, "ensure_supervisor", lambda workspace: None)


@pytest.mark.usefixtures("all_by_job")
def test_large_datasets_are_looked_at_and_changed_by_jobs(workspace: Workspace) -> None:
    id = store(workspace)
    app = opened(id, "report")
    assert load_dataset(workspace, id).report() is None
    assert "Looking at the rows" in app.get("progress")[0].proto.text
    do_jobs(workspace)
    run(app)
    assert load_dataset(workspace, id).report() is not None
    next(button for button in app.button if button.key.startswith("fix_report")).click()
    run(app)
    assert app.session_state["open_dataset"] == id
    assert "Making the new version" in app.get("progress")[0].proto.text
    do_jobs(workspace)
    run(app)
    version = load_dataset(workspace, app.session_state["open_dataset"]).info
    assert (version.parent, version.rows) == (id, 39)
    assert not queue.waiting_jobs(workspace) or version.id != id


def test_a_split_is_previewed_kept_and_given_up(workspace: Workspace) -> None:
    id = store(workspace, SCORED)
    app = opened(id, "held_out")
    app.slider(key=f"share_{id}").set_value(25)
    run(app)
    sides = app.table[0].value
    assert sides["Held out"]["Rows"] == "10"
    assert sides["For training"]["Rows"] == "30"
    click(app, "keep_split")
    version = app.session_state["open_dataset"]
    frame = load_dataset(workspace, version).frame()
    assert (frame["split"] == HELD_OUT).sum() == 10
    assert "Drawn by Pairloom with the seed 42 for a share of 25%." in shown(app)
    click(app, "drop_split")
    assert app.session_state["open_dataset"] == id


def test_what_leaks_is_shown_with_its_rows(workspace: Workspace) -> None:
    lines = ["q,a,split", *(f"q{n % 20},a{n},{'test' if n >= 20 else 'train'}" for n in range(40))]
    table = read_table("\n".join(lines).encode(), "own.csv")
    mapping = Mapping("q", "a", split="split")
    checked = check_mapping(table.frame, mapping)
    id = store_dataset(workspace, name="own", checked=checked, mapping=mapping, source=table.source)
    app = opened(id, "held_out")
    assert "20 of 40 rows are held out. Texts on both sides: 20." in app.warning[0].value
    assert app.expander[0].label == "20 texts are on both sides"
    assert "“q0”: training rows 2; held-out rows 22" in app.expander[0].markdown[0].value
    click(app, "drop_split")
    info = load_dataset(workspace, app.session_state["open_dataset"]).info
    assert "split" not in info.columns


def test_history_source_and_downloads(workspace: Workspace) -> None:
    id = store(workspace)
    app = opened(id, "history")
    facts = app.table[0].value["value"]
    assert facts["File"] == "药品问答.csv"
    assert facts["Encoding"] == "GB18030"
    assert facts["Rows read"] == "40"
    links = {link.proto.label: link.proto.url for link in app.get("link_button")}
    assert links["Download as CSV"].startswith(f"/download/datasets/{id}/{EXPORT_FOLDER}/")
    (file,) = (load_dataset(workspace, id).folder / EXPORT_FOLDER).glob("*.csv")
    assert file.read_text(encoding="utf-8-sig").splitlines()[0] == '"问题","答案"'


def test_runs_that_used_it_lead_to_run(workspace: Workspace) -> None:
    id = make_run(workspace, name="My first run")
    app = opened(list_datasets(workspace)[0].id, "history")
    click(app, f"use_{id}")
    assert app.title[0].value == "Run"
    assert app.session_state["run"] == id


def test_a_conversion_makes_a_version_of_another_shape(workspace: Workspace) -> None:
    id = store(workspace, SCORED)
    app = opened(id, "history")
    app.slider(key=f"threshold_scored_to_pairs_{id}").set_value(0.75)
    run(app)
    click(app, "convert")
    info = load_dataset(workspace, app.session_state["open_dataset"]).info
    assert (info.shape, info.parent) == (Shape.PAIRS, id)
    assert info.steps[0].step.params == {"threshold": 0.75}
    assert "version 2 of 2" in shown(app)


def test_a_refused_conversion_says_why_and_changes_nothing(workspace: Workspace) -> None:
    # Fewer than ten pairs have the best score.
    id = store(workspace, SCORED)
    app = opened(id, "history")
    app.slider(key=f"threshold_scored_to_pairs_{id}").set_value(1.0)
    run(app)
    click(app, "convert")
    assert "training needs at least" in app.error[0].value
    assert len(list_datasets(workspace)) == 1


def test_single_texts_cannot_be_mined(workspace: Workspace) -> None:
    id = derive_dataset(workspace, store(workspace), [Step("to_texts")])
    assert "Turn the dataset into pairs first" in opened(id, "negatives").info[0].value


@pytest.mark.usefixtures("all_by_job")
def test_mining_is_a_job_that_can_be_stopped(workspace: Workspace) -> None:
    id = store(workspace)
    app = opened(id, "negatives")
    control(app, f"mine_level_{id}").set_value("hard")
    run(app)
    click(app, "mine")
    (job,) = queue.waiting_jobs(workspace)
    params = queue.read_spec(job.folder).params
    assert (params["dataset"], params["how_many"], params["range_min"]) == (id, 3, 0)
    assert params["relative_margin"] is None
    click(app, "stop_mining")
    assert "stopped before its end" in app.info[0].value
    assert not queue.waiting_jobs(workspace)


def reviewed(workspace: Workspace, count: int = 24, doubtful: int = 3) -> tuple[str, str]:
    """A dataset and the id of a review of one candidate for each of its first rows."""
    id = store(workspace)
    proposals = [
        (row, f"第{(row + 5) % 39}种药饭前服用。", 0.01 * row) for row in range(2, 2 + count)
    ]
    return id, make_review(workspace, id, proposals, doubtful).info.id


def decision(app: AppTest, review: str, number: int, now: str) -> AppTest:
    return control(app, f"decision_{review}_{number}_{now}")


def test_a_review_is_gone_through_and_becomes_a_version(workspace: Workspace) -> None:
    id, review = reviewed(workspace)
    app = opened(id, "negatives")
    assert "**24 candidates**" in shown(app)
    assert "3 may be right answers" in shown(app)
    click(app, f"review_{review}")
    # The likely right answers stand first, each with the reason.
    assert "0 of 24 candidates are decided." in app.get("progress")[0].proto.text
    assert shown(app).count("The model finds it") == 3
    click(app, "next_match")
    decision(app, review, 1, "open").set_value(Decision.REJECT)
    run(app)
    assert load_review(workspace, review).counts().rejected == 1
    decision(app, review, 1, "reject").set_value(None)
    run(app)
    counts = load_review(workspace, review).counts()
    assert (counts.matches, counts.rejected, counts.doubtful) == (1, 0, 2)
    click(app, "accept_page")
    assert load_review(workspace, review).counts().accepted == 9
    click(app, "accept_rest")
    assert load_review(workspace, review).counts().undecided == 0
    assert "24 of 24 candidates are decided." in app.get("progress")[0].proto.text
    click(app, "finish_review")
    click(app, "finish_now")
    info = load_dataset(workspace, app.session_state["open_dataset"]).info
    assert (info.shape, info.parent) == (Shape.TRIPLETS, id)
    assert "23 accepted, 1 were matches" in shown(app)
    frame = load_dataset(workspace, info.id).frame()
    assert frame.loc[frame["row"] == 10, "negative"].tolist() == ["第15种药饭前服用。"]


def test_only_those_still_to_decide(workspace: Workspace) -> None:
    id, review = reviewed(workspace)
    app = opened(id, "negatives")
    click(app, f"review_{review}")
    click(app, "accept_page")
    app.toggle(key=f"left_{review}").set_value(True)
    run(app)
    shown_numbers = [
        int(one.key.split("_")[-2])
        for one in app.get("button_group")
        if (one.key or "").startswith("decision_")
    ]
    assert shown_numbers == list(range(10, 20))
    click(app, "accept_rest")
    assert "Every candidate is decided." in app.success[0].value


def test_too_few_accepted_is_said_before_anything_is_made(workspace: Workspace) -> None:
    id, review = reviewed(workspace)
    app = opened(id, "negatives")
    click(app, f"review_{review}")
    click(app, "next_accept")
    click(app, "finish_review")
    assert "Only 1 rows would have a negative" in app.warning[0].value
    click(app, "finish_back")
    assert "1 of 24 candidates are decided." in app.get("progress")[0].proto.text
    assert len(list_datasets(workspace)) == 1


def test_a_review_is_deleted_and_its_dataset_stays(workspace: Workspace) -> None:
    id, review = reviewed(workspace)
    app = opened(id, "negatives")
    click(app, f"delete_review_{review}")
    assert not list(workspace.reviews.iterdir())
    assert [info.id for info in list_datasets(workspace)] == [id]


def test_another_base_counts_other_tokens(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    (bundled,) = bases_for_report(workspace)
    short = replace(bundled, name="Reads eight tokens", max_length=8)
    monkeypatch.setattr(
        dataset_checking,
        "bases_for_report",
        lambda workspace, chosen=None: sorted([bundled, short], key=lambda b: b.name != chosen),
    )
    id = store(workspace)
    app = opened(id, "report")
    app.selectbox(key=f"report_base_{id}").set_value(short.name)
    run(app)
    report = load_dataset(workspace, id).report()
    assert report is not None
    assert (report.base, report.tokens["anchor"].maximum) == (short.name, 8)
    lengths = next(table.value for table in app.table if "Shortest" in table.value.columns)
    assert lengths["Longest"].tolist() == ["8", "8"]
    assert "Cut off after 8" in lengths
