"""``--json`` of every command: a result on stdout and nothing else there, errors on stderr."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.cli import match, parser, steering
from core.cli.output import DONE, FAILED, REFUSED
from core.data.samples import SAMPLE_FOLDER, add_sample
from core.jobs.reasons import ProcessVanished
from core.jobs.status import JobState
from core.training.config import RunConfig
from core.training.runs import load_run
from core.workspace import Workspace
from tests.cli.conftest import Run
from tests.pages.compared import fail_jobs, make_compared
from tests.pages.made import make_run
from tests.training.recipes.cards import VERSION_3


@pytest.fixture
def core(core: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line in this process; nobody serves the queue."""
    for module in (steering.__name__, "core.training.start"):
        monkeypatch.setattr(f"{module}.ensure_supervisor", lambda workspace: None)
    return lambda *arguments: core(*arguments, "--json")


def result(said: tuple[int, str, str]) -> Any:
    code, out, err = said
    assert code == DONE, err
    return json.loads(out)


def error(err: str) -> dict[str, Any]:
    """The error that a program reads: the last line on stderr."""
    return json.loads(err.splitlines()[-1])["error"]


def commands(
    parser: argparse.ArgumentParser, name: str = ""
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every command with its parser; of one with actions, each of these."""
    below = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]
    if not below:
        yield name, parser
    for action in below:
        for word, one in action.choices.items():
            yield from commands(one, f"{name} {word}".strip())


def test_every_command_has_it() -> None:
    found = dict(commands(parser.make_parser()))
    assert len(found) > 20 and "recipe config" in found
    assert not [name for name, one in found.items() if "--json" not in one._option_string_actions]


def test_a_table_its_dataset_and_what_can_be_made_of_it(workspace: Workspace, core: Run) -> None:
    table = SAMPLE_FOLDER / "product_triplets.csv"
    made = result(core("dataset", table))
    assert [one["id"] for one in result(core("datasets"))] == [made["id"]]
    config = result(core("recipe", "config", "card-001", "--dataset", made["id"]))
    assert RunConfig.parse(config, "stdout").dataset.id == made["id"]
    assert result(core("bases"))[0]["name"]


def test_a_configuration_as_json_can_be_trained_with(
    workspace: Workspace, core: Run, tmp_path: Path
) -> None:
    id = make_run(workspace, name="Shoes")
    (workspace.run(id) / "model").mkdir()
    path = tmp_path / "config.json"
    path.write_text(json.dumps(result(core("clone", id))), encoding="utf-8")
    started = result(core("train", path, "--detach"))
    assert (started["state"], started["name"]) == ("queued", "Shoes (2)")
    assert load_run(workspace, started["id"]).config.loss == load_run(workspace, id).config.loss
    again = result(core("clone", id, "--start", "--detach"))
    line = result(core("queue"))
    assert line["waiting"] == [started["id"], again["id"]]


def test_what_is_done_with_a_run_prints_the_run(workspace: Workspace, core: Run) -> None:
    id = make_run(workspace, JobState.QUEUED)
    assert result(core("stop", id))["state"] == "cancelled"
    resumed = result(core("resume", id, "--detach"))
    listed = result(core("runs"))
    assert resumed["state"] == "queued" and listed == [resumed]


def test_a_run_that_was_waited_for_brings_how_it_ended(
    workspace: Workspace, core: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = make_run(workspace, JobState.INTERRUPTED)
    # Whoever serves the queue ends it at once.
    monkeypatch.setattr(
        steering, "ensure_supervisor", lambda workspace: fail_jobs(workspace, ProcessVanished())
    )
    code, out, err = core("resume", id)
    told = json.loads(out)
    assert (code, told["id"], told["state"]) == (FAILED, id, "failed"), err
    assert "ended without a word" in told["error"][0]["text"] and told["report"] == []


def test_runs_as_a_file_compared_and_deleted(
    workspace: Workspace, core: Run, tmp_path: Path
) -> None:
    ids = [make_run(workspace, name=name, scores=(0.5, 0.7)) for name in ("a", "b")]
    file = tmp_path / "runs.csv"
    assert {run["id"] for run in result(core("runs", "--csv", file))} == set(ids)
    assert all(id in file.read_text(encoding="utf-8") for id in ids)
    assert [run["id"] for run in result(core("compare", *ids))["runs"]] == ids
    assert result(core("runs", ids[0], "--delete", "--yes")) == {"deleted": [ids[0]]}
    assert [run["id"] for run in result(core("runs"))] == [ids[1]]


def test_recipes(workspace: Workspace, core: Run, tmp_path: Path) -> None:
    card = tmp_path / "README.md"
    card.write_text(VERSION_3, encoding="utf-8")
    kept = result(core("recipe", "read", card, "--keep", "Mine"))["kept"]
    saved = result(core("recipe", "save", make_run(workspace), "--name", "Shoes"))
    assert saved["name"] == "Shoes" and not saved["ready"]
    file = tmp_path / "shoes.yaml"
    file.write_text(json.dumps(result(core("recipe", "show", saved["id"]))), encoding="utf-8")
    brought = result(core("recipe", "import", file))
    assert result(core("recipe", "diff", saved["id"], brought["id"])) == []
    listed = {one["id"] for one in result(core("recipe", "list"))}
    assert {kept, saved["id"], brought["id"]} <= listed
    for id in (kept, saved["id"]):
        assert result(core("recipe", "delete", id)) == {"deleted": id}


def test_a_card(workspace: Workspace, core: Run) -> None:
    run = make_compared(workspace)
    told = result(core("card", run, "--license", "mit"))
    assert told["license"] == "mit" and told["card"].startswith("---\n")
    assert "license: mit" in told["card"]


def test_a_refusal_is_an_object_on_stderr(workspace: Workspace, core: Run) -> None:
    for arguments in (("stop", "no-such-run"), ("runs", "no-such-run"), ("export", "no-such-run")):
        code, out, err = core(*arguments)
        assert (code, out) == (REFUSED, "")
        found = error(err)
        assert found["kind"] == "UnknownItem" and "no-such-run" in found["what"] and found["do"]


def test_a_job_without_a_result_is_an_object_on_stderr(
    workspace: Workspace, core: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(match, "ensure_supervisor", lambda ws: fail_jobs(ws, ProcessVanished()))
    id = add_sample(workspace, "products")
    code, out, err = core("duplicates", id, "--text", "positive")
    assert (code, out) == (FAILED, "")
    found = error(err)
    assert found["state"] == "failed" and "ended without a word" in found["what"] and found["do"]
