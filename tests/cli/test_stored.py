"""``datasets``, ``version`` and ``check`` of what is stored."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from core.cli import work
from core.cli.output import DONE, FAILED, REFUSED, WARNED
from core.data.samples import SAMPLE_FOLDER, add_sample
from core.data.shapes import SPLIT
from core.data.store import list_datasets, load_dataset
from core.jobs.reasons import ProcessVanished
from core.workspace import Workspace
from tests.cli.conftest import Run
from tests.pages.compared import do_jobs, fail_jobs
from tests.pages.made import make_run


def test_a_dataset_is_renamed_written_and_deleted(
    workspace: Workspace, core: Run, tmp_path: Path
) -> None:
    id = add_sample(workspace, "products")
    other = add_sample(workspace, "drugs")
    rows = load_dataset(workspace, id).info.rows
    code, said, told = core("datasets", id, "--rename", "  My   shop ", "--to", tmp_path / "a.csv")
    assert (code, said.split("  ")[:2]) == (DONE, [id, "My shop"])
    assert str(tmp_path / "a.csv") in told and len(pd.read_csv(tmp_path / "a.csv")) == rows
    core("datasets", id, "--to", tmp_path / "a.parquet")
    assert len(pd.read_parquet(tmp_path / "a.parquet")) == rows
    assert "neither a CSV file nor a Parquet" in core("datasets", id, "--to", tmp_path / "a.txt")[2]
    assert "which dataset is meant" in core("datasets", "--delete")[2]
    code, said, told = core("datasets", id, "--delete")
    assert (code, said) == (REFUSED, "") and f"My shop: {rows} rows" in told and "--yes" in told
    assert json.loads(core("datasets", id, "--delete", "--yes", "--json")[1]) == {"deleted": id}
    assert [info.id for info in list_datasets(workspace)] == [other]
    assert core("datasets", id)[0] == REFUSED


def test_a_deletion_names_the_runs_that_used_it(workspace: Workspace, core: Run) -> None:
    make_run(workspace, name="My first run")
    (info,) = list_datasets(workspace)
    code, _, told = core("datasets", info.id, "--delete", "--yes")
    assert code == DONE and "cannot be repeated without it: My first run" in told


def test_versions_are_made_listed_and_undone(
    workspace: Workspace, core: Run, tmp_path: Path
) -> None:
    table = tmp_path / "pairs.csv"
    lines = [f"问题 {n},答案 {n}" for n in range(40)]
    table.write_text("\n".join(["q,a", *lines, lines[0]]), encoding="utf-8")
    first = core("dataset", table, "--map", "anchor=q,positive=a")[1].strip()
    code, said, told = core("version", first, "--fix", "drop_duplicate_rows")
    second = said.strip()
    assert code == DONE and load_dataset(workspace, second).info.rows == 40, told
    fixed = json.loads(core("version", second, "--hold-out", "0.25", "--seed", "7", "--json")[1])
    frame = load_dataset(workspace, fixed["id"]).frame()
    assert (frame[SPLIT] == "held_out").sum() == 10
    code, said, _ = core("version", fixed["id"])
    assert code == DONE and f"* {fixed['id']}  40 rows" in said and f"  {first}  41 rows" in said
    assert "step 2: 10 of 40 rows" in said
    assert core("version", fixed["id"], "--no-hold-out")[1].strip() == second
    assert core("version", second, "--undo", "1")[1].strip() == first
    assert "has no step 2" in core("version", second, "--undo", "2")[2]
    texts = tmp_path / "texts.txt"
    texts.write_text("\n".join(f"问题 {n}" for n in range(25)), encoding="utf-8")
    for option, rows in (("--only", 25), ("--without", 15)):
        made = json.loads(core("version", second, option, texts, "--json")[1])
        assert made["rows"] == rows
    assert "cannot be read" in core("version", second, "--only", tmp_path / "none.txt")[2]


def test_a_stored_dataset_is_checked_as_its_table_is(
    workspace: Workspace, core: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(work, "ensure_supervisor", do_jobs)
    id = core("dataset", SAMPLE_FOLDER / "product_triplets.csv")[1].strip()
    code, said, _ = core("check", id, "--html", tmp_path / "report.html")
    assert code in (DONE, WARNED) and "cannot read" in said
    assert load_dataset(workspace, id).report() is not None
    assert "<html" in (tmp_path / "report.html").read_text(encoding="utf-8")
    stored = json.loads(core("check", id, "--json")[1])
    table = json.loads(core("check", SAMPLE_FOLDER / "product_triplets.csv", "--json")[1])
    kinds = [one["kind"] for one in table["report"]["findings"]]
    assert [one["kind"] for one in stored["findings"]] == kinds
    monkeypatch.setattr(work, "ensure_supervisor", lambda ws: fail_jobs(ws, ProcessVanished()))
    assert core("check", id)[0] == FAILED
    assert "no-such-table" in core("check", "no-such-table")[2]
