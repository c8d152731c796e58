"""Whom one can ask: runs, their bases once each, MiniLM, words and fusions."""

from __future__ import annotations

import shutil

import pytest

from core.models.bundled import bundled_path
from core.models.fingerprint import model_fingerprint
from core.retrieval.answers import ColumnKind
from core.retrieval.candidates import column_of, default_keys, find_candidates
from core.training import artifacts
from core.training.run_models import BaseModelChanged, BaseModelGone, TunedModelGone
from core.training.runs import finished_runs, load_run
from core.workspace import Workspace
from tests.pages.compared import make_compared


def test_a_base_that_runs_share_is_there_once(workspace: Workspace) -> None:
    first, second = make_compared(workspace), make_compared(workspace, name="other")
    runs = finished_runs(workspace)
    found = find_candidates(runs, load_run(workspace, first))
    plain = [key for key in found.by_key if not key.startswith("fused:")]
    assert plain == [f"base:{first}", f"tuned:{first}", f"tuned:{second}", "minilm", "bm25"]
    assert "fused:bm25" not in found.by_key
    keys = [f"base:{second}", "bm25", f"base:{first}", "tuned:gone", f"fused:base:{second}"]
    there, gone = found.settle(keys)
    assert there == [f"base:{first}", "bm25", f"fused:base:{first}"]
    assert gone == ["tuned:gone"]
    assert found.settle(default_keys(load_run(workspace, first)))[1] == []


def test_a_candidate_becomes_a_column(workspace: Workspace) -> None:
    id = make_compared(workspace)
    run = load_run(workspace, id)
    found = find_candidates([run], None).by_key
    tuned = column_of(found[f"fused:tuned:{id}"], "Both")
    assert (tuned.name, tuned.kind) == ("Both", ColumnKind.FUSED)
    assert tuned.fingerprint == model_fingerprint(run.folder / artifacts.MODEL)
    assert column_of(found["minilm"], "MiniLM").model == bundled_path()
    assert column_of(found["bm25"], "Words").fingerprint is None
    base = artifacts.load_reference(run.folder).path
    (base / "model.safetensors").write_bytes(b"another")
    with pytest.raises(BaseModelChanged):
        column_of(found[f"base:{id}"], "Base")
    shutil.rmtree(base)
    with pytest.raises(BaseModelGone):
        column_of(found[f"base:{id}"], "Base")
    shutil.rmtree(run.folder / artifacts.MODEL)
    with pytest.raises(TunedModelGone):
        column_of(found[f"tuned:{id}"], "Tuned")
