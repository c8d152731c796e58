"""Tables that are paged from disk and findings, as the Data screen draws them."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from tests.ui.helpers import shown


def long_table() -> None:
    import pandas as pd
    import streamlit as st

    from ui.tables import paged_source

    # Every third row of the source was set aside.
    numbers = [row for row in range(2, 302) if row % 3]

    def page(start: int, rows: int) -> pd.DataFrame:
        st.session_state.setdefault("asked_for", []).append((start, rows))
        part = numbers[start : start + rows]
        return pd.DataFrame({"text": [f"text {row}" for row in part]}, index=part)

    paged_source(page, len(numbers), "long", alt="a long table", jump=True)


def findings() -> None:
    import streamlit as st

    from core.data.findings import Example, Finding, Fix, Severity
    from core.data.steps import Step
    from core.problems import Message
    from ui.findings import show_findings

    def fix(step: Step) -> None:
        st.session_state["fixed"] = step

    show_findings(
        [
            Finding(
                "short", Severity.INFO, Message("Short texts: {count:,}.", {"count": 1}), 1, (9,)
            ),
            Finding(
                "twice",
                Severity.WARNING,
                Message("Rows that repeat an earlier row: {count:,}.", {"count": 1200}),
                1200,
                (17, 4),
                examples=(Example(4, ("a *red* shoe", "")),),
                effects=(Message("They count twice."),),
                fix=Fix(Message("Keep the first"), Step("drop_duplicates")),
            ),
            Finding("dots", Severity.PROBLEM, Message("Every anchor is a dot."), 3000),
        ],
        on_fix=fix,
        key="some",
    )


def nothing() -> None:
    from ui.findings import show_findings

    show_findings([], on_fix=None, key="none")


def run(script: object) -> AppTest:
    app = AppTest.from_function(script).run()
    assert not app.exception, app.exception
    return app


def test_only_the_page_on_screen_is_asked_for() -> None:
    app = run(long_table)
    assert app.session_state["asked_for"] == [(0, 8)]
    assert app.dataframe[0].value.index.tolist() == [2, 4, 5, 7, 8, 10, 11, 13]


def test_a_row_is_found_by_its_number_in_the_source() -> None:
    app = run(long_table)
    app.number_input[0].set_value(200).run()
    assert 200 in app.dataframe[0].value.index
    # Row 201 is not there: the page of the next one is shown.
    app.number_input[0].set_value(201).run()
    assert 202 in app.dataframe[0].value.index
    app.number_input[0].set_value(10_000).run()
    assert app.dataframe[0].value.index[-1] == 301


def test_findings_come_worst_first_with_count_examples_effect_and_fix() -> None:
    app = run(findings)
    words = [one.value for one in app.markdown]
    dots, twice, short = (
        next(place for place, text in enumerate(words) if part in text)
        for part in ("Every anchor is a dot", "repeat an earlier row", "Short texts")
    )
    assert dots < twice < short
    assert "1,200" in words[twice]
    assert "They count twice." in shown(app)
    examples = next(one for one in app.expander if one.label == "In rows: 4, 17, …")
    assert r"**Row 4:** a \*red\* shoe" in examples.markdown[0].value
    assert any("good to know" in one.label for one in app.expander)
    assert [one.label for one in app.button] == ["Keep the first"]
    app.button[0].click().run()
    assert app.session_state["fixed"].kind == "drop_duplicates"


def test_no_findings_are_said_to_be_none() -> None:
    assert "Nothing was found that stands in the way." in run(nothing).success[0].value
