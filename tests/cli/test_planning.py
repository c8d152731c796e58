"""``sample``, ``config`` and ``estimate`` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from core.cli import work
from core.cli.output import DONE, REFUSED, WARNED
from core.data.samples import SAMPLES
from core.data.store import list_datasets, load_dataset
from core.jobs import queue
from core.models.bases import BaseConfig
from core.retrieval.corpora import list_corpora
from core.training.config import RunConfig
from core.training.defaults import propose
from core.training.estimate import estimate
from core.training.measured import load_measured
from core.training.quickstart import sample_config
from core.training.runs import load_run
from core.workspace import Workspace
from tests.cli.conftest import Run
from tests.pages.compared import do_jobs
from tests.training.conftest import MakeConfig, make_config, one_thread, triplets

__all__ = ["make_config", "one_thread", "triplets"]


@pytest.fixture
def core(core: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line in this process; nobody trains, other jobs are done at once."""
    monkeypatch.setattr(work, "ensure_supervisor", do_jobs)
    monkeypatch.setattr("core.training.start.ensure_supervisor", lambda workspace: None)
    return core


def test_sample_lists_and_starts_what_home_starts(workspace: Workspace, core: Run) -> None:
    code, said, _ = core("sample")
    assert code == DONE and [line.split()[0] for line in said.splitlines()] == list(SAMPLES)
    assert list_datasets(workspace) == []
    code, said, told = core("sample", "products", "--detach")
    assert code == DONE, told
    run = load_run(workspace, said.strip())
    assert run.config == sample_config(workspace, "products")
    assert run.config.evaluation.exam == list_corpora(workspace)[0].id
    code, said, _ = core("sample", "drugs", "--detach", "--json")
    found = json.loads(said)
    assert code == DONE and found["state"] == "queued"
    assert [job.id for job in queue.waiting_jobs(workspace)] == [run.id, found["id"]]
    code, said, told = core("sample", "shoes")
    assert (code, said) == (REFUSED, "") and "The samples are: products, drugs" in told


def test_config_is_what_train_proposes_with_the_changes(
    workspace: Workspace, core: Run, triplets: str, tmp_path: Path
) -> None:
    info = load_dataset(workspace, triplets).info
    code, said, told = core("config", "--dataset", triplets, "--base", "static")
    assert code == DONE, told
    config = RunConfig.parse(yaml.safe_load(said), "stdout")
    assert config == propose(workspace, info, BaseConfig(kind="static"))
    options = ["--base", "bundled", "--loss", "TripletLoss", "--set", "training.epochs=3"]
    code, said, _ = core("config", "--dataset", triplets, *options, "--json")
    data = json.loads(said)
    assert code == DONE and data["training"]["epochs"] == 3.0
    assert (data["base"]["kind"], data["loss"]["name"]) == ("bundled", "TripletLoss")
    # It can be trained with as it is printed.
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(data), encoding="utf-8")
    code, said, told = core("train", file, "--detach")
    assert code == DONE and load_run(workspace, said.strip()).config.training.epochs == 3.0, told


def test_config_recommends_a_base_and_says_why(
    workspace: Workspace, core: Run, triplets: str
) -> None:
    code, said, told = core("config", "--dataset", triplets)
    assert code == DONE and yaml.safe_load(said)["base"]["kind"] == "static"
    assert told.strip() and "Traceback" not in told


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["config", "--dataset", "nowhere"], "There is no dataset named nowhere"),
        (["config", "--dataset", "ID", "--base", "unheard"], "or one of: static, bundled"),
        (["config", "--dataset", "ID", "--base", "static", "--loss", "Magic"], "Magic"),
        (["config", "--dataset", "ID", "--base", "static", "--set", "a.b=1"], "no setting a.b"),
        (["estimate"], "Name a config.yaml"),
        (["estimate", "missing.yaml"], "missing.yaml is not a run configuration"),
    ],
)
def test_what_cannot_be_done_is_refused(
    core: Run, triplets: str, arguments: list[str], sentence: str
) -> None:
    code, said, told = core(*(triplets if word == "ID" else word for word in arguments))
    assert (code, said) == (REFUSED, ""), told
    assert sentence in told


def test_estimate_tells_what_train_tells(
    workspace: Workspace, core: Run, triplets: str, make_config: MakeConfig, tmp_path: Path
) -> None:
    config = make_config(triplets, BaseConfig(kind="bundled"), learning_rate=2e-5, max_length=16)
    file = tmp_path / "config.yaml"
    file.write_text(config.to_yaml(), encoding="utf-8")
    code, said, _ = core("estimate", file, "--json")
    found, told = json.loads(said), estimate(workspace, config)
    assert (found["steps"], found["train_rows"]) == (told.steps, told.train_rows) == (16, 64)
    assert found["seconds"] == pytest.approx(told.seconds, rel=0.01) and found["real"] is None
    kinds = {warning["kind"]: warning for warning in found["warnings"]}
    assert code == WARNED and "few_steps" in kinds and kinds["few_steps"]["message"]["text"]
    assert found["max_length"] == 16 and found["cut_off_share"] > 0.2
    code, said, _ = core("estimate", file, "--set", "training.max_length=null")
    assert "16 steps over 64 rows" in said and "warning: " in said
    assert core("estimate", "--dataset", triplets, "--base", "static")[0] in (DONE, WARNED)


def test_estimate_tries_real_batches(
    workspace: Workspace, core: Run, triplets: str, make_config: MakeConfig, tmp_path: Path
) -> None:
    config = make_config(triplets)
    file = tmp_path / "config.yaml"
    file.write_text(config.to_yaml(), encoding="utf-8")
    code, said, told = core("estimate", file, "--probe")
    measured = load_measured(workspace, config)
    assert code in (DONE, WARNED) and measured is not None, told
    assert f"{measured.step_seconds:.2g} s a step" in said and "GB memory" in said
