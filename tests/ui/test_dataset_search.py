"""Finding rows in a Parquet file of several row groups."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ui.dataset_search import find_rows, rows_at


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Twenty-five rows in row groups of ten."""
    frame = pd.DataFrame(
        {
            "anchor": [f"问题 {n}" for n in range(25)],
            "positive": [f"Answer {n % 5} (50% off)" for n in range(25)],
            "score": [n / 24 for n in range(25)],
            "split": ["held_out" if n % 4 == 0 else "train" for n in range(25)],
            "row": np.arange(2, 27, dtype=np.int32),
        }
    )
    path = tmp_path / "data.parquet"
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), path, row_group_size=10)
    return path


@pytest.mark.parametrize(
    ("words", "side", "places"),
    [
        ("", None, list(range(25))),
        ("", "held_out", [0, 4, 8, 12, 16, 20, 24]),
        ("问题 2", None, [2, 20, 21, 22, 23, 24]),
        ("answer 3", None, [3, 8, 13, 18, 23]),
        ("answer 3", "held_out", [8]),
        ("ＡＮＳＷＥＲ　３（", "held_out", []),
        ("ＡＮＳＷＥＲ　３ （", "held_out", [8]),
        # Signs of patterns are plain text, and numbers and sides are not searched.
        ("50% off)", None, list(range(25))),
        (".*", None, []),
        ("train", None, []),
    ],
)
def test_found_in_the_order_of_the_rows(
    file: Path, words: str, side: str | None, places: list[int]
) -> None:
    assert find_rows(file, words, side).tolist() == places


def test_rows_at_places_in_several_row_groups(file: Path) -> None:
    frame = rows_at(file, np.array([1, 9, 10, 24]))
    assert frame["row"].tolist() == [3, 11, 12, 26]
    assert frame["anchor"].tolist() == ["问题 1", "问题 9", "问题 10", "问题 24"]


def test_rows_at_no_place(file: Path) -> None:
    frame = rows_at(file, np.array([], dtype=np.int64))
    assert frame.empty
    assert "anchor" in frame
