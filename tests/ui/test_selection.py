"""The current dataset, run and corpus: kept in the session, mirrored in the address."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

SHOW = "import streamlit as st\nfrom ui.selection import selected\nst.code(str(selected('run')))"
CHOOSE = (
    "import streamlit as st\nfrom ui.selection import choose\n"
    "st.code(str(choose('run', 'Run', {'a': 'First', 'b': 'Second'})))"
)


def test_a_choice_made_elsewhere_appears_in_the_address() -> None:
    app = AppTest.from_string(SHOW)
    app.session_state["run"] = "r1"
    app.run()
    assert app.code[0].value == "r1"
    assert app.query_params["run"] == "r1"


def test_a_link_wins_in_a_new_session() -> None:
    app = AppTest.from_string(SHOW)
    app.query_params["run"] = "linked"
    app.run()
    assert app.session_state["run"] == "linked"


def test_the_page_list_empties_the_address_and_the_session_fills_it_again() -> None:
    app = AppTest.from_string(SHOW)
    app.query_params["run"] = "linked"
    app.run()
    app.query_params.clear()
    app.run()
    assert app.code[0].value == "linked"
    assert app.query_params["run"] == "linked"


def test_a_new_choice_wins_over_the_address_that_we_wrote_ourselves() -> None:
    app = AppTest.from_string(SHOW)
    app.session_state["run"] = "r1"
    app.run()
    app.session_state["run"] = "r2"
    app.run()
    assert app.code[0].value == "r2"
    assert app.query_params["run"] == "r2"


def test_the_drop_down_follows_and_leads() -> None:
    app = AppTest.from_string(CHOOSE)
    app.session_state["run"] = "b"
    app.run()
    assert app.selectbox[0].value == "b"
    app.selectbox[0].set_value("a").run()
    assert app.session_state["run"] == "a"
    assert app.query_params["run"] == "a"
    app.session_state["run"] = "b"
    app.run()
    assert app.selectbox[0].value == "b"


def test_an_item_that_is_gone_gives_way_to_the_first_there_is() -> None:
    app = AppTest.from_string(CHOOSE)
    app.session_state["run"] = "deleted"
    app.run()
    assert app.code[0].value == "a"
    assert app.query_params["run"] == "a"


def test_nothing_to_choose_from_shows_nothing() -> None:
    app = AppTest.from_string(
        "import streamlit as st\nfrom ui.selection import choose\n"
        "st.code(str(choose('run', 'Run', {})))"
    ).run()
    assert app.code[0].value == "None"
    assert not app.selectbox
