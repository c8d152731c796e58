"""Data: from a file to a stored dataset, with every refusal in words."""

from __future__ import annotations

import gzip
import io
import json
import os
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.data.shapes import Mapping, Shape
from core.data.staging import read_staged
from core.data.store import list_datasets, load_dataset
from core.jobs import queue
from core.problems import Problem
from core.workspace import Workspace
from tests.pages.compared import do_jobs, fail_jobs
from tests.ui.helpers import MAIN, go_to, shown
from ui import intake_check, intake_save, jobs, staged

# fmt: off
_WORDS = [
    "apple", "boat", "cloud", "dune", "elbow", "flame",
    "grape", "house", "island", "jacket", "kettle", "lamp",
    "mirror", "needle", "orange", "pencil", "quilt", "river",
    "saddle", "table", "umbrella", "violin", "window", "xylophone",
    "yarn", "zebra", "anchor", "bridge", "candle", "drum",
]
# fmt: on


@pytest.fixture
def all_by_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every table counts as large, and nobody serves the queue but the test."""
    monkeypatch.setattr(staged, "INLINE_BYTES", 0)
    monkeypatch.setattr(intake_check, "INLINE_ROWS", 0)
    monkeypatch.setattr(intake_save, "INLINE_ROWS", 0)
    monkeypatch.setattr(jobs, "ensure_supervisor", lambda workspace: None)


def open_data(locale: str = "en-US", **address: str) -> AppTest:
    """The screen as a new browser session finds it under its own address."""
    app = AppTest.from_file(MAIN, default_timeout=60)
    app.context = {"locale": locale, "timezone": "Asia/Shanghai"}
    for parameter, value in address.items():
        app.query_params[parameter] = value
    app.switch_page("../pages/data.py")
    run(app)
    return app


def upload(app: AppTest, table: str | bytes, name: str = "table.csv", place: int = 0) -> None:
    content = table.encode("utf-8") if isinstance(table, str) else table
    app.file_uploader[place].upload(name, content)
    run(app)


def run(app: AppTest) -> None:
    app.run()
    assert not app.exception, app.exception


def rows(first: str, *more: str, count: int = 30) -> str:
    """A table with the header ``first``, the rows ``more`` and ``count`` good ones after them."""
    columns = first.count(",") + 1
    good = [
        ",".join(
            f"{_WORDS[row % 30]} {_WORDS[(row + 7 * column) % 30]}" for column in range(columns)
        )
        for row in range(count)
    ]
    return "\n".join([first, *more, *good]) + "\n"


def role(app: AppTest, label: str) -> AppTest:
    return next(box for box in app.selectbox if box.label == label)


def roles(app: AppTest) -> dict[str, str | None]:
    """What the form of the columns says."""
    known = ("Anchor", "Positive", "Negative", "Score", "Text", "Class")
    return {box.label: box.value for box in app.selectbox if box.label in known}


def choose_shape(app: AppTest, shape: Shape) -> None:
    control = next(one for one in app.segmented_control if one.label == "What is in a row?")
    control.set_value(shape)
    run(app)


def click(app: AppTest, label: str) -> None:
    button = next((one for one in app.button if one.label == label), None)
    assert button is not None, [one.label for one in app.button]
    button.click()
    run(app)


def convert(app: AppTest, name: str) -> None:
    role(app, "Make of it").set_value(name)
    run(app)
    click(app, "Do this")


def labels(app: AppTest) -> list[str]:
    return [one.label for one in app.button]


def preview(app: AppTest) -> pd.DataFrame:
    return app.dataframe[0].value


def address(app: AppTest, parameter: str) -> str | None:
    value = app.query_params.get(parameter)
    return value[0] if isinstance(value, list) else value


def only(workspace: Workspace) -> pd.DataFrame:
    """The rows of the one dataset that there is."""
    (info,) = list_datasets(workspace)
    return load_dataset(workspace, info.id).frame()


# --- Bring in and read ------------------------------------------------------------------------


def test_a_gb18030_table_from_upload_to_parquet(workspace: Workspace) -> None:
    app = open_data()
    table = "问题\t答案\n" + "".join(f"怎么买第{n}件商品？\t第{n}件商品\n" for n in range(40))
    upload(app, table.encode("gb18030"), "商品问答.tsv")
    words = shown(app)
    assert "商品问答.tsv" in words
    assert "40 rows, 2 columns, encoding GB18030, cells separated by tabs" in words
    assert roles(app) == {"Anchor": "问题", "Positive": "答案"}
    assert "40 pairs: 问题 against 答案" in words
    click(app, "Save dataset")
    (info,) = list_datasets(workspace)
    assert (info.name, info.shape, info.rows) == ("商品问答", Shape.PAIRS, 40)
    assert load_dataset(workspace, info.id).frame()["positive"][7] == "第7件商品"
    assert "Saved as “商品问答”." in shown(app)
    assert app.session_state["dataset"] == info.id
    assert address(app, "dataset") == info.id
    assert address(app, "table") is None
    assert list(workspace.uploads.iterdir()) == []


def test_a_saved_table_leads_to_train(workspace: Workspace) -> None:
    app = open_data()
    upload(app, rows("query,product"))
    click(app, "Save dataset")
    click(app, "Train on this")
    assert app.title[0].value == "Train"
    assert app.session_state["dataset"] == list_datasets(workspace)[0].id


def test_a_sample_is_two_clicks_away_from_a_dataset(workspace: Workspace) -> None:
    app = open_data()
    app.button(key="sample_products").click()
    run(app)
    words = shown(app)
    assert "500 triplets: anchor against positive, not negative" in words
    assert "all-MiniLM-L6-v2 counts them: anchor " in words
    click(app, "Save dataset")
    (info,) = list_datasets(workspace)
    assert (info.sample, info.name, info.rows) == ("products", "Chinese products", 500)
    assert list(workspace.corpora.iterdir())


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "table.csv is empty."),
        (b"%PDF-1.7\n" + bytes(100), "PDF"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "picture"),
        (b"<!DOCTYPE html><html><body>Log in</body></html>", "web page"),
    ],
)
def test_what_is_no_table_is_refused_in_words(
    workspace: Workspace, content: bytes, sentence: str
) -> None:
    app = open_data()
    upload(app, content)
    assert sentence in app.error[0].value
    assert not app.dataframe
    click(app, "Choose another file")
    assert app.file_uploader


def test_a_refusal_gives_way_to_the_next_table(workspace: Workspace) -> None:
    app = open_data()
    upload(app, b"")
    click(app, "Close")
    upload(app, rows("query,product"))
    assert not app.error
    assert "30 pairs" in shown(app)


def test_the_limit_is_said_in_our_own_words(workspace: Workspace) -> None:
    uploader = open_data().file_uploader[0]
    assert "1 GB" in uploader.label
    assert "more than 1 GB" in uploader.help


def test_a_file_in_an_allowed_folder_is_opened_where_it_lies(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "tables"
    folder.mkdir()
    (folder / "shop.csv").write_text(rows("query,product"), encoding="utf-8")
    monkeypatch.setenv("PAIRLOOM_FOLDERS", os.pathsep.join([str(folder)]))
    app = open_data()
    assert str(folder) in shown(app).replace("\\", "")
    box = role(app, "File")
    (choice,) = [option for option in box.options if "shop.csv" in option]
    box.select(choice).run()
    click(app, "Open")
    assert "30 pairs: query against product" in shown(app)
    click(app, "Save dataset")
    assert len(only(workspace)) == 30
    assert (folder / "shop.csv").exists()


def test_a_file_that_was_moved_away_is_missed_in_words(workspace: Workspace) -> None:
    folder = workspace.incoming
    (folder / "shop.csv").write_text(rows("query,product"), encoding="utf-8")
    app = open_data()
    box = role(app, "File")
    box.select(next(option for option in box.options if "shop.csv" in option)).run()
    click(app, "Open")
    (folder / "shop.csv").unlink()
    run(app)
    assert "shop.csv" in app.error[0].value
    click(app, "Choose another file")
    assert app.file_uploader


def test_a_sheet_of_a_workbook_is_chosen(workspace: Workspace) -> None:
    book = io.BytesIO()
    with pd.ExcelWriter(book) as writer:
        pd.DataFrame({"q": ["a", "b"], "p": ["c", "d"]}).to_excel(
            writer, sheet_name="one", index=False
        )
        pd.DataFrame({"问题": ["x", "y", "z"], "答案": ["1", "2", "3"]}).to_excel(
            writer, sheet_name="二", index=False
        )
    app = open_data()
    upload(app, book.getvalue(), "book.xlsx")
    assert "sheet one" in shown(app)
    assert list(preview(app).columns) == ["q", "p"]
    role(app, "Sheet").set_value("二")
    run(app)
    assert "sheet 二" in shown(app)
    assert preview(app)["问题"].tolist() == ["x", "y", "z"]


def test_a_table_is_found_in_an_archive(workspace: Workspace) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("first.csv", rows("query,product"))
        file.writestr("second.csv", rows("question,answer", count=12))
    app = open_data()
    upload(app, archive.getvalue(), "both.zip")
    assert "from first.csv in the archive" in shown(app)
    role(app, "File in the archive").set_value("second.csv")
    run(app)
    assert "12 pairs: question against answer" in shown(app)


def test_a_packed_json_lines_table(workspace: Workspace) -> None:
    lines = "".join(json.dumps({"query": f"q {n}", "pos": f"p {n}"}) + "\n" for n in range(15))
    app = open_data()
    upload(app, gzip.compress(lines.encode()), "pairs.jsonl.gz")
    assert "15 pairs: query against pos" in shown(app)


def test_another_encoding_is_tried_and_left_again(workspace: Workspace) -> None:
    app = open_data()
    table = "問題,答案\n" + "".join(f"第{n}個蘋果的價錢,蘋果{n}號\n" for n in range(20))
    upload(app, table.encode("big5"), "big5.csv")
    box = next(one for one in app.selectbox if one.label.startswith("Encoding"))
    found = box.value
    assert found == "Big5"
    box.set_value("GB18030")
    run(app)
    assert "encoding GB18030" in shown(app)
    assert "問題" not in preview(app).columns
    click(app, "Find everything out again")
    assert "encoding Big5" in shown(app)
    assert preview(app)["問題"][2] == "第0個蘋果的價錢"


def test_a_table_without_header_keeps_its_first_row(workspace: Workspace) -> None:
    app = open_data()
    upload(app, rows("query,product"))
    toggle = next(one for one in app.toggle if one.label == "The first row names the columns")
    assert toggle.value
    toggle.set_value(False)
    run(app)
    assert "no header row" in shown(app)
    assert list(preview(app).columns) == ["A", "B"]
    assert preview(app).loc[1].tolist() == ["query", "product"]
    assert roles(app) == {"Anchor": "A", "Positive": "B"}


def test_another_separator(workspace: Workspace) -> None:
    app = open_data()
    upload(app, rows("query,product"))
    role(app, "What stands between two cells").set_value("")
    run(app)
    assert preview(app).columns.tolist() == ["query,product"]
    assert "1 column" in shown(app)


def test_the_preview_turns_its_pages(workspace: Workspace) -> None:
    app = open_data()
    upload(app, "query,product\n" + "".join(f"q{n},p{n}\n" for n in range(20)))
    assert preview(app)["query"].tolist() == [f"q{n}" for n in range(8)]
    assert preview(app).index.tolist() == list(range(2, 10))
    app.get("pagination")[0].set_value(3)
    run(app)
    assert preview(app)["query"].tolist() == [f"q{n}" for n in range(16, 20)]


def test_rows_set_aside_and_rows_left_out_come_with_their_numbers(workspace: Workspace) -> None:
    app = open_data()
    upload(app, rows("query,product", "a,", ",b", "alone", "c,d"))
    expanders = {one.label: one for one in app.expander}
    assert "1 row could not be read and was set aside" in expanders
    assert "2 rows are left out" in expanders
    words = shown(app)
    assert "Rows with a blank cell in “query”: 1. In rows: 3." in words
    assert "Rows with a blank cell in “product”: 1. In rows: 2." in words
    click(app, "Save dataset")
    assert len(only(workspace)) == 31


# --- What is in a row --------------------------------------------------------------------------


def test_the_guess_can_be_changed_and_the_shape_follows(workspace: Workspace) -> None:
    app = open_data()
    upload(app, rows("query,product,wrong"))
    assert "30 pairs: query against product" in shown(app)
    choose_shape(app, Shape.TRIPLETS)
    assert roles(app) == {"Anchor": "query", "Positive": "product", "Negative": "wrong"}
    assert "30 triplets: query against product, not wrong" in shown(app)
    click(app, "Save dataset")
    assert list_datasets(workspace)[0].mapping.negatives == ("wrong",)


def test_several_negatives(workspace: Workspace) -> None:
    app = open_data()
    upload(app, rows("query,product,bad,worse,worst"))
    choose_shape(app, Shape.SEVERAL_NEGATIVES)
    assert "Still to choose: Negatives." in app.info[0].value
    app.multiselect[0].set_value(["worst", "bad"])
    run(app)
    assert "30 rows with several negatives: query against product, not worst, bad" in shown(app)
    click(app, "Save dataset")
    assert list(only(workspace).columns) == ["anchor", "positive", "negative", "negative_2", "row"]


def test_text_with_a_class_and_single_texts(workspace: Workspace) -> None:
    app = open_data()
    table = "name,kind\n" + "".join(f"{word} {n},{n % 3}\n" for n, word in enumerate(_WORDS))
    upload(app, table)
    choose_shape(app, Shape.CLASSES)
    role(app, "Text").set_value("name")
    role(app, "Class").set_value("kind")
    run(app)
    assert "30 texts with a class: name, of the class in kind" in shown(app)
    choose_shape(app, Shape.TEXTS)
    assert "30 single texts: name" in shown(app)


def test_without_a_guess_it_asks_for_the_columns(workspace: Workspace) -> None:
    app = open_data()
    upload(app, "n,m\n" + "1,2\n" * 30)
    choose_shape(app, Shape.PAIRS)
    assert roles(app)["Anchor"] is None
    assert "Still to choose: Anchor, Positive." in app.info[0].value
    assert "Save dataset" not in labels(app)


def test_scores_up_to_five_are_changed_once_confirmed(workspace: Workspace) -> None:
    app = open_data()
    scored = "".join(f"{word} lamp,{word} shade,{n % 11 / 2}\n" for n, word in enumerate(_WORDS))
    upload(app, "q,p,s\n" + scored)
    choose_shape(app, Shape.SCORED_PAIRS)
    assert "Scores go from 0 to 5" in app.info[0].value
    assert "Save dataset" not in labels(app)
    app.checkbox[0].check()
    run(app)
    assert "30 scored pairs" in shown(app)
    app.checkbox[0].uncheck()
    run(app)
    assert "Save dataset" not in labels(app)
    app.checkbox[0].check()
    run(app)
    click(app, "Save dataset")
    frame = only(workspace)
    assert frame["score"].max() == 1
    assert frame["score"][1] == pytest.approx(0.1)


def test_yes_and_no_become_scores(workspace: Workspace) -> None:
    app = open_data()
    table = "".join(
        f"{word}怎么卖,{word}的价格,{'相似' if n % 2 else '不相似'}\n"
        for n, word in enumerate(_WORDS)
    )
    upload(app, "问题,标题,是否相似\n" + table)
    choose_shape(app, Shape.SCORED_PAIRS)
    assert "相似 → 1" in app.info[0].value
    app.checkbox[0].check()
    run(app)
    click(app, "Save dataset")
    assert only(workspace)["score"].tolist()[:3] == [0, 1, 0]


def test_a_score_that_is_no_number_is_refused_with_the_row(workspace: Workspace) -> None:
    app = open_data()
    upload(app, "query,product,score\n" + "".join(f"q {n},p {n},a {n}\n" for n in range(30)))
    choose_shape(app, Shape.SCORED_PAIRS)
    role(app, "Score").set_value("score")
    run(app)
    assert "neither numbers nor words" in app.error[0].value
    assert "“a 0” in row 2" in app.error[0].value


def test_a_column_says_which_rows_are_held_out(workspace: Workspace) -> None:
    app = open_data()
    table = "".join(f"{a} x,{a} y,{'test' if n < 12 else 'train'}\n" for n, a in enumerate(_WORDS))
    upload(app, "query,product,part\n" + table)
    way = next(one for one in app.segmented_control if one.label.startswith("Held-out rows"))
    way.set_value("column")
    run(app)
    role(app, "Column").set_value("part")
    run(app)
    click(app, "Save dataset")
    frame = only(workspace)
    assert (frame["split"] == "held_out").sum() == 12


def test_a_second_file_is_held_out(workspace: Workspace) -> None:
    app = open_data()
    upload(app, rows("query,product"))
    way = next(one for one in app.segmented_control if one.label.startswith("Held-out rows"))
    way.set_value("file")
    run(app)
    assert "Still to choose: They are in a second file." in app.info[0].value
    assert "Save dataset" not in labels(app)
    upload(app, "query,product\n" + "".join(f"new q{n},new p{n}\n" for n in range(12)), "test.csv")
    assert "test.csv" in shown(app)
    click(app, "Save dataset")
    frame = only(workspace)
    assert frame["anchor"][frame["split"] == "held_out"].tolist() == [
        f"new q{n}" for n in range(12)
    ]
    assert len(frame) == 42
    assert list(workspace.uploads.iterdir()) == []


# --- Changing and checking ----------------------------------------------------------------------


def test_a_fix_is_applied_listed_and_undone(workspace: Workspace) -> None:
    app = open_data()
    good = rows("query,product").splitlines()
    upload(app, "\n".join([*good, good[1], good[2]]) + "\n")
    before = shown(app)
    assert "32 pairs" in before
    fix = next(
        one
        for one in app.button
        if one.key and one.key.startswith("fix_") and "duplicate" in one.key
    )
    fix.click()
    run(app)
    assert "30 pairs" in shown(app)
    click(app, "Undo")
    assert "32 pairs" in shown(app)
    assert "Undo" not in labels(app)


def test_pairs_are_turned_into_triplets_and_back(workspace: Workspace) -> None:
    app = open_data()
    upload(app, rows("query,product"))
    convert(app, "pairs_to_triplets")
    assert "30 triplets" in shown(app)
    click(app, "Undo")
    assert "30 pairs: query against product" in shown(app)
    convert(app, "pairs_to_triplets")
    click(app, "Save dataset")
    (info,) = list_datasets(workspace)
    assert info.shape is Shape.TRIPLETS
    assert [applied.step.kind for applied in info.steps] == ["pairs_to_triplets"]


def test_a_step_that_no_longer_fits_says_so_and_can_be_undone(workspace: Workspace) -> None:
    app = open_data()
    upload(app, rows("query,product"))
    convert(app, "pairs_to_triplets")
    choose_shape(app, Shape.TEXTS)
    assert "cannot be done with single texts" in app.error[0].value
    click(app, "Undo")
    assert not app.error
    assert "30 single texts" in shown(app)


def test_broken_characters_are_shown_repaired_and_left_alone_again(workspace: Workspace) -> None:
    app = open_data()
    good = [("如何清洗羊毛衫", "用冷水手洗，不要拧干"), ("这双鞋子有黑色吗", "黑色款式目前有货")]
    table = "query,passage\n" + "".join(f"{q}{n},{a}{n}\n" for n in range(15) for q, a in good)
    upload(app, table.encode("utf-8").decode("latin-1").encode("utf-8"), "broken.csv")
    words = shown(app)
    assert "look broken" in words
    assert "如何清洗羊毛衫0" in words
    click(app, "Repair")
    assert "look broken" not in shown(app)
    assert preview(app)["passage"][2] == "用冷水手洗，不要拧干0"
    click(app, "Undo")
    assert "look broken" in shown(app)
    click(app, "Repair")
    click(app, "Save dataset")
    assert only(workspace)["anchor"][0] == "如何清洗羊毛衫0"


# --- Keeping and waiting ------------------------------------------------------------------------


def test_an_open_table_is_still_there_after_a_look_elsewhere(workspace: Workspace) -> None:
    app = open_data()
    upload(app, rows("query,product,wrong"))
    choose_shape(app, Shape.TRIPLETS)
    go_to(app, "home")
    go_to(app, "data")
    assert "30 triplets: query against product, not wrong" in shown(app)
    click(app, "Close")
    assert not app.selectbox
    assert app.file_uploader


def test_a_reload_of_the_browser_finds_the_table_as_it_was(workspace: Workspace) -> None:
    app = open_data()
    upload(app, rows("query,product,wrong"))
    choose_shape(app, Shape.TRIPLETS)
    convert(app, "drop_negatives")
    again = open_data(table=address(app, "table"))
    assert roles(again) == {"Anchor": "query", "Positive": "product", "Negative": "wrong"}
    assert "Undo" in labels(again)
    assert "30 pairs" in shown(again)


def test_a_link_to_a_table_that_is_gone_shows_the_first_step(workspace: Workspace) -> None:
    app = open_data(table="20260101-000000-gone-0000")
    assert app.file_uploader


def test_a_large_table_is_read_checked_and_saved_by_jobs(
    workspace: Workspace, all_by_job: None
) -> None:
    app = open_data()
    upload(app, rows("query,product"))
    assert [job.kind for job in queue.waiting_jobs(workspace)] == ["read_table"]
    assert "How it begins" in shown(app)
    assert len(preview(app)) == 8
    do_jobs(workspace)
    run(app)
    assert "How it begins" not in shown(app)
    assert preview(app)["query"][2] == "apple apple"
    assert [job.kind for job in queue.waiting_jobs(workspace)] == ["check_table"]
    assert "Save dataset" not in labels(app)
    do_jobs(workspace)
    run(app)
    assert "30 pairs: query against product" in shown(app)
    click(app, "Save dataset")
    assert [job.kind for job in queue.waiting_jobs(workspace)] == ["store_table"]
    do_jobs(workspace)
    run(app)
    assert "Saved as “table”." in shown(app)
    assert list_datasets(workspace)[0].mapping == Mapping("query", "product")


def test_a_large_file_that_is_no_table_is_refused_by_the_job(
    workspace: Workspace, all_by_job: None
) -> None:
    app = open_data()
    upload(app, b"%PDF-1.7\n" + bytes(100))
    with pytest.raises(Problem) as refusal:
        read_staged(workspace, app.session_state["open_table"])
    fail_jobs(workspace, refusal.value)
    run(app)
    assert "PDF" in app.error[0].value
    click(app, "Close")
    assert app.file_uploader


def test_in_chinese_nothing_is_left_in_english(workspace: Workspace) -> None:
    app = open_data("zh-CN")
    app.button(key="sample_products").click()
    run(app)
    assert "中文商品" in [one.value for one in app.text_input]
