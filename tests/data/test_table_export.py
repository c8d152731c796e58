"""Datasets as files: what a spreadsheet and a program read of them."""

from __future__ import annotations

import csv
import io
import signal
import subprocess
import sys
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data.check import check_mapping
from core.data.dataset import DatasetUnreadable
from core.data.read import read_table
from core.data.shapes import Mapping
from core.data.steps import Step
from core.data.store import derive_dataset, load_dataset, rename_dataset, store_dataset
from core.data.table_export import escape, export_csv, export_parquet, unescape
from core.workspace import PROJECT_ROOT, Workspace

CELLS = {
    "=1+1": "'=1+1",
    '=HYPERLINK("http://a.b", "x")': '\'=HYPERLINK("http://a.b", "x")',
    "+49 30 / 12": "'+49 30 / 12",
    "-退货": "'-退货",
    "@all": "'@all",
    "'=1": "''=1",
    "'quoted'": "'quoted'",
    "-5": "-5",
    "+3.5e2": "+3.5e2",
    "-12%": "-12%",
    "'-5": "''-5",
    "两行\n=1": "两行\n=1",
    'says "hi", twice': 'says "hi", twice',
    "plain": "plain",
}
MAPPING = Mapping("=问题", "标题", score="相似度")


def store(ws: Workspace, name: str = "鞋子 / 2026") -> str:
    """The cells above as anchors of scored pairs, in a table with a dangerous column name."""
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(["=问题", "标题", "相似度"])
    rows.writerows([cell, f"标题{n}", n / 20] for n, cell in enumerate(CELLS))
    table = read_table(out.getvalue().encode(), "鞋子.csv")
    checked = check_mapping(table.frame, MAPPING)
    return store_dataset(ws, name=name, checked=checked, mapping=MAPPING, source=table.source)


def test_csv_is_for_spreadsheets(workspace: Workspace) -> None:
    path = export_csv(workspace, store(workspace))
    assert path.name == "鞋子-2026.csv"
    data = path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    header, *rows = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    assert header == ["'=问题", "标题", "相似度"]
    assert [row[0] for row in rows] == list(CELLS.values())
    assert [row[1] for row in rows] == [f"标题{n}" for n in range(len(CELLS))]
    assert [row[2] for row in rows] == [f"{n / 20:g}" for n in range(len(CELLS))]


def test_the_csv_reads_back_as_the_dataset(workspace: Workspace) -> None:
    id = store(workspace)
    table = read_table(export_csv(workspace, id), "again.csv")
    frame = table.frame.rename(columns=unescape).map(unescape)
    checked = check_mapping(frame, MAPPING)
    stored = store_dataset(
        workspace, name="again", checked=checked, mapping=MAPPING, source=table.source
    )
    assert stored == id


def test_parquet_has_the_texts_as_they_are(workspace: Workspace) -> None:
    path = export_parquet(workspace, store(workspace))
    table = pq.read_table(path)
    assert path.name == "鞋子-2026.parquet"
    assert table.column_names == ["=问题", "标题", "相似度"]
    assert table["=问题"].to_pylist() == list(CELLS)
    assert table["相似度"].type == pa.float32()


def test_columns_that_a_step_made_are_named_by_their_role(workspace: Workspace) -> None:
    body = b"".join(b"question %d,answer %d\n" % (n, n) for n in range(12))
    table = read_table(b"negative,a\n" + body, "pairs.csv")
    mapping = Mapping("negative", "a")
    checked = check_mapping(table.frame, mapping)
    id = store_dataset(
        workspace, name="Pairs", checked=checked, mapping=mapping, source=table.source
    )
    triplets = derive_dataset(workspace, id, [Step("pairs_to_triplets")])
    names = pq.read_schema(export_parquet(workspace, triplets)).names
    assert names == ["negative", "a", "negative (2)"]


def test_what_is_there_is_handed_out_again_until_the_dataset_is_renamed(
    workspace: Workspace,
) -> None:
    id = store(workspace)
    first = export_csv(workspace, id)
    parquet = export_parquet(workspace, id)
    written = first.stat().st_mtime_ns
    assert export_csv(workspace, id) == first and first.stat().st_mtime_ns == written
    rename_dataset(workspace, id, "../..")
    second = export_csv(workspace, id)
    assert second.name == "dataset.csv" and second.parent == first.parent
    assert not first.exists() and parquet.exists()


def test_damage_is_named_and_leaves_no_file(workspace: Workspace) -> None:
    id = store(workspace)
    folder = workspace.dataset(id)
    (folder / "data.parquet").write_bytes(b"PAR1 torn")
    for export in (export_csv, export_parquet):
        with pytest.raises(DatasetUnreadable, match=id):
            export(workspace, id)
    assert [path.name for path in (folder / "export").iterdir()] == [".lock"]


_EXPORT_MUCH = """
from core.workspace import Workspace
from core.data.table_export import export_csv
from tests.data.test_store import pairs, store_pairs

ws = Workspace.open()
print(store_pairs(ws, pairs(200_000)), flush=True)
"""


def test_an_export_that_is_killed_is_made_anew(workspace: Workspace) -> None:
    code = _EXPORT_MUCH + "export_csv(ws, next(ws.datasets.glob('2*')).name)\n"
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=PROJECT_ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    id = process.stdout.readline().strip()
    folder = workspace.dataset(id) / "export"
    while not list(folder.glob(".unfinished-*")):
        assert process.poll() is None
        time.sleep(0.001)
    process.kill()
    assert process.wait(20) == -signal.SIGKILL
    process.stdout.close()
    assert list(folder.glob("*.csv")) == []
    path = export_csv(workspace, id)
    with path.open(encoding="utf-8-sig", newline="") as file:
        assert sum(1 for _ in csv.reader(file)) == load_dataset(workspace, id).info.rows + 1
    assert sorted(one.name for one in folder.iterdir()) == [".lock", "Pairs.csv"]


@given(st.text(st.sampled_from("'=+-@\t\r\n05.%e 鞋a"), max_size=8))
def test_an_apostrophe_is_added_where_it_can_be_told_and_taken_away(text: str) -> None:
    (escaped,) = escape(pa.chunked_array([pa.array([text], pa.large_string())])).to_pylist()
    assert unescape(escaped) == text
    assert escaped in (text, f"'{text}")
    if escaped[:1] in ("=", "@", "\t", "\r"):
        raise AssertionError(f"{escaped!r} would be executed")
    if escaped[:1] in ("+", "-"):
        assert escaped[1:2].isdigit() or escaped[1:2] == "."
