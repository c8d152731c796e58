"""A file of vectors that only grows: whole records, one writer at a time, the latest stay."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from core.encoder import vector_store
from core.encoder.vector_store import VectorStore
from core.workspace import PROJECT_ROOT


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "model.vectors"


def rows(*values: float, width: int = 3) -> np.ndarray:
    return np.repeat(np.array(values, dtype=np.float32)[:, None], width, axis=1)


def test_what_was_added_is_found_by_another_reader(path: Path) -> None:
    VectorStore(path).add(["甲", "乙"], rows(1, 2))
    reader = VectorStore(path)
    found = reader.get(["乙", "甲", "乙"])
    assert found is not None
    np.testing.assert_array_equal(found, rows(2, 1, 2))
    assert found.flags.c_contiguous and found.dtype == np.float32
    assert reader.get(["甲", "丙"]) is None
    assert reader.get([]) is None
    VectorStore(path).add(["丙"], rows(3))
    assert reader.missing(["丙", "丁", "丁"]) == ["丁"]
    np.testing.assert_array_equal(reader.get(["丙"]), rows(3))


def test_a_file_grows_by_what_is_new_and_nothing_is_written_again(path: Path) -> None:
    store = VectorStore(path)
    store.add(["甲", "乙"], rows(1, 2))
    before = path.read_bytes()
    store.add(["甲", "丙"], rows(9, 3))
    after = path.read_bytes()
    assert after.startswith(before)
    assert len(after) - len(before) == 16 + 3 * 4
    np.testing.assert_array_equal(store.get(["甲"]), rows(1))


def test_half_a_record_is_not_read_and_the_next_writer_takes_it_away(path: Path) -> None:
    VectorStore(path).add(["甲", "乙"], rows(1, 2))
    with path.open("ab") as file:
        file.write(b"killed while it wrote")
    store = VectorStore(path)
    assert store.missing(["甲", "乙", "丙"]) == ["丙"]
    store.add(["丙"], rows(3))
    np.testing.assert_array_equal(VectorStore(path).get(["甲", "乙", "丙"]), rows(1, 2, 3))


def test_the_latest_stay_and_who_reads_the_old_file_goes_on(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vector_store, "KEPT_TEXTS", 4)
    store, reader = VectorStore(path), VectorStore(path)
    store.add(["甲", "乙", "丙", "丁"], rows(1, 2, 3, 4))
    assert reader.missing(["甲"]) == []
    store.add(["戊"], rows(5))
    assert store.missing(["甲", "乙", "丙", "丁", "戊"]) == ["甲", "乙"]
    np.testing.assert_array_equal(reader.get(["丁", "戊"]), rows(4, 5))
    assert reader.get(["甲"]) is None


def test_vectors_of_another_width_begin_a_new_file(path: Path) -> None:
    store = VectorStore(path)
    store.add(["甲"], rows(1))
    store.add(["乙"], rows(2, width=5))
    assert store.missing(["甲", "乙"]) == ["甲"]
    np.testing.assert_array_equal(store.get(["乙"]), rows(2, width=5))


def test_as_many_vectors_as_texts(path: Path) -> None:
    with pytest.raises(ValueError, match="one vector for each"):
        VectorStore(path).add(["甲"], rows(1, 2))


_WRITER = """
import sys
from pathlib import Path
import numpy as np
from core.encoder.vector_store import VectorStore
store, name = VectorStore(Path(sys.argv[1])), sys.argv[2]
for number in range(40):
    store.add([f"{name}{number}", f"both{number}"], np.full((2, 3), number, dtype=np.float32))
"""


def test_writers_at_once_lose_none_of_each_others_vectors(path: Path) -> None:
    processes = [
        subprocess.Popen([sys.executable, "-c", _WRITER, str(path), name], cwd=PROJECT_ROOT)
        for name in "ab"
    ]
    store = VectorStore(path)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: store.add([f"own{number}"], rows(number)), range(40)))
    assert [process.wait(60) for process in processes] == [0, 0]
    for name in ("a", "b", "both", "own"):
        found = VectorStore(path).get([f"{name}{number}" for number in range(40)])
        np.testing.assert_array_equal(found, rows(*range(40)))
    whole = path.stat().st_size - 16
    assert whole == 160 * (16 + 3 * 4)
