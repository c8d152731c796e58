"""``match`` and ``duplicates`` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from core.cli import match
from core.cli.output import DONE, FAILED, REFUSED
from core.data.store import load_dataset
from core.encoder import client
from core.jobs import queue
from core.jobs.reasons import ProcessVanished
from core.retrieval.sample_corpora import add_sample_corpus
from core.workspace import Workspace
from tests.cli.conftest import Run
from tests.pages.compared import do_jobs, fail_jobs, make_model
from tests.retrieval.stand_in import CharacterEncoder


@pytest.fixture
def core(core: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line in this process; jobs are done at once."""
    monkeypatch.setattr(match, "ensure_supervisor", do_jobs)
    monkeypatch.setattr(client, "encode", CharacterEncoder().encode)
    return core


@pytest.fixture
def asked(tmp_path: Path) -> Path:
    path = tmp_path / "asked.csv"
    columns = {"no": list("xyz"), "品名": ["越野 跑鞋", "室内云台摄像头", "越野 跑鞋"]}
    pd.DataFrame(columns).to_csv(path, index=False)
    return path


def test_match_writes_a_workbook_and_leaves_no_upload(
    workspace: Workspace, core: Run, asked: Path, tmp_path: Path
) -> None:
    corpus = add_sample_corpus(workspace, "products")
    file = tmp_path / "out" / "found.xlsx"
    options = ["--left-text", "品名", "--left-id", "no", "--top", 1, "--to", file]
    code, said, told = core("match", asked, corpus, "--by", "words", *options)
    assert code == DONE, told
    assert said.startswith("3 rows: 3 matched") and str(file) in told
    header, *rows = openpyxl.load_workbook(file).worksheets[0].values
    assert header[0] == "no (asked.csv)" and [row[0] for row in rows] == ["x", "y", "z"]
    assert "越野跑鞋" in rows[0][3] and "摄像头" in rows[1][3]
    assert list(workspace.uploads.iterdir()) == []


def test_match_as_json_with_a_folder_of_a_model(core: Run, asked: Path, tmp_path: Path) -> None:
    shop = tmp_path / "shop.csv"
    pd.DataFrame({"name": ["摄像头", "跑鞋 越野"], "id": ["1", "2"]}).to_csv(shop, index=False)
    folder = make_model(tmp_path / "characters")
    options = ["--left-text", "品名", "--right-text", "name", "--right-id", "id", "--model", folder]
    more = ["--one-to-one", "--threshold", 0.5, "--json"]
    code, said, told = core("match", asked, shop, *options, *more)
    assert code == DONE, told
    facts = json.loads(said)
    assert facts["rows"] == 3 and facts["states"]["matched"] == 2
    best, other = facts["matches"]
    assert (best["left"]["text"], best["right"]["label"]) == ("越野 跑鞋", "2")
    assert best["score"] == pytest.approx(1.0) and other["right"]["label"] == "1"


def test_duplicates_and_the_table_without_them(core: Run, asked: Path, tmp_path: Path) -> None:
    folder, kept = make_model(tmp_path / "characters"), tmp_path / "kept.csv"
    options = ["--text", "品名", "--model", folder, "--kept", kept]
    code, said, told = core("duplicates", asked, *options, "--id", "no")
    assert code == DONE, told
    assert said.startswith("3 rows; could go: 1 as exact copies, 0 as nearly equal")
    assert pd.read_csv(kept)["no"].tolist() == ["x", "y"]
    code, said, _ = core("duplicates", asked, *options[:4], "--threshold", 0.0, "--json")
    (group,) = json.loads(said)["groups"]
    assert code == DONE and len(group["rows"]) == 3 and group["lowest"] == 0.0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["match", "nowhere.csv", "nothing"], "nowhere.csv is neither a file nor a dataset"),
        (["match", "ASKED", "ASKED", "--left-text", "品名"], "Name it with --right-text."),
        (["match", "ASKED", "ASKED", "--to", "a.doc"], "a.doc would be neither a CSV file"),
        (["duplicates", "ASKED", "--text", "没有"], "no column named 没有"),
        (["duplicates", "ASKED", "--model", "unheard"], "There is no model named unheard."),
    ],
)
def test_what_cannot_be_done_is_refused(
    core: Run, asked: Path, arguments: list[str], sentence: str, workspace: Workspace
) -> None:
    words = [str(asked) if word == "ASKED" else word for word in arguments]
    code, said, told = core(*words)
    assert (code, said) == (REFUSED, ""), told
    assert sentence in told
    assert list(workspace.uploads.iterdir()) == []


def test_the_same_column_twice_is_refused(core: Run, asked: Path) -> None:
    options = ["--left-text", "品名", "--right-text", "品名", "--by", "words"]
    code, _, told = core("match", asked, asked, *options)
    assert code == REFUSED and "every row would match itself" in told


def test_a_job_that_fails_is_told_by_the_exit_code(
    core: Run, asked: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(match, "ensure_supervisor", lambda ws: fail_jobs(ws, ProcessVanished()))
    corpus = add_sample_corpus(workspace, "products")
    code, said, told = core("match", asked, corpus, "--left-text", "品名", "--by", "words")
    assert code == FAILED and said == "" and "ended without a word" in told
    assert not queue.waiting_jobs(workspace)


def test_pairs_are_decided_by_hand_and_made_a_dataset(
    workspace: Workspace, core: Run, tmp_path: Path
) -> None:
    left, right = tmp_path / "asked.csv", tmp_path / "shop.csv"
    pd.DataFrame({"q": [f"跑鞋 {n}" for n in range(12)]}).to_csv(left, index=False)
    pd.DataFrame({"name": [f"越野跑鞋 {n}" for n in range(12)]}).to_csv(right, index=False)
    options = ["--left-text", "q", "--right-text", "name", "--by", "words", "--threshold", 100]
    id = json.loads(core("match", left, right, *options, "--json")[1])["id"]
    assert core("matches")[1] == f"{id}  asked.csv → shop.csv\n"
    shown = json.loads(core("matches", id, "--threshold", 100, "--candidates", 1, "--json")[1])
    assert len(shown) > 1 and {one["left"] for one in shown} == {1}
    first, second = (one["right"] for one in shown[:2])
    code, said, told = core("matches", id, "--reject", f"1={first}", "--accept", f"1={second}")
    assert code == DONE and f"1={second}" in said and "accepted" in said and "12 rows" in told
    core("matches", id, "--take-back", f"1={first}")
    for wrong, words in (("1", "names no pair"), ("1=999", "has no candidate 999")):
        code, _, told = core("matches", id, "--accept", wrong)
        assert code == REFUSED and words in told
    file = tmp_path / "matches.csv"
    core("matches", id, "--threshold", 100, "--to", file, "--only-matched")
    assert len(pd.read_csv(file)) == 1
    code, said, _ = core("matches", id, "--threshold", 0, "--top", 1, "--dataset", "Shoes")
    assert code == DONE and load_dataset(workspace, said.strip()).info.rows == 12
    code, _, told = core("matches", id, "--threshold", 0, "--dataset", "Shoes", "--by-hand")
    assert code == REFUSED and "10" in told
    assert core("matches", id, "--delete")[0] == REFUSED
    assert core("matches", id, "--delete", "--yes")[0] == DONE
    assert core("matches", "--json")[1].strip() == "[]"
