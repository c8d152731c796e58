"""Which language a session speaks, and how it says what core has to say."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.workspace import Workspace
from tests.ui.helpers import MAIN, go_to, open_screen, shown
from ui.catalogues import match_language, translations


@pytest.mark.parametrize(
    ("wish", "language"),
    [
        ("zh-CN", "zh_CN"),
        ("zh-Hant-TW", "zh_CN"),
        ("zh", "zh_CN"),
        ("en-GB", "en"),
        ("de-DE", None),
        ("", None),
        (None, None),
    ],
)
def test_a_wish_is_matched_to_a_language_we_have(wish: str | None, language: str | None) -> None:
    assert match_language(wish) == language


@pytest.mark.parametrize(
    ("locale", "title"), [("zh-CN", "数据"), ("en-US", "Data"), ("fr", "Data")]
)
def test_the_browser_decides_first(workspace: Workspace, locale: str, title: str) -> None:
    app = open_screen("data", locale=locale)
    assert app.title[0].value == title
    assert "lang" not in app.query_params


def test_a_choice_survives_the_page_list_and_is_put_back_into_the_address(
    workspace: Workspace,
) -> None:
    app = open_screen()
    app.get("segmented_control")[0].set_value("zh_CN").run()
    assert app.query_params["lang"] == "zh_CN"
    go_to(app, "data")
    assert app.title[0].value == "数据"
    assert app.query_params["lang"] == "zh_CN"


def test_a_reload_keeps_the_choice(workspace: Workspace) -> None:
    app = AppTest.from_file(MAIN, default_timeout=60)
    app.context = {"locale": "en-US"}
    app.query_params["lang"] = "zh_CN"
    app.run()
    assert app.title[0].value == "首页"
    assert app.session_state["language"] == "zh_CN"


def test_nonsense_in_the_address_is_passed_over(workspace: Workspace) -> None:
    app = AppTest.from_file(MAIN, default_timeout=60)
    app.context = {"locale": "zh-CN"}
    app.query_params["lang"] = "../../etc"
    app.run()
    assert not app.exception
    assert app.title[0].value == "首页"


def test_two_sessions_speak_their_own_language_side_by_side(workspace: Workspace) -> None:
    chinese = open_screen("data", locale="zh-CN")
    english = open_screen("data", locale="en-US")
    chinese.run()
    assert chinese.title[0].value == "数据"
    assert english.title[0].value == "Data"


def test_an_edited_catalogue_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    from ui import catalogues

    monkeypatch.setattr(catalogues, "LOCALE_FOLDER", tmp_path)
    path = catalogues.catalogue_path("zh_CN")
    path.parent.mkdir(parents=True)
    header = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
    entry = header + 'msgid "Data"\nmsgstr "{}"\n'
    path.write_text(entry.format("旧"), encoding="utf-8")
    os.utime(path, ns=(1, 1))
    assert translations("zh_CN").gettext("Data") == "旧"
    path.write_text(entry.format("新"), encoding="utf-8")
    os.utime(path, ns=(2, 2))
    assert translations("zh_CN").gettext("Data") == "新"


def spoken(expression: str, language: str) -> str:
    """What ui.language makes of a core message in a session of that language."""
    script = (
        "import streamlit as st\nfrom core.problems import Message, Term\n"
        "from core.workspace import UnknownItem, WorkspaceNotWritable\n"
        f"from ui.language import plain, say\nst.code({expression})"
    )
    app = AppTest.from_string(script)
    app.session_state["language"] = language
    app.run()
    assert not app.exception, app.exception
    return app.code[0].value


def test_a_problem_is_said_with_its_advice_in_both_languages() -> None:
    problem = 'say(UnknownItem(item=Term("dataset"), id="20261121-shoes"))'
    assert spoken(problem, "en") == (
        "There is no dataset named 20261121-shoes in this workspace. "
        "It may have been deleted. Choose another one from the list."
    )
    chinese = spoken(problem, "zh_CN")
    assert "数据集" in chinese
    assert "20261121-shoes" in chinese
    assert "There is" not in chinese


@pytest.mark.parametrize(
    ("template", "params", "english"),
    [
        ("{rows} rows", {"rows": 36421}, "36,421 rows"),
        ("{rows:,} rows", {"rows": 36421}, "36,421 rows"),
        ("seed {seed}", {"seed": 20261}, "seed 20261"),
        ("about {seconds}", {"seconds": 80}, "about 1 min 20 s"),
        ("{left_seconds} left", {"left_seconds": 5}, "5 s left"),
        ("{free_bytes} free", {"free_bytes": 5_000_000}, "5.0 MB free"),
        ("{unknown_share} unknown", {"unknown_share": 0.64}, "64% unknown"),
        ("{columns}", {"columns": ["a", "b"]}, "a, b"),
        ("column {column}", {"column": "*query*"}, r"column \*query\*"),
    ],
)
def test_parameters_are_worded_by_what_they_are(
    template: str, params: dict[str, object], english: str
) -> None:
    assert spoken(f"say(Message({template!r}, {params!r}))", "en") == english


def test_tables_and_charts_get_the_text_without_markdown_escapes() -> None:
    assert spoken('plain(Message("column {column}", {"column": "*query*"}))', "en") == (
        "column *query*"
    )


def test_everything_shown_on_home_is_chinese_in_chinese(workspace: Workspace) -> None:
    assert "Workspace" not in shown(open_screen(locale="zh-CN"))
