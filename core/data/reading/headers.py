"""Whether the first row of a table names the columns, and what the columns are called."""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import median

from core.data.reading.cells import NO_CHARACTER, NOT_TEXT, different_names

# Words that people write above columns, without spaces, punctuation and numbers behind them.
_NAMES = """
anchor query queries question questions q source src premise prompt ask search keyword keywords
left right input output instruction context positive pos passage answer answers a response
relevant target tgt document doc docs paraphrase hypothesis match reply negative neg negatives
hardnegative irrelevant contradiction distractor score scores label labels similarity sim
relevance rating grade gold ismatch isduplicate duplicate class category categories type kind tag
tags intent topic sentiment group text texts title name content contents body sentence description
desc product item brand company drug attribute value key note notes comment remark remarks summary
abstract review id ids idx index no row rowid uid uuid guid sku code split fold set subset url
link date time timestamp lang language lemma gloss partofspeech word term phrase definition price
count number num x y s p n 锚点 查询 问题 问句 提问 问 用户问题 搜索词 搜索 关键词 原句 源句 正例
正样本 答案 回答 答 回复 段落 文档 相似句 相似问 匹配句 匹配 目标句 目标 负例 负样本 难负例 反例
不相似句 得分 分数 标签 相似度 评分 打分 相关度 相关性 相似 是否相似 是否匹配 是否相关 文本 标题
名称 内容 描述 句子 正文 商品 商品名 商品名称 产品 产品名称 品牌 公司 公司名称 企业 药品 药品名称
药名 通用名 属性 属性值 值 类别 分类 类型 类目 意图 主题 情感 备注 说明 简介 摘要 评论 评价 编号
序号 行号 日期 时间 链接 网址 价格 数量 规格 型号 单位 姓名 地址 电话 錨點 查詢 問題 問句 提問 問
搜尋 關鍵詞 關鍵字 正樣本 回覆 文檔 文件 負例 負樣本 分數 標籤 標簽 評分 標題 名稱 內容 產品
產品名稱 藥品 藥名 屬性 類別 分類 類型 備註 說明 簡介 評論 編號 序號 時間 連結 網址 價格 數量 規格
"""
_KNOWN = frozenset(_NAMES.split())
_ROWS_COMPARED = 500
_REPEATED_SHARE = 0.05
_NUMERIC_SHARE = 0.9
_NAME_CHARACTERS = 40
_NAME_HAN = 8
_NAME_WORDS = 4
_SENTENCE = re.compile(r"[。！？；，!?;]|[,.:：] ")
_HAN = re.compile("[\u3400-\u9fff]")
_NUMBER = re.compile(r"\s*[-+]?(\d+([.,]\d*)*|[.,]\d+)([eE][-+]?\d+)?\s*%?\s*")


def has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first of ``rows`` names the columns; when in doubt it does.

    It does not when it comes again and again, or when more of its cells look like the data below
    than like names: numbers, texts that come again in their column, sentences as long as those
    below.

    Args:
        rows: the first rows of a table, blank ones left out; the first 500 are looked at.
    """
    if len(rows) < 2:
        return True
    first = [cell.strip() for cell in rows[0]]
    if _counts_columns(first) and not all(map(_is_number, rows[1])):
        return True
    # Where files were put together, the header comes again now and then; data may do so often.
    rest = rows[1:_ROWS_COMPARED]
    below = [row for row in rest if list(row) != list(rows[0])]
    again = len(rest) - len(below)
    if not below or again > max(2, _REPEATED_SHARE * len(rest)):
        return False
    if again and not any(map(_is_known, first)):
        return False
    names = data = 0
    for place, cell in enumerate(first):
        if not cell:
            continue
        column = [row[place].strip() for row in below if place < len(row) and row[place].strip()]
        numeric = _are_numbers(column)
        if _looks_like_data(cell, column, numeric):
            data += 2 if numeric else 1
        elif _is_known(cell) or numeric:
            names += 1
    return names >= data


def name_columns(header: Sequence[str], columns: int) -> list[str]:
    """A different name for each column: its header cell, or its letter where that is blank."""
    cells = [*header[:columns], *[""] * (columns - len(header))]
    return different_names(
        " ".join(NOT_TEXT.sub(NO_CHARACTER, cell).split()) or column_letters(place)
        for place, cell in enumerate(cells)
    )


def column_letters(place: int) -> str:
    """What a spreadsheet calls the column at ``place`` (0 is A, 25 is Z, 26 is AA)."""
    letters = ""
    while place >= 0:
        place, rest = divmod(place, 26)
        letters = chr(ord("A") + rest) + letters
        place -= 1
    return letters


def _counts_columns(cells: Sequence[str]) -> bool:
    """Whether the cells are the numbers that a program gives to nameless columns: 0, 1, and on."""
    numbers = list(cells[1:] if cells[0] == "" else cells)
    return len(numbers) > 1 and any(
        numbers == [str(n) for n in range(start, start + len(numbers))] for start in (0, 1)
    )


def _looks_like_data(cell: str, column: Sequence[str], numeric: bool) -> bool:
    if _is_number(cell) or cell in column:
        return True
    if numeric or not column:
        return False
    return not _may_be_name(cell) and len(cell) >= median(map(len, column)) / 2


def _are_numbers(column: Sequence[str]) -> bool:
    return bool(column) and sum(map(_is_number, column)) >= _NUMERIC_SHARE * len(column)


def _may_be_name(cell: str) -> bool:
    return (
        len(cell) <= _NAME_CHARACTERS
        and len(_HAN.findall(cell)) <= _NAME_HAN
        and len(cell.split()) <= _NAME_WORDS
        and not _SENTENCE.search(cell)
    )


def _is_known(cell: str) -> bool:
    plain = re.sub(r"[\W_\d]+", "", cell.casefold())
    return plain in _KNOWN


def _is_number(cell: str) -> bool:
    return _NUMBER.fullmatch(cell) is not None
