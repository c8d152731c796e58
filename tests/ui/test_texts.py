"""Texts of any length in little room."""

from __future__ import annotations

import pytest

from ui.texts import clipped, wrapped


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


def test_lines_break_chinese_and_english_and_keep_every_letter() -> None:
    assert wrapped("药" * 60, 56) == ["药" * 28, "药" * 28, "药" * 4]
    english = "a word " * 20
    lines = wrapped(english, 56)
    assert all(len(line) <= 56 for line in lines)
    assert " ".join(lines) == english.strip()


def test_lines_show_signs_of_html_as_they_are() -> None:
    assert wrapped("a<b> & c", 56) == ["a&lt;b&gt; &amp; c"]
