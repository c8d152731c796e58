"""Data: from a file to a stored dataset, with every refusal in words."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.data.samples import add_sample
from core.data.shapes import Shape
from core.data.store import list_datasets, load_dataset
from core.workspace import Workspace
from tests.ui.helpers import go_to, open_screen, shown


def upload(app: AppTest, table: str | bytes, name: str = "table.csv") -> None:
    content = table.encode("utf-8") if isinstance(table, str) else table
    app.file_uploader[0].upload(name, content)
    app.run()
    assert not app.exception, app.exception


def rows(first: str, *more: str, count: int = 30) -> str:
    """A table with the header ``first``, the rows ``more`` and ``count`` good ones after them."""
    columns = first.count(",") + 1
    good = [",".join(f"text {row} {column}" for column in range(columns)) for row in range(count)]
    return "\n".join([first, *more, *good]) + "\n"


def role(app: AppTest, label: str) -> AppTest:
    return next(box for box in app.selectbox if box.label == label)


def save(app: AppTest) -> None:
    next(button for button in app.button if button.label == "Save dataset").click()
    app.run()
    assert not app.exception, app.exception


def test_a_gb18030_table_from_upload_to_parquet(workspace: Workspace) -> None:
    app = open_screen("data")
    table = "问题\t答案\n" + "".join(f"怎么买第{n}件商品？\t第{n}件商品\n" for n in range(40))
    upload(app, table.encode("gb18030"), "商品问答.tsv")
    words = shown(app)
    assert "商品问答.tsv" in words
    assert "40 rows, 2 columns, encoding GB18030, cells separated by tabs" in words
    assert (role(app, "Anchor").value, role(app, "Positive").value) == ("问题", "答案")
    assert "40 pairs: 问题 against 答案" in words
    save(app)
    (info,) = list_datasets(workspace)
    assert (info.name, info.shape, info.rows) == ("商品问答", Shape.PAIRS, 40)
    assert load_dataset(workspace, info.id).frame()["positive"][7] == "第7件商品"
    assert "Saved as “商品问答”." in shown(app)
    assert app.session_state["dataset"] == info.id


def test_a_sample_is_two_clicks_away_from_a_dataset(workspace: Workspace) -> None:
    app = open_screen("data")
    app.button(key="sample_products").click().run()
    assert "500 triplets: anchor against positive, not negative" in shown(app)
    save(app)
    (info,) = list_datasets(workspace)
    assert (info.sample, info.name, info.rows) == ("products", "Chinese products", 500)


def test_the_guess_can_be_changed_and_the_shape_follows(workspace: Workspace) -> None:
    app = open_screen("data")
    upload(app, rows("query,product,wrong"))
    assert "30 pairs: query against product" in shown(app)
    role(app, "Negative (optional)").set_value("wrong").run()
    assert "30 triplets: query against product, not wrong" in shown(app)
    save(app)
    assert list_datasets(workspace)[0].mapping.negative == "wrong"


def test_without_a_guess_it_asks_for_the_two_columns(workspace: Workspace) -> None:
    app = open_screen("data")
    upload(app, "n,m\n" + "1,2\n" * 30)
    assert role(app, "Anchor").value is None
    assert "Choose the column of the anchors" in shown(app)
    assert not any(button.label == "Save dataset" for button in app.button)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "table.csv is empty."),
        (b"only,a,header\n", "has a header row but no rows below it"),
        (b"texts\n" + b"one\n" * 30, "has only one column, texts"),
        (b"%PDF-1.7\n" + bytes(100), "is a PDF, not a text table"),
        (b"PK\x03\x04" + bytes(100), "is a compressed archive"),
    ],
)
def test_what_is_no_table_is_refused_in_words(
    workspace: Workspace, content: bytes, sentence: str
) -> None:
    app = open_screen("data")
    upload(app, content)
    assert sentence in app.error[0].value
    assert not app.selectbox


def test_a_refusal_gives_way_to_the_next_table(workspace: Workspace) -> None:
    app = open_screen("data")
    upload(app, b"")
    upload(app, rows("query,product"))
    assert not app.error
    assert "30 pairs" in shown(app)


def test_rows_left_out_and_rows_set_aside_come_with_their_numbers(workspace: Workspace) -> None:
    app = open_screen("data")
    upload(app, rows("query,product", "a,", ",b", "alone", "c,d"))
    words = shown(app)
    assert "2 rows are left out" in words
    assert "Rows with a blank cell in “query”: 1. In rows: 3." in words
    assert "Rows with a blank cell in “product”: 1. In rows: 2." in words
    assert app.expander[0].label == "1 row could not be read and was set aside"
    aside = app.expander[0].dataframe[0].value
    assert aside["Row"].tolist() == [4]
    assert "too few" in aside["Reason"][0]
    save(app)
    assert list_datasets(workspace)[0].rows == 31


def test_a_score_that_is_no_number_is_refused_with_the_row(workspace: Workspace) -> None:
    app = open_screen("data")
    table = "query,product,score\n" + "".join(f"q {n},p {n},good\n" for n in range(30))
    upload(app, table)
    role(app, "Score (optional)").set_value("score").run()
    assert "holds something else than numbers" in app.error[0].value
    assert "“good” in row 2" in app.error[0].value


def test_scores_up_to_five_are_divided_once_confirmed(workspace: Workspace) -> None:
    app = open_screen("data")
    upload(app, "q,p,s\n" + "".join(f"q {n},p {n},{n % 6}\n" for n in range(30)))
    assert "seems to go from 0 to 5" in app.error[0].value
    app.checkbox[0].check().run()
    assert not app.error
    assert "30 scored pairs" in shown(app)
    app.checkbox[0].uncheck().run()
    assert app.error
    app.checkbox[0].check().run()
    save(app)
    frame = load_dataset(workspace, list_datasets(workspace)[0].id).frame()
    assert frame["score"].max() == 1


def test_the_preview_turns_its_pages_without_changing_height(workspace: Workspace) -> None:
    app = open_screen("data")
    upload(app, rows("query,product", count=20))
    first = app.dataframe[0]
    assert first.value["query"].tolist() == [f"text {n} 0" for n in range(8)]
    assert first.value.index.tolist() == list(range(2, 10))
    height = first.proto.height if hasattr(first.proto, "height") else None
    app.get("pagination")[0].set_value(3).run()
    last = app.dataframe[0]
    assert last.value["query"].tolist() == [f"text {n} 0" for n in range(16, 20)]
    assert (last.proto.height if hasattr(last.proto, "height") else None) == height


def test_an_open_table_is_still_there_after_a_look_elsewhere(workspace: Workspace) -> None:
    app = open_screen("data")
    upload(app, rows("query,product"))
    go_to(app, "home")
    go_to(app, "data")
    assert "30 pairs" in shown(app)
    next(button for button in app.button if button.label == "Close").click().run()
    assert not app.selectbox


def test_a_stored_dataset_is_listed_renamed_and_deleted(workspace: Workspace) -> None:
    id = add_sample(workspace, "products")
    app = open_screen("data")
    assert "500 triplets" in shown(app)
    app.text_input(key=f"name_{id}").set_value("  ").run()
    app.button(key=f"rename_{id}").click().run()
    assert app.error[0].value.startswith("A dataset needs a name.")
    app.text_input(key=f"name_{id}").set_value("My *shop*").run()
    app.button(key=f"rename_{id}").click().run()
    assert r"**My \*shop\***" in shown(app)
    assert list_datasets(workspace)[0].name == "My *shop*"
    app.button(key=f"delete_{id}").click().run()
    assert not app.exception
    assert list_datasets(workspace) == []
    assert "None yet." in shown(app)


def test_train_on_this_leads_to_train(workspace: Workspace) -> None:
    id = add_sample(workspace, "products")
    app = open_screen("data")
    app.button(key=f"train_{id}").click().run()
    assert app.title[0].value == "Train"
    assert app.session_state["dataset"] == id


def test_many_datasets_come_in_pages(workspace: Workspace) -> None:
    app = open_screen("data")
    for number in range(11):
        upload(app, rows(f"query,product {number}"), f"table {number}.csv")
        save(app)
    assert len([button for button in app.button if button.label == "Train on this"]) == 10
    app.get("pagination")[0].set_value(2).run()
    assert len([button for button in app.button if button.label == "Train on this"]) == 1


def test_the_limit_is_said_in_our_own_words(workspace: Workspace) -> None:
    uploader = open_screen("data").file_uploader[0]
    assert "1 GB" in uploader.label
    assert "more than 1 GB" in uploader.help


def test_in_chinese_the_sample_is_named_in_chinese(workspace: Workspace) -> None:
    add_sample(workspace, "products")
    words = shown(open_screen("data", locale="zh-CN"))
    assert "中文商品" in words
    assert "Chinese products" not in words
