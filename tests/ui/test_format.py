"""Numbers, durations, sizes, times and other people's text, in words."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest


def say(expression: str, language: str = "en", timezone: str = "Asia/Shanghai") -> str:
    """What ``expression`` of ui.format gives in a session of that language and time zone."""
    script = f"import streamlit as st\nfrom ui import format as fmt\nst.code({expression})"
    app = AppTest.from_string(script)
    app.session_state["language"] = language
    app.context = {"timezone": timezone}
    app.run()
    assert not app.exception, app.exception
    return app.code[0].value


@pytest.mark.parametrize(
    ("expression", "english"),
    [
        ("fmt.number(36421)", "36,421"),
        ("fmt.number(0)", "0"),
        ("fmt.number(-1234567)", "-1,234,567"),
        ("fmt.number(0.123456)", "0.123"),
        ("fmt.number(0.00005)", "0.00005"),
        ("fmt.number(12.0)", "12"),
        ("fmt.number(1234.5)", "1,234"),
        ("fmt.number(0.5, 2)", "0.50"),
        ("fmt.percent(0.164)", "16%"),
        ("fmt.percent(0.164, 1)", "16.4%"),
        ("fmt.size(999)", "999 bytes"),
        ("fmt.size(1000)", "1.0 kB"),
        ("fmt.size(90_900_000)", "91 MB"),
        ("fmt.size(999_700)", "1.0 MB"),
        ("fmt.size(3_000_000_000_000_000)", "3,000 TB"),
    ],
)
def test_numbers_and_sizes(expression: str, english: str) -> None:
    assert say(expression) == english


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [
        (0, "0 s", "0 秒"),
        (0.42, "0.4 s", "0.4 秒"),
        (9.96, "10 s", "10 秒"),
        (59.4, "59 s", "59 秒"),
        (59.6, "1 min", "1 分"),
        (80, "1 min 20 s", "1 分 20 秒"),
        (3599.7, "1 h", "1 小时"),
        (3600 * 2 + 300, "2 h 5 min", "2 小时 5 分"),
        (86399, "1 d", "1 天"),
        (90000, "1 d 1 h", "1 天 1 小时"),
    ],
)
def test_durations_in_both_languages(seconds: float, english: str, chinese: str) -> None:
    assert say(f"fmt.duration({seconds})") == english
    assert say(f"fmt.duration({seconds})", "zh_CN") == chinese


@pytest.mark.parametrize(
    ("seconds", "english"),
    [(0.2, "1 s"), (8.4, "8 s"), (43, "45 s"), (97, "1 min 40 s"), (1234, "21 min")],
)
def test_estimates_do_not_pretend_to_be_exact(seconds: float, english: str) -> None:
    assert say(f"fmt.rough_duration({seconds})") == english


def test_times_are_the_readers_own() -> None:
    time = 'fmt.moment("2026-11-21T22:15:30.123+00:00")'
    assert say(time) == "Nov 22, 2026 06:15"
    assert say(time, "zh_CN") == "2026年11月22日 06:15"
    assert say(time, timezone="America/New_York") == "Nov 21, 2026 17:15"
    assert "2026" in say(time, timezone="Not/A_Zone")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("my_file_name.csv", "my_file_name.csv"),
        ("_query_", r"\_query\_"),
        ("*price* $5 to $6", r"\*price\* \$5 to \$6"),
        (":red[x] :smile:", r":red\[x\] \:smile:"),
        ("药名：阿莫西林", "药名：阿莫西林"),
        ("a:b 10:15", "a:b 10:15"),
    ],
)
def test_other_peoples_text_is_not_markdown(text: str, shown: str) -> None:
    assert say(f"fmt.verbatim({text!r})") == shown
