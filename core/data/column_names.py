"""What analysts and public data sets call their columns, in English and Chinese."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.data.reading.headers import column_letters
from core.data.shapes import ANCHOR, LABEL, NEGATIVE, POSITIVE, SCORE, SPLIT, TEXT

ID = "id"
AMOUNT = "amount"

# Most telling names first, without spaces and punctuation.
NAMES = {
    ANCHOR: (
        "anchor query queries question questions q source src premise prompt instruction ask "
        "search searchterm keyword utterance left original input claim set1 锚点 锚文本 查询 "
        "查询词 查询语句 问题 问句 提问 问 用户问题 用户输入 搜索词 搜索 检索词 关键词 原句 "
        "原文 源句 源文本 标准问 前提 输入 咨询 检索式"
    ),
    POSITIVE: (
        "positive positives pos passage passages answer answers a response relevant target tgt "
        "document doc paragraph context paraphrase duplicate hypothesis match matched reply "
        "solution summary output completion chosen right entailment evidence 正例 正例句 "
        "正样本 正文本 答案 回答 答 答复 回复 应答 段落 文档 相关文档 相似句 相似问 相似问题 "
        "相似文本 同义句 改写 匹配句 匹配文本 匹配 目标句 目标 目标文本 扩展问 假设 输出 候选 "
        "候选句 译文 摘要"
    ),
    NEGATIVE: (
        "negative negatives neg negs hardnegative hardnegatives hardneg irrelevant "
        "contradiction distractor distractors rejected wronganswer 负例 负例句 负样本 负文本 "
        "难负例 困难负例 反例 不相似句 不相关文档 干扰项 错误答案 无关文本"
    ),
    SCORE: (
        "score scores label labels similarity sim relevance relevancy relevancescore "
        "similarityscore relatedness relatednessscore gold goldlabel rating grade ismatch "
        "isduplicate isparaphrase duplicate paraphrase matched annotation judgement judgment "
        "得分 分数 标签 相似度 相似性 评分 打分 相关度 相关性 匹配度 相似度得分 相似 是否相似 "
        "是否匹配 是否相关 是否重复 是否同义 标注 人工评分"
    ),
    LABEL: (
        "label labels class classes classname category categories categoryname cat intent "
        "intents topic tag target sentiment emotion group type labelname labeltext coarselabel "
        "finelabel 标签 类别 类 分类 类型 类目 品类 意图 主题 话题 情感 情绪 所属类别 一级分类 "
        "二级分类 标注 科室 行业"
    ),
    TEXT: (
        "text texts title name content contents body sentence sentences sent description desc "
        "product productname producttitle item itemname review comment headline utterance "
        "message abstract string 文本 标题 名称 内容 描述 句子 语句 正文 商品 商品名 商品名称 "
        "商品标题 产品 产品名称 药品 药品名称 文章 评论 简介 说明 新闻"
    ),
    SPLIT: (
        "split splits fold subset partition set dataset datasplit trainortest 划分 数据集 "
        "数据划分 集合 数据集划分 分割 拆分 所属集合"
    ),
    ID: (
        "id ids idx index no nr row rowid rowno rownumber uid uuid guid key url uri link href "
        "date time datetime timestamp created updated sku qid pid docid 编号 序号 行号 日期 "
        "时间 链接 网址 编码 主键 索引"
    ),
    AMOUNT: (
        "price prices amount amt count counts num number quantity qty stock sales cost year "
        "month day age length len size weight width height page pages votes views clicks freq "
        "frequency 价格 数量 金额 库存 销量 年份 月份 年龄 长度 字数 页码 次数 点击量 频次 "
        "重量 单价 总价"
    ),
}
_LISTS = {role: names.split() for role, names in NAMES.items()}


def plain(name: str) -> str:
    """A column's name without case, spaces and punctuation."""
    return re.sub(r"[\W_]+", "", name.casefold())


def is_called(name: str, role: str) -> bool:
    """Whether a column's whole name is one of the names for ``role``."""
    return plain(name) in _LISTS[role]


def named(columns: Sequence[str], role: str, taken: Sequence[str | None] = ()) -> str | None:
    """The first column that has a name for ``role``, or else has one of these names as a word."""
    free = [column for column in columns if column not in taken]
    for name in _LISTS[role]:
        for column in free:
            if plain(column) == name:
                return column
    for name in _LISTS[role]:
        for column in free:
            if len(name) > 1 and name in _words(column):
                return column
    return None


def without_number(name: str) -> tuple[str, int]:
    """A column's name without the number at its end, and that number (0 for none).

    ``negative_3``, ``negatives[3]``, ``Neg 3`` and ``负例3`` all have the number 3.
    """
    found = re.fullmatch(r"(.*?)[\s_\-.#:]*[\[(（【]?\s*(\d{1,3})\s*[\])）】]?", name.strip())
    return (found[1], int(found[2])) if found and found[1] else (name, 0)


def numbered_series(columns: Sequence[str]) -> list[str]:
    """Two or three columns whose names differ in their last digit or letter only, in that order."""
    series: dict[str, list[tuple[str, str]]] = {}
    for column in columns:
        found = re.fullmatch(
            r"(.*?)[\s_\-\[(]*(\d|(?<=[\s_-])[abc])[\])]?", column.strip().casefold()
        )
        if found and found[1]:
            series.setdefault(found[1], []).append((found[2], column))
    members = max(series.values(), key=len, default=[])
    return [column for _, column in sorted(members)] if len(members) in (2, 3) else []


def is_nameless(name: str, place: int) -> bool:
    """Whether the name of the column at ``place`` (from 0) says nothing.

    That is a spreadsheet's letter for it, a number, or "Column 3", "列3" and the like.
    """
    if name == column_letters(place):
        return True
    bare = re.sub(r"[\s_\-.:]+", "", name.casefold())
    return re.fullmatch(r"(column|col|field|unnamed|var|列|字段|第)?\d+列?", bare) is not None


def _words(name: str) -> set[str]:
    """The words of a column's name: split at punctuation, capitals, digits, and script changes."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).casefold()
    words = set(re.findall(r"[a-z]+", spaced))
    for run in re.findall(r"[\u4e00-\u9fff]+", spaced):
        # Chinese has no spaces: every stretch of two or more characters may be the word.
        words |= {run[i:j] for i in range(len(run)) for j in range(i + 2, len(run) + 1)}
    return words
