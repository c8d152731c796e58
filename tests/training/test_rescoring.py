"""Any model on a dataset: the figures of the run's own report, and the command that prints them."""

from __future__ import annotations

import json

import pytest

from core.cli import parser
from core.cli.output import DONE, REFUSED
from core.data.shapes import Mapping
from core.training.rescoring import ScoredModel, score_on_dataset
from core.training.runs import load_run
from core.workspace import Workspace
from tests.training.conftest import MakeConfig, add_table, run_here, sample_frame


def test_a_runs_own_dataset_gives_the_figures_of_its_report(
    workspace: Workspace,
    triplets: str,
    make_config: MakeConfig,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = load_run(workspace, run_here(workspace, make_config(triplets)).name)
    report = run.report()
    assert report is not None and run.model is not None
    capsys.readouterr()
    code = parser.main(["evaluate", run.id, "--dataset", triplets, "--by", run.id, "--json"])
    found = json.loads(capsys.readouterr().out)
    assert code == DONE and found["questions"] == report.questions
    assert found["passages"] == report.passages and found["primary"] == report.primary
    for model, role in zip(found["models"], ("tuned", "bm25"), strict=True):
        known = report.scores(role)
        assert known is not None
        assert model["metrics"] == pytest.approx(known.metrics, abs=1e-6)
    assert parser.main(["evaluate", run.id, "--dataset", triplets, "--by", "bm25"]) == REFUSED
    assert "is scored anyway" in capsys.readouterr().err

    # Another table: nothing is known of its rows, or it says itself which are held out.
    frame = sample_frame(120).iloc[80:]
    mapping = Mapping("anchor", "positive", negatives=("negative",), split="side")
    frame = frame.assign(side=["test"] * 10 + ["train"] * 30)
    models = [ScoredModel("tuned", "Tuned", run.model)]
    other = add_table(workspace, frame, mapping)
    told = score_on_dataset(workspace, other, models, run)
    assert told.rows == 10 and "table itself" in told.which.text()
    plain = add_table(workspace, frame, Mapping("anchor", "positive", negatives=("negative",)))
    told = score_on_dataset(workspace, plain, models)
    assert told.rows == 40 and "drawn from all" in told.which.text()
