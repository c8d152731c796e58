"""The texts of a map: each once, with what its row says, from a run, a dataset or a corpus."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from core.data.samples import add_sample
from core.data.shapes import Mapping
from core.data.store import load_dataset
from core.inspection import map_points
from core.inspection.comparison import load_comparison
from core.inspection.map_points import corpus_points, dataset_points, held_out_points
from core.retrieval.corpora import create_corpus
from core.training import artifacts
from core.training.run_models import RunFilesDamaged
from core.training.runs import load_run
from core.workspace import Workspace
from tests.data.frames import frame
from tests.pages.compared import make_compared
from tests.training.conftest import add_table


def test_the_held_out_texts_of_a_run_with_their_roles(workspace: Workspace) -> None:
    run = load_run(workspace, make_compared(workspace))
    points = held_out_points(workspace, run, ["自己写的", "自己写的"])
    known = load_comparison(run).held_out
    assert set(points.texts) == {*known, "自己写的"}
    assert len(points.texts) == len(known) + 1 == points.total
    assert points.texts[0] == "自己写的"
    assert points.fields["role"][0] == "example"
    rows = pd.read_parquet(run.folder / artifacts.HELD_OUT)
    for text, role in zip(points.texts[1:], points.fields["role"][1:], strict=True):
        assert text in set(rows[role])
    assert points.dataset == run.config.dataset.id
    assert held_out_points(workspace, run, ["自己写的"]).texts == points.texts
    assert list(points.first(3).fields["role"]) == list(points.fields["role"][:3])


def test_a_damaged_file_of_held_out_rows_is_named(workspace: Workspace) -> None:
    run = load_run(workspace, make_compared(workspace))
    (run.folder / artifacts.HELD_OUT).write_bytes(b"PAR1")
    with pytest.raises(RunFilesDamaged, match=r"held_out\.parquet"):
        held_out_points(workspace, run)


def test_a_dataset_says_which_side_a_text_is_on(workspace: Workspace) -> None:
    id = add_sample(workspace, "products")
    rows = load_dataset(workspace, id).frame()
    unseen = [rows["anchor"][3], rows["positive"][8]]
    points = dataset_points(workspace, id, unseen)
    assert set(points.texts) == set(rows[["anchor", "positive", "negative"]].to_numpy().ravel())
    held_out = points.fields["split"] == "held_out"
    assert {text for text, out in zip(points.texts, held_out, strict=True) if out} == set(unseen)
    assert points.dataset == id
    mapping = dict(load_dataset(workspace, id).info.mapping.columns)
    assert (points.fields["source_column"] == points.fields["role"].map(mapping)).all()


def test_classes_and_scores_come_along(workspace: Workspace) -> None:
    labelled = frame(text=[f"t{n}" for n in range(12)], label=["a", "b"] * 6)
    id = add_table(workspace, labelled, Mapping(text="text", label="label"))
    points = dataset_points(workspace, id)
    assert list(points.fields) == ["role", "source_column", "label"]
    assert points.fields["label"][points.texts.index("t3")] == "b"


def test_a_corpus_with_its_further_fields(workspace: Workspace) -> None:
    table = pd.DataFrame({"name": ["甲", "乙", "甲"], "kind": ["x", "y", "z"], "price": "9"})
    id = create_corpus(workspace, "c", table, text_column="name")
    points = corpus_points(workspace, id)
    assert sorted(points.texts) == sorted(["甲", "乙"])
    assert points.fields["kind"][points.texts.index("甲")] == "x"
    assert points.dataset is None


def test_of_too_many_a_sample_that_is_always_the_same(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(map_points, "MOST_POINTS", 300)
    table = pd.DataFrame({"text": [f"text {n}" for n in range(3000)] * 2})
    table["row"] = [f"row {n}" for n in range(6000)]
    id = create_corpus(workspace, "many", table, text_column="text")
    points = corpus_points(workspace, id)
    assert (len(points.texts), points.total) == (300, 3000)
    assert points.texts == corpus_points(workspace, id).texts
    rows = [f"row {text.split()[1]}" for text in points.texts]
    assert points.fields["row"].tolist() == rows
    mean = sum(int(text.split()[1]) for text in points.texts) / 300
    assert 1300 < mean < 1700
