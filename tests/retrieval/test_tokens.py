"""What becomes a word of the lexical index."""

from __future__ import annotations

import pytest

from core.retrieval.tokens import lexical_tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("阿莫西林", ["阿", "阿莫", "莫", "莫西", "西", "西林", "林"]),
        ("药", ["药"]),
        ("每片0.25g", ["每", "每片", "片", "0.25g"]),
        ("网拓 AX55 无线", ["网", "网拓", "拓", "ax55", "无", "无线", "线"]),
        ("1,000 mg", ["1,000", "mg"]),
        ("end. 3.", ["end", "3"]),
        ("Wi-Fi_6", ["wi", "fi", "6"]),
        ("STRASSE Straße", ["strasse", "strasse"]),
        ("ＡＸ５５　ｐｒｏ", ["ax55", "pro"]),
        ("Привет, мир", ["привет", "мир"]),
        ("हिन्दी शब्द", ["हिन्दी", "शब्द"]),
        ("テスト", ["テスト"]),
        ("한국어 단어", ["한국어", "단어"]),
        ("白，黑", ["白", "黑"]),
        ("𠮷野家", ["𠮷", "𠮷野", "野", "野家", "家"]),
        ("好好", ["好", "好好", "好"]),
        ("", []),
        (" ，。！? _ ", []),
    ],
)
def test_words_of_a_text(text: str, tokens: list[str]) -> None:
    assert lexical_tokens(text) == tokens


def test_pairs_never_span_what_stands_between_characters() -> None:
    assert "白黑" not in lexical_tokens("白 黑 白，黑 白a黑")
