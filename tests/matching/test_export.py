"""Files of a match: what is in them, read again with openpyxl and as CSV."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from core.jobs.context import STOP_FILE, Stopped
from core.matching import export, sheets
from core.matching.chosen import Wish
from core.matching.decisions import Decision, decide
from core.matching.duplicates_job import find_duplicates
from core.matching.export import FileWish, What, decided_so_far, made_file, make_file
from core.matching.export_job import export_files
from core.matching.match_job import match_tables
from core.matching.models import UsedModel
from core.matching.params import DuplicateParams, MatchParams
from core.matching.results import NotWritten, Result, load_result
from core.matching.tables import describe_table
from core.workspace import Workspace
from tests.matching.conftest import choice, upload
from tests.retrieval.stand_in import CharacterEncoder, running_job

LONG = "长" * 40_000
ASKED = ["=1+1 跑鞋", "+鞋", "碗", "https://a.example/鞋", "007", LONG, "😀" * 20_000]
SHOP = ["跑鞋", "大碗", "007", "长长"]


@pytest.fixture
def matched(workspace: Workspace, model: UsedModel, encoder: CharacterEncoder) -> Result:
    left = choice(
        upload(workspace, "asked.csv", {"q": ASKED, "n": list("abcdefg")}), "q", label="n"
    )
    right = choice(upload(workspace, "shop.csv", {"p": SHOP, "brand": ["=x", "", "b", "c"]}), "p")
    right = right.model_copy(update={"fields": ("brand",)})
    contents = tuple(describe_table(workspace, "upload", one.id).content for one in (left, right))
    params = MatchParams(left=left, right=right, contents=contents, model=model)
    match_tables(running_job(workspace, "match", params.model_dump(mode="json")))
    return load_result(workspace, params.id)


def wish(result: Result, format: str, what: What = "matches", **more: object) -> FileWish:
    settings = {"wish": Wish(threshold=0.5, top=1), **more}
    return FileWish(
        id=result.meta.id, what=what, format=format, decided=decided_so_far(result), **settings
    )


def sheet(path: Path) -> list[tuple[object, ...]]:
    return list(openpyxl.load_workbook(path).worksheets[0].values)


def test_a_workbook_holds_texts_as_texts_and_says_what_was_cut(matched: Result) -> None:
    decide(matched.folder, [(1, 0)], Decision.ACCEPT)
    about = (("Threshold", "=0.5"),)
    made = make_file(matched, wish(matched, "xlsx", about=about))
    assert (made.rows, made.cut) == (7, sheets.Cut(rows=0, cells=2))
    header, *rows = sheet(made.path)
    assert header[:6] == (
        "n (asked.csv)",
        "q (asked.csv)",
        "Row (shop.csv)",
        "p (shop.csv)",
        "brand (shop.csv)",
        "Score",
    )
    texts = [row[1] for row in rows]
    assert texts[:5] == ASKED[:5]
    assert texts[5] == LONG[:32_767] and texts[6] == "😀" * 16_383
    by_label = {row[0]: row for row in rows}
    assert by_label["a"][3:5] == ("跑鞋", "=x")
    assert isinstance(by_label["a"][5], float) and by_label["e"][5] == 1.0
    assert by_label["b"][9] == "accepted" and by_label["a"][9] in (None, "")
    book = openpyxl.load_workbook(made.path)
    for row in book.worksheets[0].iter_rows(min_row=2):
        assert {cell.data_type for cell in row[:5]} <= {"s", "inlineStr", "n"}
        assert all(cell.data_type != "f" and cell.hyperlink is None for cell in row)
    assert list(book.worksheets[1].values) == [("Threshold", "=0.5")]


def test_csv_has_everything_and_no_formula(matched: Result) -> None:
    made = make_file(matched, wish(matched, "csv"))
    raw = made.path.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    frame = pd.read_csv(made.path, dtype=str, keep_default_na=False)
    assert frame["q (asked.csv)"].tolist()[:5] == [
        "'=1+1 跑鞋",
        "'+鞋",
        "碗",
        "https://a.example/鞋",
        "007",
    ]
    assert frame["q (asked.csv)"][5] == LONG
    assert frame["brand (shop.csv)"][0] == "'=x"
    workbook = sheet(make_file(matched, wish(matched, "xlsx")).path)[1:]
    scores = [float(score) if score else None for score in frame["Score"]]
    assert scores == [row[5] for row in workbook]


def test_only_matched_rows_on_request(matched: Result) -> None:
    made = make_file(matched, wish(matched, "csv", wish=Wish(threshold=0.99, top=1)))
    assert made.rows == 7
    only = wish(matched, "csv", wish=Wish(threshold=0.99, top=1), matched_only=True)
    kept = pd.read_csv(make_file(matched, only).path, dtype=str)
    assert "007" in kept["q (asked.csv)"].tolist()
    assert set(kept["Result"]) == {"matched"} and len(kept) < 7


def test_a_worksheet_has_an_end(matched: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "EXCEL_ROWS", 4)
    monkeypatch.setattr(export, "_PIECE", 2)
    made = make_file(matched, wish(matched, "xlsx"))
    assert made.rows == 3 and made.cut.rows == 4
    assert len(sheet(made.path)) == 4
    assert made_file(matched, wish(matched, "xlsx")) == made


def test_a_stopped_file_leaves_nothing(
    workspace: Workspace, matched: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "_PIECE", 2)
    job = running_job(workspace, "export_match", wish(matched, "csv").model_dump(mode="json"))
    (job.folder / STOP_FILE).write_text("{}")
    with pytest.raises(Stopped):
        export_files(job)
    assert list((matched.folder / "export").iterdir()) == []
    (job.folder / STOP_FILE).unlink()
    export_files(job)
    assert made_file(matched, wish(matched, "csv")) is not None


def test_a_disk_that_cannot_be_written_is_a_sentence(matched: Result) -> None:
    (matched.folder / "export").write_bytes(b"in the way")
    with pytest.raises(NotWritten) as caught:
        make_file(matched, wish(matched, "csv"))
    assert "The file could not be written: " in str(caught.value)


def test_groups_and_the_table_that_is_left(
    workspace: Workspace, model: UsedModel, encoder: CharacterEncoder
) -> None:
    texts = ["红色跑鞋", "红色 跑鞋", "红色跑鞋子", "碗", "碗", "灯"]
    id = upload(workspace, "t.csv", {"t": texts, "n": list("abcdef")})
    content = describe_table(workspace, "upload", id).content
    params = DuplicateParams(
        table=choice(id, "t", label="n"), content=content, model=model, floor=0.8
    )
    find_duplicates(running_job(workspace, "find_duplicates", params.model_dump(mode="json")))
    result = load_result(workspace, params.id)
    looked = Wish(threshold=0.8)
    groups = pd.read_csv(make_file(result, wish(result, "csv", "groups", wish=looked)).path)
    assert groups["Group"].tolist() == [1, 1, 1, 2, 2]
    assert set(groups["n"][:3]) == set("abc") and groups["n"].tolist()[3:] == ["d", "e"]
    assert groups["Stays"].tolist() == ["yes", "no", "no", "yes", "no"]
    assert groups["Kind"].tolist() == ["nearly equal"] * 3 + ["exact copy"] * 2
    assert groups["Lowest score in the group"].iloc[3] == 1.0
    _, *kept = sheet(make_file(result, wish(result, "xlsx", "kept", wish=looked)).path)
    assert len(kept) == 3 and {row[0] for row in kept} >= {"d", "f"}
