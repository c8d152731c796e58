"""Texts of any length in little room."""

from __future__ import annotations

import pytest

from ui.texts import clipped, for_hover


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("short", "short"),
        ("  two\nlines ", "two lines"),
        ("exactly 10", "exactly 10"),
        ("eleven chars", "eleven…"),
        ("中文五个字", "中文五个字"),
        ("中文六个字！", "中文六个字…"),
        ("", ""),
    ],
)
def test_clipped_to_ten(text: str, shown: str) -> None:
    assert clipped(text, 10) == shown


def test_hover_breaks_chinese_and_english_and_keeps_every_letter() -> None:
    chinese = "药" * 60
    assert for_hover(chinese) == "<br>".join(["药" * 28, "药" * 28, "药" * 4])
    english = "a word " * 20
    lines = for_hover(english).split("<br>")
    assert all(len(line) <= 56 for line in lines)
    assert " ".join(lines) == english.strip()


def test_hover_is_never_higher_than_a_few_lines() -> None:
    lines = for_hover("长" * 10_000).split("<br>")
    assert len(lines) == 6
    assert lines[-1].endswith("…")


def test_hover_shows_signs_of_html_as_they_are() -> None:
    assert for_hover("a<b> & c") == "a&lt;b&gt; &amp; c"
