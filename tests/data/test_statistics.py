import unicodedata

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data.statistics import content_hash, text_statistics

CJK_NAMES = ("CJK UNIFIED", "CJK COMPATIBILITY IDEOGRAPH", "HIRAGANA", "KATAKANA", "HANGUL SYLL")


def series(*texts: str) -> pd.Series:
    return pd.Series(list(texts), dtype="str")


def test_lengths_are_counted_in_characters() -> None:
    stats = text_statistics(series("药", "ab药品", "😀"))
    assert (stats.characters_min, stats.characters_mean, stats.characters_max) == (1, 2.0, 4)
    assert stats.cjk_share == 0.5


def test_scripts_without_cjk_and_with_nothing_else() -> None:
    assert text_statistics(series("plain", "çà é — “”", "слово")).cjk_share == 0
    assert text_statistics(series("丙戊酸钠", "カナ", "한국어", "𠀋")).cjk_share == 1


@given(st.lists(st.text(st.sampled_from("aé—。你好々かカ한﨑𠮷😀")), min_size=1))
def test_the_cjk_share_agrees_with_unicodes_names(texts: list[str]) -> None:
    joined = "".join(texts)
    cjk = sum(unicodedata.name(character).startswith(CJK_NAMES) for character in joined)
    assert text_statistics(series(*texts)).cjk_share == pytest.approx(
        cjk / max(len(joined), 1), abs=1e-4
    )


def frame(**columns: object) -> pd.DataFrame:
    base = {"anchor": series("a", "bc"), "score": np.array([0.5, 1], dtype=np.float32)}
    return pd.DataFrame({**base, **columns})


def test_equal_content_has_an_equal_hash_however_it_is_held() -> None:
    longer = pd.DataFrame({"anchor": ["x", "a", "bc"], "score": [0.0, 0.5, 1.0]}, dtype="object")
    part = longer.iloc[1:].astype({"anchor": "str", "score": np.float32})
    assert content_hash(frame()) == content_hash(part)
    assert len(content_hash(frame())) == 64


@pytest.mark.parametrize(
    "other",
    [
        frame(anchor=series("ab", "c")),
        frame(anchor=series("bc", "a")),
        frame(score=np.array([0.5, 0.75], dtype=np.float32)),
        frame().rename(columns={"anchor": "positive"}),
        frame()[["score", "anchor"]],
        frame().iloc[:1],
    ],
)
def test_other_content_has_another_hash(other: pd.DataFrame) -> None:
    assert content_hash(other) != content_hash(frame())
