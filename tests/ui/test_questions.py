"""The table of own questions: shows what is kept, and keeps nothing that nobody typed."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from core.training.config import OwnQuestion
from core.training.question_sets import load_questions, save_questions
from core.workspace import Workspace


def editor() -> None:
    """A screen with the table alone."""
    from core.workspace import Workspace
    from ui.questions import edit_questions

    edit_questions(Workspace.open(), "products")


def open_editor() -> AppTest:
    app = AppTest.from_function(editor, default_timeout=30).run()
    assert not app.exception
    return app


def test_what_is_kept_is_shown_and_stays(workspace: Workspace) -> None:
    kept = [OwnQuestion(question="夜里照明", expected="夜灯"), OwnQuestion(question="学理财")]
    save_questions(workspace, "products", kept)
    app = open_editor()
    assert app.dataframe[0].value["question"].tolist() == ["夜里照明", "学理财"]
    assert "2 questions are kept." in [caption.value for caption in app.caption]
    assert load_questions(workspace, "products") == kept


def test_an_empty_table_keeps_nothing(workspace: Workspace) -> None:
    open_editor()
    assert list(workspace.questions.iterdir()) == []


def test_a_damaged_list_is_said_and_not_overwritten(workspace: Workspace) -> None:
    save_questions(workspace, "products", [OwnQuestion(question="鞋")])
    file = workspace.questions / "products.json"
    file.write_text("{")
    app = open_editor()
    assert "cannot be read" in app.error[0].value and file.read_text() == "{"
