"""Which column of a table is what, when it becomes a corpus or a list of questions: guesses."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

QUESTION_NAMES = ("question", "query", "anchor", "问题", "提问", "查询", "问句")
ID_NAMES = ("id", "_id", "编号", "编码", "序号", "代码", "货号", "商品编号", "sku", "code")
ANSWER_NAMES = ("relevant", "answer", "answers", "positive", "passage", "答案", "正确答案", "回答")


def likely_text_column(frame: pd.DataFrame) -> int:
    """The place of the column with the longest texts, which somebody most likely wants to find.

    Args:
        frame: at least one column, every cell a string.
    """
    lengths = [frame[column].str.len().mean() for column in frame.columns]
    return lengths.index(max(lengths))


def named_column(columns: Sequence[str], names: Sequence[str]) -> int | None:
    """The place of the first of ``names`` that a column has, in capitals or not; None without."""
    places = {column.strip().lower(): place for place, column in reversed([*enumerate(columns)])}
    return next((places[name] for name in names if name in places), None)
