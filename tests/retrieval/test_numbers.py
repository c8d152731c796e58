"""Numbers in cells, as shops of several countries write them."""

from __future__ import annotations

import pytest

from core.retrieval.numbers import Mark, mark_in, number_in


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("¥1,299.00", 1299),
        (" 12 元", 12),
        ("-3", -3),
        ("+3.25", 3.25),
        ("1.299,00 €", 1299),
        ("€ 1.299.000,5", 1_299_000.5),
        ("1 299,00 €", 1299),
        ("1\u202f299\u00a0EUR", 1299),
        ("1'299.50", 1299.5),
        ("12,34,567", 1_234_567),
        ("1.299.000", 1_299_000),
        ("1,5", 1.5),
        ("0,125", 0.125),
        ("1234,567", 1234.567),
        ("3,", 3),
        ("约 12", None),
        ("", None),
        ("1.2.3", None),
        ("1,2,3", None),
        ("1,2.3,4", None),
        ("1 2", None),
        ("12-15", None),
        (".", None),
    ],
)
def test_a_cell_that_speaks_for_itself(cell: str, number: float | None) -> None:
    assert number_in(cell, Mark.POINT) == number_in(cell, Mark.COMMA) == number


def test_other_cells_are_read_as_their_column_says() -> None:
    assert number_in("1,299") == number_in("1,299", Mark.POINT) == 1299
    assert number_in("1,299", Mark.COMMA) == 1.299
    assert number_in("1.299", Mark.POINT) == 1.299
    assert number_in("1.299", Mark.COMMA) == 1299


@pytest.mark.parametrize(
    ("cells", "mark"),
    [
        (["1,299", "12,000", "999"], Mark.POINT),
        (["1,299", "12,5"], Mark.COMMA),
        (["1,299", "12.5"], Mark.POINT),
        (["1.299", "1.299,00 €"], Mark.COMMA),
        (["1.299", "7.500"], Mark.POINT),
        (["1.299", "1.299.000"], Mark.COMMA),
        (["1,299", "1,299,000"], Mark.POINT),
        (["1,299", "0,299"], Mark.COMMA),
        (["1,5", "2,5", "3.5"], Mark.COMMA),
        (["1,5", "2.5", "3.5"], Mark.POINT),
        (["red", "", "1,2,3.x"], Mark.POINT),
        ([], Mark.POINT),
    ],
)
def test_a_column_says_what_stands_before_its_decimals(cells: list[str], mark: Mark) -> None:
    assert mark_in(cells) is mark
