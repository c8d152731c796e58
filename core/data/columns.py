"""Guessing which column of a table is what, from the columns' names and from what is in them."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from core.data.shapes import ANCHOR, NEGATIVE, POSITIVE, SCORE, Mapping

# What analysts call their columns, most telling names first, without spaces and punctuation.
_NAMES = {
    ANCHOR: (
        "anchor query queries question q source src premise prompt ask search keyword left "
        "锚点 查询 问题 问句 提问 问 用户问题 搜索词 搜索 关键词 原句 源句"
    ),
    POSITIVE: (
        "positive pos passage answer a response relevant target tgt document doc paraphrase "
        "hypothesis match reply right "
        "正例 正样本 答案 回答 答 回复 段落 文档 相似句 相似问 匹配句 匹配 目标句 目标"
    ),
    NEGATIVE: (
        "negative neg hardnegative irrelevant contradiction distractor "
        "负例 负样本 难负例 反例 不相似句"
    ),
    SCORE: (
        "score label labels similarity sim relevance relevancescore similarityscore gold rating "
        "grade ismatch isduplicate duplicate "
        "得分 分数 标签 相似度 评分 打分 相关度 相关性 相似 是否相似 是否匹配"
    ),
}
_TEXT_NAMES = (
    "text title name content body sentence description product item "
    "文本 标题 名称 内容 描述 句子 正文 商品"
)
_NOT_TEXT_NAMES = (
    "id ids idx index no row rowid uid uuid key split fold url link date time timestamp "
    "编号 序号 行号 日期 时间 链接 网址"
)

_SAMPLE_ROWS = 2000
_NUMERIC_SHARE = 0.9
_TOP_SCORE = 5.0
_LABEL_CHARACTERS = 12


def guess_mapping(frame: pd.DataFrame) -> Mapping | None:
    """The likeliest mapping of a table of text cells, or None when it has fewer than two texts.

    Names decide first (English and Chinese; numbered series such as ``sentence_0, sentence_1``),
    then content: text columns in their order, a column of numbers from 0 to 5 as the score.  A
    negative is taken from names only, so that no column becomes one by accident.
    """
    sample = frame.head(_SAMPLE_ROWS)
    numeric = [name for name in frame.columns if _is_numeric(sample[name])]
    texts = [name for name in frame.columns if name not in numeric and _may_be_text(name)]
    if len(texts) < 2:
        return None
    anchor, positive, negative = _from_names(texts)
    if anchor is None or positive is None:
        taken = {anchor, positive, negative}
        left = [name for name in _without_labels(sample, texts) if name not in taken]
        if anchor is None:
            anchor = left.pop(0) if left else None
        if positive is None:
            positive = left.pop(0) if left else None
    if anchor is None or positive is None:
        return None
    score = None if negative else _score(sample, numeric)
    return Mapping(anchor, positive, (negative,) if negative else (), score)


def _from_names(texts: Sequence[str]) -> tuple[str | None, str | None, str | None]:
    """The anchor, positive and negative that the names of the text columns give away."""
    negative = _named(texts, NEGATIVE)
    anchor = _named(texts, ANCHOR, [negative])
    positive = _named(texts, POSITIVE, [negative, anchor])
    if anchor is None or positive is None:
        series = _numbered_series([name for name in texts if name != negative])
        if series:
            return series[0], series[1], negative or (series[2] if len(series) == 3 else None)
    either = [name for name in texts if _plain(name) in _TEXT_NAMES.split()]
    either = [name for name in either if name not in (anchor, positive, negative)]
    if either and anchor is None:
        anchor = either.pop(0)
    if either and positive is None:
        positive = either.pop(0)
    return anchor, positive, negative


def _named(columns: Sequence[str], role: str, taken: Sequence[str | None] = ()) -> str | None:
    """The first column that has a name of ``role``, or else has one of these names as a word."""
    names = _NAMES[role].split()
    free = [column for column in columns if column not in taken]
    for name in names:
        for column in free:
            if _plain(column) == name:
                return column
    for name in names:
        for column in free:
            if len(name) > 1 and name in _words(column):
                return column
    return None


def _numbered_series(columns: Sequence[str]) -> list[str]:
    """Two or three columns whose names differ in their last digit or letter only, in that order."""
    series: dict[str, list[tuple[str, str]]] = {}
    for column in columns:
        found = re.fullmatch(r"(.*?)[\s_-]*(\d|(?<=[\s_-])[abc])", column.strip().casefold())
        if found and found[1]:
            series.setdefault(found[1], []).append((found[2], column))
    members = max(series.values(), key=len, default=[])
    return [column for _, column in sorted(members)] if len(members) in (2, 3) else []


def _score(sample: pd.DataFrame, numeric: Sequence[str]) -> str | None:
    named = _named(numeric, SCORE)
    if named is not None:
        return named
    for name in numeric:
        values = pd.to_numeric(sample[name], errors="coerce").dropna()
        if _may_be_text(name) and values.between(0, _TOP_SCORE).all():
            return name
    return None


def _without_labels(sample: pd.DataFrame, texts: Sequence[str]) -> list[str]:
    """``texts`` without columns of a few short labels, unless that leaves fewer than two."""

    def is_label(name: str) -> bool:
        cells = sample[name]
        return len(cells) >= 20 * cells.nunique() and cells.str.len().mean() <= _LABEL_CHARACTERS

    sentences = [name for name in texts if not is_label(name)]
    return sentences if len(sentences) >= 2 else list(texts)


def _is_numeric(cells: pd.Series) -> bool:
    filled = cells[cells.str.strip() != ""]
    if filled.empty:
        return False
    return bool(pd.to_numeric(filled, errors="coerce").notna().mean() >= _NUMERIC_SHARE)


def _may_be_text(name: str) -> bool:
    return _plain(name) not in _NOT_TEXT_NAMES.split()


def _plain(name: str) -> str:
    """A column's name without case, spaces and punctuation."""
    return re.sub(r"[\W_]+", "", name.casefold())


def _words(name: str) -> set[str]:
    """The words of a column's name: split at punctuation, capitals, digits, and script changes."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).casefold()
    words = set(re.findall(r"[a-z]+", spaced))
    for run in re.findall(r"[\u4e00-\u9fff]+", spaced):
        # Chinese has no spaces: every stretch of two or more characters may be the word.
        words |= {run[i:j] for i in range(len(run)) for j in range(i + 2, len(run) + 1)}
    return words
