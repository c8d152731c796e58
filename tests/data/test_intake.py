"""From a staged table to a dataset: what was decided, what was found, what is stored."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from core.data.check import ColumnMissing, ScoreOnOtherScale
from core.data.intake import (
    Draft,
    HeldOut,
    HeldOutColumnMissing,
    HeldOutOnOtherScale,
    HeldOutTooFewRows,
    check_draft,
    load_draft_report,
    store_draft,
    stored_dataset,
)
from core.data.prepare import TooFewRowsLeft
from core.data.reading.rows import ReadOptions
from core.data.shapes import Mapping, MappingIncomplete, Shape
from core.data.split import SplitGivenTwice
from core.data.staging import discard_staged, stage_path, stage_upload
from core.data.steps import Step
from core.data.store import derive_dataset, list_datasets, load_dataset, remove_dataset
from core.problems import Message
from core.workspace import UnknownItem, Workspace

MAPPING = Mapping("query", "title", score="label")
PAIRS = Mapping("query", "title")


def table(rows: int = 30, top: int = 1, *extra: str) -> bytes:
    """Scored pairs with a column too many, and ``extra`` lines at the end."""
    lines = [f"{n};问题 {n};标题 {n};{n % 2 * top}" for n in range(rows)]
    return "\n".join(["id;query;title;label", *lines, *extra]).encode("gb18030")


def stage(ws: Workspace, data: bytes | None = None, name: str = "queries.csv") -> str:
    return stage_upload(ws, data or table(), name)


def test_a_draft_is_kept_as_json() -> None:
    draft = Draft(
        "table-1",
        ReadOptions(encoding="GB18030", separator=";", header=True),
        Mapping("q", "a", ("n1", "n2"), split="part"),
        True,
        (Step("fix_split", {"share": 0.2, "seed": 1}),),
        "all-MiniLM-L6-v2",
        HeldOut("table-2", ReadOptions(sheet="测试")),
    )
    data = json.loads(json.dumps(draft.to_json()))
    assert Draft.from_json(data) == draft and Draft.from_json(data).key == draft.key
    unfinished = Draft("table-1", mapping=Mapping(positive="a", negatives=("n2", "n1")))
    assert Draft.from_json(unfinished.to_json()) == unfinished
    assert Draft.from_json(Draft("table-1").to_json()) == Draft("table-1")
    changes: list[dict[str, object]] = [
        {"mapping": PAIRS},
        {"rescale": False},
        {"steps": ()},
        {"base": None},
        {"held_out": None},
    ]
    keys = {replace(draft, **change).key for change in changes}  # type: ignore[arg-type]
    assert len(keys | {draft.key}) == 6


def test_a_draft_is_checked_once_and_what_was_found_is_kept(workspace: Workspace) -> None:
    data = table(30, 1, "30;;标题 30;1", "one cell", "31;问题 0;标题 0;0")
    draft = Draft(stage(workspace, data), mapping=MAPPING)
    assert load_draft_report(workspace, draft) is None
    stages: list[tuple[Message, float | None]] = []
    report = check_draft(workspace, draft, lambda stage, done=None: stages.append((stage, done)))

    assert (report.rows_before, report.rows, report.shape) == (32, 31, Shape.SCORED_PAIRS)
    assert report.sentence.text() == "31 scored pairs: query against title, scored by label"
    assert [(one.kind, one.rows) for one in report.left_out] == [("blank_cell", (32,))]
    assert report.scale is not None and report.scale.is_unit
    assert (report.source.encoding, report.source.quarantined) == ("GB18030", 1)
    assert report.report.names["anchor"] == "query" and "id" not in report.report.names.values()
    (repeated,) = (one for one in report.all_findings if one.kind == "duplicate_rows")
    assert repeated.rows == (34,)
    assert report.has_warnings

    assert load_draft_report(workspace, draft) == report
    assert load_draft_report(workspace, replace(draft, mapping=PAIRS)) is None
    shares = [done for _, done in stages if done is not None]
    assert shares == sorted(shares) and shares[0] == 0 and 0.9 < shares[-1] <= 1
    assert stages[0][0].text() == "Reading the table"


def test_what_was_found_goes_with_the_upload(workspace: Workspace) -> None:
    draft = Draft(stage(workspace), mapping=MAPPING)
    check_draft(workspace, draft)
    discard_staged(workspace, draft.staged)
    assert load_draft_report(workspace, draft) is None
    with pytest.raises(UnknownItem):
        check_draft(workspace, draft)


def test_a_file_that_was_opened_by_path_and_changed_is_checked_again(workspace: Workspace) -> None:
    path = workspace.incoming / "queries.csv"
    path.write_bytes(table())
    draft = Draft(stage_path(workspace, path), mapping=MAPPING)
    report = check_draft(workspace, draft)
    id = store_draft(workspace, draft, "Queries")
    assert load_draft_report(workspace, draft) == report
    assert stored_dataset(workspace, draft) == id
    path.write_bytes(table(40))
    assert load_draft_report(workspace, draft) is None
    assert stored_dataset(workspace, draft) is None
    assert check_draft(workspace, draft).rows == 40


def test_what_is_stored_is_what_was_checked(workspace: Workspace) -> None:
    data = table(30, 1, "30;问题  0;标题 0;0", "31;问题 0;标题 0;0")
    steps = (Step("collapse_spaces"), Step("drop_duplicate_rows"))
    draft = Draft(stage(workspace, data), mapping=MAPPING, steps=steps)
    report = check_draft(workspace, draft)
    id = store_draft(workspace, draft, "日常 问题")
    dataset = load_dataset(workspace, id)
    info = dataset.info
    assert stored_dataset(workspace, draft) == id
    assert (
        (info.name, info.rows, info.rows_before)
        == ("日常 问题", report.rows, 32)
        == (
            "日常 问题",
            30,
            32,
        )
    )
    assert info.steps == report.applied and [one.step for one in info.steps] == list(steps)
    assert dataset.report() == report.report
    assert (info.source, info.scale) == (report.source, report.scale)
    assert list(dataset.frame().columns) == ["anchor", "positive", "score", "row"]
    assert dataset.frame().iloc[3].tolist() == ["问题 3", "标题 3", 1.0, 5]
    assert dataset.original()["anchor"].tolist()[-2:] == ["问题  0", "问题 0"]
    # The table as it was is a version of it, which undoing the steps makes.
    first = store_draft(workspace, replace(draft, steps=()), "As it was")
    assert derive_dataset(workspace, id, []) == first != id
    assert store_draft(workspace, draft, "Again") == id

    remove_dataset(workspace, id)
    assert stored_dataset(workspace, draft) is None


def test_a_draft_that_was_not_checked_is_stored_without_a_report(workspace: Workspace) -> None:
    draft = Draft(stage(workspace), mapping=MAPPING)
    assert stored_dataset(workspace, draft) is None
    id = store_draft(workspace, draft, "Queries", sample="drug_pairs")
    assert load_dataset(workspace, id).report() is None
    assert load_dataset(workspace, id).info.sample == "drug_pairs"
    report = check_draft(workspace, draft)
    assert store_draft(workspace, draft, "Queries") == id
    assert load_dataset(workspace, id).report() == report.report


def test_another_scale_is_asked_about_and_recorded(workspace: Workspace) -> None:
    draft = Draft(stage(workspace, table(30, 5)), mapping=MAPPING)
    for work in (check_draft, lambda ws, one: store_draft(ws, one, "Queries")):
        with pytest.raises(ScoreOnOtherScale):
            work(workspace, draft)
    id = store_draft(workspace, replace(draft, rescale=True), "Queries")
    dataset = load_dataset(workspace, id)
    assert dataset.info.scale and dataset.info.scale.top == 5
    assert dataset.frame()["score"].tolist()[:4] == [0, 1, 0, 1]


def test_what_does_not_fit_is_refused_and_nothing_is_stored(workspace: Workspace) -> None:
    id = stage(workspace)
    missing = Draft(id, mapping=Mapping("问题", "title"))
    with pytest.raises(ColumnMissing, match="Choose one of its columns: id, query, title, label"):
        check_draft(workspace, missing)
    for unfinished in (None, Mapping(positive="title")):
        with pytest.raises(MappingIncomplete):
            check_draft(workspace, Draft(id, mapping=unfinished))
    few = Draft(id, mapping=MAPPING, steps=(Step("drop_rows", {"rows": list(range(2, 30))}),))
    with pytest.raises(TooFewRowsLeft):
        store_draft(workspace, few, "Queries")
    assert list_datasets(workspace) == []


def test_a_second_file_holds_the_held_out_rows(workspace: Workspace) -> None:
    lines = [f"测试 {n}\t标题 {n}\t0.5" for n in range(12)]
    second = "\n".join(["query\ttitle\tlabel", *lines, "\t没有\t1"]).encode()
    held_out = HeldOut(stage(workspace, second, "held-out.tsv"))
    draft = Draft(stage(workspace), mapping=MAPPING, held_out=held_out)
    report = check_draft(workspace, draft)
    assert (report.rows, report.rows_before) == (42, 43)
    # The first file's last row is 31, so the rows of the second go on from 32.
    assert [(one.kind, one.rows) for one in report.left_out] == [("blank_cell", (44,))]
    dataset = load_dataset(workspace, store_draft(workspace, draft, "Both"))
    frame = dataset.frame()
    assert frame["split"].value_counts().to_dict() == {"train": 30, "held_out": 12}
    assert frame.iloc[30].tolist() == ["测试 0", "标题 0", 0.5, "held_out", 32]
    assert dataset.info.held_out_source and dataset.info.held_out_source.name == "held-out.tsv"
    assert dataset.info.sentence.text().startswith("42 scored pairs: query against title")
    assert store_draft(workspace, replace(draft, held_out=None), "First") != dataset.info.id


@pytest.mark.parametrize(
    ("header", "row", "rows", "refused", "words"),
    [
        ("问\ttitle\tlabel", "a\tb\t1", 12, HeldOutColumnMissing, "“query”.*问, title, label"),
        ("query\ttitle\tlabel", "a\tb\t1", 9, HeldOutTooFewRows, "Only 9 rows of second.tsv"),
        ("query\ttitle\tlabel", "a\tb\t80", 12, HeldOutOnOtherScale, "scores in second.tsv"),
    ],
)
def test_a_second_file_that_does_not_go_with_the_first_is_refused(
    workspace: Workspace, header: str, row: str, rows: int, refused: type[Exception], words: str
) -> None:
    second = "\n".join([header, *[row] * rows]).encode()
    held_out = HeldOut(stage(workspace, second, "second.tsv"))
    draft = Draft(stage(workspace), mapping=MAPPING, rescale=True, held_out=held_out)
    with pytest.raises(refused, match=words):
        check_draft(workspace, draft)
    with pytest.raises(SplitGivenTwice):
        check_draft(workspace, replace(draft, mapping=replace(MAPPING, split="id")))


def test_the_tables_own_split_column_is_kept(workspace: Workspace) -> None:
    lines = [f"问题 {n},标题 {n},{'dev' if n % 3 == 0 else '训练'}" for n in range(30)]
    data = "\n".join(["query,title,part", *lines]).encode()
    draft = Draft(stage(workspace, data), mapping=replace(PAIRS, split="part"))
    assert check_draft(workspace, draft).sentence.text() == "30 pairs: query against title"
    frame = load_dataset(workspace, store_draft(workspace, draft, "Own")).frame(["split"])
    assert frame["split"].tolist()[:4] == ["held_out", "train", "train", "held_out"]


def test_only_the_mapped_columns_are_read(workspace: Workspace) -> None:
    """The rows of an unmapped column may even be damaged on disk."""
    import pyarrow.parquet as pq

    draft = Draft(stage(workspace), mapping=PAIRS)
    check_draft(workspace, draft)
    (path,) = Path(workspace.upload(draft.staged), "tables").glob("*/rows.parquet")
    with pq.ParquetFile(path) as file:
        names = file.schema_arrow.names
        column = file.metadata.row_group(0).column(names.index("label"))
    start = column.dictionary_page_offset or column.data_page_offset
    data = bytearray(path.read_bytes())
    data[start : start + column.total_compressed_size] = bytes(column.total_compressed_size)
    path.write_bytes(data)
    assert check_draft(workspace, draft).rows == 30
