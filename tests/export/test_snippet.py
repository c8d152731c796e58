"""The lines of Python are a program whatever the texts hold; tests/export/test_job.py runs them."""

from __future__ import annotations

import ast

import pytest

from core.export.snippet import snippet


@pytest.mark.parametrize(
    "text", ["中文", 'say "yes"', "it's", "two\nlines", "back\\slash", "{braces}", "\u2028"]
)
def test_texts_arrive_as_they_are(text: str) -> None:
    program = ast.parse(snippet(f"folder {text}", [text, "other", text]))
    strings = [node.value for node in ast.walk(program) if isinstance(node, ast.Constant)]
    assert strings.count(text) == 2
    assert f"folder {text}" in strings and "other" in strings


def test_chinese_stays_readable() -> None:
    assert '"药品说明"' in snippet("药品说明", ["问题", "答案"])
