"""Static models that start from another base's vectors, built by real runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.data.shapes import Mapping
from core.data.store import load_dataset
from core.data.structure import NoStructure
from core.models.bases import BaseConfig, resolve, start_of
from core.models.folder import read_folder
from core.training.config import RunConfig
from core.training.defaults import propose, structure_of
from core.training.report import Report
from core.training.start import check_config
from core.workspace import Workspace
from tests.data.test_structure import grid
from tests.training.conftest import MakeConfig, add_table, run_here


@pytest.fixture
def structured(workspace: Workspace) -> str:
    """A dataset of 108 pairs whose answers say what they are about."""
    return add_table(workspace, grid(), Mapping("anchor", "positive"))


def test_a_static_model_may_start_from_another_bases_vectors(
    workspace: Workspace, triplets: str, make_config: MakeConfig, tiny_base: Path
) -> None:
    base = BaseConfig(kind="static", vocabulary_size=600, start=str(tiny_base))
    assert resolve(workspace, base).dimension == 32
    # No correction at all: the model is as it was built.
    folder = run_here(workspace, make_config(triplets, base=base, learning_rate=1e-9, epochs=1))
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder / "model"), device="cpu")
    start = SentenceTransformer(str(tiny_base), device="cpu")
    character = "跑"
    tuned = model.encode(character)
    assert float(tuned @ start.encode(character)) == pytest.approx(1, abs=1e-4)
    assert Report.load(folder).dataset == triplets


def test_where_a_start_is_named() -> None:
    assert start_of(BaseConfig(kind="static")) is None
    assert start_of(BaseConfig(kind="bundled", start="bundled")) is None
    assert start_of(BaseConfig(kind="static", start="bundled")) == BaseConfig(kind="bundled")
    run = start_of(BaseConfig(kind="static", start="run:x"))
    assert run == BaseConfig(kind="run", run="x")
    folder = start_of(BaseConfig(kind="static", start="/models/a"))
    assert folder == BaseConfig(kind="folder", path="/models/a")


def test_a_structured_table_is_learned_with_its_own_negatives(
    workspace: Workspace, structured: str, make_config: MakeConfig
) -> None:
    info = load_dataset(workspace, structured).info
    assert structure_of(workspace, info)
    proposed = propose(workspace, info, BaseConfig(kind="static"))
    assert proposed.training.structured_negatives == 3
    limit = proposed.training.max_length
    assert limit is not None
    folder = run_here(
        workspace, make_config(structured, structured_negatives=2, epochs=3, max_length=limit)
    )
    # It reads so far and no further, wherever it goes, and as a base for another run too.
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder / "model"), device="cpu")
    text = "云锅的价格：" + "好" * limit
    assert (model.encode(text) == model.encode(f"{text}，还有别的话")).all()
    assert (model.encode(text) != model.encode(text[: limit // 2])).any()
    assert read_folder(folder / "model").max_length == limit
    report = Report.load(folder)
    # What is scored are the table's own rows.
    assert report.shape == "pairs" and report.primary == "ndcg@10"
    reached = {one.role: one.metrics["ndcg@10"] for one in report.models}
    assert reached["tuned"] > reached["untrained"] or reached["tuned"] > 0.9


def test_where_there_is_no_structure_none_is_proposed_and_none_accepted(
    workspace: Workspace, triplets: str, make_config: MakeConfig
) -> None:
    info = load_dataset(workspace, triplets).info
    assert propose(workspace, info, BaseConfig(kind="static")).training.structured_negatives == 0
    config: RunConfig = make_config(triplets, structured_negatives=1)
    with pytest.raises(NoStructure):
        check_config(workspace, config)
