"""Finding rows of a stored dataset by a word or by side, without loading the dataset whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from core.data.reading.rows import ROW
from core.data.shapes import SPLIT, text_roles
from core.folding import fold_column, holding


def find_rows(file: Path, words: str, side: str | None) -> NDArray[np.int64]:
    """The places (from 0) of the rows that hold ``words`` and are on ``side``, in their order.

    Args:
        file: the dataset's Parquet file; read one row group after another.
        words: what one of a row's texts contains; width and capitals do not count, and
            blank finds every row.
        side: ``"train"``, ``"held_out"``, or None for both.
    """
    found = []
    start = 0
    with pq.ParquetFile(file) as parquet:
        names = parquet.schema_arrow.names
        wanted = (text_roles(names) if words else []) + ([SPLIT] if side else [])
        for group in range(parquet.num_row_groups):
            table = parquet.read_row_group(group, wanted or names[-1:])
            found.append(start + np.flatnonzero(_matches(table, words, side)))
            start += table.num_rows
    return np.concatenate(found) if found else np.empty(0, np.int64)


def rows_at(file: Path, places: NDArray[np.int64]) -> pd.DataFrame:
    """The rows at these ascending places (from 0); reads the row groups that they lie in."""
    pieces = []
    start = 0
    with pq.ParquetFile(file) as parquet:
        for group in range(parquet.num_row_groups):
            end = start + parquet.metadata.row_group(group).num_rows
            inside = places[(places >= start) & (places < end)]
            if len(inside):
                pieces.append(parquet.read_row_group(group).take(pa.array(inside - start)))
            start = end
        return pa.concat_tables(pieces or [parquet.schema_arrow.empty_table()]).to_pandas()


def place_of(file: Path, row: int) -> int | None:
    """The place (from 0) of the row with this number in the source table; None when it is gone."""
    numbers = pq.read_table(file, columns=[ROW])[ROW].to_numpy()
    places = np.flatnonzero(numbers == row)
    return int(places[0]) if len(places) else None


def _matches(table: pa.Table, words: str, side: str | None) -> NDArray[np.bool_]:
    matches = np.full(table.num_rows, not words)
    for role in text_roles(table.column_names) if words else ():
        matches |= holding(fold_column(table[role]), words)
    if side:
        matches &= pc.equal(table[SPLIT], side).to_numpy(zero_copy_only=False)
    return matches
