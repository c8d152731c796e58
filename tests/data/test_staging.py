import gzip
import io
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.data import staging
from core.data.reading.refusals import EmptyFile, FileUnreadable
from core.data.reading.rows import ReadOptions
from core.data.staged_table import StagedTableDamaged
from core.data.staging import (
    NotInAllowedFolder,
    StagedInfo,
    UploadFailed,
    allowed_folders,
    discard_staged,
    list_allowed_files,
    load_staged,
    peek_staged,
    read_staged,
    stage_path,
    stage_upload,
    staged_file,
    tidy_uploads,
)
from core.problems import Message, Problem
from core.workspace import PROJECT_ROOT, UnknownItem, Workspace
from tests.data.reading.making import CSV, Loaded, grid, parquet, workbook, zipped
from tests.data.reading.odd_files import ODD_FILES

MANY = "q,a\n" + "".join(f"问题 {n},答案 {n}\n" for n in range(45_000))


def put(ws: Workspace, name: str, data: bytes) -> Path:
    (ws.incoming / name).write_bytes(data)
    return ws.incoming / name


def test_an_upload_is_read_once_and_paged_from_disk(workspace: Workspace) -> None:
    id = stage_upload(workspace, MANY.encode(), "问答.csv")
    assert load_staged(workspace, id) is None

    table = read_staged(workspace, id)

    info = table.info
    assert (info.id, info.name, info.columns, info.rows) == (id, "问答.csv", ("q", "a"), 45_000)
    assert (info.quarantined, info.bytes) == (0, len(MANY.encode()))
    assert (info.facts.encoding, info.facts.separator, info.facts.rows_read) == (
        "UTF-8",
        ",",
        45_000,
    )
    again = load_staged(workspace, id)
    assert again == table
    for start in (0, 19_990, 39_995, 44_990):
        page = table.page(start, 20)
        assert page["q"].tolist() == [f"问题 {n}" for n in range(start, min(start + 20, 45_000))]
        assert page.index.tolist() == list(range(start + 2, min(start + 22, 45_002)))
        assert page.index.name == "row"
    assert table.page(45_000, 10).empty and table.page(99_999, 10).empty
    assert list(table.page(99_999, 10).columns) == ["q", "a"]
    assert table.head(3)["a"].tolist() == ["答案 0", "答案 1", "答案 2"]
    assert len(table.frame()) == 45_000
    assert list(table.frame(["a"]).columns) == ["a"]
    assert all(dtype == "str" for dtype in table.frame().dtypes)


def test_a_page_reads_only_the_row_groups_it_needs(workspace: Workspace) -> None:
    table = read_staged(workspace, stage_upload(workspace, MANY.encode(), "x.csv"))
    path = table.folder / "rows.parquet"
    metadata = pq.ParquetFile(path).metadata
    assert [metadata.row_group(n).num_rows for n in range(3)] == [20_000, 20_000, 5_000]
    column = metadata.row_group(1).column(0)
    data = bytearray(path.read_bytes())
    start = column.dictionary_page_offset or column.data_page_offset
    data[start : start + column.total_compressed_size] = b"\xff" * column.total_compressed_size
    path.write_bytes(data)
    assert table.page(19_990, 10)["q"].iloc[-1] == "问题 19999"
    assert table.page(40_000, 10)["q"].iloc[0] == "问题 40000"
    with pytest.raises(StagedTableDamaged, match=r"x\.csv is no longer whole"):
        table.page(19_991, 10)


def test_every_way_of_reading_has_its_own_table(workspace: Workspace) -> None:
    id = stage_upload(workspace, "你好,您好\n再见,回见\n".encode("gb18030"), "x.csv")
    found = read_staged(workspace, id, ReadOptions(header=False))
    big5 = read_staged(workspace, id, ReadOptions(encoding="ISO-8859-1", header=False))
    assert found.page(0, 1).values.tolist() == [["你好", "您好"]]
    assert big5.page(0, 1).values.tolist() != [["你好", "您好"]]
    assert big5.info.options == ReadOptions(encoding="ISO-8859-1", header=False)
    assert load_staged(workspace, id, ReadOptions(header=False)) == found
    assert load_staged(workspace, id, ReadOptions(separator=";")) is None


def test_quarantine_is_paged_too(workspace: Workspace) -> None:
    rows = [f"q{n},a{n}" if n % 3 else f"only {n}" for n in range(60_000)]
    table = read_staged(workspace, stage_upload(workspace, "\n".join(["q,a", *rows]).encode(), "x"))
    assert (table.info.rows, table.info.quarantined) == (40_000, 20_000)
    page = table.quarantine_page(100, 2)
    assert list(page.columns) == ["row", "reason", "text"]
    assert page["row"].tolist() == [302, 305]
    assert page["text"].tolist() == ["only 300", "only 303"]
    reason = Message.from_json(json.loads(page["reason"].iloc[0]))
    assert reason.text() == "The row has 1 cells where the header has 2: too few."
    assert table.quarantine_page(20_000, 5).empty


@pytest.mark.parametrize(
    "name", [n for n, odd in ODD_FILES.items() if isinstance(odd, Loaded)][::7]
)
def test_odd_files_give_the_same_cells_as_in_memory(name: str, workspace: Workspace) -> None:
    odd = ODD_FILES[name]
    assert isinstance(odd, Loaded)
    table = read_staged(workspace, stage_upload(workspace, odd.data, name), odd.options)
    assert list(table.info.columns) == list(odd.columns)
    assert table.frame().values.tolist() == [list(row) for row in odd.rows]
    assert table.page(0, 3).values.tolist() == [list(row) for row in odd.rows[:3]]
    assert table.info.quarantined == len(odd.aside or {})


def test_lists_become_columns_on_disk(workspace: Workspace) -> None:
    lines = [json.dumps({"q": f"q{n}", "neg": [f"x{n}"] * (n % 3)}) for n in range(25_000)]
    table = read_staged(workspace, stage_upload(workspace, "\n".join(lines).encode(), "x.jsonl"))
    assert table.info.columns == ("q", "neg[1]", "neg[2]")
    assert table.page(20_000, 3).values.tolist() == [
        ["q20000", "x20000", "x20000"],
        ["q20001", "", ""],
        ["q20002", "x20002", ""],
    ]
    assert StagedInfo.from_json(json.loads(json.dumps(table.info.to_json()))) == table.info


def test_columns_whose_names_contain_others_are_told_apart(workspace: Workspace) -> None:
    table = pa.table({"a": ["1"], "a.b": ["2"], "a[1]": ["3"]})
    staged = read_staged(workspace, stage_upload(workspace, parquet(table), "x.parquet"))
    assert staged.frame(["a"]).values.tolist() == [["1"]]
    assert staged.frame(["a.b", "a"]).values.tolist() == [["2", "1"]]
    assert staged.page(0, 1).values.tolist() == [["1", "2", "3"]]


def test_blank_columns_without_name_are_left_out(workspace: Workspace) -> None:
    staged = read_staged(workspace, stage_upload(workspace, b"q,a,,\nx,y,,\n", "x.csv"))
    assert staged.info.columns == ("q", "a")
    assert list(staged.frame().columns) == list(staged.page(0, 5).columns) == ["q", "a"]


@pytest.mark.parametrize("kind", ["bytes", "file", "path"])
def test_uploads_of_any_kind(kind: str, workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(CSV)
    half_read = io.BytesIO(CSV)
    half_read.read(5)
    data = {"bytes": CSV, "file": half_read, "path": tmp_path / "t.csv"}[kind]
    id = stage_upload(workspace, data, "t.csv")
    (tmp_path / "t.csv").unlink()
    assert read_staged(workspace, id).info.rows == 2
    assert staged_file(workspace, id).bytes == len(CSV)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\表.csv", "表.csv"),
        ("a\0b\n\ud800.csv", "ab .csv"),
        ("…/..", ".."),
        ("", "table"),
        ("/", "table"),
        ("药" * 300 + ".csv.gz", "药" * 112 + "….csv.gz"),
    ],
)
def test_names_are_harmless(name: str, shown: str, workspace: Workspace) -> None:
    before = set(workspace.root.parent.rglob("*"))
    id = stage_upload(workspace, gzip.compress(CSV), name)
    table = read_staged(workspace, id)
    assert table.info.name == shown
    made = set(workspace.root.parent.rglob("*")) - before
    assert all(path.is_relative_to(workspace.uploads / id) for path in made)


def test_a_refused_file_leaves_nothing_half_read(workspace: Workspace) -> None:
    id = stage_upload(
        workspace, b"q,a\n" + b"x,y\n" * 30_000 + b"\n" * 3 + b"1,2,3\n" * 90_000, "x.csv"
    )
    with pytest.raises(Problem, match="most rows do not fit"):
        read_staged(workspace, id)
    assert list((workspace.uploads / id / "tables").iterdir()) == []
    assert load_staged(workspace, id) is None


def test_stopping_leaves_nothing_half_read(workspace: Workspace) -> None:
    id = stage_upload(workspace, MANY.encode(), "x.csv")
    told: list[str] = []

    def stop(stage: Message, done: float | None) -> None:
        told.append(stage.text())
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read_staged(workspace, id, None, stop)
    assert told == ["Reading the table: 20,000 rows so far"]
    assert list((workspace.uploads / id / "tables").iterdir()) == []
    assert read_staged(workspace, id).info.rows == 45_000


def test_two_readers_do_not_clash(workspace: Workspace) -> None:
    id = stage_upload(workspace, MANY.encode(), "x.csv")
    readings: list[str] = []
    tables = []

    def read() -> None:
        tables.append(read_staged(workspace, id, None, lambda stage, done: readings.append("x")))

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert tables[0] == tables[1] == tables[2]
    assert len(readings) == 3  # pieces of one reading: the others found what it had read
    assert len(list((workspace.uploads / id / "tables").iterdir())) == 1


def test_what_a_dead_reader_left_is_cleared_away(workspace: Workspace) -> None:
    id = stage_upload(workspace, CSV, "x.csv")
    leftover = workspace.uploads / id / "tables" / ".unfinished-dead"
    leftover.mkdir(parents=True)
    (leftover / "rows.parquet").write_bytes(b"PAR1")
    read_staged(workspace, id)
    assert not leftover.exists()


def test_peeking_reads_no_further_than_it_must(workspace: Workspace) -> None:
    broken_later = b"q,a\n" + "一,二\n".encode() * 300_000 + b'"\n' * 50
    id = stage_upload(workspace, broken_later, "x.csv")
    assert peek_staged(workspace, id, rows=3).values.tolist() == [["一", "二"]] * 3
    assert peek_staged(workspace, id, ReadOptions(header=False), rows=1).values.tolist() == [
        ["q", "a"]
    ]
    for data in (workbook(("s", grid([["q", "a"], ["x", "y"]]))), zipped({"a.csv": "q,a\nx,y\n"})):
        small = stage_upload(workspace, data, "x")
        assert peek_staged(workspace, small).values.tolist() == [["x", "y"]]
    assert list(workspace.uploads.rglob("tables")) == []


# Files opened by path


def test_a_file_in_incoming_is_read_where_it_lies(workspace: Workspace) -> None:
    path = put(workspace, "表.csv", CSV)
    id = stage_path(workspace, path)
    assert not (workspace.uploads / id / "original").exists()
    table = read_staged(workspace, id)
    assert (table.info.name, table.info.rows, table.info.bytes) == ("表.csv", 2, len(CSV))
    discard_staged(workspace, id)
    assert path.read_bytes() == CSV


def test_a_file_that_changed_is_read_again(workspace: Workspace) -> None:
    path = put(workspace, "t.csv", b"q,a\nx,y\n")
    id = stage_path(workspace, path)
    old = read_staged(workspace, id)
    path.write_bytes(b"q,a\nnew,rows\nz,w\n")
    assert load_staged(workspace, id) is None
    new = read_staged(workspace, id)
    assert new.frame()["q"].tolist() == ["new", "z"]
    assert new.info.sha256 != old.info.sha256
    path.unlink()
    with pytest.raises(FileUnreadable, match=r"t\.csv cannot be read: No such file"):
        load_staged(workspace, id)


def test_further_folders_are_named_in_the_environment(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.csv").write_bytes(CSV)
    (tmp_path / "one" / "deep").mkdir()
    (tmp_path / "one" / "deep" / "er.parquet").write_bytes(b"x")
    (tmp_path / "one" / ".hidden.csv").write_bytes(CSV)
    (tmp_path / "one" / "notes.docx").write_bytes(b"x")
    folders = [str(tmp_path / "one"), str(tmp_path / "two"), str(tmp_path / "absent"), ""]
    monkeypatch.setenv("PAIRLOOM_FOLDERS", os.pathsep.join(folders))
    own = workspace.incoming.resolve()
    assert allowed_folders(workspace) == [own, tmp_path / "one", tmp_path / "two"]
    assert {path.name for path in list_allowed_files(workspace)} == {
        "one.csv",
        "two.csv",
        "er.parquet",
    }
    assert (
        read_staged(workspace, stage_path(workspace, tmp_path / "two" / "two.csv")).info.rows == 2
    )


@pytest.mark.parametrize("case", ["outside", "dots", "link", "linked folder", "absent", "sibling"])
def test_files_outside_are_refused(case: str, workspace: Workspace, tmp_path: Path) -> None:
    inside = put(workspace, "t.csv", CSV).parent
    (tmp_path / "secret.csv").write_bytes(CSV)
    (inside.parent / "incoming-more").mkdir()
    (inside.parent / "incoming-more" / "t.csv").write_bytes(CSV)
    (inside / "link.csv").symlink_to(tmp_path / "secret.csv")
    (inside / "folder").symlink_to(tmp_path, target_is_directory=True)
    path = {
        "outside": tmp_path / "secret.csv",
        "dots": inside / ".." / ".." / "secret.csv",
        "link": inside / "link.csv",
        "linked folder": inside / "folder" / "secret.csv",
        "absent": tmp_path / "absent.csv",
        "sibling": inside.parent / "incoming-more" / "t.csv",
    }[case]
    with pytest.raises(NotInAllowedFolder) as caught:
        stage_path(workspace, path)
    assert caught.value.message().text() == (
        f"{path.name} does not lie in a folder whose files may be opened by path."
    )
    assert list(workspace.uploads.iterdir()) == []
    assert [found.name for found in list_allowed_files(workspace)] == ["t.csv"]


@pytest.mark.parametrize("name", ["absent.csv", "folder", "pipe", "loop.csv"])
def test_what_is_no_file_is_refused(name: str, workspace: Workspace) -> None:
    folder = put(workspace, "t.csv", CSV).parent
    (folder / "folder").mkdir()
    os.mkfifo(folder / "pipe")
    (folder / "loop.csv").symlink_to(folder / "loop.csv")
    with pytest.raises((FileUnreadable, NotInAllowedFolder), match=name):
        stage_path(workspace, folder / name)


def test_a_link_that_stays_inside_is_fine(workspace: Workspace) -> None:
    path = put(workspace, "t.csv", CSV)
    (path.parent / "link.csv").symlink_to(path)
    assert read_staged(workspace, stage_path(workspace, path.parent / "link.csv")).info.rows == 2


# What is no longer wanted


def test_discarded_uploads_are_gone(workspace: Workspace) -> None:
    id = stage_upload(workspace, CSV, "t.csv")
    read_staged(workspace, id)
    discard_staged(workspace, id)
    assert list(workspace.uploads.iterdir()) == []
    for call in (read_staged, load_staged, discard_staged, peek_staged, staged_file):
        with pytest.raises(UnknownItem, match="no uploaded table named"):
            call(workspace, id)


def test_old_uploads_are_tidied_away(workspace: Workspace) -> None:
    old, used, new = (stage_upload(workspace, CSV, "t.csv") for _ in range(3))
    (workspace.uploads / ".unfinished-x").mkdir()
    long_ago = time.time() - 8 * 24 * 3600
    for folder in [*workspace.uploads.iterdir()]:
        if folder.name != new:
            for path in (*folder.iterdir(), folder):
                os.utime(path, (long_ago, long_ago))
    read_staged(workspace, used)
    tidy_uploads(workspace)
    assert {folder.name for folder in workspace.uploads.iterdir()} == {used, new}
    assert old not in {used, new}


def test_a_full_disk_is_said_in_a_sentence(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    class FullDisk(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError(28, "No space left on device")

    with pytest.raises(UploadFailed, match=r"t\.csv could not be kept: No space left on device"):
        stage_upload(workspace, FullDisk(), "t.csv")
    assert list(workspace.uploads.iterdir()) == []
    # 200 KB for a file is enough for the upload, not for what is made of it.
    id = stage_upload(workspace, zipped({"a.csv": MANY}), "t.zip")
    script = (
        "import resource, signal, sys\n"
        "from core.workspace import Workspace\n"
        "from core.data.staging import UploadFailed, read_staged\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"
        "try:\n    read_staged(Workspace.open(), sys.argv[1])\n"
        "except UploadFailed as problem:\n    print(problem.message().text())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, id], cwd=PROJECT_ROOT, capture_output=True, text=True
    )
    assert done.stdout == "t.zip could not be kept: File too large.\n", done.stderr
    assert list((workspace.uploads / id / "tables").iterdir()) == []


def test_an_empty_upload_is_refused_when_it_is_read(workspace: Workspace) -> None:
    id = stage_upload(workspace, b"", "nothing.csv")
    with pytest.raises(EmptyFile, match=r"nothing\.csv is empty"):
        read_staged(workspace, id)


def test_a_single_column_can_be_staged(workspace: Workspace) -> None:
    table = read_staged(workspace, stage_upload(workspace, "文本\n一\n二\n".encode(), "t.csv"))
    assert table.frame().values.tolist() == [["一"], ["二"]]


def test_large_files_go_to_a_job() -> None:
    assert staging.INLINE_BYTES == 5_000_000
