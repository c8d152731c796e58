"""``python -m core`` in real processes: the same functions, exit codes and sentences."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from core.cli.output import CUT_OFF
from core.jobs.status import JobState, JobStatus
from core.training.config import RunConfig
from core.workspace import PROJECT_ROOT, Workspace
from tests.training.conftest import MakeConfig, make_config, triplets

__all__ = ["make_config", "triplets"]


def core(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "core", *map(str, arguments)],
        cwd=PROJECT_ROOT,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=200,
    )


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_train_runs_and_export_from_the_command_line(
    workspace: Workspace, triplets: str, make_config: MakeConfig, tmp_path: Path
) -> None:
    path = tmp_path / "first.yaml"
    path.write_text(make_config(triplets).to_yaml(), encoding="utf-8")
    done = core("train", path)
    assert done.returncode == 0, done.stderr
    id = done.stdout.splitlines()[0]
    assert "held-out questions" in done.stdout
    assert done.stderr.splitlines()[-1] == "succeeded" and len(done.stderr.splitlines()) > 2

    kept = workspace.run(id) / "config.yaml"
    assert RunConfig.load(kept) == RunConfig.load(path)
    again = core("train", kept)
    assert again.returncode == 0, again.stderr
    other = workspace.run(again.stdout.splitlines()[0])
    losses = [losses_of(folder) for folder in (kept.parent, other)]
    assert losses[0] == pytest.approx(losses[1], abs=1e-6) and len(losses[0]) > 3

    listed = json.loads(core("runs", "--json").stdout)
    assert [run["state"] for run in listed] == ["succeeded", "succeeded"]
    assert {run["id"] for run in listed} == {id, other.name}
    assert set(listed[0]["scores"]) == {"base", "untrained", "tuned", "bm25", "fused"}
    assert id in core("runs").stdout

    exported = core("export", id, "--to", tmp_path / "out")
    assert exported.returncode == 0, exported.stderr
    with zipfile.ZipFile(exported.stdout.strip()) as archive:
        assert any(name.endswith("/modules.json") for name in archive.namelist())


def losses_of(folder: Path) -> list[float]:
    from core.training.runs import Curves

    curves = Curves()
    curves.update(folder)
    return [point["loss"] for point in curves.train]


def test_what_cannot_be_done_is_refused_with_a_sentence_and_exit_code_2(
    workspace: Workspace, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("name: shoes\n")
    for arguments, words in (
        (("train", wrong), "wrong.yaml is not a run configuration: dataset"),
        (("train", tmp_path / "missing.yaml"), "missing.yaml is not a run configuration"),
        (("export", "no-such-run"), "There is no run named no-such-run"),
    ):
        done = core(*arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert words in done.stderr and "Traceback" not in done.stderr


def test_detach_returns_at_once_with_the_id(
    workspace: Workspace, triplets: str, make_config: MakeConfig, tmp_path: Path
) -> None:
    path = tmp_path / "first.yaml"
    path.write_text(make_config(triplets).to_yaml(), encoding="utf-8")
    done = core("train", path, "--detach")
    assert done.returncode == 0
    state = JobStatus.load(workspace.run(done.stdout.strip())).state
    assert state in (JobState.QUEUED, JobState.RUNNING)


def test_output_that_nobody_reads_to_its_end_is_no_error(workspace: Workspace) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "core", "recipe", "list"],
        cwd=PROJECT_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stderr is not None
    # As `| head` does when it has its lines.
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(60) == CUT_OFF
