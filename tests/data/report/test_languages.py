"""Scripts and languages."""

from __future__ import annotations

import unicodedata

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data.report.languages import language_of
from core.data.report.scripts import SCRIPTS, mark_texts
from tests.data.report.made import changed, found, kinds, pairs, report

TITLES = pairs()["positive"].tolist()
CHINESE = [f"第{row}款冬季雪地靴，加绒保暖防滑" for row in range(30)]
BY_NAME = {
    "Han": ("CJK UNIFIED", "CJK COMPATIBILITY IDEOGRAPH"),
    "Kana": ("HIRAGANA LETTER", "KATAKANA LETTER"),
    "Hangul": ("HANGUL SYLLABLE",),
    "Latin": ("LATIN", "FULLWIDTH LATIN"),
    "Cyrillic": ("CYRILLIC",),
    "Greek": ("GREEK SMALL", "GREEK CAPITAL"),
    "Thai": ("THAI CHARACTER",),
}


@given(st.lists(st.text(st.sampled_from("aÉｚжωあカ한中﨑𠮷ก1,—。 \n😀")), min_size=1, max_size=8))
def test_the_scripts_of_a_text_agree_with_unicodes_names(texts: list[str]) -> None:
    marks = mark_texts(pa.array(texts, pa.large_string()))
    for script, prefixes in BY_NAME.items():
        expected = [
            any(unicodedata.name(character, "").startswith(prefixes) for character in text)
            for text in texts
        ]
        assert marks.having(script).tolist() == expected, script


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("LED灯泡 Pro", "Han"),
        ("iPhone 15 Pro Max 黑", "Latin"),
        ("圧力なべをください", "Kana"),
        ("12.5 — !", None),
        ("", None),
    ],
)
def test_the_main_script(text: str, script: str | None) -> None:
    main = int(mark_texts(pa.array([text], pa.large_string())).main[0])
    assert (list(SCRIPTS)[main] if main >= 0 else None) == script


@pytest.mark.parametrize(
    ("text", "script", "language"),
    [
        ("我想买一个圆珠笔", "Han", "zh"),
        ("圧力なべをください", "Kana", "ja"),
        ("무선 이어폰", "Hangul", "ko"),
        ("how long is it safe to keep butter out", "Latin", "en"),
        ("schwarze Schuhe in Größe 42", "Latin", "de"),
        ("кроссовки красные летние", "Cyrillic", "ru"),
        ("red shoe", "Latin", ""),
        ("1234567890 – 1234567890", None, ""),
    ],
)
def test_the_language_of_a_text(text: str, script: str | None, language: str) -> None:
    assert language_of(text, script) == language


def test_shares_of_scripts_and_languages() -> None:
    frame = pairs(anchor=CHINESE, positive=changed(TITLES, at_0="Сапоги зимние", at_1="123"))
    made = report(frame)
    assert made.scripts["anchor"] == {"Han": 1.0}
    assert made.scripts["positive"] == {"Latin": 0.9333, "Cyrillic": 0.0333}
    assert made.languages["anchor"] == {"zh": 1.0}
    assert made.languages["positive"]["en"] > 0.5
    assert sum(made.languages["positive"].values()) == pytest.approx(1, abs=0.001)


def test_columns_in_different_scripts() -> None:
    finding = found(pairs(anchor=CHINESE), "different_scripts")
    assert finding.message.text() == (
        "“query” is mostly in Chinese characters, “title” in Latin letters."
    )
    assert "different_scripts" not in kinds(pairs(anchor=CHINESE, positive=CHINESE[::-1]))


def test_a_column_in_several_scripts() -> None:
    finding = found(pairs(anchor=pairs()["anchor"].tolist()[:27] + CHINESE[27:]), "mixed_scripts")
    assert finding.rows == (29, 30, 31)
    assert finding.message.text() == (
        "“query” is in several scripts: mostly in Latin letters, and in Chinese characters in 3 of "
        "30 rows (10.0%)."
    )
    one = pairs(anchor=changed(pairs()["anchor"].tolist(), at_3=CHINESE[3]))
    assert "mixed_scripts" not in kinds(one)
