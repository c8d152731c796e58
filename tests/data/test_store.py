import json
import multiprocessing
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from core.data.check import CheckedTable, check_mapping
from core.data.dataset import column_names
from core.data.read import Source, read_table
from core.data.report import make_report
from core.data.shapes import Mapping, Shape
from core.data.steps import Step
from core.data.store import (
    DatasetNameBlank,
    DatasetUnreadable,
    derive_dataset,
    list_datasets,
    load_dataset,
    remove_dataset,
    rename_dataset,
    save_report,
    store_dataset,
    store_version,
    versions,
)
from core.problems import Message
from core.workspace import PROJECT_ROOT, UnknownItem, Workspace

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
    remove_dataset(workspace, id)
    assert [info.id for info in list_datasets(workspace)] == [other]
    assert [f.name for f in workspace.datasets.iterdir() if f.is_dir()] == [other]
    with pytest.raises(UnknownItem):
        load_dataset(workspace, id)
    with pytest.raises(UnknownItem):
        remove_dataset(workspace, "../datasets")


def test_damage_is_named_and_can_be_deleted(workspace: Workspace) -> None:
    id = store(workspace)
    folder = workspace.dataset(id)
    (folder / "data.parquet").write_bytes(b"PAR1 torn")
    with pytest.raises(DatasetUnreadable, match=id):
        load_dataset(workspace, id).frame()
    (folder / "dataset.json").write_text("{}")
    with pytest.raises(DatasetUnreadable, match="is damaged"):
        load_dataset(workspace, id)
    remove_dataset(workspace, id)
    assert not folder.exists()


def test_the_stored_frame_equals_the_checked_one(workspace: Workspace) -> None:
    table = read_table(csv_bytes(), "queries.csv")
    checked = check_mapping(table.frame, MAPPING)
    pd.testing.assert_frame_equal(load_dataset(workspace, store(workspace)).frame(), checked.frame)


def pairs(rows: int, *, repeated: int = 0) -> CheckedTable:
    """A checked table of ``rows`` pairs, the last ``repeated`` of them repeating the first."""
    numbers = [*range(rows - repeated), *range(repeated)]
    body = b"".join(b"question %d,answer %d\n" % (n, n) for n in numbers)
    return check_mapping(read_table(b"q,a\n" + body, "pairs.csv").frame, PAIRS)


PAIRS = Mapping("q", "a")
SOURCE = Source("pairs.csv", "UTF-8", ",", "0" * 64, 10, 0)


def store_pairs(ws: Workspace, checked: CheckedTable, steps: Sequence[Step] = ()) -> str:
    return store_dataset(
        ws, name="Pairs", checked=checked, mapping=PAIRS, source=SOURCE, steps=steps
    )


REPEATED = Step("drop_duplicate_rows")
SPACES = Step("collapse_spaces")


def test_a_dataset_json_of_before_there_were_versions_is_read(workspace: Workspace) -> None:
    id = store(workspace)
    path = workspace.dataset(id) / "dataset.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    new = load_dataset(workspace, id).info
    for key in ("columns", "original_hash", "family", "steps", "parent", "origin", "scale"):
        del data[key]
    del data["held_out_source"]
    for key in ("format", "sheet", "member", "sampled_from"):
        del data["source"][key]
    path.write_text(json.dumps(data), encoding="utf-8")
    old = load_dataset(workspace, id).info
    assert (old.columns, old.family, old.steps) == (("anchor", "positive", "score"), id, ())
    assert old.is_made_by(new.original_hash, new.mapping, [])
    assert old.sentence.text() == "12 scored pairs: query against title, scored by label"
    assert store(workspace) == id


def test_rows_are_kept_in_groups_and_read_by_the_page(workspace: Workspace) -> None:
    dataset = load_dataset(workspace, store_pairs(workspace, pairs(45_000)))
    with pq.ParquetFile(dataset.folder / "data.parquet") as file:
        groups = [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)]
    assert groups == [20_000, 20_000, 5_000]
    page = dataset.page(19_998, 4)
    assert page.index.tolist() == [19_998, 19_999, 20_000, 20_001]
    assert page["anchor"].tolist() == [f"question {n}" for n in range(19_998, 20_002)]
    assert page["row"].tolist() == [20_000, 20_001, 20_002, 20_003]
    assert dataset.page(44_999, 10, ["positive"]).to_dict("list") == {"positive": ["answer 44999"]}
    assert dataset.page(45_000, 10).empty and dataset.page(0, 0).empty


def test_a_page_does_not_read_the_parts_before_it(workspace: Workspace) -> None:
    dataset = load_dataset(workspace, store_pairs(workspace, pairs(45_000)))
    path = dataset.folder / "data.parquet"
    with pq.ParquetFile(path) as file:
        first = file.metadata.row_group(0).column(0)
        start = first.dictionary_page_offset or first.data_page_offset
        size = first.total_compressed_size
    data = bytearray(path.read_bytes())
    data[start : start + size] = bytes(size)
    path.write_bytes(data)
    assert dataset.page(40_000, 1)["anchor"].tolist() == ["question 40000"]
    with pytest.raises(DatasetUnreadable, match=dataset.info.id):
        dataset.page(0, 1)


def test_steps_are_recorded_and_the_rows_before_them_are_kept(workspace: Workspace) -> None:
    dataset = load_dataset(workspace, store_pairs(workspace, pairs(15, repeated=3), [REPEATED]))
    assert dataset.frame()["anchor"].tolist() == [f"question {n}" for n in range(12)]
    assert dataset.original()["anchor"].tolist()[12:] == ["question 0", "question 1", "question 2"]
    (applied,) = dataset.info.steps
    assert (applied.step, applied.count) == (REPEATED, 3)
    assert (dataset.info.rows, dataset.info.rows_before) == (12, 15)
    assert (dataset.folder / "original.parquet").exists()
    recorded = json.loads((dataset.folder / "dataset.json").read_text(encoding="utf-8"))["steps"]
    assert recorded[0]["step"] == {"kind": "drop_duplicate_rows", "params": {}}


def test_a_step_makes_a_version_and_undoing_it_gives_back_the_first(workspace: Workspace) -> None:
    first = store_pairs(workspace, pairs(15, repeated=3))
    second = derive_dataset(workspace, first, [REPEATED])
    third = derive_dataset(workspace, second, [REPEATED, SPACES])
    assert len({first, second, third}) == 3
    assert derive_dataset(workspace, third, [REPEATED]) == second
    assert derive_dataset(workspace, second, []) == first
    assert derive_dataset(workspace, first, [REPEATED]) == second
    # Storing the table with the steps at once is the same, too.
    assert store_pairs(workspace, pairs(15, repeated=3), [REPEATED]) == second

    assert [info.id for info in versions(workspace, second)] == [first, second, third]
    info = load_dataset(workspace, third).info
    assert (info.parent, info.family, info.name) == (second, first, "Pairs")
    assert info.origin == info.steps[-1].message
    assert load_dataset(workspace, first).info.parent is None


def test_undoing_the_first_of_two_steps_is_a_version_of_its_own(workspace: Workspace) -> None:
    first = store_pairs(workspace, pairs(15, repeated=3))
    both = derive_dataset(workspace, first, [REPEATED, SPACES])
    rest = load_dataset(workspace, derive_dataset(workspace, both, [SPACES]))
    assert rest.info.origin and rest.info.origin.text() == "A step was undone."
    assert len(rest.frame()) == 15 and [one.step for one in rest.info.steps] == [SPACES]


def test_a_step_is_the_same_however_its_rows_are_held(workspace: Workspace) -> None:
    first = store_pairs(workspace, pairs(15))
    tuples = derive_dataset(workspace, first, [Step("drop_rows", {"rows": (3, 4)})])
    assert derive_dataset(workspace, first, [Step("drop_rows", {"rows": [3, 4]})]) == tuples
    assert load_dataset(workspace, tuples).frame()["row"].tolist()[:2] == [2, 5]


def test_a_version_outlives_those_that_it_came_from(workspace: Workspace) -> None:
    first = store_pairs(workspace, pairs(15, repeated=3))
    second = derive_dataset(workspace, first, [REPEATED])
    third = derive_dataset(workspace, second, [REPEATED, SPACES])
    remove_dataset(workspace, second)
    assert [info.id for info in versions(workspace, third)] == [first, third]
    remove_dataset(workspace, first)
    again = derive_dataset(workspace, third, [])
    assert len(load_dataset(workspace, again).frame()) == 15
    assert {info.id for info in versions(workspace, again)} == {third, again}


def test_new_rows_are_a_version_with_an_origin(workspace: Workspace) -> None:
    first = store_pairs(workspace, pairs(12))
    frame = load_dataset(workspace, first).frame()
    frame.insert(2, "negative", [f"wrong {n}" for n in range(12)])
    origin = Message("12 negatives were mined.")
    mined = store_version(workspace, first, frame, origin, "Pairs with negatives")
    info = load_dataset(workspace, mined).info
    assert (info.shape, info.name, info.parent) == (Shape.TRIPLETS, "Pairs with negatives", first)
    assert info.origin == origin and info.columns == ("anchor", "positive", "negative")
    assert info.sentence.text() == "12 triplets, made from q, a"
    assert info.names == {"anchor": "q", "positive": "a", "negative": "negative"}
    assert store_version(workspace, first, frame, origin) == mined
    stepped = load_dataset(workspace, derive_dataset(workspace, mined, [SPACES]))
    assert (
        "negative" in stepped.original() and derive_dataset(workspace, stepped.info.id, []) == mined
    )


def test_a_converted_dataset_says_what_it_is_now(workspace: Workspace) -> None:
    scored = store(workspace, data=csv_bytes(40))
    id = derive_dataset(workspace, scored, [Step("scored_to_pairs", {"threshold": 0.5})])
    info = load_dataset(workspace, id).info
    assert (info.shape, info.rows, info.mapping) == (Shape.PAIRS, 20, MAPPING)
    assert info.sentence.text() == "20 pairs, made from query, title, label"
    assert info.names == {"anchor": "query", "positive": "title"}
    assert load_dataset(workspace, id).frame()["anchor"].tolist()[:2] == ["问题 1", "问题 3"]


def test_a_role_that_had_no_column_gets_a_name_of_its_own() -> None:
    names = column_names(["anchor", "positive", "negative", "row"], Mapping("negative", "a"))
    assert names == {"anchor": "negative", "positive": "a", "negative": "negative (2)"}


_STORE_MUCH = """
from core.workspace import Workspace
from tests.data.test_store import pairs, store_pairs

store_pairs(Workspace.open(), pairs(200_000))
"""


def test_a_store_that_is_killed_leaves_nothing_half_written(workspace: Workspace) -> None:
    process = subprocess.Popen([sys.executable, "-c", _STORE_MUCH], cwd=PROJECT_ROOT)
    while not list(workspace.datasets.glob(".unfinished-*/data.parquet")):
        assert process.poll() is None
        time.sleep(0.001)
    process.kill()
    assert process.wait(20) == -signal.SIGKILL
    assert list_datasets(workspace) == []
    id = store_pairs(workspace, pairs(12))
    assert [path.name for path in workspace.datasets.iterdir() if path.is_dir()] == [id]


def test_a_report_is_kept_with_the_dataset(workspace: Workspace) -> None:
    id = store_pairs(workspace, pairs(12))
    dataset = load_dataset(workspace, id)
    assert dataset.report() is None
    report = make_report(dataset.frame(), dataset.info.names, bases=())
    save_report(workspace, id, report)
    assert dataset.report() == report
    (dataset.folder / "report.json").write_text("{")
    assert dataset.report() is None
    with pytest.raises(UnknownItem):
        save_report(workspace, "no-such-dataset", report)
