"""What a question and a text have in common is marked, letter by letter, and nothing is lost."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.retrieval.marks import mark
from core.retrieval.tokens import lexical_tokens


def shown(text: str, question: str) -> str:
    return "".join(f"[{part.text}]" if part.marked else part.text for part in mark(text, question))


@pytest.mark.parametrize(
    ("text", "question", "expected"),
    [
        ("雨驭 GT 防水跑鞋", "防水的跑鞋", "雨驭 GT [防水跑鞋]"),
        ("阿莫西林胶囊", "阿莫西林", "[阿莫西林]胶囊"),
        # Latin words and numbers whole, whatever their width and case.
        ("ＡＸ５５ 路由器 0.25g", "ax55 0.25G", "[ＡＸ５５] 路由器 [0.25g]"),
        ("AX550", "ax55", "AX550"),
        # One character alone counts, a particle only beside another that both have.
        ("好用的灯", "台灯的", "好用的[灯]"),
        ("药的成份", "头孢的成份", "药[的成份]"),
        ("", "灯", ""),
        ("灯", "  ", "灯"),
        # One sign that stands for several, and several that become one.
        ("㎏ 装", "kg", "[㎏] 装"),
        ("ｶﾞｽ", "ガス", "[ｶﾞｽ]"),
        ("e\u0301cole", "école", "[e\u0301cole]"),
    ],
)
def test_words_of_the_index_are_marked(text: str, question: str, expected: str) -> None:
    assert shown(text, question) == expected


@given(st.text(max_size=40), st.text(max_size=20))
def test_the_pieces_are_the_text(text: str, question: str) -> None:
    parts = mark(text, question)
    assert "".join(part.text for part in parts) == text
    assert all(one.marked != two.marked for one, two in pairwise(parts))
    words = set(lexical_tokens(question))
    for part in parts:
        if part.marked:
            folded = unicodedata.normalize("NFKC", part.text).casefold()
            assert any(folded in word or word in folded or set(folded) & words for word in words)
