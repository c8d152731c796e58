"""Texts are found whatever their width and capitals, one by one and a column at a time."""

from __future__ import annotations

import pyarrow as pa
import pytest

from core.folding import fold, fold_column, fold_spaces, holding

TEXTS = ["ＡＸ１２ 手套", "ax12手套", "Ax 12", "手套（黑）", "50% (off) .*", "ΣΊΣΥΦΟΣ"]


@pytest.mark.parametrize(
    ("words", "places"),
    [
        ("AX12", [0, 1]),
        ("ａｘ１２", [0, 1]),
        ("手套", [0, 1, 3]),
        ("(黑)", [3]),
        (".*", [4]),
        ("σίσυφ", [5]),
        ("没有", []),
    ],
)
def test_a_column_is_searched_as_a_single_text_is(words: str, places: list[int]) -> None:
    assert holding(fold_column(TEXTS), words).nonzero()[0].tolist() == places
    assert [at for at, text in enumerate(TEXTS) if fold(words) in fold(text)] == places


def test_missing_texts_hold_nothing_and_a_column_may_come_in_pieces() -> None:
    column = pa.chunked_array([pa.array(["Ａ", None]), pa.array(["b"]), pa.array([], pa.string())])
    assert holding(fold_column(column), "a").tolist() == [True, False, False]


def test_spaces_at_the_ends_and_runs_of_them_do_not_count() -> None:
    assert fold_spaces("　Ａｃｍｅ \t Ltd ") == fold_spaces("acme LTD")
