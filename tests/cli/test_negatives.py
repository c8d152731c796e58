"""``negatives``: from a search in a real model to a version of the dataset."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from core.cli.output import DONE, FAILED, REFUSED
from core.data.mining import params
from core.data.mining.params import LEVELS
from core.data.mining.review import Decision, list_reviews, load_review
from core.data.shapes import Shape
from core.data.store import load_dataset
from core.jobs.reasons import ProcessVanished
from core.workspace import Workspace
from tests.cli.conftest import Run
from tests.data.mining.conftest import dataset, model_folder, pairs
from tests.pages.compared import do_jobs, fail_jobs

__all__ = ["dataset", "model_folder", "pairs"]


def test_candidates_are_mined_looked_through_and_used(
    workspace: Workspace,
    core: Run,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    dataset: str,
    model_folder: Path,
) -> None:
    monkeypatch.setattr(params, "ensure_supervisor", do_jobs)
    how = ["--model", model_folder, "--how-many", 2, "--level", "hard"]
    code, said, told = core("negatives", "mine", dataset, *how)
    assert code == DONE and "candidates" in told, told
    review = load_review(workspace, said.strip())
    assert review.info.params.how_many == 2
    assert review.info.params.range_min == LEVELS["hard"].range_min
    assert review.info.id in core("negatives", "list", "--dataset", dataset)[1]
    assert core("negatives", "list", "--dataset", "another")[1] == ""

    shown = json.loads(core("negatives", "show", review.info.id, "--top", 3, "--json")[1])
    assert [one["number"] for one in shown] == [1, 2, 3] and shown[0]["decision"] == ""
    page = review.page(0, 3)
    assert [one["candidate"] for one in shown] == page["candidate"].tolist()
    assert page["candidate"].iloc[1] in core("negatives", "show", review.info.id, "--from", 2)[1]

    code, said, _ = core(
        "negatives", "decide", review.info.id, "--wrong", "1,3-5", "--right", 2, "--leave-out", 6
    )
    assert code == DONE and said.startswith("6 of ")
    decided = load_review(workspace, review.info.id).decided()
    assert decided[Decision.ACCEPT].tolist() == [0, 2, 3, 4]
    assert (decided[Decision.MATCH].tolist(), decided[Decision.REJECT].tolist()) == ([1], [5])
    core("negatives", "decide", review.info.id, "--open", "1")
    for wrong in ("0", "x", "5-3", str(review.info.candidates + 1)):
        code, _, told = core("negatives", "decide", review.info.id, "--wrong", wrong)
        assert code == REFUSED and "does not say which candidates" in told
    assert "not said what the candidates are" in core("negatives", "decide", review.info.id)[2]

    file = tmp_path / "candidates.csv"
    core("negatives", "show", review.info.id, "--csv", file)
    with file.open(encoding="utf-8-sig", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert len(rows) == review.info.candidates and rows[1]["decision"] == "right"
    for row in rows:
        row["decision"] = "wrong" if row["doubtful"] == "False" else "leave-out"
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.DictWriter(opened, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    told = json.loads(core("negatives", "decide", review.info.id, "--file", file, "--json")[1])
    assert told["decided"]["open"] == 0 and told["decided"]["right"] == 0
    file.write_text("number,decision\n1,maybe\n", encoding="utf-8")
    assert (
        "Line 2 of candidates.csv" in core("negatives", "decide", review.info.id, "--file", file)[2]
    )

    code, said, told = core("negatives", "make", review.info.id, "--name", "With negatives")
    info = load_dataset(workspace, said.strip()).info
    assert (info.name, info.parent) == ("With negatives", dataset)
    assert info.shape is Shape.TRIPLETS
    assert core("negatives", "delete", review.info.id)[0] == REFUSED
    assert core("negatives", "delete", review.info.id, "--yes")[0] == DONE
    assert list_reviews(workspace) == []


def test_a_search_that_fails_says_why(
    workspace: Workspace, core: Run, monkeypatch: pytest.MonkeyPatch, dataset: str
) -> None:
    monkeypatch.setattr(params, "ensure_supervisor", lambda ws: fail_jobs(ws, ProcessVanished()))
    code, said, told = core("negatives", "mine", dataset, "--json")
    assert (code, said) == (FAILED, "") and json.loads(told.splitlines()[-1])["error"]["what"]
    code, _, told = core("negatives", "mine", dataset, "--how-many", 0)
    assert code == REFUSED and "how_many" in told
