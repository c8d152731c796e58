import json
import multiprocessing
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from core.data.check import check_mapping
from core.data.read import read_table
from core.data.shapes import Mapping, Shape
from core.data.store import (
    DatasetNameBlank,
    DatasetUnreadable,
    delete_dataset,
    list_datasets,
    load_dataset,
    rename_dataset,
    store_dataset,
)
from core.workspace import UnknownItem, Workspace

MAPPING = Mapping("query", "title", score="label")


def csv_bytes(rows: int = 12, first: str = "问题 0") -> bytes:
    lines = [f"问题 {n};title {n};{n % 2}" for n in range(rows)]
    lines[0] = f"{first};title 0;0"
    return "\n".join(["query;title;label", *lines, ";no question;1", "one cell"]).encode("gb18030")


def store(ws: Workspace, name: str = "My table", data: bytes | None = None) -> str:
    table = read_table(data or csv_bytes(), "queries.csv")
    checked = check_mapping(table.frame, MAPPING)
    return store_dataset(ws, name=name, checked=checked, mapping=MAPPING, source=table.source)


def test_what_was_stored_is_loaded(workspace: Workspace) -> None:
    id = store(workspace)
    dataset = load_dataset(workspace, id)
    info = dataset.info

    assert (info.id, info.name, info.shape) == (id, "My table", Shape.SCORED_PAIRS)
    assert (info.rows, info.rows_before, info.mapping) == (12, 13, MAPPING)
    assert (info.source.name, info.source.encoding) == ("queries.csv", "GB18030")
    assert (info.source.rows_read, info.source.quarantined) == (14, 1)
    assert [(f.kind, f.rows) for f in info.left_out] == [("blank_cell", (14,))]
    assert info.stats["anchor"].cjk_share == pytest.approx(24 / 50, abs=1e-4)
    assert set(info.stats) == {"anchor", "positive"}
    assert info.sample is None

    frame = dataset.frame()
    assert list(frame.columns) == ["anchor", "positive", "score", "row"]
    assert frame.iloc[3].tolist() == ["问题 3", "title 3", 1.0, 5]
    assert [str(dtype) for dtype in frame.dtypes] == ["str", "str", "float32", "int32"]
    assert list(dataset.frame(["positive"]).columns) == ["positive"]


def test_dataset_json_is_readable_by_people(workspace: Workspace) -> None:
    folder = workspace.dataset(store(workspace, "药品"))
    text = (folder / "dataset.json").read_text(encoding="utf-8")
    assert "药品" in text
    data = json.loads(text)
    assert data["mapping"] == {"anchor": "query", "positive": "title", "score": "label"}
    assert data["shape"] == "scored_pairs"
    assert sorted(path.name for path in folder.iterdir()) == ["data.parquet", "dataset.json"]


def test_the_same_content_is_stored_once(workspace: Workspace) -> None:
    first = store(workspace)
    again = store(workspace, "Another name")
    utf8 = store(workspace, data=csv_bytes().decode("gb18030").encode())
    other = store(workspace, data=csv_bytes(first="something else"))
    assert first == again == utf8
    assert other != first
    assert {info.id for info in list_datasets(workspace)} == {first, other}


def test_another_mapping_is_another_dataset(workspace: Workspace) -> None:
    table = read_table(b"a,b,c\n" + b"".join(b"x%d,y%d,y%d\n" % (n, n, n) for n in range(10)), "t")
    ids = set()
    for mapping in (Mapping("a", "b"), Mapping("a", "c")):
        checked = check_mapping(table.frame, mapping)
        ids.add(
            store_dataset(
                workspace, name="t", checked=checked, mapping=mapping, source=table.source
            )
        )
    assert len(ids) == 2


def _store_in_process(root: Path) -> None:
    store(Workspace.open(root))


def test_two_processes_that_store_the_same_make_one_dataset(workspace: Workspace) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_store_in_process, args=(workspace.root,)) for _ in "ab"]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0]
    assert len(list_datasets(workspace)) == 1


def test_newest_first_and_everything_else_passed_over(workspace: Workspace) -> None:
    ids = [store(workspace, data=csv_bytes(first=f"table {n}")) for n in range(3)]
    (workspace.datasets / "holiday-pictures").mkdir()
    (workspace.datasets / "notes.txt").write_text("hello")
    half = workspace.datasets / "20260101-000000-half-0000"
    half.mkdir()
    (half / "dataset.json").write_text('{"id": "20260101-')
    copied = workspace.datasets / "20260101-000000-copy-0000"
    copied.mkdir()
    for name in ("dataset.json", "data.parquet"):
        (copied / name).write_bytes((workspace.datasets / ids[0] / name).read_bytes())
    no_data = workspace.datasets / ids[1] / "data.parquet"
    no_data.unlink()
    assert [info.id for info in list_datasets(workspace)] == [ids[2], ids[0]]


def test_an_interrupted_store_leaves_nothing_for_long(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space"):
        patch.setattr("core.data.store.write_json", full_disk)
        store(workspace)
    assert list_datasets(workspace) == []
    id = store(workspace)
    assert [f.name for f in workspace.datasets.iterdir() if f.is_dir()] == [id]


def test_rename_keeps_everything_else(workspace: Workspace) -> None:
    id = store(workspace)
    before = load_dataset(workspace, id).info
    rename_dataset(workspace, id, "  新的\n名字 ")
    assert load_dataset(workspace, id).info == replace(before, name="新的 名字")
    with pytest.raises(DatasetNameBlank, match="needs a name"):
        rename_dataset(workspace, id, " \n")


def test_delete_takes_the_folder_away(workspace: Workspace) -> None:
    id, other = store(workspace), store(workspace, data=csv_bytes(first="other"))
    delete_dataset(workspace, id)
    assert [info.id for info in list_datasets(workspace)] == [other]
    assert [f.name for f in workspace.datasets.iterdir() if f.is_dir()] == [other]
    with pytest.raises(UnknownItem):
        load_dataset(workspace, id)
    with pytest.raises(UnknownItem):
        delete_dataset(workspace, "../datasets")


def test_damage_is_named_and_can_be_deleted(workspace: Workspace) -> None:
    id = store(workspace)
    folder = workspace.dataset(id)
    (folder / "data.parquet").write_bytes(b"PAR1 torn")
    with pytest.raises(DatasetUnreadable, match=id):
        load_dataset(workspace, id).frame()
    (folder / "dataset.json").write_text("{}")
    with pytest.raises(DatasetUnreadable, match="is damaged"):
        load_dataset(workspace, id)
    delete_dataset(workspace, id)
    assert not folder.exists()


def test_the_stored_frame_equals_the_checked_one(workspace: Workspace) -> None:
    table = read_table(csv_bytes(), "queries.csv")
    checked = check_mapping(table.frame, MAPPING)
    pd.testing.assert_frame_equal(load_dataset(workspace, store(workspace)).frame(), checked.frame)
