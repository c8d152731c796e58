"""On which scale the scores of a table are, and turning them into numbers from 0 to 1."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd

from core.problems import N_, Message


class ScaleKind(StrEnum):
    """A usual way to write down how alike two texts are."""

    UNIT = "unit"
    """0 to 1."""
    GRADES = "grades"
    """Whole numbers from 0 to 2, 3 or 4."""
    FIVE = "five"
    """0 to 5."""
    TEN = "ten"
    """0 to 10."""
    PERCENT = "percent"
    """0 to 100, or with percent signs."""
    FROM_ONE = "from_one"
    """Whole numbers or stars from 1 to 3, 4, 5 or 10."""
    COSINE = "cosine"
    """−1 to 1."""
    UNIT_AND_BELOW = "unit_and_below"
    """0 to 1, with a few numbers a little below 0, as a model's similarities have."""
    YES_NO = "yes_no"
    """Words such as yes and no, 相似 and 不相似, entailment and contradiction."""
    INFERENCE = "inference"
    """0, 1 and 2 beside a premise and a hypothesis: follows, neutral, contradicts."""


@dataclass(frozen=True)
class Scale:
    """A scale that was recognised.

    Attributes:
        kind: which one.
        low: the number that means "unrelated" and becomes 0.
        top: the number that means "the same" and becomes 1.
        words: for words and inference labels, what each cell that occurs becomes.
    """

    kind: ScaleKind
    low: float = 0.0
    top: float = 1.0
    words: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_unit(self) -> bool:
        """Whether the scores are from 0 to 1 already, so that there is nothing to confirm."""
        return self.kind is ScaleKind.UNIT

    @property
    def becomes(self) -> str:
        """A few scores and what they become, such as ``0 → 0, 2.5 → 0.5, 5 → 1``."""
        if self.words:
            ordered = sorted(self.words.items(), key=lambda item: -item[1])
            return ", ".join(f"{word} → {value:g}" for word, value in ordered[:_SHOWN_WORDS])
        if self.kind is ScaleKind.UNIT_AND_BELOW:
            return f"{self.low:g} → 0, 0 → 0, 0.5 → 0.5, 1 → 1"
        sign = "%" if self.kind is ScaleKind.PERCENT else ""
        points = (self.low, (self.low + self.top) / 2, self.top)
        return ", ".join(
            f"{point:g}{sign} → {value:g}" for point, value in zip(points, (0, 0.5, 1), strict=True)
        )

    @property
    def sentence(self) -> Message:
        """How the scores are rescaled, in words."""
        return Message(
            _SENTENCES[self.kind], {"low": self.low, "top": self.top, "becomes": self.becomes}
        )

    def apply(self, cells: pd.Series) -> pd.Series:
        """The scores from 0 (unrelated) to 1 (the same) as float32; NaN where a cell is none."""
        if self.kind is ScaleKind.YES_NO:
            # Percent signs, commas and the like are no part of a word, and words are few.
            meaning = {key: value for word, value in self.words.items() for key in [_plain(word)]}
            codes, different = pd.factorize(cells)
            values = np.array([meaning.get(_plain(word), np.nan) for word in different])
            scores = values[codes] if len(different) else np.zeros(0)
            return pd.Series(scores, cells.index, dtype=np.float32)
        numbers = score_numbers(cells)
        if self.kind is ScaleKind.INFERENCE:
            return numbers.map(_INFERENCE).astype(np.float32)
        if self.kind is ScaleKind.UNIT_AND_BELOW:
            return numbers.clip(lower=0).astype(np.float32)
        if self.low < self.top:
            numbers = (numbers - self.low) / (self.top - self.low)
        return numbers.where(numbers.between(0, 1)).astype(np.float32)

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready form that :meth:`from_json` reads back."""
        return {
            "kind": self.kind.value,
            "low": self.low,
            "top": self.top,
            "words": dict(self.words),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Scale:
        """Read back what :meth:`to_json` wrote."""
        return cls(ScaleKind(data["kind"]), data["low"], data["top"], dict(data["words"]))


_DIVIDED = N_("Scores go from 0 to {top:g}; they will be divided by {top:g}: {becomes}.")
_SENTENCES = {
    ScaleKind.UNIT: N_("Scores go from 0 to 1 and stay as they are."),
    ScaleKind.GRADES: N_("Scores are grades from 0 to {top:g}, divided by {top:g}: {becomes}."),
    ScaleKind.FIVE: _DIVIDED,
    ScaleKind.TEN: _DIVIDED,
    ScaleKind.PERCENT: N_("Scores are percentages; they will be divided by 100: {becomes}."),
    ScaleKind.FROM_ONE: N_("Scores go from {low:g} to {top:g}; they will be stretched: {becomes}."),
    ScaleKind.COSINE: N_("Scores go from −1 to 1; they will be moved up to 0 to 1: {becomes}."),
    ScaleKind.UNIT_AND_BELOW: N_(
        "Scores go from {low:g} to 1; those below 0 will count as 0 (unrelated): {becomes}."
    ),
    ScaleKind.YES_NO: N_("Scores are words; they will become numbers: {becomes}."),
    ScaleKind.INFERENCE: N_(
        "Scores are labels of premises and hypotheses, where 0 usually means “follows”, "
        "1 “neutral” and 2 “contradicts”: {becomes}."
    ),
}

_SAME = (
    "yes y true t match matches matched matching similar same identical equal equivalent related "
    "relevant duplicate isduplicate duplicated paraphrase isparaphrase entailment entails entailed "
    "positive pos correct right ok exact exactmatch synonym "
    "是 是的 对 对的 正确 真 相似 相同 一样 一致 同义 匹配 匹配上 相关 重复 等价 正 正例 正样本 "
    "蕴含 蕴涵 符合 √ ✓ ✔"
)
_HALF = (
    "neutral partial partly partialmatch partiallysimilar partiallyrelevant somewhat maybe unsure "
    "neither 中立 部分 部分相似 部分相关 部分匹配 不确定 可能"
)
_UNRELATED = (
    "no n false f nomatch notmatch notmatched nonmatch mismatch unmatched notmatching dissimilar "
    "notsimilar different notsame notthesame notidentical notequal notequivalent unrelated "
    "notrelated irrelevant notrelevant notduplicate nonduplicate notaduplicate nonparaphrase "
    "notparaphrase notentailment nonentailment contradiction contradicts contradictory negative "
    "neg incorrect wrong 否 不是 非 错 错误 不对 不正确 假 不相似 不相同 不同 不一样 不一致 不匹配 "
    "未匹配 不相关 无关 不重复 非重复 不等价 负 负例 负样本 矛盾 不符合 × ✗ ✘"
)
_MEANINGS = {
    word: value
    for words, value in ((_SAME, 1.0), (_HALF, 0.5), (_UNRELATED, 0.0))
    for word in words.split()
}
_INFERENCE = {0.0: 1.0, 1.0: 0.5, 2.0: 0.0}
_PREMISES = re.compile(r"premise|hypothes|前提|假设")

_SHOWN_WORDS = 6
_UNDERSTOOD = 0.5
_SLIGHTLY_BELOW = -0.5
_UNITS = re.compile(r"(?<=\d)\s*(?:分|星|颗星|points?|pts|stars?)$")
_FRACTION = re.compile(r"(\d+(?:\.\d+)?)\s*/\s*(5|10|100)")
_AROUND = " \t\u3000\xa0"
_COMMA = re.compile(r"[+-]?\d*,\d+")


def detect_scale(cells: pd.Series, beside: Sequence[str] = ()) -> Scale | None:
    """The scale that a column of scores is on; None when it is none of the usual ones.

    Cells that are neither a number nor a word for "same" or "unrelated" are passed over, as long as
    more than half of the filled ones are.

    Args:
        cells: text cells; blank ones do not count.
        beside: the names of the two columns of texts.  Next to a premise and a hypothesis, whole
            numbers up to 2 are read as labels of inference, where 0 is the best.
    """
    filled = cells[cells.str.strip() != ""]
    if filled.empty:
        return None
    numbers = score_numbers(filled)
    known = numbers.notna()
    if known.mean() > _UNDERSTOOD:
        numbers = numbers[known]
        if sum(bool(_PREMISES.search(name.casefold())) for name in beside) >= 2:
            scale = _inference_scale(numbers)
            if scale is not None:
                return scale
        signs = filled[known].str.contains("[%％]")
        return _number_scale(numbers, percent=bool(signs.any()))
    different = filled.value_counts()
    words: dict[str, float] = {}
    for word in different.index:
        if _plain(word) in _MEANINGS and _plain(word) not in map(_plain, words):
            words[word] = _MEANINGS[_plain(word)]
    understood = sum(n for word, n in different.items() if _plain(str(word)) in _MEANINGS)
    return Scale(ScaleKind.YES_NO, words=words) if understood > _UNDERSTOOD * len(filled) else None


def score_numbers(cells: pd.Series) -> pd.Series:
    """The numbers in text cells as float64; NaN where there is none.

    Percent signs, units such as “分”, full-width digits and decimal commas are understood.  When
    only some cells have a percent sign, the others are numbers only if they can mean percent, too:
    nobody can tell whether a 1 beside them is 1% or 100%.
    """
    bare = cells.str.strip(_AROUND)
    signed = bare.str.endswith(("%", "％")).to_numpy(dtype=bool)
    numbers = _finite(bare.str.rstrip("%％ "))
    odd = numbers.isna()
    if odd.any():
        codes, different = pd.factorize(cells[odd])
        cleaned = pd.Series([_number_text(text) for text in different], dtype="str")
        numbers[odd] = _finite(cleaned).to_numpy()[codes]
    if signed.any() and not (numbers[~signed] > 1).any():
        numbers = numbers.mask(~signed & (numbers != 0))
    return numbers


def _finite(texts: pd.Series) -> pd.Series:
    numbers = pd.to_numeric(texts, errors="coerce").astype(np.float64)
    return numbers.where(np.isfinite(numbers))


def _number_scale(numbers: pd.Series, *, percent: bool) -> Scale | None:
    low, top = float(numbers.min()), float(numbers.max())
    if percent:
        return Scale(ScaleKind.PERCENT, top=100.0) if low >= 0 and top <= 100 else None
    if low < 0:
        if low < -1 or top > 1:
            return None
        if low <= _SLIGHTLY_BELOW:
            return Scale(ScaleKind.COSINE, low=-1.0)
        return Scale(ScaleKind.UNIT_AND_BELOW, low=low)
    if top <= 1:
        return Scale(ScaleKind.UNIT)
    different = np.unique(numbers)
    whole = bool((different == np.round(different)).all())
    steps = set(different.tolist()) if whole else set()
    if whole and low >= 1 and top <= 10:
        if top in (3, 4, 5, 10) and len(steps) == top:
            return Scale(ScaleKind.FROM_ONE, low=1.0, top=top)
        if steps == {1.0, 2.0}:
            # Which of the two is the better one is anybody's guess.
            return None
    if low == 1 and top == 5 and not whole:
        return Scale(ScaleKind.FROM_ONE, low=1.0, top=5.0)
    if steps and steps <= {0.0, 1.0, 2.0}:
        return Scale(ScaleKind.GRADES, top=2.0)
    if top in (3, 4) and len(steps) == top + 1:
        return Scale(ScaleKind.GRADES, top=top)
    for kind, end in ((ScaleKind.FIVE, 5), (ScaleKind.TEN, 10), (ScaleKind.PERCENT, 100)):
        if top <= end:
            return Scale(kind, top=float(end))
    return None


def _inference_scale(numbers: pd.Series) -> Scale | None:
    """The scale of labels of inference; −1 marks pairs that nobody agreed on, and is none."""
    if not numbers.isin([-1, 0, 1, 2]).all() or not (numbers == 2).any():
        return None
    words = {f"{label:g}": value for label, value in _INFERENCE.items()}
    return Scale(ScaleKind.INFERENCE, low=2.0, top=0.0, words=words)


def _number_text(text: str) -> str:
    """A cell without what may stand around a number, its decimal comma as a point."""
    cleaned = unicodedata.normalize("NFKC", text).strip().replace("−", "-")
    cleaned = _UNITS.sub("", cleaned.removesuffix("%").rstrip())
    if fraction := _FRACTION.fullmatch(cleaned):
        return str(float(fraction[1]) / float(fraction[2]))
    return cleaned.replace(",", ".") if _COMMA.fullmatch(cleaned) else cleaned


def _plain(word: str) -> str:
    """A word without case, spaces and hyphens."""
    cleaned = unicodedata.normalize("NFKC", word).casefold()
    return re.sub(r"[\s_\-.。!！'’]+", "", cleaned)
