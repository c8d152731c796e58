"""Checks that an odd file is read as it should be, or refused with the right sentence."""

from __future__ import annotations

import pytest

from core.data.read import read_table
from core.problems import Problem
from tests.data.reading.making import Loaded, Refused


def check_outcome(name: str, odd: Loaded | Refused) -> None:
    """Read ``odd`` under ``name`` and compare all that comes of it."""
    if isinstance(odd, Refused):
        with pytest.raises(Problem) as caught:
            read_table(odd.data, name, options=odd.options)
        assert caught.value.message().text() == odd.sentence
        return
    table = read_table(odd.data, name, options=odd.options)
    assert list(table.frame.columns) == list(odd.columns)
    assert table.frame.values.tolist() == [list(row) for row in odd.rows]
    assert {str(dtype) for dtype in table.frame.dtypes} == {"str"}
    if odd.numbers is not None:
        assert table.frame.index.tolist() == list(odd.numbers)
    assert {row.row: row.reason.text() for row in table.quarantine} == dict(odd.aside or {})
