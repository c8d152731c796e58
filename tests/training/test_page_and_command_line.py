"""A run from the Train screen and the same from the command line: one configuration, one curve."""

from __future__ import annotations

import shlex
import time
from pathlib import Path

import pytest

from core.cli import parser
from core.jobs.engines import LocalEngine
from core.jobs.status import JobState, JobStatus
from core.jobs.supervisor import Supervisor
from core.training.runs import Curves, list_runs
from core.workspace import Workspace
from tests.training.conftest import run_here
from tests.ui.helpers import open_screen


def losses(folder: Path) -> list[float]:
    curves = Curves()
    curves.update(folder)
    return [point["loss"] for point in curves.train]


def in_a_worker(workspace: Workspace, id: str) -> Path:
    """Have a waiting run done by a supervisor and a process of its own; its folder."""
    supervisor = Supervisor(workspace, LocalEngine(workspace))
    supervisor.reconcile()
    deadline = time.monotonic() + 120
    folder = workspace.run(id)
    while (status := JobStatus.load(folder)).state.active:
        assert time.monotonic() < deadline, f"it is still {status.state}"
        supervisor.step()
        time.sleep(0.05)
    assert status.state is JobState.SUCCEEDED, (folder / "log.txt").read_text(encoding="utf-8")
    return folder


def test_the_same_run_from_the_screen_and_from_the_line_that_it_shows(
    workspace: Workspace, triplets: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Both runs are done below, one after the other.
    monkeypatch.setattr("core.training.start.ensure_supervisor", lambda workspace: None)
    monkeypatch.setattr("ui.run_actions.ensure_supervisor", lambda workspace: None)
    app = open_screen("train", dataset=triplets)
    for ending, value in (("-epochs", 2.0), ("-batch", 16), ("-seed", 7)):
        (field,) = [one for one in app.number_input if str(one.key).endswith(ending)]
        field.set_value(value)
    app.run()
    (text,) = [one.value for one in app.code if one.language == "yaml"]
    (line,) = [one.value for one in app.code if " train " in one.value]
    app.button(key="start").click().run()
    (screen,) = list_runs(workspace)

    monkeypatch.chdir(tmp_path)
    Path("config.yaml").write_text(text, encoding="utf-8")
    assert parser.main([*shlex.split(line)[3:], "--detach"]) == 0
    (terminal,) = [run for run in list_runs(workspace) if run.id != screen.id]

    assert terminal.config == screen.config
    training = screen.config.training
    assert (training.epochs, training.batch_size, training.seed) == (2.0, 16, 7)
    # One of them in this process, the other as it is done every day.
    folders = [run_here(workspace, screen.config, screen.id), in_a_worker(workspace, terminal.id)]
    curves = [losses(folder) for folder in folders]
    assert len(curves[0]) > 3 and curves[0][-1] < curves[0][0]
    assert curves[0] == pytest.approx(curves[1], abs=1e-6)
